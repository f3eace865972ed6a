"""Public holidays and make-up workdays as they were announced (workdays.toml), each year with its source."""

from dataclasses import dataclass
from datetime import date, timedelta
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


Years = tuple[Year, ...]
WARN_FROM = timedelta(days=45)
"""How long before a year that nobody has told us it is said: China's is announced in November."""


def announced(country: str, years: Years) -> Announced:
    """The days of a country; none where it is empty."""
    told = years if country == "cn" else ()
    return Announced(
        frozenset(day for year in told for day in year.closed), frozenset(day for year in told for day in year.extra)
    )


def load_workdays(own: Path | None = None) -> Years:
    """The shipped years, those of a person's file in their place. Raises ConfigError with the line and key of every misfit."""
    theirs = read_policy(own, _File).cn if own else ()
    return tuple(sorted({one.year: one for one in (*shipped(), *theirs)}.values(), key=lambda one: one.year))


@cache
def shipped() -> Years:
    """Every year that is known."""
    return read_policy(SHIPPED, _File).cn


def missing(country: str, years: Years, today: date) -> int | None:
    """The year whose days off nobody has told us though it is here or near; None where there is none."""
    if country != "cn":
        return None
    wanted = sorted({today.year, (today + WARN_FROM).year})
    return next((year for year in wanted if year not in {one.year for one in years}), None)
