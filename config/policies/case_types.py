"""The types of cases that people open: the shipped table (case_types.toml)."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from domain.case import Kind, SubjectType
from domain.case_types import CaseType, Party, Rank, Root
from domain.errors import RuleError

OTHER = "other"
"""The type of what nobody could name."""


class _Type(Struct, frozen=True, forbid_unknown_fields=True):
    root: Root
    zh: str
    en: str
    party: Party
    handling_h: Annotated[int, Meta(ge=1, le=48)]
    kind: Kind = Kind.DISPUTED
    rank: Literal["dispute", "refund", "due"] = "due"
    about: tuple[Literal["order", "shipment", "return"], ...] = ("order", "shipment", "return")
    others: tuple[str, ...] = ()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    types: dict[str, _Type]


@cache
def case_types() -> Mapping[str, CaseType]:
    """By id, in the order of the file: product, service, logistics, buyer."""
    return read_case_types(files("config").joinpath("policies/case_types.toml").read_text(encoding="utf-8"))


def read_case_types(text: str, *, name: str = "case_types.toml") -> Mapping[str, CaseType]:
    """The types in ``text``. Raises RuleError that names the file and what is wrong in it."""
    try:
        table = msgspec.convert(tomllib.loads(text), _File).types
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise RuleError(f"{name}: {exc}") from exc
    if OTHER not in table:
        raise RuleError(f"{name}: needs a type `{OTHER}` for what has no name")
    return {type_id: _type(type_id, one) for type_id, one in table.items()}


def _type(type_id: str, one: _Type) -> CaseType:
    return CaseType(
        id=type_id,
        root=one.root,
        names={"zh": one.zh, "en": one.en},
        party=one.party,
        handling=timedelta(hours=one.handling_h),
        kind=one.kind,
        rank=Rank[one.rank.upper()],
        about=frozenset(SubjectType(name) for name in one.about),
        others=frozenset(word.casefold() for word in one.others),
    )


def type_named(text: str) -> CaseType | None:
    """A type by its id, its name in either language or another word for it; None where nobody knows it."""
    word = text.strip().casefold()
    return next((one for one in case_types().values() if word in _words(one)), None)


def type_at(text: str) -> tuple[CaseType, str] | None:
    """The type whose word, the longest that fits, begins ``text``, and what follows it; None where nobody knows one."""
    said = text.strip()
    found = [(word, one) for one in case_types().values() for word in _words(one) if _begins(said.casefold(), word)]
    if not found:
        return None
    word, one = max(found, key=lambda pair: len(pair[0]))
    return one, said[len(word) :].strip(" :：,，;；.。\n")


def _begins(said: str, word: str) -> bool:
    """English words end where the word does; Chinese ones need no gap."""
    return said.startswith(word) and not (word[-1:].isascii() and said[len(word) : len(word) + 1].isalnum())


def _words(one: CaseType) -> frozenset[str]:
    return one.others | {one.id, *(name.casefold() for name in one.names.values())}
