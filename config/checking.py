"""Fitting raw tables into typed structs, telling everything that doesn't fit, not only the first thing."""

import difflib
import inspect
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import msgspec

from config.toml_text import Path_


class EnvText(str):
    """A text that came from an environment variable: it is read as a number, a yes or a list where one is wanted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Misfit:
    """What doesn't fit, where. ``missing`` True: a key that must be there isn't."""

    path: Path_
    message: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """``value`` is only good where there are no misfits."""

    value: Any = None
    misfits: tuple[Misfit, ...] = field(default=())


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def fit(raw: Any, shape: Any, path: Path_ = ()) -> Fitted:
    """Fit ``raw`` (as TOML gives it) into ``shape``: a msgspec struct, containers of structs, or a plain type."""
    if is_struct(shape):
        return _struct(raw, shape, path)
    origin, inner = get_origin(shape), get_args(shape)
    if origin is UnionType and len(inner) == 2 and is_struct(inner[0]) and inner[1] is type(None):
        return _struct(raw, inner[0], path)  # a table that may be left out
    if origin is dict and _holds_struct(inner[1]):
        return _table_of(raw, inner[1], path)
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis and is_struct(inner[0]):
        return _array_of(raw, inner[0], path)
    return _leaf(raw, shape, path)


def is_struct(shape: Any) -> bool:
    return inspect.isclass(shape) and issubclass(shape, msgspec.Struct)


def _holds_struct(shape: Any) -> bool:
    return is_struct(shape) or any(_holds_struct(inner) for inner in get_args(shape))


def _struct(raw: Any, shape: type[msgspec.Struct], path: Path_) -> Fitted:
    if not isinstance(raw, Mapping):
        return Fitted(misfits=(Misfit(path, f"expected a table, got {_name(raw)}"),))
    fields = {f.encode_name: f for f in msgspec.structs.fields(shape)}
    misfits = [Misfit((*path, key), _unknown(key, fields)) for key in raw if key not in fields]
    values = {}
    for key, known in fields.items():
        if key in raw:
            fitted = fit(raw[key], known.type, (*path, key))
            misfits += fitted.misfits
            if not fitted.misfits:
                values[known.name] = fitted.value
        elif known.required:
            misfits.append(Misfit((*path, key), "is missing", missing=True))
    if any(known.required and known.name not in values for known in fields.values()):
        return Fitted(misfits=tuple(misfits))
    built = _build(shape, values, path)  # even with misfits: its own rules are told as well
    return Fitted(built.value, (*misfits, *built.misfits))


def _build(shape: type[msgspec.Struct], values: dict[str, Any], path: Path_) -> Fitted:
    """A struct may state a rule of its own in ``__post_init__``, as a ValueError."""
    try:
        return Fitted(shape(**values))
    except ValueError as exc:
        return Fitted(misfits=(Misfit(path, str(exc)),))


def _unknown(key: str, known: Mapping[str, Any]) -> str:
    return f"unknown key{did_you_mean(key, known)}"


def did_you_mean(word: str, known: Mapping[str, Any] | list[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def _table_of(raw: Any, inner: Any, path: Path_) -> Fitted:
    if not isinstance(raw, Mapping):
        return Fitted(misfits=(Misfit(path, f"expected a table, got {_name(raw)}"),))
    fitted = {key: fit(value, inner, (*path, key)) for key, value in raw.items()}
    return Fitted({key: f.value for key, f in fitted.items()}, tuple(m for f in fitted.values() for m in f.misfits))


def _array_of(raw: Any, inner: Any, path: Path_) -> Fitted:
    if not isinstance(raw, list):
        return Fitted(misfits=(Misfit(path, f"expected an array of tables, got {_name(raw)}"),))
    fitted = [fit(value, inner, (*path, index)) for index, value in enumerate(raw)]
    return Fitted(tuple(f.value for f in fitted), tuple(m for f in fitted for m in f.misfits))


def _leaf(raw: Any, shape: Any, path: Path_) -> Fitted:
    from_env = isinstance(raw, EnvText)
    plain = _written_out(str(raw)) if from_env else raw
    value = _clocks(plain) if _wants_time(shape) else plain
    try:
        return Fitted(msgspec.convert(value, shape, strict=not from_env))
    except msgspec.ValidationError as exc:
        said = str(exc)
        return Fitted(misfits=(Misfit(path, said[:1].lower() + said[1:]),))


def _written_out(text: str) -> Any:
    """A list in a variable is written as in the file: ["09:00", "18:00"]. Anything else stays a text."""
    if not text.lstrip().startswith("["):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _wants_time(shape: Any) -> bool:
    if get_origin(shape) is Annotated:
        return _wants_time(get_args(shape)[0])
    return shape is time or any(_wants_time(inner) for inner in get_args(shape))


def _clocks(value: Any) -> Any:
    """``9:00`` and ``09:00`` as the full clock time that the decoder knows."""
    if isinstance(value, list):
        return [_clocks(item) for item in value]
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    return f"{int(found.group(1)):02}:{found.group(2)}:00" if found else value


_NAMES = {
    str: "a text",
    EnvText: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _name(raw: Any) -> str:
    return _NAMES.get(type(raw), type(raw).__name__)
