"""When a 17TRACK event happened: an ISO time with an offset, a UTC time, or the carrier's own date, time and zone."""

import re
from dataclasses import replace
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carriers.base import naive_time, offset_time, text_of, unread_time
from carriers.track17_wire import Event, RawTime
from domain.tracking import Certainty, EventTime, Zone


def time_of(line: Event) -> EventTime:
    """``time_iso``, else ``time_utc``, else the raw date, time and zone. Without any zone the time stays unread: the
    newest event comes like that until 17TRACK has worked out where it happened.
    """
    iso, utc = text_of(line.time_iso), text_of(line.time_utc)
    if (told := offset_time(iso)) and told.at:
        return told
    if (told := _utc_time(utc)) and told.at:
        return told
    return _raw_time(line.time_raw or RawTime(), iso or utc)


def _utc_time(raw: str) -> EventTime | None:
    told = offset_time(raw) or naive_time(raw, UTC, Zone.UTC_FIELD)
    if told.at is None or told.certainty is Certainty.DATE_ONLY:
        return None
    return replace(told, zone=Zone.UTC_FIELD, certainty=Certainty.EXACT)


def _raw_time(time: RawTime, otherwise: str) -> EventTime:
    parts = [text_of(part).strip() for part in (time.date, time.time, time.timezone)]
    raw = " ".join(part for part in parts if part) or otherwise
    zone = _zone(parts[2])
    if zone is None:
        return unread_time(raw)
    told = naive_time(" ".join(parts[:2]), zone, Zone.OFFSET)
    exact = told.certainty is Certainty.ASSUMED  # the zone was told, not assumed
    return replace(told, raw=raw, certainty=Certainty.EXACT if exact else told.certainty)


_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII | re.IGNORECASE)


def _zone(name: str) -> tzinfo | None:
    """``+08:00``, ``UTC+8``, ``Z`` or ``Asia/Shanghai`` as a zone, None where it is none of these."""
    if name.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    found = _OFFSET.fullmatch(name)
    if found:
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(offset if sign == "+" else -offset) if offset <= timedelta(hours=14) else None
    return _named_zone(name) if re.fullmatch(r"[A-Za-z]+/[A-Za-z_/+-]+", name) else None


def _named_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return None
