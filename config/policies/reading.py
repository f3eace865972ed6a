"""Reading a policy's file into its struct, in one way for all policies: every misfit with its file, line and key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from config.checking import fit
from config.errors import ConfigError, Problem
from config.toml_text import dotted, line_of, lines_of, read_toml

File = TypeVar("File", bound=Struct)


def read_policy(path: Path, struct: type[File]) -> File:
    """A file's tables as ``struct``. Raises ConfigError with the line and key of every misfit."""
    tables, text = read_toml(path)
    return fitted(tables, struct, path, text)


def fitted(tables: Mapping[str, Any], struct: type[File], path: Path, text: str) -> File:
    """Tables as ``struct``; ``path`` and ``text`` are the file in which a person looks for what is wrong."""
    found = fit(tables, struct)
    if found.misfits:
        lines = lines_of(text)
        raise ConfigError(
            [Problem(str(path), dotted(m.path), m.message, line=line_of(lines, m.path)) for m in found.misfits]
        )
    value: File = found.value
    return value
