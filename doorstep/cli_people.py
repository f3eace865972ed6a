"""The command line's part about people: colleagues, and customers' personal data."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from doorstep.cli_parts import CONFIG, AsJson, Config, operate, show

people = typer.Typer(help="Colleagues: list, add, role, deactivate, a sign-in link.", no_args_is_help=True)
customers = typer.Typer(
    help="One customer's personal data: show, export, erase, hold; erase again after a restore.", no_args_is_help=True
)
Id = Annotated[str, typer.Argument(metavar="ID", help="A short id, such as li.")]


@people.command("list")
def people_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Everybody who works here or did."""
    answer = operate(config, "people_list")
    show(answer["people"], json, lambda found: [_person_line(one) for one in found] or ["nobody yet"])


def _person_line(one: dict[str, Any]) -> str:
    return f"{one['id']:<16} {one['role']:<8} {one['name']}{'' if one['active'] else '  (deactivated)'}"


@people.command("add")
def people_add(
    person: Id,
    name: str,
    role: Annotated[str, typer.Option(help="viewer, warehouse, agent, lead or admin.")] = "agent",
    lang: Annotated[str, typer.Option(help="zh or en; the installation's by default.")] = "",
    config: Config = CONFIG,
) -> None:
    """Add a person, or change one; the password is asked for (or read from DOORSTEP_PASSWORD). Without one: a sign-in link."""
    password = os.environ.get("DOORSTEP_PASSWORD") or (
        typer.prompt("Password (empty: sign-in links only)", default="", hide_input=True, show_default=False)
        if sys.stdin.isatty()
        else ""
    )
    answer = operate(config, "person_add", id=person, name=name, role=role, lang=lang, password=password)
    typer.echo(f"{answer['id']}: {answer['name']} ({answer['role']})")
    if answer["url"]:
        typer.echo(f"Sign in (once, within a day): {answer['url']}")


@people.command("role")
def people_role(person: Id, role: str, config: Config = CONFIG) -> None:
    """Give somebody another role: viewer, warehouse, agent, lead or admin."""
    answer = operate(config, "person_role", id=person, role=role)
    typer.echo(f"{answer['id']} is {answer['role']} now")


@people.command("deactivate")
def people_deactivate(
    person: Id,
    back: Annotated[bool, typer.Option("--back", help="Let them in again.")] = False,
    config: Config = CONFIG,
) -> None:
    """Let somebody in no more: they are signed out at once, in chats, too."""
    answer = operate(config, "person_active", id=person, active=back)
    typer.echo(f"{answer['id']} is {'let in again' if answer['active'] else 'signed out, and let in no more'}")


@people.command("link")
def people_link(person: Id, config: Config = CONFIG) -> None:
    """A one-time link that signs a person in."""
    typer.echo(operate(config, "sign_in", id=person)["url"])


# --- customers' data -----------------------------------------------------------------------------------------------

Order = Annotated[str, typer.Argument(metavar="[ORDER]", help="An order of theirs.")]
Phone = Annotated[str, typer.Option(help="Or their phone, exactly as it was sent.")]
Email = Annotated[str, typer.Option(help="Or their mail address.")]
By = Annotated[str, typer.Option("--by", help="Who does it: an administrator's id.", envvar="DOORSTEP_PERSON")]


@customers.command("show")
def customers_show(
    by: By, order: Order = "", phone: Phone = "", email: Email = "", config: Config = CONFIG, json: AsJson = False
) -> None:
    """Which orders are one customer's, what is open, and until when their data is kept."""
    answer = operate(config, "customer_show", by=by, order=order, phone=phone, email=email)
    show(answer, json, _customer_lines)


def _customer_lines(answer: dict[str, Any]) -> list[str]:
    kept = answer["hold"] and f"kept under a legal hold: {answer['hold']}"
    gone = answer["erased_at"] and f"erased {answer['erased_at']}"
    until = answer["look_at"] and f"looked at again {answer['look_at']}"
    return [
        f"orders: {', '.join(answer['orders'])}",
        f"open: {', '.join(answer['open']) or 'nothing'}",
        kept or gone or until or "no deadline yet: the daemon sets one",
    ]


@customers.command("export")
def customers_export(
    by: By,
    out: Annotated[Path, typer.Option(help="The zip file to write; it must not exist.")],
    order: Order = "",
    phone: Phone = "",
    email: Email = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Write everything about one customer into a zip file. It is yours then: no erasure reaches it."""
    answer = operate(config, "customer_export", by=by, out=str(out.resolve()), order=order, phone=phone, email=email)
    show(answer, json, lambda a: [f"{a['file']}: {a['bytes']} bytes; erasing the customer doesn't reach this file"])


@customers.command("erase")
def customers_erase(
    by: By,
    order: Order = "",
    phone: Phone = "",
    email: Email = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said what would go.")] = False,
    even_open: Annotated[bool, typer.Option("--even-open", help="Also while something is open about them.")] = False,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Erase one customer everywhere; facts and figures stay. It can't be undone."""
    whom = {"order": order, "phone": phone, "email": email}
    if not yes:
        show(operate(config, "customer_show", by=by, **whom), json, _customer_lines)
        typer.echo("Nothing was erased; say --yes to do it.", err=True)
        raise typer.Exit(1)
    answer = operate(config, "customer_erase", by=by, even_open=even_open, **whom)
    show(answer, json, _erased_lines)
    if answer["traces"]:
        raise typer.Exit(1)


def _erased_lines(answer: dict[str, Any]) -> list[str]:
    lines = [f"erased: {len(answer['orders'])} orders ({', '.join(answer['orders'])})"]
    lines += [f"changed or deleted: {name}" for name in answer["leftovers"]]
    found = ", ".join(answer["traces"])
    return [
        *lines,
        f"STILL FOUND in {found}: see docs/privacy.md" if found else "searched the database's files: 0 traces",
    ]


@customers.command("hold")
def customers_hold(
    by: By,
    order: Order = "",
    phone: Phone = "",
    email: Email = "",
    why: Annotated[str, typer.Option(help="What the data is kept for.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Lift the hold.")] = False,
    config: Config = CONFIG,
) -> None:
    """Keep one customer's data whatever its age (a legal hold), or lift that."""
    answer = operate(config, "customer_hold", by=by, why=why, lift=lift, order=order, phone=phone, email=email)
    typer.echo(f"{', '.join(answer['orders'])}: {'held: ' + answer['hold'] if answer['hold'] else 'no longer held'}")


@customers.command("reapply-erasures")
def customers_reapply(config: Config = CONFIG, json: AsJson = False) -> None:
    """After a backup was restored: erase again whom it brought back. The daemon does it at its start, too."""
    answer = operate(config, "reapply_erasures")
    lines = [f"erased again: {', '.join(one['orders'])}" for one in answer["erased"]]
    show(answer, json, lambda _: lines or ["nobody who was erased is here"])
