"""17TRACK v2.4: one aggregator for the carriers of the world. Numbers are registered, then read and pushed for free.

Source: asset.17track.net (API v2.4 documentation) and its error table in public projects. See docs/carriers/17track.md.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Charged,
    Meaning,
    Push,
    PushAnswer,
    Standing,
    Stands,
    Subscription,
    always,
    json_of,
    missing_since,
    no_data_of,
    raise_for_status,
    said,
    same_number,
    scan_event,
    text_of,
)
from carriers.times import offset_time, unread_time
from carriers.track17_errors import ERRORS, REGISTERED
from carriers.track17_manners import manner_in, to_be_collected, to_sender
from carriers.track17_parts import parts
from carriers.track17_times import NOBODY, Witness, time_of, witness_of
from carriers.track17_vocabulary import STAGES, STATUSES, SUB_STATUSES, carrier_number, stage_meaning
from carriers.track17_wire import Address, Data, Event, Fault, Item, Provider, Pushed, Reply, Status
from domain.errors import RuleError, UnreadableReply
from domain.parcel import order_key
from domain.tracking import (
    Ask,
    Failed,
    Found,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
)
from net.http import HttpReply, HttpRequest

ID = "17track"
BATCH = 40
HISTORY = timedelta(days=90)


class Track17Settings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``key`` is the account's security key: it goes into the header of every call, and proves every push."""

    key: str
    base_url: str = "https://api.17track.net"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One call for up to forty registered numbers; ``source_ref`` is the carrier that an earlier reading was under."""
    del now, nonce
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"17track: ask for 1 to {BATCH} numbers at once, not {len(asks)}")
    return _call("gettrackinfo", [_asked(ask) for ask in asks], account)


def subscribe(asks: Sequence[Ask], account: Account, callback_url: str, now: datetime) -> HttpRequest:
    """Register numbers, without which 17TRACK neither answers nor calls. Where it calls is set in its console."""
    del callback_url, now
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"17track: register 1 to {BATCH} numbers at once, not {len(asks)}")
    return _call("register", [_registered(ask) for ask in asks], account)


def _registered(ask: Ask) -> dict[str, str | int]:
    """What some carriers want to know; 17TRACK passes on to each what it asks for."""
    details = {
        "phone_number_last_4": ask.phone4,
        "destination_postal_code": ask.postcode,
        "ship_date": ask.shipped_on,
    }
    return {**_asked(ask), **{name: value for name, value in details.items() if value}}


def _asked(ask: Ask) -> dict[str, str | int]:
    carrier = carrier_number(ask.source_ref or ask.carrier or "")
    return {"number": ask.number, **({"carrier": carrier} if carrier else {})}


def _call(method: str, body: object, account: Account) -> HttpRequest:
    settings: Track17Settings = account.settings
    headers = {"content-type": "application/json", "17token": settings.key}
    return HttpRequest("POST", f"{settings.base_url}/track/v2.4/{method}", headers, msgspec.json.encode(body))


# --- failures ---

ENVELOPE_STATUSES = frozenset({200, 400, 404})
"""Statuses whose body says more than the status."""


def _failure(fault: Fault, ask: Ask, now: datetime) -> Reading:
    code, message = text_of(fault.code), text_of(fault.message)
    kind = ERRORS.get(code, UnreadableReply)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    failed = kind(ID, f"{code} {message}")
    return Failed(failed, no_data_of(failed))


def _fault_of(reply: Reply) -> Fault | None:
    """What went wrong with the whole call: told by ``data.errors``, also under code 0, else by the code."""
    errors = reply.data.errors if reply.data else None
    if errors:
        return errors[0]
    return None if text_of(reply.code) in {"", "0"} else Fault(reply.code, reply.message)


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: its parcels, or why there are none. A number that isn't mentioned fails alone."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    fault = _fault_of(whole)
    if fault:
        return [_failure(fault, ask, now) for ask in asks]
    raise_for_status(ID, reply)
    return [_reading(whole.data or Data(), ask, now) for ask in asks]


def _reading(data: Data, ask: Ask, now: datetime) -> Reading:
    accepted = [item for item in data.accepted or () if same_number(item.number, ask.number)]
    if accepted:
        return _accepted(accepted, ask, now)
    rejected = next((item for item in data.rejected or () if same_number(item.number, ask.number)), None)
    if rejected:
        return _failure(rejected.error or Fault(), ask, now)
    return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))


def _accepted(items: Sequence[Item], ask: Ask, now: datetime) -> Reading:
    """A number registered under several carriers comes once for each: these parcels are told apart by the carrier."""
    known = [(item, events) for item in items if (events := _events(item))]
    if not known:
        return _silent(items, ask, now)
    carriers = {text_of(item.carrier) for item, _ in known}
    merged: dict[str | None, tuple[ScanEvent, ...]] = {}
    for item, events in known:
        identity = (text_of(item.carrier) or None) if len(carriers) > 1 else None
        merged[identity] = merged.get(identity, ()) + events
    parcels = tuple(ParcelReading(ask.number, _sent_back(events), identity) for identity, events in merged.items())
    return Found(parcels, promised_at=_promise(item for item, _ in known))


def _silent(items: Iterable[Item], ask: Ask, now: datetime) -> NotFound:
    statuses = [item.track_info.latest_status for item in items if item.track_info and item.track_info.latest_status]
    if statuses and all(text_of(status.sub_status) == "NotFound_InvalidCode" for status in statuses):
        return NotFound(NoData.WRONG_CARRIER, text_of(statuses[0].sub_status_descr))
    return NotFound(missing_since(ask, now, HISTORY))


def _promise(items: Iterable[Item]) -> datetime | None:
    """The latest end of the estimated delivery windows."""
    metrics = [item.track_info.time_metrics for item in items if item.track_info and item.track_info.time_metrics]
    windows = [metric.estimated_delivery_date for metric in metrics if metric.estimated_delivery_date]
    times = [offset_time(text_of(window.ends)) for window in windows]
    return max((time.at for time in times if time and time.at), default=None)


# --- events ---


def _events(item: Item) -> tuple[ScanEvent, ...]:
    """The events of every provider (first and last mile) together; else the newest one, else the status."""
    info = item.track_info
    if info is None:
        return _from_list(item)
    providers = (info.tracking.providers if info.tracking else None) or ()
    events = tuple(event for provider in providers if provider for event in _listed(provider))
    if not events and info.latest_event and info.latest_event != Event():
        events = (_event(info.latest_event, NOBODY),)
    return events or _from_status(info.latest_status)


def _listed(provider: Provider) -> list[ScanEvent]:
    lines = [line for line in provider.events or () if line and line != Event()]
    witness = witness_of(provider.provider, lines)
    return [_event(line, witness) for line in lines]


def _sent_back(events: Sequence[ScanEvent]) -> tuple[ScanEvent, ...]:
    """A delivery after the parcel turned back is one to the sender: carriers write "delivered" for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone in TURNED), len(ordered))
    return tuple(_returned(event) if n > turned else event for n, event in enumerate(ordered))


