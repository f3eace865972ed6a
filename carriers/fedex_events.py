"""The scans of a FedEx parcel as scan events. For the FedEx adapter only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from carriers.base import Meaning, same_number, scan_event, text_of
from carriers.fedex_times import times_of
from carriers.fedex_vocabulary import manner_in, meaning_of, why
from carriers.fedex_wire import Address, Delay, DeliveryDetails, Scan, Track
from domain.parcel import order_key
from domain.tracking import EventTime, Manner, Milestone, ScanEvent


def events_of(track: Track) -> tuple[ScanEvent, ...]:
    """The scans; without any (a new label, or scans left out of the reply) the status stands for one."""
    scans = [scan for scan in track.scan_events or () if not _is_blank(scan)] or _status_as_scan(track)
    times = times_of(scans)
    events = [_event(scan, time) for scan, time in zip(scans, times, strict=True)]
    return tuple(_with_delivery(_sent_back(events), track))


def _is_blank(scan: Scan) -> bool:
    """A scan of empty fields only: a label so new that nothing was scanned comes with ``[{}]``."""
    said = (scan.date, scan.event_type, scan.derived_status_code, scan.event_description, scan.exception_code)
    return not any(text_of(value).strip() for value in said)


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
    derived, event = text_of(scan.derived_status_code).strip(), text_of(scan.event_type).strip()
    exception, text = text_of(scan.exception_code).strip(), text_of(scan.event_description)
    meaning = meaning_of(derived, event, exception, at_destination=_at_destination(scan))
    return scan_event(
        f"{derived}/{event}/{exception}",
        text or text_of(scan.exception_description),
        time,
        _left_at(_explained(meaning, scan), text_of(scan.exception_description)),
        place=_place(scan.scan_location),
    )


def _at_destination(scan: Scan) -> bool:
    """Said by the kind of place, or by the words; "tendered at" (A3) is a drop-off, which can be at either end."""
    if text_of(scan.location_type) == "DESTINATION_FEDEX_FACILITY":
        return True
    words = text_of(scan.event_description).lower()
    return "destination" in words or ("local fedex facility" in words and scan.exception_code != "A3")


def _explained(meaning: Meaning | None, scan: Scan) -> Meaning | None:
    delay = scan.delay_detail or Delay()
    late = text_of(delay.type) if text_of(delay.status) == "DELAYED" else ""
    return why(meaning, text_of(scan.exception_description), late) if meaning else None


def _left_at(meaning: Meaning | None, words: str) -> Meaning | None:
    """A delivery's exception description may say where: "Left at front door. Signature Service not requested."."""
    if meaning is None or meaning.milestone is not Milestone.DELIVERED or meaning.manner:
        return meaning
    return replace(meaning, manner=manner_in(words, "", ""))


def _place(address: Address | None) -> str:
    parts = (address.city, address.state_or_province_code, address.country_code) if address else ()
    return ", ".join(text_of(part) for part in parts if text_of(part))


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after "return to shipper" is one to the shipper: FedEx uses DL for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


def _with_delivery(ordered: Sequence[ScanEvent], track: Track) -> list[ScanEvent]:
    """``deliveryDetails`` speak of the last delivery."""
    last = max((n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED), default=None)
    return [
        replace(event, manner=event.manner or _manner(track)) if n == last else event for n, event in enumerate(ordered)
    ]


def _manner(track: Track) -> Manner | None:
    details = track.delivery_details or DeliveryDetails()
    taker = text_of(details.received_by_name) or text_of(details.signed_by_name)
    told = manner_in(text_of(details.location_description), text_of(details.location_type), taker)
    recipient = track.recipient_information.contact if track.recipient_information else None
    itself = recipient is not None and same_number(recipient.person_name, taker)
    return told or (Manner.SELF if itself else None)
