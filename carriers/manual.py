"""Manual events: what a person saw or a merchant's own system knows, brought by the API or an import. Nobody is asked.

The form is ours: ``{"events": [{"number", "at", "milestone", …}]}``, see docs/carriers/manual.md. One row and a whole file
are read by the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from carriers.base import Account, AccountSettings, Carrier, Meaning, json_of, raise_for_status, same_number, scan_event
from carriers.times import SHANGHAI, naive_time, offset_time
from domain.errors import RuleError, UnreadableReply
from domain.tracking import (
    Ask,
    Certainty,
    EventTime,
    Failed,
    Found,
    Leg,
    Manner,
    Milestone,
    ParcelReading,
    Reading,
    Reason,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "manual"
FORM = "docs/carriers/manual.md: the milestone is the one that the event names"
MAX_NUMBER = 64  # characters
MAX_TEXT = 1000
MAX_SHORT = 200  # a place, a code, a milestone that we don't know
MAX_AHEAD = timedelta(days=366)
"""An event later than this is a slip of the pen: kept, it would rule its parcel's timeline for years."""

MILESTONES: Mapping[str, Meaning] = MappingProxyType(
    {
        milestone.value: Meaning(milestone, FORM, Reason.OTHER if milestone is Milestone.EXCEPTION else None)
        for milestone in Milestone
        if milestone is not Milestone.UNMAPPED
    }
)
"""By the name of docs/formats.md. An exception without a reason is "other"; any other word stays unmapped."""

FIELDS = ("number", "at", "milestone", "text", "place", "reason", "manner", "code", "leg", "zone")
"""The fields of an event; the first three are needed."""


class ManualSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """There is nothing to set: nobody is asked."""


class _File(msgspec.Struct):
    events: list[dict[str, Any]]


class _Row(msgspec.Struct, frozen=True):
    """An event as it was read, with what only its parcel takes up."""

    number: str
    leg: Leg
    event: ScanEvent


# --- one event ---


def parse_event(raw: Mapping[str, Any], now: datetime, *, home: tzinfo = SHANGHAI) -> tuple[str, ScanEvent]:
    """The number and the event of one row; ``home`` is the zone of a time that names none. Raises RuleError, naming the
    field and what to write.
    """
    row = _row(raw, now, home)
    return row.number, row.event


def parse_leg(raw: Mapping[str, Any]) -> Leg:
    """The leg of one row: out, unless it says return. Raises RuleError."""
    return _named(raw, "leg", Leg) or Leg.OUT


def _row(raw: Mapping[str, Any], now: datetime, home: tzinfo = SHANGHAI) -> _Row:
    unknown = next((name for name in raw if name not in FIELDS), None)
    if unknown is not None:
        raise RuleError(f"{str(unknown)[:MAX_SHORT]}: no such field: use one of {', '.join(FIELDS)}")
    return _Row(_number(raw), parse_leg(raw), _event(raw, now, home))


def _event(raw: Mapping[str, Any], now: datetime, home: tzinfo) -> ScanEvent:
    word = _needed(raw, "milestone", "a milestone of docs/formats.md, such as delivered", MAX_SHORT)
    meaning, manner = MILESTONES.get(word.strip().lower()), _named(raw, "manner", Manner)
    reason = _named(raw, "reason", Reason)
    if manner and (meaning is None or meaning.milestone is not Milestone.DELIVERED):
        raise RuleError("manner: only a delivered event has one: leave it out")
    if meaning:
        meaning = replace(meaning, reason=reason or meaning.reason, manner=manner)
    code = _text(raw, "code", MAX_SHORT) or (None if meaning else word)
    place = _text(raw, "place", MAX_SHORT)
    event = scan_event(code, _text(raw, "text", MAX_TEXT), _time(raw, now, home), meaning, place=place)
    return event if meaning else replace(event, reason=reason)


def _number(raw: Mapping[str, Any]) -> str:
    return _needed(raw, "number", "the tracking number", MAX_NUMBER).strip()


