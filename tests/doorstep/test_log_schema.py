"""docs/logs.md names each line that the program can log, with its level and its fields, and nothing else."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from doorstep import logs

ROOT = Path(logs.__file__).parent.parent
ROOMS = ("domain", "config", "net", "store", "carriers", "chat", "monitor", "scheduler", "sim", "doorstep")
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
ROW = re.compile(r"\| `(?P<event>[^`]+)` \| (?P<levels>[a-z, ]+) \|(?P<fields>[^|]*)\|")
PERSONAL = frozenset({"name", "customer", "phone", "email", "address", "text", "body", "payload", "to", "recipient", "person", "token", "key_file"})  # fmt: skip
"""Fields in which a person or a secret could stand whole."""

Schema = dict[str, tuple[set[str], set[str]]]


def files() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every line that is logged: any level called on ``log``."""
    for file, tree in files():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr=level)) if level in LEVELS:
                    yield f"{file}:{node.lineno}", node


def said() -> Schema:
    found: Schema = defaultdict(lambda: (set(), set()))
    for where, call in calls():
        [event] = call.args
        assert isinstance(event, ast.Constant), f"{where}: an event has one name"
        assert all(word.arg for word in call.keywords), f"{where}: fields are named where they are logged"
        levels, fields = found[event.value]
        assert isinstance(call.func, ast.Attribute)
        levels.add(LEVELS[call.func.attr])
        fields |= {str(word.arg) for word in call.keywords} - {"exc_info"}
    return dict(found)


def documented() -> Schema:
    text = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    return {
        row["event"]: (set(row["levels"].split(", ")), set(re.findall(r"`(\w+)`", row["fields"])))
        for row in ROW.finditer(text)
    }


def test_every_line_is_documented_and_every_documented_line_is_there():
    """By name, level and fields."""
    assert said() == documented()
    assert len(said()) > 30


def test_every_logger_is_called_log():
    """So that no line is overlooked here."""
    for file, tree in files():
        made = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "get_logger"]
        named = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id == "log" and isinstance(node.ctx, ast.Store)
        ]
        assert len(made) == len(named), file


def test_no_field_holds_personal_data():
    """Lines speak of people by ids alone; what an error carries along is masked (tests of the logs)."""
    assert {event: fields & PERSONAL for event, (_, fields) in said().items() if fields & PERSONAL} == {}
