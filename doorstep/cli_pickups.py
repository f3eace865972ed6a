"""`doorstep pickups`: carriers' couriers, quoted, booked, cancelled, asked about."""

from pathlib import Path
from typing import Annotated, Any

import typer

from doorstep.cli_parts import CONFIG, AsJson, Config, operate, read_json, show, show_outcome, slot_lines

pickups = typer.Typer(help="Carriers' couriers: quote, book, cancel, state, list.", no_args_is_help=True)

Order = Annotated[Path, typer.Argument(help="A JSON file with the order, see docs/formats.md; - reads standard input.")]
PickupId = Annotated[str, typer.Argument(metavar="ID", help="Your id of the pickup.")]


@pickups.command("quote")
def pickups_quote(order: Order, config: Config = CONFIG, json: AsJson = False) -> None:
    """What a pickup would cost, and when the courier could come. Nothing is booked."""
    show_outcome(operate(config, "pickups_quote", body=read_json(order)), json, _offer_lines)


def _offer_lines(answer: dict[str, Any]) -> list[str]:
    lines = []
    for one in answer["quotes"]:
        price = "no price" if one["amount_cents"] is None else f"{one['amount_cents'] / 100:.2f} {one['currency']}"
        lines.append(f"{one['carrier']:<16} {one['service']:<24} {price}, holds until {one['valid_until']}")
    return lines + slot_lines(answer["slots"])


@pickups.command("book")
def pickups_book(
    order: Order,
    key: Annotated[str, typer.Option("--id", help="Your id of it, where the file has none.")] = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Book a carrier's courier. The same id again is the same booking."""
    show_outcome(operate(config, "pickups_book", body=read_json(order), key=key), json, lambda a: [pickup_line(a)])


def pickup_line(one: dict[str, Any]) -> str:
    charge = "-" if one["charge_cents"] is None else f"{one['charge_cents'] / 100:.2f} {one['currency']}"
    slot = f"{one['slot']['from']} to {one['slot']['to']}"
    line = f"{one['id']:<24} {one['source']:<10} {one['status']:<11} {one['number'] or '-':<18} {slot}  {charge}"
    return f"{line}  {one['error']}".rstrip()


@pickups.command("cancel")
def pickups_cancel(pickup: PickupId, config: Config = CONFIG, json: AsJson = False) -> None:
    """Call the courier off, while the carrier lets you."""
    show_outcome(operate(config, "pickups_cancel", id=pickup), json, lambda a: [pickup_line(a)])


@pickups.command("state")
def pickups_state(pickup: PickupId, config: Config = CONFIG, json: AsJson = False) -> None:
    """Ask the carrier how a booking stands; where an answer got lost, whether there is one."""
    show(operate(config, "pickups_state", id=pickup), json, lambda a: [pickup_line(a)])


@pickups.command("settle")
def pickups_settle(
    pickup: PickupId,
    found: Annotated[str, typer.Option("--booked", metavar="REF", help="It is there, under this ref.")] = "",
    nothing: Annotated[bool, typer.Option("--not-booked", help="It isn't there.")] = False,
    known_as: Annotated[
        str, typer.Option(help="The id that the carrier's calls use, such as Kuaidi100's orderId.")
    ] = "",
    number: Annotated[str, typer.Option(help="The parcel's number, where it has one.")] = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Say what you found in the carrier's own console about a pickup that is uncertain."""
    answer = operate(config, "pickups_settle", id=pickup, ref=found, nothing=nothing, known_as=known_as, number=number)
    show(answer, json, lambda a: [pickup_line(a)])


@pickups.command("list")
def pickups_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 200, config: Config = CONFIG, json: AsJson = False
) -> None:
    """Carriers' couriers that were ordered, the newest first."""
    answer = operate(config, "pickups_list", limit=limit)
    show(answer, json, lambda a: [pickup_line(one) for one in a["pickups"]] or ["no pickup was ordered"])