def _time(raw: Mapping[str, Any], now: datetime, home: tzinfo) -> EventTime:
    """An offset in ``at`` tells the zone; else ``zone`` does; else it is taken to be the shop's."""
    at, zone = _needed(raw, "at", "when it happened", MAX_SHORT), _zone(raw)
    time = offset_time(at) or naive_time(at, zone or home, Zone.UTC_FIELD if zone else Zone.ASSUMED_CARRIER)
    if time.at is None:
        raise RuleError(f"at: {at!r} is no time: write 2026-11-22T10:00:00+08:00 or 2026-11-22 10:00")
    if time.at > now + MAX_AHEAD:
        raise RuleError(f"at: {at!r} is more than a year ahead: correct the year")
    certain = zone is not None and time.certainty is Certainty.ASSUMED
    return replace(time, at=time.at.astimezone(UTC), certainty=Certainty.EXACT if certain else time.certainty)


def _zone(raw: Mapping[str, Any]) -> ZoneInfo | None:
    name = _text(raw, "zone", MAX_SHORT).strip()
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleError(f"zone: {name!r} is no time zone: write one such as Asia/Shanghai or Europe/Berlin") from None


def _needed(raw: Mapping[str, Any], field: str, what: str, limit: int) -> str:
    text = _text(raw, field, limit)
    if not text.strip():
        raise RuleError(f"{field}: missing: write {what}")
    return text


def _text(raw: Mapping[str, Any], field: str, limit: int) -> str:
    """A text, verbatim; a whole number is taken as its digits, for numbers and codes often come bare."""
    value = raw.get(field)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RuleError(f"{field}: must be a text, not {type(value).__name__}")
    text = str(value)
    if len(text) > limit:
        raise RuleError(f"{field}: longer than {limit} characters: shorten it")
    return text


Named = TypeVar("Named", bound=StrEnum)


def _named(raw: Mapping[str, Any], field: str, names: type[Named]) -> Named | None:
    word = _text(raw, field, MAX_SHORT).strip().lower()
    if not word:
        return None
    try:
        return names(word)
    except ValueError:
        raise RuleError(f"{field}: {word!r} isn't one of {', '.join(names)}") from None


# --- a file ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """Nobody is asked: always RuleError."""
    del asks, account, now, nonce
    _nobody()


def _nobody() -> NoReturn:
    raise RuleError("manual: nobody to ask: bring events by POST /api/events or doorstep import events FILE")


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The events of each number that was asked for. A number with a row that can't be read fails alone, one that no row
    mentions fails too; a row without a readable number makes the whole file unreadable, for it may be anybody's.
    """
    raise_for_status(ID, reply)
    rows = list(enumerate(json_of(reply.body, _File).events, start=1))
    numbers = [(place, _number_of(place, raw), raw) for place, raw in rows]
    return [
        _reading([(place, raw) for place, number, raw in numbers if same_number(number, a.number)], a, now)
        for a in asks
    ]


def _number_of(place: int, raw: Mapping[str, Any]) -> str:
    try:
        return _number(raw)
    except RuleError as exc:
        raise UnreadableReply(ID, f"event {place}: {exc}") from None


def _reading(mine: Sequence[tuple[int, Mapping[str, Any]]], ask: Ask, now: datetime) -> Reading:
    if not mine:
        return Failed(UnreadableReply(ID, f"no event mentions {ask.number}"))
    rows = []
    for place, raw in mine:
        try:
            rows.append(_row(raw, now))
        except RuleError as exc:
            return Failed(UnreadableReply(ID, f"event {place}: {exc}"))
    return Found(_parcels(rows, ask))


def _parcels(rows: Sequence[_Row], ask: Ask) -> tuple[ParcelReading, ...]:
    """One parcel, or one for each leg where the events speak of both ways; the leg is what tells them apart."""
    legs = [leg for leg in Leg if any(row.leg is leg for row in rows)]
    return tuple(
        ParcelReading(
            ask.number, tuple(row.event for row in rows if row.leg is leg), leg.value if len(legs) > 1 else None, leg
        )
        for leg in legs
    )


CARRIER = Carrier(
    id=ID,
    name={"zh": "人工录入", "en": "Manual events"},
    settings=ManualSettings,
    batch_size=1,
    budgets=(),
    vocabulary=MILESTONES,
    probe=Ask("0"),  # never sent: nobody is asked
    request=request,
    read=read,
    asks=False,
)
