"""The times of FedEx's scans: mostly with an offset, sometimes naive, sometimes only a date. For the FedEx adapter only."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from carriers.base import text_of
from carriers.fedex_wire import Address, Scan
from carriers.place_zones import zone_of
from carriers.times import naive_time, offset_time, unread_time
from domain.tracking import EventTime, Zone


def times_of(scans: Sequence[Scan]) -> list[EventTime]:
    """Times with an offset are exact. A naive one is local to its scan's place: the offset of another scan there, else
    the zone of its state or country; where neither tells, the time stays unread.
    """
    exact = [offset_time(text_of(scan.date)) for scan in scans]
    if all(exact):  # nearly always: nobody has to be a witness
        return [time for time in exact if time]
    told = [
        (time.at, time.raw.strip(), _spot(scan)) for scan, time in zip(scans, exact, strict=True) if time and time.at
    ]
    witness = {spot: raw for _, raw, spot in sorted(told, reverse=True) if spot[0]}  # the earliest, whatever the order
    return [time or _naive(scan, witness.get(_spot(scan))) for scan, time in zip(scans, exact, strict=True)]


def _spot(scan: Scan) -> tuple[str, str, str]:
    address = scan.scan_location or Address()
    parts = (address.city, address.state_or_province_code, address.country_code)
    city, state, country = (text_of(part).strip().upper() for part in parts)
    return city, state, country


MIDNIGHT = "T00:00:00"


def _naive(scan: Scan, witness: str | None) -> EventTime:
    """A naive midnight is a date: the pickup of 2024-08-15T00:00:00 was scanned after the label of 10:36 that day."""
    raw = text_of(scan.date)
    city, state, country = _spot(scan)
    offset = datetime.fromisoformat(witness).tzinfo if witness else None
    zone = offset or zone_of(country, state, city)
    if zone is None:
        return unread_time(raw)
    time = naive_time(raw.strip().removesuffix(MIDNIGHT), zone, Zone.ASSUMED_PLACE)
    return replace(time, raw=raw)
