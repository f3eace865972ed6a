"""The types of cases that people open: the shipped table (case_types.toml), a person's own laid over it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from config.policies.reading import fitted
from config.toml_text import read_toml
from domain.case import Kind, SubjectType
from domain.case_types import CaseType, Party, Rank, Root

SHIPPED = Path(__file__).parent / "case_types.toml"
Types = Mapping[str, CaseType]
"""By id, in the order in which they are offered."""
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

    def __post_init__(self) -> None:
        known: dict[str, str] = {}
        for type_id, one in self.types.items():
            for word in sorted(words_of(type_id, one)):
                if known.setdefault(word, type_id) != type_id:
                    raise ValueError(
                        f"types: `{word}` names both {known[word]} and {type_id}: give one of them another word"
                    )


def words_of(type_id: str, one: _Type) -> frozenset[str]:
    """By what people call a type, as it is compared."""
    return frozenset(word.casefold() for word in (type_id, one.zh, one.en, *one.others))


def load_case_types(own: Path | None = None) -> Types:
    """The shipped types with a person's file laid over them, type by type and key by key. Raises ConfigError with the line and
    key of every misfit.
    """
    shipped, text = read_toml(SHIPPED)
    if own is None:
        return _types(fitted(shipped, _File, SHIPPED, text))
    theirs, text = read_toml(own)
    return _types(fitted(_laid(shipped, theirs), _File, own, text))


def _laid(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A type of one's own names everything; of a shipped one only what differs."""
    types, theirs = shipped["types"], own.get("types", {})
    if not isinstance(theirs, Mapping):
        return {**shipped, **own}
    laid = {name: {**types.get(name, {}), **one} if isinstance(one, Mapping) else one for name, one in theirs.items()}
    return {**own, "types": {**types, **laid}}


@cache
def case_types() -> Types:
    """The shipped ones by id, in the order of the file: product, service, logistics, buyer."""
    return load_case_types()


def _types(file: _File) -> Types:
    return {type_id: _type(type_id, one) for type_id, one in file.types.items()}


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


def type_named(text: str, types: Types) -> CaseType | None:
    """A type by its id, its name in either language or another word for it; None where nobody knows it."""
    word = text.strip().casefold()
    return next((one for one in types.values() if word in _words(one)), None)


def type_at(text: str, types: Types) -> tuple[CaseType, str] | None:
    """The type whose word, the longest that fits, begins ``text``, and what follows it; None where nobody knows one."""
    said = text.strip()
    found = [(word, one) for one in types.values() for word in _words(one) if _begins(said.casefold(), word)]
    if not found:
        return None
    word, one = max(found, key=lambda pair: len(pair[0]))
    return one, said[len(word) :].strip(" :：,，;；.。\n")


def _begins(said: str, word: str) -> bool:
    """English words end where the word does; Chinese ones need no gap."""
    return said.startswith(word) and not (word[-1:].isascii() and said[len(word) : len(word) + 1].isalnum())


def _words(one: CaseType) -> frozenset[str]:
    return one.others | {one.id, *(name.casefold() for name in one.names.values())}
