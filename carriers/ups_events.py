"""The activities of a UPS package as scan events. For the UPS adapter only."""

from collections.abc import Sequence
from dataclasses import replace

from carriers.base import Meaning, same_number, scan_event, text_of
from carriers.times import unread_time
from carriers.ups_manners import manner_in
from carriers.ups_statuses import STATUSES
from carriers.ups_times import address_of, country_of, iso_date, times
from carriers.ups_vocabulary import meaning_of
from carriers.ups_wire import Activity, Address, DeliveryInformation, Package, PackageAddress, Status
from domain.parcel import order_key
from domain.tracking import EventTime, Manner, Milestone, ScanEvent


def events_of(package: Package) -> tuple[ScanEvent, ...]:
    activities = [activity for activity in package.activity or () if not _is_blank(activity)]
    if not activities:
        return _from_status(package.current_status)
    when = times(activities, address_at(package, "ORIGIN"))
    delivered_on = _delivered_on(package)
    events = [_event(a, time, delivered_on) for a, time in zip(activities, when, strict=True)]
    return tuple(_with_delivery(_sent_back(events), package))


def _is_blank(activity: Activity) -> bool:
    """An activity of empty fields only, as the list of a new label may hold one."""
    status = activity.status or Status()
    said = (status.type, status.code, status.status_code, status.description, activity.date, activity.gmt_date)
    return not any(text_of(value).strip() for value in said)


def _from_status(status: Status | None) -> tuple[ScanEvent, ...]:
    """A label so new that it has no activity has only its status, which has no time."""
    if status is None or not (_code(status) or text_of(status.status_code).strip() or _text(status)):
        return ()
    return (scan_event(_code(status), _text(status), unread_time(""), _meaning(status)),)


def _code(status: Status) -> str | None:
    type_, code = text_of(status.type).strip(), text_of(status.code).strip()
    return f"{type_}/{code}" if type_ or code else None


def _text(status: Status) -> str:
    return text_of(status.description) or text_of(status.simplified_text_description)


def _meaning(status: Status) -> Meaning | None:
    three = text_of(status.status_code).strip() or text_of(status.description_code).strip()
    return meaning_of(text_of(status.type), text_of(status.code), three.zfill(3) if three else "", _text(status))


def _event(activity: Activity, time: EventTime, delivered_on: str) -> ScanEvent:
    status = activity.status or Status()
    meaning = _meaning(status)
    if meaning is None and _is_delivery(activity, delivered_on):
        meaning = STATUSES["011"]
    if meaning and text_of(activity.logical_scan).lower() == "true":
        meaning = replace(meaning, physical=False)
    return scan_event(_code(status), _text(status), time, meaning, place=_place(address_of(activity)))


def _is_delivery(activity: Activity, delivered_on: str) -> bool:
    """Type D alone is no proof of delivery; with the package's delivery date it is."""
    type_ = text_of((activity.status or Status()).type).strip().upper()
    return type_ == "D" and delivered_on != "" and iso_date(text_of(activity.date)) == delivered_on


def _delivered_on(package: Package) -> str:
    return dated_as(package, "DEL")


def dated_as(package: Package, type_: str) -> str:
    dates = [iso_date(text_of(d.date)) for d in package.delivery_date or () if text_of(d.type).strip().upper() == type_]
    return max((date for date in dates if date), default="")


def _place(address: Address) -> str:
    parts = (text_of(address.city), text_of(address.state_province), country_of(address))
    return ", ".join(part.strip() for part in parts if part.strip())


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after the return began is one to the shipper: UPS says "delivered" for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


def _with_delivery(ordered: Sequence[ScanEvent], package: Package) -> list[ScanEvent]:
    """``deliveryInformation`` speaks of the last delivery."""
    last = max((n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED), default=None)
    return [
        replace(event, manner=event.manner or _manner(package)) if n == last else event
        for n, event in enumerate(ordered)
    ]


def _manner(package: Package) -> Manner | None:
    details = package.delivery_information or DeliveryInformation()
    taker = text_of(details.received_by)
    there = [a for a in package.package_address or () if _is(a, "DESTINATION")]
    itself = any(same_number(name, taker) for a in there for name in (a.name, a.attention_name))
    return manner_in(text_of(details.location), taker) or (Manner.SELF if itself else None)


def _is(address: PackageAddress, end: str) -> bool:
    return text_of(address.type).strip().upper() == end


def address_at(package: Package, end: str) -> Address:
    return next((a.address for a in package.package_address or () if _is(a, end) and a.address), Address())
