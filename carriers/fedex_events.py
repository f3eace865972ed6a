"""The scans of a FedEx parcel as scan events. For the FedEx adapter only."""

from collections.abc import Sequence
from dataclasses import replace

from carriers.base import Meaning, same_number, scan_event, text_of, unread_time
from carriers.fedex_times import times_of
from carriers.fedex_vocabulary import DELAYS, manner_in, meaning_of
from carriers.fedex_wire import Address, Delay, DeliveryDetails, LatestStatus, Scan, Track
from domain.parcel import order_key
from domain.tracking import EventTime, Manner, Milestone, ScanEvent


def events_of(track: Track) -> tuple[ScanEvent, ...]:
    scans = [scan for scan in track.scan_events or () if scan != Scan()]
    if not scans:
        return _from_status(track.latest_status_detail)
    times = times_of(scans)
    events = [_event(scan, time) for scan, time in zip(scans, times, strict=True)]
    return tuple(_with_delivery(_sent_back(events), track))


def _from_status(status: LatestStatus | None) -> tuple[ScanEvent, ...]:
    """A label so new that its list is empty or ``[{}]`` has only its status, which is no scan and has no time."""
    if status is None or not (text_of(status.derived_code) or text_of(status.code)):
        return ()
    derived, event = text_of(status.derived_code), text_of(status.code)
    meaning = meaning_of(derived, event, "", at_destination=False)
    text = text_of(status.description) or text_of(status.status_by_locale)
    electronic = replace(meaning, physical=False) if meaning else None
    return (scan_event(f"{derived}/{event}/", text, unread_time(""), electronic),)


def _event(scan: Scan, time: EventTime) -> ScanEvent:
    derived, event = text_of(scan.derived_status_code).strip(), text_of(scan.event_type).strip()
    exception, text = text_of(scan.exception_code).strip(), text_of(scan.event_description)
    meaning = meaning_of(derived, event, exception, at_destination=_at_destination(scan))
    return scan_event(
        f"{derived}/{event}/{exception}",
        text or text_of(scan.exception_description),
        time,
        _delayed(meaning, scan.delay_detail),
        place=_place(scan.scan_location),
    )


def _at_destination(scan: Scan) -> bool:
    """Said by the kind of place, or by the words; "tendered at" (A3) is a drop-off, which can be at either end."""
    if text_of(scan.location_type) == "DESTINATION_FEDEX_FACILITY":
        return True
    words = text_of(scan.event_description).lower()
    return "destination" in words or ("local fedex facility" in words and scan.exception_code != "A3")


def _delayed(meaning: Meaning | None, delay: Delay | None) -> Meaning | None:
    if meaning is None or meaning.reason or delay is None or text_of(delay.status) != "DELAYED":
        return meaning
    return replace(meaning, reason=DELAYS.get(text_of(delay.type)))


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