TURNED = frozenset({Milestone.RETURNING, Milestone.RETURNED})


def _returned(event: ScanEvent) -> ScanEvent:
    if event.milestone is not Milestone.DELIVERED:
        return event
    return replace(event, milestone=Milestone.RETURNED, manner=None)


SILENT = frozenset({"", "NotFound", "Expired"})
"""Main statuses that say nothing of the parcel where there are no events: not found, and never found for long."""


def _from_status(status: Status | None) -> tuple[ScanEvent, ...]:
    """A status without any event is no scan and has no time."""
    if status is None or text_of(status.status) in SILENT:
        return ()
    code, main = text_of(status.sub_status) or None, text_of(status.status)
    meaning = SUB_STATUSES.get(code) if code else STATUSES.get(main)
    electronic = replace(meaning, physical=False) if meaning else None
    return (scan_event(code, text_of(status.sub_status_descr), unread_time(""), electronic),)


def _from_list(item: Item) -> tuple[ScanEvent, ...]:
    """The newest event of a parcel in the list of parcels, which has a main status and no sub-status."""
    text, raw = text_of(item.latest_event_info), text_of(item.latest_event_time)
    if not text and not raw:
        return _from_status(Status(status=item.package_status))
    meaning = STATUSES.get(text_of(item.package_status))
    return (scan_event(None, text, offset_time(raw) or unread_time(raw), _told(meaning, text)),)


def _event(line: Event, witness: Witness) -> ScanEvent:
    code, text = text_of(line.sub_status).strip(), text_of(line.description)
    meaning = SUB_STATUSES.get(code) if code else stage_meaning(text_of(line.stage).strip())
    return scan_event(code or None, text, time_of(line, witness), _told(meaning, text), place=_place(line))


