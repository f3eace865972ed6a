"""When a 17TRACK event happened: an ISO time with an offset, a UTC time, or the carrier's own date, time and zone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carriers.base import text_of
from carriers.place_zones import STATES, zone_of
from carriers.times import SHANGHAI, naive_time, offset_time, unread_time
from carriers.track17_wire import Address, Event, Firm, RawTime
from domain.tracking import Certainty, EventTime, Zone


@dataclass(frozen=True, slots=True)
class Witness:
    """What one carrier's list tells of its zones: the carrier's country, and the offsets seen at its places."""

    country: str = ""
    offsets: Mapping[str, tzinfo] = field(default_factory=dict)


NOBODY = Witness()


def witness_of(firm: Firm | None, lines: Iterable[Event]) -> Witness:
    """The newest offset of a place counts, whatever the order of the lines."""
    told = sorted((iso, _spot(line)) for line in lines if (iso := _local(text_of(line.time_iso))) and _spot(line))
    offsets = {spot: iso.tzinfo for iso, spot in told if iso.tzinfo}
    return Witness(text_of(firm.country if firm else None).strip().upper(), offsets)


def time_of(line: Event, witness: Witness = NOBODY) -> EventTime:
    """``time_iso``, else ``time_utc``, else the raw date, time and zone. A raw time without its zone, as the newest event
    has it until 17TRACK has worked out where it happened, is local to its place, else unread.
    """
    iso, utc = text_of(line.time_iso), text_of(line.time_utc)
    raw = line.time_raw or RawTime()
    if (told := offset_time(iso)) and told.at:
        return replace(told, certainty=Certainty.DATE_ONLY) if _is_date(raw, iso) else told
    if (told := _utc_time(utc)) and told.at:
        return told
    return _raw_time(raw, iso or utc, line, witness)


def _local(iso: str) -> datetime | None:
    told = offset_time(iso)
    return datetime.fromisoformat(iso.strip()) if told and told.at else None


def _is_date(raw: RawTime, iso: str) -> bool:
    """Where the carrier told a date only, 17TRACK writes midnight."""
    if text_of(raw.time).strip() or not text_of(raw.date).strip():
        return False
    local = _local(iso)
    return local is not None and local.time() == time.min


def _utc_time(raw: str) -> EventTime | None:
    told = offset_time(raw) or naive_time(raw, UTC, Zone.UTC_FIELD)
    if told.at is None or told.certainty is Certainty.DATE_ONLY:
        return None
    return replace(told, zone=Zone.UTC_FIELD, certainty=Certainty.EXACT)


def _raw_time(told: RawTime, otherwise: str, line: Event, witness: Witness) -> EventTime:
    parts = [text_of(part).strip() for part in (told.date, told.time, told.timezone)]
    raw = " ".join(part for part in parts if part) or otherwise
    local = " ".join(parts[:2]).strip() or otherwise
    if zone := _zone(parts[2]):
        exact = naive_time(local, zone, Zone.OFFSET)
        told_zone = exact.certainty is Certainty.ASSUMED  # the zone was told, not assumed
        return replace(exact, raw=raw, certainty=Certainty.EXACT if told_zone else exact.certainty)
    assumed, evidence = _assumed(line, witness)
    return replace(naive_time(local, assumed, evidence), raw=raw) if assumed else unread_time(raw)


# --- zones of places ---


def _assumed(line: Event, witness: Witness) -> tuple[tzinfo | None, Zone]:
    """The zone of the place: by its address, by the codes at the end of its name, by another event there. A Chinese
    carrier's list is in its own time where no place abroad is named.
    """
    address, spot = line.address or Address(), _spot(line)
    country, state = text_of(address.country).strip().upper(), text_of(address.state).strip().upper()
    if country:
        city = text_of(address.city).strip()
        return zone_of(country, state, city) or witness.offsets.get(spot), Zone.ASSUMED_PLACE
    if zone := _zone_in(spot, witness.country) or witness.offsets.get(spot):
        return zone, Zone.ASSUMED_PLACE
    at_home = witness.country == "CN" and (not spot or _CHINESE.search(spot))
    return (SHANGHAI if at_home else None), Zone.ASSUMED_CARRIER


def _spot(line: Event) -> str:
    return " ".join(text_of(line.location).split())


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_STATE_CODES = frozenset(state for country, state in STATES if country in {"US", "CA", "AU"})


def _zone_in(spot: str, home: str) -> tzinfo | None:
    """The zone of ``LOS ANGELES, CA, US``, of ``SHENZHEN, CN``, and of a US carrier's ``ALBANY, NY``. A code that is a state's
    and a country's (GA, DE, CA) tells nothing abroad; the provinces of other countries aren't written so.
    """
    *_, state, country = ["", "", *(part.strip().upper() for part in spot.split(","))]
    if (home, country) in STATES:
        return zone_of(home, country)
    return None if country in _STATE_CODES else zone_of(country, state, state)


# --- zones by name ---


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
