"""The scans of a FedEx parcel as scan events. For the FedEx adapter only."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from carriers.base import Meaning, Scalar, same_number, scan_event, text_of
from carriers.fedex_times import times_of
from carriers.fedex_vocabulary import manner_in, meaning_of, why
from carriers.fedex_wire import Delay, DeliveryDetails, Scan, Track
from domain.parcel import in_order
from domain.tracking import EventTime, Manner, Milestone, ScanEvent


def events_of(track: Track) -> tuple[ScanEvent, ...]:
    """The scans in order; without any (a new label, or scans left out of the reply) the status stands for one."""
    scans = [scan for scan in track.scan_events or () if not _is_blank(scan)] or _status_as_scan(track)
    times = times_of(scans)
    events = in_order(_event(scan, time) for scan, time in zip(scans, times, strict=True))
    return tuple(_with_delivery(_sent_back(events), track))


def _is_blank(scan: Scan) -> bool:
    """A scan of empty fields only: a label so new that nothing was scanned comes with ``[{}]``."""
    if text_of(scan.event_type).strip():  # nearly always
        return False
    said = (scan.derived_status_code, scan.event_description, scan.date, scan.exception_code)
    return not any(text_of(value).strip() for value in said)


REMEMBERED = 4_096
"""Scans in so many different words, and places: FedEx says the same few of every parcel."""

DATED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"DL": ("ACTUAL_DELIVERY",), "PU": ("ACTUAL_PICKUP", "ACTUAL_TENDER")}
)
"""The dateAndTimes that say when a status came about. A label's (SHIP) is a plan."""


def _status_as_scan(track: Track) -> list[Scan]:
    status = track.latest_status_detail
    if status is None or not (text_of(status.derived_code) or text_of(status.code)):
        return []
    code = text_of(status.code) or text_of(status.derived_code)
    dates = {text_of(dated.type): dated.date_time for dated in track.date_and_times or ()}
    scan = Scan(
        date=next((dates[kind] for kind in DATED.get(code, ()) if kind in dates), None),
        event_type=status.code,
        event_description=status.description or status.status_by_locale,
        exception_code=next((a.reason for a in status.ancillary_details or () if a.reason), None),
        derived_status_code=status.derived_code,
        scan_location=status.scan_location,
        delay_detail=status.delay_detail,
    )
    return [scan]


def _event(scan: Scan, time: EventTime) -> ScanEvent:
    code, text, meaning = _meant(
        scan.derived_status_code,
        scan.event_type,
        scan.exception_code,
        scan.event_description,
        scan.exception_description,
        scan.location_type,
        _delay(scan.delay_detail),
    )
    at = scan.scan_location
    place = _place(at.city, at.state_or_province_code, at.country_code) if at else None
    return scan_event(code, text, time, meaning, place=place)


@lru_cache(maxsize=REMEMBERED, typed=True)
def _meant(*said: Scalar) -> tuple[str, str, Meaning | None]:
    """A scan's code, its text, and what it means, sharpened by all its words."""
    derived, event, exception = (text_of(one).strip() for one in said[:3])
    text, explained, place_kind, delay = map(text_of, said[3:])
    at_destination = place_kind == "DESTINATION_FEDEX_FACILITY" or _says_destination(text.lower(), exception)
    meaning = meaning_of(derived, event, exception, at_destination=at_destination)
    told = _left_at(why(meaning, explained, delay) if meaning else None, explained)
    return f"{derived}/{event}/{exception}", text or explained, told


def _says_destination(words: str, exception: str) -> bool:
    """Said by the words; "tendered at" (A3) is a drop-off, which can be at either end."""
    return "destination" in words or ("local fedex facility" in words and exception != "A3")


def _delay(detail: Delay | None) -> str:
    """Of what type a delay is; empty where there is none."""
    return text_of(detail.type) if detail and text_of(detail.status) == "DELAYED" else ""


def _left_at(meaning: Meaning | None, words: str) -> Meaning | None:
    """A delivery's exception description may say where: "Left at front door. Signature Service not requested."."""
    if meaning is None or meaning.milestone is not Milestone.DELIVERED or meaning.manner:
        return meaning
    return replace(meaning, manner=manner_in(words, "", ""))


@lru_cache(maxsize=REMEMBERED, typed=True)
def _place(*parts: Scalar) -> str:
    return ", ".join(filter(None, map(text_of, parts)))


def _sent_back(ordered: list[ScanEvent]) -> list[ScanEvent]:
    """A delivery after "return to shipper" is one to the shipper: FedEx uses DL for both."""
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return ordered[:turned] + [
        replace(event, milestone=Milestone.RETURNED) if event.milestone is Milestone.DELIVERED else event
        for event in ordered[turned:]
    ]


def _with_delivery(ordered: list[ScanEvent], track: Track) -> list[ScanEvent]:
    """``deliveryDetails`` speak of the last delivery."""
    last = max((n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED), default=None)
    if last is not None and not ordered[last].manner:
        ordered[last] = replace(ordered[last], manner=_manner(track))
    return ordered


def _manner(track: Track) -> Manner | None:
    details = track.delivery_details or DeliveryDetails()
    taker = text_of(details.received_by_name) or text_of(details.signed_by_name)
    told = manner_in(text_of(details.location_description), text_of(details.location_type), taker)
    recipient = track.recipient_information.contact if track.recipient_information else None
    itself = recipient is not None and same_number(recipient.person_name, taker)
    return told or (Manner.SELF if itself else None)
