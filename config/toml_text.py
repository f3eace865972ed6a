"""TOML files with the line of every key, so that an error can point at it."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.errors import ConfigError, Problem

Path_ = tuple[str | int, ...]
"""The way to a value: keys, and indexes (from 0) within arrays of tables."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The tables and the text of a file. Raises ConfigError where it can't be read or isn't TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text), text
    except OSError as exc:
        raise ConfigError([Problem(str(path), "", f"can't be read: {exc.strerror}", "check the path")]) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError([Problem(str(path), "", "isn't UTF-8", "save it as UTF-8")]) from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError([_syntax(path, str(exc))]) from exc


def _syntax(path: Path, said: str) -> Problem:
    at = _AT_LINE.search(said)
    message = _AT_LINE.sub("", said)
    return Problem(str(path), "", f"not valid TOML: {message}", line=int(at.group(1)) if at else None)


def lines_of(text: str) -> dict[Path_, int]:
    """The line (from 1) of every table header and key that stands at the beginning of a line.

    Keys inside inline tables and multi-line values aren't looked for: their table's line stands for them.
    """
    found: dict[Path_, int] = {}
    seen: Counter[Path_] = Counter()
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _table_path(header, seen)
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key.group(1))), number)
    return found


def _table_path(header: re.Match[str], seen: Counter[Path_]) -> Path_:
    """``[[couriers]]`` counts up; ``[couriers.x]`` after it belongs to the last one."""
    parts = _parts(header.group(2))
    if header.group(1) == "[[":
        seen[parts] += 1
    path: Path_ = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if count := seen[parts[: index + 1]]:
            path = (*path, count - 1)
    return path


def _parts(dotted: str) -> Path_:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def line_of(lines: Mapping[Path_, int], path: Path_) -> int | None:
    """The line of the key, else of the nearest table around it that stands in the file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path) if path else None


def dotted(path: Path_) -> str:
    """``couriers[2].shift``: indexes are shown from 1, as people count tables."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text
