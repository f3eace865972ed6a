"""Pickup slots: two-hour spans that a customer can pick, and reading the one that was asked for. Pure.

A day's plan is made at the depot's cut-off, so a slot of that day begins after it and is booked before it; they follow
each other from the start of the shift, or from the cut-off where that is later (快递100: two-hour slots 9-19, bookable today, tomorrow and the day after).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import RuleError
from domain.words import Words
from scheduler.plan_types import Courier, Depot, Refused, Slot, at_local, days_after, local_day

SLOT = timedelta(hours=2)
MIN_SLOT = timedelta(hours=1)
"""The shortest span that may be asked for; a shorter one can hardly be kept with 7-14 minutes a stop."""
MAX_SLOT = timedelta(hours=12)
_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/(\d{2}:\d{2})")


def slots_of(depot: Depot, couriers: Sequence[Courier], day: date, *, now: datetime) -> tuple[Slot, ...]:
    """The slots of a day that can still be booked, in order; () once its cut-off has passed."""
    cut_off = at_local(day, depot.cut_off, depot.zone)
    if now >= cut_off:
        return ()
    found = {slot for courier in couriers for slot in _of_shift(depot, courier, day, cut_off)}
    return tuple(sorted(found, key=lambda slot: (slot.start, slot.end)))


def _of_shift(depot: Depot, courier: Courier, day: date, cut_off: datetime) -> list[Slot]:
    begin, end = (at_local(day, clock, depot.zone) for clock in courier.shift)
    start = max(begin, cut_off)
    count = max(0, int((end - start) / SLOT))
    return [Slot(start + SLOT * n, start + SLOT * (n + 1)) for n in range(count)]


def open_slots(depot: Depot, couriers: Sequence[Courier], *, now: datetime, days: int) -> tuple[Slot, ...]:
    """Every slot that can be booked now, ``days`` days from today on."""
    today = local_day(now, depot.zone)
    return tuple(slot for day in days_after(today, days) for slot in slots_of(depot, couriers, day, now=now))


def parse_slot(raw: str | Mapping[str, Any], zone: ZoneInfo) -> Slot:
    """``"2026-11-22T14:00/16:00"`` (local) or ``{"from": ISO, "to": ISO}`` (a time without offset is local).

    Raises RuleError where it is neither, or ends before it begins.
    """
    try:
        start, end = _local_span(raw, zone) if isinstance(raw, str) else _iso_span(raw, zone)
    except (ValueError, KeyError, TypeError) as exc:
        raise RuleError(f'slot: {raw!r} is no span; write it like "2026-11-22T14:00/16:00"') from exc
    if end <= start:
        raise RuleError(f"slot: {raw!r} ends before it begins")
    return Slot(start, end)


def _local_span(raw: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    found = _LOCAL.fullmatch(raw.strip())
    if found is None:
        raise ValueError(raw)
    day, start, end = found.groups()
    return _instant(f"{day}T{start}", zone), _instant(f"{day}T{end}", zone)


def _iso_span(raw: Mapping[str, Any], zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _instant(raw["from"], zone), _instant(raw["to"], zone)


def _instant(text: str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def check_slot(slot: Slot, depot: Depot, couriers: Sequence[Courier], *, now: datetime, days: int) -> Slot | Refused:
    """The slot if a courier can keep it; any span counts, not only those that are offered.

    At least an hour of it must lie after the cut-off of its day: earlier than that nobody is sent.
    """
    day = local_day(slot.start, depot.zone)
    cut_off = at_local(day, depot.cut_off, depot.zone)
    if slot.end <= now:
        return _no("slot_past", slot)
    if now >= cut_off:
        return _no("slot_after_cut_off", slot, cut_off_at=cut_off.isoformat())
    if day not in days_after(local_day(now, depot.zone), days):
        return _no("slot_too_far", slot, days=days)
    if not MIN_SLOT <= slot.end - slot.start <= MAX_SLOT:
        return _no("slot_length", slot, least_s=int(MIN_SLOT.total_seconds()), most_s=int(MAX_SLOT.total_seconds()))
    if not any(_shares(slot, depot, courier, day, cut_off) for courier in couriers):
        return _no("slot_no_courier", slot)
    return slot


def _shares(slot: Slot, depot: Depot, courier: Courier, day: date, cut_off: datetime) -> bool:
    start, end = (at_local(day, clock, depot.zone) for clock in courier.shift)
    return min(slot.end, end) - max(slot.start, start, cut_off) >= MIN_SLOT


def _no(code: str, slot: Slot, **params: object) -> Refused:
    return Refused(Words(code, {"from_at": slot.start.isoformat(), "to_at": slot.end.isoformat(), **params}))
