"""When and where a USPS event happened, and when USPS means to deliver.

Source: replies of Tracking v3, and the README of USPS/api-examples, whose event of "7:31 am" in Virginia has the timestamp
``07:31:00Z``: a Z behind the local time is not to be believed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from carriers.base import text_of
from carriers.place_zones import zone_of
from carriers.times import naive_time, offset_time, unread_time
from carriers.usps_wire import Event, Expectation, Reply
from domain.tracking import Certainty, EventTime, Zone

OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})", re.ASCII)
STATE = re.compile(r"\b([A-Z]{2})(?=\s+(?:NETWORK|DISTRIBUTION|INTERNATIONAL)\b|\(USPS\))")
"""A facility's state stands in its name: ``JACKSONVILLE FL DISTRIBUTION CENTER``."""
AMERICAN = re.compile(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})(?:,? (\d{1,2}):(\d{2}) ([ap]m))?", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*([AaPp]\.?[Mm]\.?)?", re.ASCII)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
HOME = "US"
"""The country of an event that names none."""


def time_of(event: Event) -> EventTime:
    """The instant is GMTTimestamp's, else the local time's by GMTOffset or by its own offset, else by the zone of the state;
    the raw text is the local one.
    """
    raw, gmt = text_of(event.event_timestamp), text_of(event.gmt_timestamp)
    told = offset_time(gmt) or naive_time(gmt, UTC, Zone.UTC_FIELD)
    if told.at is not None and told.certainty is not Certainty.DATE_ONLY:
        return EventTime(raw or gmt, told.at, Zone.UTC_FIELD, Certainty.EXACT)
    shift = _offset(text_of(event.gmt_offset))
    local = naive_time(_plain(raw), shift, Zone.OFFSET) if shift else unread_time(raw)
    if local.at is not None:
        exact = local.certainty is Certainty.ASSUMED
        return replace(local, raw=raw, certainty=Certainty.EXACT if exact else local.certainty)
    own = None if _claims_utc(raw) else offset_time(raw)
    return own or _at_place(raw, event)


def _claims_utc(raw: str) -> bool:
    return raw.strip().endswith(("Z", "z"))


def _plain(raw: str) -> str:
    """A local time without its Z, and ``February 15, 2023 7:31 am`` as ISO writes it."""
    found = AMERICAN.fullmatch(raw.strip())
    if not found or found[1] not in MONTHS:
        return raw.strip().rstrip("Zz")
    day = f"{found[3]}-{MONTHS.index(found[1]) + 1}-{found[2]}"
    return f"{day} {int(found[4]) % 12 + 12 * (found[6] == 'pm')}:{found[5]}" if found[4] else day


def _offset(raw: str) -> timezone | None:
    """``-05:00`` and ``-7:00``; no zone is further than 14 hours away."""
    found = OFFSET.fullmatch(raw.strip())
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-shift if found[1] == "-" else shift)


def _at_place(raw: str, event: Event) -> EventTime:
    country = text_of(event.event_country).strip().upper()
    named = STATE.search(text_of(event.event_city))
    state = text_of(event.event_state).strip() or (named[1] if named else "")
    zone = zone_of(country or HOME, state, text_of(event.event_city))
    return replace(naive_time(_plain(raw), zone, Zone.ASSUMED_PLACE), raw=raw) if zone else unread_time(raw)


def place_of(event: Event) -> str:
    code = event.event_zip if text_of(event.event_zip) else event.event_zip_code
    parts = (event.event_city, event.event_state, code, event.event_country)
    return ", ".join(text_of(part).strip() for part in parts if text_of(part).strip())


def promise_of(pieces: Iterable[Reply]) -> datetime | None:
    """The latest of the pieces' promises: what is guaranteed, else expected, else predicted; a day without a time of day
    lasts until its end at the destination.
    """
    return max((at for at in map(_promised, pieces) if at), default=None)


def _promised(piece: Reply) -> datetime | None:
    country = text_of(piece.destination_country_code).strip().upper()
    zone = zone_of(country or HOME, text_of(piece.destination_state).strip())
    if zone is None:
        return None
    for day, clock in _expected(piece):
        at = naive_time(f"{day} {clock}".strip(), zone, Zone.ASSUMED_PLACE).at
        if at:
            return at if clock else at + timedelta(days=1)
    return None


def _expected(piece: Reply) -> Iterator[tuple[str, str]]:
    asked = piece.delivery_date_expectation or Expectation()
    for day, clock in (
        (asked.guaranteed_delivery_date, None),
        (piece.guaranteed_delivery_time_stamp, None),
        (asked.expected_delivery_date, asked.end_of_day),
        (piece.expected_delivery_time_stamp, piece.end_of_day),
        (asked.predicted_delivery_date, asked.predicted_delivery_window_end_time),
        (piece.predicted_delivery_date, piece.predicted_delivery_window_end_time),
    ):
        yield text_of(day)[:10], _clock(text_of(clock)) or _clock(text_of(day)[11:19])


def _clock(raw: str) -> str:
    """``9:00pm``, ``21:00`` and ``21:00:00`` as ``21:00``; nothing for midnight, which stands for none."""
    found = CLOCK.fullmatch(raw.strip())
    if not found:
        return ""
    half = (found[3] or "").lower()[:1]
    hour = int(found[1]) % 12 + 12 * (half == "p") if half else int(found[1])
    return "" if hour == int(found[2]) == 0 else f"{hour}:{found[2]}"
