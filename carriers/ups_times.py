"""The times of UPS's events: a local date and time, and beside it, mostly, the same in GMT with the offset.

Source: Tracking.yaml, issues 38, 99 and 187 of UPS-API/api-documentation. For the UPS adapter only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from carriers.base import text_of
from carriers.place_zones import zone_of
from carriers.times import naive_time, unread_time
from carriers.ups_wire import Activity, Address, Location
from domain.tracking import Certainty, EventTime, Zone

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?:[:.]?(\d{2}))?", re.ASCII)
_CLOCK = re.compile(r"\d{1,6}|\d{1,2}:\d{2}(?::\d{2})?", re.ASCII)
FURTHEST = timedelta(hours=14)
"""No zone is further from UTC."""

Spot = tuple[str, str, str]


@lru_cache(maxsize=1_024)
def iso_date(raw: str) -> str:
    """``20210210`` as ``2021-02-10``, empty where it is no date."""
    found = _DATE.fullmatch(raw.strip())
    return "-".join(found.groups()) if found else ""


@lru_cache(maxsize=16_384)
def iso_clock(raw: str) -> str:
    """HHMMSS, HH:MM:SS, HHMM or 74700 (a lost zero) as ``07:47:00``, empty where it is no time of day."""
    if not _CLOCK.fullmatch(raw.strip()):
        return ""
    parts = raw.strip().split(":")
    digits = "".join(part.zfill(2) for part in parts) if len(parts) > 1 else raw.strip()
    digits = digits + "00" if len(digits) == 4 else digits.zfill(6)
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def offset_of(raw: str) -> timezone | None:
    """``-05:00``, and ``-04.00`` as Track Alert has it; None where it is no offset."""
    found = _OFFSET.fullmatch(raw.strip())
    if not found:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-size if found[1] == "-" else size) if size <= FURTHEST else None


def address_of(activity: Activity) -> Address:
    return (activity.location or Location()).address or Address()


def country_of(address: Address) -> str:
    """The country's code; ``country`` may hold a name."""
    code, country = text_of(address.country_code).strip(), text_of(address.country).strip()
    return code or country


def spot_of(address: Address) -> Spot:
    city, state = text_of(address.city).strip().upper(), text_of(address.state_province).strip().upper()
    return city, state, country_of(address).upper()


def times(activities: Sequence[Activity], origin: Address) -> list[EventTime]:
    """GMT fields tell the instant; else an offset does; else the zone of the scan's place, the offset of another scan in
    that city, or the origin's zone for a label that names only its country. Where nothing tells, the time stays unread.
    """
    told = [_told(activity) for activity in activities]
    if all(told):  # nearly always: nobody has to be a witness
        return [time for time in told if time]
    witness = _witnesses(activities, told)
    return [time or _assumed(a, witness, origin) for a, time in zip(activities, told, strict=True)]


def _raw(activity: Activity) -> str:
    local = f"{text_of(activity.date)} {text_of(activity.time)}".strip()
    return local or f"{text_of(activity.gmt_date)} {text_of(activity.gmt_time)}".strip()


def _local(activity: Activity) -> str:
    return f"{iso_date(text_of(activity.date))} {iso_clock(text_of(activity.time))}".strip()


def _told(activity: Activity) -> EventTime | None:
    day, clock = iso_date(text_of(activity.gmt_date)), iso_clock(text_of(activity.gmt_time))
    if day and clock:
        time = naive_time(f"{day} {clock}", UTC, Zone.UTC_FIELD)
        if time.at:
            return EventTime(_raw(activity), time.at, Zone.UTC_FIELD, Certainty.EXACT)
    offset = offset_of(text_of(activity.gmt_offset))
    time = naive_time(_local(activity), offset, Zone.OFFSET) if offset else unread_time("")
    if time.at is None or time.certainty is Certainty.DATE_ONLY:
        return None
    return replace(time, raw=_raw(activity), certainty=Certainty.EXACT)


def _witnesses(activities: Sequence[Activity], told: Sequence[EventTime | None]) -> Mapping[Spot, tzinfo]:
    """The offset that the earliest exact scan of a city shows, whatever the order of the list."""
    seen = [
        (time.at, spot_of(address_of(a)), offset)
        for a, time in zip(activities, told, strict=True)
        if time and time.at and (offset := _shown(a, time.at))
    ]
    return {spot: offset for _, spot, offset in sorted(seen, key=lambda row: (row[0], row[1]), reverse=True) if spot[0]}


def _shown(activity: Activity, at: datetime) -> tzinfo | None:
    local = naive_time(_local(activity), UTC, Zone.UTC_FIELD)
    if local.at is None or local.certainty is Certainty.DATE_ONLY:
        return None
    ahead = timedelta(minutes=round((local.at - at).total_seconds() / 60))
    return timezone(ahead) if abs(ahead) <= FURTHEST else None


def _assumed(activity: Activity, witness: Mapping[Spot, tzinfo], origin: Address) -> EventTime:
    spot, start = spot_of(address_of(activity)), spot_of(origin)
    at_home = zone_of(start[2], start[1]) if not spot[1] and spot[2] in {"", start[2]} else None
    zone = zone_of(spot[2], spot[1], spot[0]) or witness.get(spot) or at_home
    if zone is None:
        return unread_time(_raw(activity))
    return replace(naive_time(_local(activity), zone, Zone.ASSUMED_PLACE), raw=_raw(activity))
