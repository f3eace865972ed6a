"""Public holidays and make-up workdays as they were announced (workdays.toml), each year with its source."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from msgspec import Struct

from config.policies.reading import read_policy

SHIPPED = Path(__file__).parent / "workdays.toml"


class Year(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was announced for one year."""

    year: int
    source: str
    checked_on: date
    closed: tuple[date, ...]
    extra: tuple[date, ...]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    cn: tuple[Year, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """``closed``: days off. ``extra``: weekend days that are worked instead."""

    closed: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()


def announced(country: str) -> Announced:
    """The days of a country; none where it is empty."""
    years = shipped() if country == "cn" else ()
    return Announced(
        frozenset(day for year in years for day in year.closed), frozenset(day for year in years for day in year.extra)
    )


@cache
def shipped() -> tuple[Year, ...]:
    """Every year that is known."""
    return read_policy(SHIPPED, _File).cn
