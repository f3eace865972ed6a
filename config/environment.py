"""Environment variables laid over the file: DOORSTEP__doorstep__port=8800 sets `port` of [doorstep]."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.checking import EnvText, Misfit
from config.toml_text import Path_

PREFIX = "DOORSTEP"
SEPARATOR = "__"
MAX_DEPTH = 6  # carriers, id, account, key is 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """The tables with the variables' values; ``variables``: which variable stands behind a path."""

    tables: dict[str, Any]
    variables: Mapping[Path_, str]
    misfits: tuple[Misfit, ...] = ()


def overlay(tables: Mapping[str, Any], environ: Mapping[str, str]) -> Overlay:
    """A copy of ``tables`` with the values of the variables ``DOORSTEP__table__key``, later parts by index for arrays.

    Names match keys of the file whatever their case; others are taken in lower case. A key goes before the same key
    with ``_file`` in the file, and the other way round.
    """
    laid = copy.deepcopy(dict(tables))
    variables: dict[Path_, str] = {}
    misfits = []
    for name in sorted(environ):
        parts = name.split(SEPARATOR)
        if parts[0] != PREFIX or len(parts) == 1:
            continue
        path = _set(laid, parts[1:], EnvText(environ[name])) if 3 <= len(parts) <= MAX_DEPTH else None
        if path is None:
            path = ("environment", name)
            misfits.append(Misfit(path, f"must name a table and a key: {PREFIX}{SEPARATOR}doorstep{SEPARATOR}port"))
        variables[path] = name
    return Overlay(laid, variables, tuple(misfits))


def _set(tables: dict[str, Any], parts: list[str], value: EnvText) -> Path_ | None:
    at: Any = tables
    path: Path_ = ()
    for part in parts[:-1]:
        key = _key(at, part)
        if key is None:
            return None
        path = (*path, key)
        at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
    last = _key(at, parts[-1])
    if not isinstance(at, dict) or last is None:
        return None
    at.pop(f"{last}_file", None)
    at.pop(str(last).removesuffix("_file"), None)
    at[last] = value
    return (*path, last)


def _key(at: Any, part: str) -> str | int | None:
    if isinstance(at, list):
        return int(part) if part.isascii() and part.isdigit() and int(part) < len(at) else None
    if not isinstance(at, dict):
        return None
    return next((key for key in at if key.lower() == part.lower()), part.lower())


def variable_of(path: Path_) -> str:
    """The variable that sets the value at a path."""
    return SEPARATOR.join((PREFIX, *(str(part) for part in path)))
