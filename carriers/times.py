"""Reading the times that carriers send: with an offset, without a zone, or as a bare date."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from domain.tracking import Certainty, EventTime, Zone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time all year; an offset says it without a table."""

YEARS = range(1990, 2100)
"""Years that a scan can lie in: sources fill gaps with 0001-01-01 and 9999-12-31."""


# Looking a member up in its enum costs more than reading a time: the usual ones are looked up once.
_OFFSET, _CARRIERS = Zone.OFFSET, Zone.ASSUMED_CARRIER
_EXACT, _ASSUMED = Certainty.EXACT, Certainty.ASSUMED
_UNREAD = Zone.NONE, Certainty.UNKNOWN
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = _EPOCH_UTC.replace(tzinfo=None)


def unread_time(raw: str) -> EventTime:
    """A time that can't be read: the event is kept and moves no clock."""
    return EventTime(raw, None, *_UNREAD)


def chinese_time(raw: str) -> EventTime:
    """A time as the Chinese sources write it: with an offset, else Shanghai's. ``at`` None where it can't be read."""
    usual = _usual_time(raw, SHANGHAI)
    if usual is not None:
        return EventTime(raw, usual, _CARRIERS, _ASSUMED)
    return offset_time(raw) or naive_time(raw, SHANGHAI, _CARRIERS)


def naive_time(raw: str, zone: tzinfo, evidence: Zone) -> EventTime:
    """A local time without a zone, padded or not: ``2016-11-1 18:11:16``, ``2024-08-15T00:00:00.0``, ``2024-08-15``.

    A fraction of a second is dropped. An unreadable text is a value: ``at`` None.
    """
    usual = _usual_time(raw, zone)
    if usual is not None:
        return EventTime(raw, usual, evidence, _ASSUMED)
    digits = _numbers(raw)
    if len(digits) not in {3, 5, 6} or digits[0] not in YEARS:
        return unread_time(raw)
    try:
        at = datetime(*digits, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return unread_time(raw)
    return EventTime(raw, at, evidence, Certainty.DATE_ONLY if len(digits) == 3 else _ASSUMED)


def _usual_time(raw: str, zone: tzinfo) -> datetime | None:
    """The instant of ``2016-11-01 18:11:16``, which nearly every line has, without the pattern that reads every spelling;
    None for any other text.
    """
    if len(raw) != 19 or raw[4:17:3] != "--" + raw[10] + "::" or raw[10] not in " T":
        return None
    try:
        local = datetime.fromisoformat(raw)
    except ValueError:
        return None
    if local.tzinfo is not None or local.year not in YEARS:
        return None
    shift = zone.utcoffset(None)
    return local.replace(tzinfo=zone).astimezone(UTC) if shift is None else _EPOCH_UTC + (local - _EPOCH - shift)


_NAIVE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d{1,9})?秒?)?分?)?",
    re.ASCII,
)


def _numbers(raw: str) -> list[int]:
    found = _NAIVE.fullmatch(raw.strip())
    return [int(part) for part in found.groups() if part is not None] if found else []


def offset_time(raw: str) -> EventTime | None:
    """An ISO time with an offset, or None where it has none or isn't ISO."""
    try:
        at = datetime.fromisoformat(raw.strip())
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    if at.year not in YEARS:
        return unread_time(raw)
    return EventTime(raw, at.astimezone(UTC), _OFFSET, _EXACT)
