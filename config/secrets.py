"""Secrets kept in files of their own: `key_file = "/run/secrets/key"` stands for `key`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from config.checking import Misfit
from config.toml_text import Path_

SUFFIX = "_file"
MAX_BYTES = 64 * 1024  # a private key is 4 KB; anything larger is the wrong file


def take_files(
    tables: Mapping[str, Any], folder: Path, structs: Mapping[str, Mapping[str, type[msgspec.Struct]]]
) -> tuple[dict[str, Any], list[Misfit]]:
    """``tables`` with every `<key>_file` of an adapter's account replaced by `<key>` with the file's text.

    Only where the adapter's struct has the key and not the `_file` one itself. Paths are counted from ``folder``.
    """
    taken = dict(tables)
    misfits: list[Misfit] = []
    for kind, adapters in structs.items():
        if not isinstance(taken.get(kind), Mapping):
            continue
        taken[kind] = {
            adapter: _accounts(named, adapters.get(adapter), folder, (kind, adapter), misfits)
            for adapter, named in taken[kind].items()
        }
    return taken, misfits


def take_table(
    tables: Mapping[str, Any], name: str, struct: type[msgspec.Struct], folder: Path
) -> tuple[dict[str, Any], list[Misfit]]:
    """The same for the keys of one table of ours, such as ``[merchant]``."""
    misfits: list[Misfit] = []
    known = {f.encode_name for f in msgspec.structs.fields(struct)}
    if name not in tables:
        return dict(tables), misfits
    return {**tables, name: _account(tables[name], known, folder, (name,), misfits)}, misfits


def take_own_files(
    tables: Mapping[str, Any], folder: Path, name: str, structs: Mapping[str, type[msgspec.Struct]]
) -> tuple[dict[str, Any], list[Misfit]]:
    """The same for the tables `[name.<key>]` that ``structs`` names: they have no accounts."""
    misfits: list[Misfit] = []
    table = tables.get(name)
    if not isinstance(table, Mapping):
        return dict(tables), misfits
    taken = {
        key: _account(
            value, {f.encode_name for f in msgspec.structs.fields(structs[key])}, folder, (name, key), misfits
        )
        if key in structs
        else value
        for key, value in table.items()
    }
    return {**tables, name: taken}, misfits


def _accounts(named: Any, struct: type[msgspec.Struct] | None, folder: Path, path: Path_, misfits: list[Misfit]) -> Any:
    if struct is None or not isinstance(named, Mapping):
        return named
    known = {f.encode_name for f in msgspec.structs.fields(struct)}
    return {name: _account(table, known, folder, (*path, name), misfits) for name, table in named.items()}


def _account(table: Any, known: set[str], folder: Path, path: Path_, misfits: list[Misfit]) -> Any:
    if not isinstance(table, Mapping):
        return table
    taken: dict[str, Any] = {}
    for key, value in table.items():
        secret = key.removesuffix(SUFFIX)
        if key in known or secret == key or secret not in known:
            taken[key] = value
        elif secret in table:
            misfits.append(Misfit((*path, key), f"`{secret}` is set as well: keep one of the two"))
        else:
            text, fault = _read(folder, value)
            taken[secret] = text
            misfits += [Misfit((*path, key), fault)] if fault else []
    return taken


def _read(folder: Path, name: Any) -> tuple[str, str]:
    """The file's text without the line end, and what is wrong with it."""
    if not isinstance(name, str):
        return "", "expected the path of a file"
    path = folder / Path(str(name)).expanduser()
    try:
        raw = path.read_bytes()
        text = raw[:MAX_BYTES].decode("utf-8-sig").strip()
    except OSError as exc:
        return "", f"{path} can't be read: {exc.strerror}"
    except UnicodeDecodeError:
        return "", f"{path} isn't a text file"
    if not text or len(raw) > MAX_BYTES:
        return "", f"{path} is {'empty' if not text else 'too large for a secret'}"
    return text, ""
