"""`doorstep chat test`: asks the daemon step by step, and tells people each hop as it comes."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import typer

PAUSE_S = 0.2
Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def chat_test(ask: Ask, channel: str, wait_s: int) -> int:
    """The exit code: 0 where every hop was good."""
    answer = ask("chat_test_send", {"channel": channel})
    tell(answer)
    if answer["ok"] and not answer["says"]:
        typer.echo("       now press the test message's button, or react to it with ✅")
    until = time.monotonic() + wait_s
    while answer["ok"] and not answer["says"] and time.monotonic() < until:
        answer = ask("chat_test_look", {"channel": channel, "state": answer["state"]})
        tell(answer)
        time.sleep(PAUSE_S)
    if answer["ok"] and not answer["says"]:
        answer = {**ask("chat_test_unclicked", {"waited_s": wait_s}), "ok": False}
        typer.echo("failed clicked")
    typer.echo(answer["says"])
    return 0 if answer["ok"] else 1


def tell(answer: Mapping[str, Any]) -> None:
    for hop in answer["hops"]:
        typer.echo(f"{'good  ' if hop['ok'] else 'failed'} {hop['hop']}")
