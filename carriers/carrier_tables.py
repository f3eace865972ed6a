"""Every carrier that the house can name: those of Kuaidi100 and of 17TRACK, by any of their names.

The two published tables ship with the package (carriers/tables) and are read once, when first asked for. A carrier's id in
the house is its Kuaidi100 code, else ``17track:<key>``. A name that several carriers bear names none of them.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice, takewhile
from types import MappingProxyType
from typing import TypeVar

from carriers.carrier_links import LINKS
from carriers.carrier_spellings import ROWS
from domain.errors import RuleError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HouseCarrier:
    """A carrier as the house knows it: ``names`` in "zh" and "en"; ``kuaidi100`` and ``track17`` say who can be asked
    about it, and under which code or key.
    """

    id: str
    names: Mapping[str, str]
    kuaidi100: str | None = None
    track17: int | None = None


class AmbiguousCarrierError(RuleError):
    """A name that several carriers bear: ``candidates``."""

    def __init__(self, name: str, candidates: tuple[HouseCarrier, ...]) -> None:
        named = ", ".join(f"{one.names['en']} ({one.id})" for one in candidates)
        super().__init__(f"{name!r} can be any of {named}: use the code in brackets")
        self.candidates = candidates


def house_carrier(name: str) -> HouseCarrier | None:
    """The carrier of a name, short name, code or id, in any case and spacing; None where none is known. Raises
    AmbiguousCarrierError, with the candidates, where several are.
    """
    found = candidates(name)
    if len(found) > 1:
        raise AmbiguousCarrierError(name, found)
    return found[0] if found else None


def candidates(name: str) -> tuple[HouseCarrier, ...]:
    """The carriers that bear a name. An id is its carrier's alone; a whole name counts before a part of one."""
    if one := carrier_of(name.strip()):
        return (one,)
    folded, known = fold(name), known_carriers()
    ids = next((index[folded] for index in _indexes() if folded in index), ())
    return tuple(known[one] for one in sorted(ids))


def carrier_of(carrier_id: str) -> HouseCarrier | None:
    """The carrier of an id. A ``17track:<key>`` stays good when the key is joined to a Kuaidi100 code in a later list."""
    known = known_carriers()
    return known.get(carrier_id) or known.get(_codes_of_keys().get(carrier_id, ""))


@cache
def _codes_of_keys() -> Mapping[str, str]:
    """The Kuaidi100 code for the id of every joined key; of several, the one that is listed first."""
    return MappingProxyType({f"{PREFIX}{key}": code for code, key in reversed(tuple(_joined().items()))})


@cache
def known_carriers() -> Mapping[str, HouseCarrier]:
    """Every carrier, by its id in the house."""
    joined = _joined()
    taken = frozenset(joined.values())
    house = {code: _of_kuaidi100(code, joined.get(code)) for code in kuaidi100_names()}
    rest = {f"{PREFIX}{key}": _of_track17(key) for key in track17_names() if key not in taken}
    return MappingProxyType({**house, **rest})


PREFIX = "17track:"
"""What the id of a carrier begins with that only 17TRACK knows."""


def _of_kuaidi100(code: str, key: int | None) -> HouseCarrier:
    names = kuaidi100_names()[code]
    abroad = track17_names()[key][0] if key else (*_latin(names), names[0])[0]
    zh, en = _SPELT.get(code, (names[0], abroad))
    return HouseCarrier(code, MappingProxyType({"zh": zh, "en": en}), code, key)


def _of_track17(key: int) -> HouseCarrier:
    names = track17_names()[key]
    return HouseCarrier(f"{PREFIX}{key}", MappingProxyType({"zh": names[-1], "en": names[0]}), None, key)


_SPELT: Mapping[str, tuple[str, str]] = MappingProxyType({code: (zh, en) for code, zh, en, _ in ROWS})


# --- names ---

_ENDINGS = ("股份有限公司", "有限责任公司", "有限公司", "公司")


def fold(name: str) -> str:
    """What makes spellings equal: no case, no accents, no white space, no punctuation, no company endings."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    plain = unicodedata.normalize("NFC", "".join(ch for ch in parts if ch.isalnum() or ch == "&")).casefold()
    for ending in _ENDINGS:
        plain = plain.removesuffix(ending)
    return plain


_BRACKETS = re.compile(r"(.*\S)\s*[(（]\s*([^()（）]+?)\s*[)）]", re.DOTALL)
_COUNTRY = re.compile(r"[A-Z]{2}")


def parts_of(name: str) -> tuple[str, ...]:
    """The names inside a name: ``Sagawa (佐川急便)`` holds both; ``GLS (IT)`` holds none, for the country tells it apart;
    of ``日本（Japan Post）`` and ``Speedy (DPD)`` only what is in the carrier's own script and no other firm's name.
    """
    found = _BRACKETS.fullmatch(name)
    if not found or _COUNTRY.fullmatch(found[2]):
        return ()
    outside, inside = found[1], found[2]
    if _is_latin(outside) == _is_latin(inside):
        return (outside,)
    return (inside,) if _CHINESE.fullmatch(outside) and _is_latin(inside) else (outside, inside)


_CHINESE = re.compile(r"[\u4e00-\u9fff\[\]、,，-]+(?:EMS)?(?:-[\u4e00-\u9fff]+)?")


def _is_latin(text: str) -> bool:
    return all(ord(ch) < 0x250 for ch in text)


def _latin(names: Iterable[str]) -> Iterator[str]:
    return (part for name in names for part in parts_of(name) if _is_latin(part))


# --- the tables ---


@cache
def kuaidi100_names() -> Mapping[str, tuple[str, ...]]:
    """The names of Kuaidi100's carriers, by code."""
    table = {row[0]: row[1:] for row in _rows("kuaidi100.tsv")}
    return MappingProxyType(table)


