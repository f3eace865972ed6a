"""What the commands share: where the settings are, having an operation done, showing what came of it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path, typer.Option("--config", "-c", envvar="DOORSTEP_CONFIG", help="The settings file.")]
CONFIG = Path("doorstep.toml")
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def operate(config: Path, operation: str, /, **params: Any) -> dict[str, Any]:
    """Have an operation done by the running daemon, or here where none runs."""
    from doorstep.running import operate as operate_on

    return operate_on(config, operation, params)


def show(answer: Any, as_json: bool, lines: Callable[[Any], list[str]]) -> None:
    import json

    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1) if as_json else "\n".join(lines(answer)))


def read_json(path: Path) -> Any:
    import json

    from domain.errors import RuleError

    try:
        return json.loads(sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig"))
    except (OSError, ValueError) as exc:
        raise RuleError(f"{path}: it must be a JSON file that can be read: {exc}") from exc


def show_outcome(answer: dict[str, Any], as_json: bool, lines: Callable[[Any], list[str]]) -> None:
    """What came of it; exit 1 where the carrier refused."""
    refused = answer.get("refused")
    show(answer, as_json, _refusal_lines if refused else lines)
    if refused:
        raise typer.Exit(1)


def _refusal_lines(answer: dict[str, Any]) -> list[str]:
    refused = answer["refused"]
    return [f"refused: {refused['detail']}", *slot_lines(refused["slots"])]


def slot_lines(slots: list[dict[str, str]]) -> list[str]:
    return [f"   free: {slot['from']} to {slot['to']}" for slot in slots]
