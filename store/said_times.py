"""What a carrier wrote as the time of an event, in a few bytes: read together with the instant that it meant.

A scan's ``said`` begins with a letter for how the zone is known and how certain it is. Then comes, where the carrier's text can be made
of the instant, the letter of its form and the quarters of an hour that its clock is ahead of UTC (``Ja32``: assumed, 2026-11-22 18:00:00 in
Shanghai); else ``=`` and the text itself. A scan is the narrowest row and the one that there are most of.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import product

from domain.tracking import Certainty, EventTime, Zone
from store.tables import from_seconds

_QUARTER_S, _DAY_S = 900, 86_400
_LETTERS = "ABCDEFGHIJKLMNOPQRST"
_HEADS = {(z.value, c.value): letter for (z, c), letter in zip(product(Zone, Certainty), _LETTERS, strict=True)}
_MEANT = dict(zip(_LETTERS, product(Zone, Certainty), strict=True))

_FORMS: Mapping[str, Callable[[datetime], str]] = {
    "a": lambda local: local.isoformat(" ")[:19],
    "b": lambda local: local.isoformat()[:19],
    "c": lambda local: local.isoformat(),
    "d": lambda local: f"{local.isoformat()[:19]}Z",
}
"""How carriers write a local time, to the second: with a blank, with a T, with its offset, or UTC."""
_LIKELY = {(19, " "): "a", (19, "T"): "b", (25, "T"): "c", (20, "T"): "d"}
"""By a text's length and its eleventh character."""


def pack(time: EventTime) -> str:
    """Each new event comes through here: the text is judged by its parts, none is made to compare it with."""
    raw = time.raw
    head = _HEADS[time.zone._value_, time.certainty._value_]
    form = _LIKELY.get((len(raw), raw[10:11]))
    ahead = _quarters(raw, time.at) if form and time.at else None
    if ahead is None or raw[19:] != (_offset(ahead) if form == "c" else "Z" if form == "d" else ""):
        return f"{head}={raw}"
    return f"{head}{form}{ahead}"


def _quarters(raw: str, at: datetime) -> int | None:
    """How many quarters of an hour the clock that shows ``raw`` is ahead of UTC; None where it isn't a time to the second."""
    if not raw[4] == raw[7] == "-" or not raw[13] == raw[16] == ":":
        return None
    try:
        apart = datetime.fromisoformat(f"{raw[:19]}+00:00") - at
    except ValueError:
        return None
    ahead, rest = divmod(apart.days * _DAY_S + apart.seconds, _QUARTER_S)
    return None if rest or apart.microseconds or abs(ahead) >= 96 else ahead


def unpack(said: str, at: int | None) -> EventTime:
    """``at`` as it is stored: whole seconds."""
    zone, certainty = _MEANT[said[0]]
    instant = None if at is None else from_seconds(at)
    if said[1] == "=" or instant is None:
        return EventTime(said[2:], instant, zone, certainty)
    return EventTime(_FORMS[said[1]](_local(instant, int(said[2:]))), instant, zone, certainty)


def _local(at: datetime, ahead: int) -> datetime:
    return at.astimezone(_clock(ahead))


@cache
def _clock(ahead: int) -> timezone:
    return timezone(timedelta(seconds=ahead * _QUARTER_S)) if ahead else UTC


@cache
def _offset(ahead: int) -> str:
    """``+08:00``."""
    hours, minutes = divmod(abs(ahead) * 15, 60)
    return f"{'-' if ahead < 0 else '+'}{hours:02}:{minutes:02}"
