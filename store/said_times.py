"""What a carrier wrote as the time of an event, in a few bytes: read together with the instant that it meant.

A scan's ``said`` begins with a letter for how the zone is known and how certain it is. Then comes, where the carrier's text can be made
of the instant, the letter of its form and the quarters of an hour that its clock is ahead of UTC (``Ia32``: assumed, 2026-11-22 18:00:00 in
Shanghai); else ``=`` and the text itself. A scan is the narrowest row and the one that there are most of.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import product

from domain.tracking import Certainty, EventTime, Zone
from store.tables import from_seconds

_QUARTER = timedelta(minutes=15)
_LETTERS = "ABCDEFGHIJKLMNOPQRST"
_HEADS = dict(zip(product(Zone, Certainty), _LETTERS, strict=True))
_MEANT = {letter: pair for pair, letter in _HEADS.items()}

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
    """Fractions of a second are not stored with the instant: a text that has some stays as it is."""
    raw, at = time.raw, time.at
    head = _HEADS[time.zone, time.certainty]
    form = _LIKELY.get((len(raw), raw[10:11])) if at is not None else None
    if form is None or at is None:
        return f"{head}={raw}"
    try:
        local = datetime.fromisoformat(raw[:19]).replace(tzinfo=None)
    except ValueError:
        return f"{head}={raw}"
    ahead, rest = divmod(local - at.replace(tzinfo=None, microsecond=0), _QUARTER)
    if rest or abs(ahead) >= 96 or _FORMS[form](_local(at.replace(microsecond=0), ahead)) != raw:
        return f"{head}={raw}"
    return f"{head}{form}{ahead}"


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
    return timezone(ahead * _QUARTER) if ahead else UTC