def _told(meaning: Meaning | None, text: str) -> Meaning | None:
    """A delivery as its words sharpen it: back at the sender, waiting to be collected, or into whose hands."""
    if meaning is None or meaning.milestone is not Milestone.DELIVERED:
        return meaning
    if to_sender(text):
        return replace(meaning, milestone=Milestone.RETURNED)
    if to_be_collected(text):
        return replace(meaning, milestone=Milestone.AWAITING_COLLECTION)
    return replace(meaning, manner=manner_in(text))


def _place(line: Event) -> str:
    address = line.address or Address()
    parts = (text_of(part) for part in (address.city, address.state, address.country))
    return text_of(line.location) or ", ".join(part for part in parts if part)


# --- being called ---


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether the header ``sign`` is the hex SHA-256 of the raw body, a slash and the key."""
    settings: Track17Settings = account.settings
    sign = next((value for name, value in headers.items() if name.lower() == "sign"), "")
    ours = hashlib.sha256(body + b"/" + settings.key.encode()).hexdigest()
    return bool(settings.key) and hmac.compare_digest(ours.encode(), sign.strip().lower().encode())


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """TRACKING_UPDATED holds everything known of one number; TRACKING_STOPPED names it only."""
    push = json_of(reply.body, Pushed)
    if not text_of(push.event) or push.data is None:
        raise UnreadableReply(ID, "a push without event or data")
    data = Data(accepted=[push.data])
    return [_reading(data, ask, now) for ask in asks]


def numbers(body: bytes) -> tuple[str, ...]:
    data = said(ID, body, Pushed).data
    return (text_of(data.number),) if data and text_of(data.number) else ()


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Which numbers are registered, now or before."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    fault = _fault_of(whole)
    if fault:
        return [_refused(fault) for _ in asks]
    raise_for_status(ID, reply)
    return [_standing(whole.data or Data(), ask) for ask in asks]


def _standing(data: Data, ask: Ask) -> Standing:
    if any(same_number(item.number, ask.number) for item in data.accepted or ()):
        return Stands()
    rejected = next((item for item in data.rejected or () if same_number(item.number, ask.number)), None)
    if rejected is None:
        return Failed(UnreadableReply(ID, f"the registration of {ask.number} was neither accepted nor rejected"))
    return _refused(rejected.error or Fault())


def _refused(fault: Fault) -> Standing:
    code, message = text_of(fault.code), text_of(fault.message)
    if code == REGISTERED:
        return Stands()
    kind = ERRORS.get(code, UnreadableReply)
    if isinstance(kind, NoData):
        return NotFound(kind, message)
    failed = kind(ID, f"registration refused: {code} {message}")
    return Failed(failed, no_data_of(failed))


def ended(body: bytes) -> Mapping[str, timedelta | None]:
    """TRACKING_STOPPED: long delivered, or nothing heard for thirty days; it isn't taken up again by itself."""
    push = json_of(body, Pushed)
    return dict.fromkeys(numbers(body)) if text_of(push.event) == "TRACKING_STOPPED" else {}


CARRIER = Carrier(
    id=ID,
    name={"zh": "17TRACK", "en": "17TRACK"},
    settings=Track17Settings,
    batch_size=BATCH,
    budgets=(Budget(3, 1, source="17TRACK API v2.4 documentation: 3 requests a second, then HTTP 429"),),
    vocabulary={
        **SUB_STATUSES,
        **{f"stage:{name}": meaning for name, meaning in STAGES.items()},
        **{f"status:{name}": meaning for name, meaning in STATUSES.items()},
    },
    probe=Ask("RA000000000CN"),
    request=request,
    read=read,
    parts=parts,
    push=Push(
        verify=verify,
        read=read_push,
        numbers=numbers,
        answer=always(PushAnswer(200, {"content-type": "text/plain; charset=utf-8"}, b"OK")),
        subscription=Subscription(request=subscribe, read=read_subscription, batch=BATCH, needed=True),
        ended=ended,
    ),
    history=HISTORY,
    charged=frozenset({Charged.REGISTRATION}),
    scrub=(
        "consignee", "shipper", "phone_number", "phone_number_last_4", "cpf_or_cnpj", "param", "email", "street",
        "destination_postal_code", "postal_code", "customer_number",
    ),
)  # fmt: skip