@cache
def track17_names() -> Mapping[int, tuple[str, ...]]:
    """The names of 17TRACK's carriers by key: its name, and the Chinese one where it has one."""
    return MappingProxyType({int(row[0]): row[1:] for row in _rows("17track.tsv")})


def _rows(name: str) -> Iterator[tuple[str, ...]]:
    text = files("carriers").joinpath("tables", name).read_text(encoding="utf-8")
    return (tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#"))


LANGUAGES = frozenset(
    {"emiratesen", "emonitoringen", "latviaen", "luxembourgde", "luxembourgfr", "portugalctten", "ruidianyouzhengen"}
)
"""Codes of Kuaidi100 under which a carrier answers in another language: its name means the code without it."""

JOINS_FROM = 5
"""Characters of a Latin name from which two carriers of equal name are one: shorter ones are initials, which many share."""


@cache
def _joined() -> Mapping[str, int]:
    """17TRACK's key for Kuaidi100's codes: by hand, else where one carrier of each has the same name."""
    by_hand = {code: key for code, key, _ in LINKS}
    ours = _owners((code, _whole(code)) for code in kuaidi100_names() if code not in LANGUAGES)
    theirs = _owners((key, names) for key, names in track17_names().items())
    told: dict[str, set[int]] = defaultdict(set)
    for name in ours.keys() & theirs.keys():
        if len(ours[name]) == len(theirs[name]) == 1 and (len(name) >= JOINS_FROM or not name.isascii()):
            told[next(iter(ours[name]))] |= theirs[name]
    claims = Counter(key for keys in told.values() for key in keys) + Counter(set(by_hand.values()))
    alike = {code: min(keys) for code, keys in told.items() if len(keys) == 1 and claims[min(keys)] == 1}
    return MappingProxyType({**alike, **by_hand})


def _whole(code: str) -> tuple[str, ...]:
    """A Kuaidi100 carrier's whole names: the table's, and its own in brackets (日本（Japan Post）)."""
    names = kuaidi100_names()[code]
    return (*names, *_latin(names))


def _owners(named: Iterable[tuple[T, Iterable[str]]]) -> dict[str, set[T]]:
    owners: dict[str, set[T]] = defaultdict(set)
    for owner, names in named:
        for name in names:
            owners[fold(name)].add(owner)
    owners.pop("", None)
    return owners


def _parts_of_one(one: str, names: Iterable[str], whole: Mapping[str, set[str]], folded: Sequence[str]) -> list[str]:
    """The parts of a carrier's names that are its own. "DHL eCommerce" of ``DHL eCommerce (MNG Kargo)`` begins the names of
    others too, so it is a family's; a name beside one in another script is its carrier's.
    """
    inside = [parts_of(name) for name in names]
    alone = [part for parts in inside if len(parts) == 1 for part in parts]
    family = {part for part in alone if any(whole[name] != {one} for name in _beginning(fold(part), folded))}
    return [part for parts in inside for part in parts if part not in family]


def _beginning(start: str, folded: Sequence[str]) -> Iterator[str]:
    """The names, of a sorted list, that begin with ``start``."""
    return takewhile(lambda name: name.startswith(start), islice(folded, bisect_left(folded, start), None))


@cache
def _indexes() -> tuple[Mapping[str, frozenset[str]], ...]:
    """Ids by folded name, in order of decision: spelt by hand, whole names, parts of names. A code of the tables is no
    name in other letters than its own: ``correios`` is Mozambique's, "Correios" is what Brazil's is called.
    """
    house = known_carriers()
    at = _codes_of_keys()
    spelt = ((code, (code, zh, en, *others)) for code, zh, en, others in ROWS)
    ours = [(code, _whole(code)) for code in kuaidi100_names() if code not in LANGUAGES]
    theirs = [(at.get(own := f"{PREFIX}{key}", own), names) for key, names in track17_names().items()]
    whole = _owners((*ours, *theirs))
    folded = sorted(whole)
    parts = ((one, _parts_of_one(one, names, whole, folded)) for one, names in theirs)
    indexes = (_owners(spelt), whole, _owners(parts))
    assert all(one in house for index in indexes for ids in index.values() for one in ids)
    return tuple(MappingProxyType({name: frozenset(ids) for name, ids in index.items()}) for index in indexes)
