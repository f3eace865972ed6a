"""`doorstep money`: instructions listed, confirmed, exported; a secret for signing them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from doorstep.cli_parts import CONFIG, AsJson, Config, operate, show

money = typer.Typer(help="Instructions to pay or to send again: list, confirm, export, secret.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who does it: a person's id.", envvar="DOORSTEP_PERSON")]


@money.command("list")
def money_list(
    only: Annotated[str, typer.Option("--only", help="unsent, dead, unconfirmed or twice.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 200,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """What was instructed, the newest first, and what waits for approval."""
    show(operate(config, "money_list", show=only, limit=limit), json, _lines)


def _lines(answer: dict[str, Any]) -> list[str]:
    lines = [
        f"{one['id']:<28} {one['order']:<20} {one['kind']:<13} {one['amount_cents'] / 100:>10.2f} {one['currency']}  {_state(one)}"
        for one in answer["instructions"]
    ]
    lines += [
        f"waits for approval: {one['way']} {one['cost_cents'] / 100:.2f} {one['currency']}, case #{one['case']}, by {one['by']}"
        for one in answer["waiting"]
    ]
    return lines or ["nothing is instructed, nothing waits for approval"]


def _state(one: dict[str, Any]) -> str:
    if one["origin"] == "platform":
        return "paid on the platform"
    if one["confirmed_at"]:
        return "confirmed"
    return "given up" if one["dead"] else "sent" if one["sent_at"] else "not sent"


@money.command("confirm")
def money_confirm(
    instruction: Annotated[str, typer.Argument(metavar="ID", help="As `doorstep money list` names it.")],
    by: By,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Say that the money, or the goods, went out."""
    show(operate(config, "money_confirm", id=instruction, by=by), json, lambda a: [f"{a['id']}: confirmed"])


@money.command("export")
def money_export(
    file: Annotated[Path, typer.Argument(help="Where to write the CSV; - is standard output.")],
    by: By,
    config: Config = CONFIG,
) -> None:
    """Everything as CSV for accounts; who took it is on record."""
    text = operate(config, "money_export", by=by)["text"]
    if str(file) == "-":
        typer.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8", newline="")
    typer.echo(f"wrote {file}")


@money.command("secret")
def money_secret() -> None:
    """A new secret for [merchant]: put it into a file of its own, and give it to your system."""
    import base64
    import secrets

    from config.merchant import PREFIX

    typer.echo(PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())
