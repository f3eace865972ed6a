"""`doorstep couriers`: in which chats couriers get their routes."""

from typing import Annotated, Any

import typer

from doorstep.cli_parts import CONFIG, AsJson, Config, operate, show

couriers = typer.Typer(help="Couriers' chats: list, code, chat, unlink.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="A courier of the settings.")]


@couriers.command("list")
def couriers_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Every courier, and where they get their routes beside the signed link."""
    answer = operate(config, "couriers_list")
    show(answer["couriers"], json, lambda found: [_line(one) for one in found] or ["no couriers in the settings"])


def _line(one: dict[str, Any]) -> str:
    return f"{one['id']:<16} {one['name']:<16} {one['channel'] or '-'} {one['identity'] or ''}".rstrip()


@couriers.command("code")
def couriers_code(courier: Id, config: Config = CONFIG) -> None:
    """A one-time code: the courier writes `link CODE` to the bot. Earlier codes of theirs end."""
    answer = operate(config, "courier_code", id=courier)
    typer.echo(f"link {answer['code']}   (once, within {answer['minutes']} minutes, by {answer['id']} to the bot)")


@couriers.command("chat")
def couriers_chat(
    courier: Id,
    channel: Annotated[str, typer.Argument(help="A channel of the settings, such as telegram:desk.")],
    identity: Annotated[str, typer.Argument(help="Who they are there, as the chat proves it.")],
    lang: Annotated[str, typer.Option(help="zh or en; the channel's by default.")] = "",
    config: Config = CONFIG,
) -> None:
    """Say where a courier is written to."""
    answer = operate(config, "courier_chat_set", id=courier, channel=channel, identity=identity, lang=lang)
    typer.echo(f"{answer['id']} gets their routes at {answer['channel']} as {answer['identity']}")


@couriers.command("unlink")
def couriers_unlink(courier: Id, config: Config = CONFIG) -> None:
    """Send a courier nothing to a chat any more; their signed links stay."""
    answer = operate(config, "courier_unlink", id=courier)
    typer.echo(f"{answer['id']} {'is written to in no chat now' if answer['was'] else 'had no chat'}")
