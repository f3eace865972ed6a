"""17TRACK v2.4: one aggregator for the carriers of the world. Numbers are registered, then read and pushed for free.

Source: asset.17track.net (API v2.4 documentation) and its error table in public projects. See docs/carriers/17track.md.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    Scalar,
    Standing,
    Stands,
    Subscription,
    always,
    json_of,
    missing_since,
    naive_time,
    no_data_of,
    offset_time,
    raise_for_status,
    said,
    same_number,
    scan_event,
    text_of,
    unread_time,
)
from carriers.track17_vocabulary import STAGES, STATUSES, SUB_STATUSES, carrier_number, manner_in, to_sender
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import (
    Ask,
    Certainty,
    EventTime,
    Failed,
    Found,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "17track"
BATCH = 40
HISTORY = timedelta(days=90)


class Track17Settings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``key`` is the account's security key: it goes into the header of every call, and proves every push."""

    key: str
    base_url: str = "https://api.17track.net"


class _RawTime(msgspec.Struct):
    date: Scalar = None
    time: Scalar = None
    timezone: Scalar = None


class _Address(msgspec.Struct):
    country: Scalar = None
    state: Scalar = None
    city: Scalar = None


class _Event(msgspec.Struct):
    time_iso: Scalar = None
    time_utc: Scalar = None
    time_raw: _RawTime | None = None
    description: Scalar = None
    location: Scalar = None
    stage: Scalar = None
    sub_status: Scalar = None
    address: _Address | None = None


class _Status(msgspec.Struct):
    status: Scalar = None
    sub_status: Scalar = None
    sub_status_descr: Scalar = None


class _Provider(msgspec.Struct):
    events: list[_Event | None] | None = None


class _Tracking(msgspec.Struct):
    providers: list[_Provider | None] | None = None


class _Window(msgspec.Struct):
    ends: Scalar = msgspec.field(default=None, name="to")


class _Metrics(msgspec.Struct):
    estimated_delivery_date: _Window | None = None


class _Info(msgspec.Struct):
    latest_status: _Status | None = None
    latest_event: _Event | None = None
    time_metrics: _Metrics | None = None
    tracking: _Tracking | None = None


class _Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class _Item(msgspec.Struct):
    """A number in ``accepted``, ``rejected`` or a push; the last three fields are those of the list of parcels."""

    number: Scalar = None
    carrier: Scalar = None
    track_info: _Info | None = None
    error: _Fault | None = None
    package_status: Scalar = None
    latest_event_time: Scalar = None
    latest_event_info: Scalar = None


class _Data(msgspec.Struct):
    accepted: list[_Item] | None = None
    rejected: list[_Item] | None = None
    errors: list[_Fault] | None = None


class _Reply(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None
    data: _Data | None = None


class _Push(msgspec.Struct):
    event: Scalar = None
    data: _Item | None = None


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
    param = ask.phone4 or ask.postcode
    return {**_asked(ask), **({"param": param} if param else {})}


def _asked(ask: Ask) -> dict[str, str | int]:
    carrier = carrier_number(ask.source_ref or ask.carrier or "")
    return {"number": ask.number, **({"carrier": carrier} if carrier else {})}


def _call(method: str, body: object, account: Account) -> HttpRequest:
    settings: Track17Settings = account.settings
    headers = {"content-type": "application/json", "17token": settings.key}
    return HttpRequest("POST", f"{settings.base_url}/track/v2.4/{method}", headers, msgspec.json.encode(body))


# --- failures ---

REGISTERED = "-18019901"  # already registered: goes on, which is what was wanted

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "-18010001": AccessDenied,  # our address isn't on the account's list
        "-18010002": AccessDenied,  # security key
        "-18010003": Unreachable,  # internal error, try later
        "-18010004": AccessDenied,  # account disabled
        "-18010005": AccessDenied,  # not authorised
        "-18010010": UnreadableReply,  # a field is missing
        "-18010011": NoData.WRONG_CARRIER,  # a value that can't be
        "-18010012": NoData.WRONG_CARRIER,  # not the format of a number
        "-18010013": NoData.WRONG_CARRIER,  # not a carrier
        "-18010014": UnreadableReply,  # more than forty numbers
        "-18010015": NoData.WRONG_CARRIER,  # a field's value is invalid
        "-18010016": NoData.WRONG_CARRIER,  # a last-mile carrier is for postal numbers only
        "-18010018": NoData.BAD_CREDENTIAL,  # the carrier wants country and postcode
        "-18010019": NoData.BAD_CREDENTIAL,  # the carrier wants the postcode
        "-18010020": NoData.BAD_CREDENTIAL,  # the carrier wants the phone
        "-18010022": NoData.BAD_CREDENTIAL,  # the carrier wants the date of shipping
        REGISTERED: NoData.NOT_SCANNED,
        "-18019902": NoData.NOT_SCANNED,  # not registered
        "-18019903": NoData.WRONG_CARRIER,  # no carrier recognised
        "-18019907": RateLimited,  # the day's limit
        "-18019908": RateLimited,  # quota used up
        "-18019909": NoData.NOT_SCANNED,  # no tracking information yet
        "-18019910": NoData.WRONG_CARRIER,  # no such carrier
        "-18019911": Unreachable,  # this carrier's numbers aren't taken at the moment
        "-18019912": AccessDenied,  # no right to the real-time query
        "-18019815": Unreachable,  # the carrier didn't answer 17TRACK in time
        "-18019816": Unreachable,  # the carrier answered with an error
        "-18019817": Unreachable,  # system error
        "-18019818": NoData.WRONG_CARRIER,  # the real-time query doesn't know this carrier
    }
)
"""Error codes, of a call and of a number in it."""

ENVELOPE_STATUSES = frozenset({200, 400, 404})
"""Statuses whose body says more than the status."""


def _failure(fault: _Fault, ask: Ask, now: datetime) -> Reading:
    code, message = text_of(fault.code), text_of(fault.message)
    kind = ERRORS.get(code, UnreadableReply)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    failed = kind(ID, f"{code} {message}")
    return Failed(failed, no_data_of(failed))


def _fault_of(reply: _Reply) -> _Fault | None:
    """What went wrong with the whole call: told by ``data.errors``, also under code 0, else by the code."""
    errors = reply.data.errors if reply.data else None
    if errors:
        return errors[0]
    return None if text_of(reply.code) in {"", "0"} else _Fault(reply.code, reply.message)


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: its parcels, or why there are none. A number that isn't mentioned fails alone."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, _Reply)
    fault = _fault_of(whole)
    if fault:
        return [_failure(fault, ask, now) for ask in asks]
    raise_for_status(ID, reply)
    return [_reading(whole.data or _Data(), ask, now) for ask in asks]


def _reading(data: _Data, ask: Ask, now: datetime) -> Reading:
    accepted = [item for item in data.accepted or () if same_number(item.number, ask.number)]
    if accepted:
        return _accepted(accepted, ask, now)
    rejected = next((item for item in data.rejected or () if same_number(item.number, ask.number)), None)
    if rejected:
        return _failure(rejected.error or _Fault(), ask, now)
    return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))


def _accepted(items: Sequence[_Item], ask: Ask, now: datetime) -> Reading:
    """A number registered under several carriers comes once for each: these parcels are told apart by the carrier."""
    known = [(item, events) for item in items if (events := _events(item))]
    if not known:
        return _silent(items, ask, now)
    carriers = {text_of(item.carrier) for item, _ in known}
    merged: dict[str | None, tuple[ScanEvent, ...]] = {}
    for item, events in known:
        identity = (text_of(item.carrier) or None) if len(carriers) > 1 else None
        merged[identity] = merged.get(identity, ()) + events
    parcels = tuple(ParcelReading(ask.number, events, identity) for identity, events in merged.items())
    return Found(parcels, promised_at=_promise(item for item, _ in known))


def _silent(items: Iterable[_Item], ask: Ask, now: datetime) -> NotFound:
    statuses = [item.track_info.latest_status for item in items if item.track_info and item.track_info.latest_status]
    if statuses and all(text_of(status.sub_status) == "NotFound_InvalidCode" for status in statuses):
        return NotFound(NoData.WRONG_CARRIER, text_of(statuses[0].sub_status_descr))
    return NotFound(missing_since(ask, now, HISTORY))


def _promise(items: Iterable[_Item]) -> datetime | None:
    """The latest end of the estimated delivery windows."""
    metrics = [item.track_info.time_metrics for item in items if item.track_info and item.track_info.time_metrics]
    windows = [metric.estimated_delivery_date for metric in metrics if metric.estimated_delivery_date]
    times = [offset_time(text_of(window.ends)) for window in windows]
    return max((time.at for time in times if time and time.at), default=None)


# --- events ---


def _events(item: _Item) -> tuple[ScanEvent, ...]:
    """The events of every provider (first and last mile) together; else the newest one, else the status."""
    info = item.track_info
    if info is None:
        return _from_list(item)
    providers = (info.tracking.providers if info.tracking else None) or ()
    lines = [line for provider in providers if provider for line in provider.events or () if line and line != _Event()]
    if not lines and info.latest_event and info.latest_event != _Event():
        lines = [info.latest_event]
    return tuple(_event(line) for line in lines) or _from_status(info.latest_status)


SILENT = frozenset({"", "NotFound", "Expired"})
"""Main statuses that say nothing of the parcel where there are no events: not found, and never found for long."""


def _from_status(status: _Status | None) -> tuple[ScanEvent, ...]:
    """A status without any event is no scan and has no time."""
    if status is None or text_of(status.status) in SILENT:
        return ()
    code, main = text_of(status.sub_status) or None, text_of(status.status)
    meaning = SUB_STATUSES.get(code) if code else STATUSES.get(main)
    electronic = replace(meaning, physical=False) if meaning else None
    return (scan_event(code, text_of(status.sub_status_descr), unread_time(""), electronic),)


def _from_list(item: _Item) -> tuple[ScanEvent, ...]:
    """The newest event of a parcel in the list of parcels, which has a main status and no sub-status."""
    text, raw = text_of(item.latest_event_info), text_of(item.latest_event_time)
    if not text and not raw:
        return ()
    meaning = STATUSES.get(text_of(item.package_status))
    return (scan_event(None, text, offset_time(raw) or unread_time(raw), _told(meaning, text)),)


def _event(line: _Event) -> ScanEvent:
    code, text = text_of(line.sub_status).strip(), text_of(line.description)
    meaning = SUB_STATUSES.get(code) if code else STAGES.get(text_of(line.stage).strip())
    return scan_event(code or None, text, _time(line), _told(meaning, text), place=_place(line))


def _told(meaning: Meaning | None, text: str) -> Meaning | None:
    """A delivery as its words sharpen it: back at the sender, or into whose hands."""
    if meaning is None or meaning.milestone is not Milestone.DELIVERED:
        return meaning
    if to_sender(text):
        return replace(meaning, milestone=Milestone.RETURNED)
    return replace(meaning, manner=manner_in(text))


def _place(line: _Event) -> str:
    address = line.address or _Address()
    parts = (text_of(part) for part in (address.city, address.state, address.country))
    return text_of(line.location) or ", ".join(part for part in parts if part)


# --- times ---


def _time(line: _Event) -> EventTime:
    """``time_iso``, else ``time_utc``, else the raw date, time and zone. Without any zone the time stays unread: the
    newest event comes like that until 17TRACK has worked out where it happened.
    """
    iso, utc = text_of(line.time_iso), text_of(line.time_utc)
    if (told := offset_time(iso)) and told.at:
        return told
    if (told := _utc_time(utc)) and told.at:
        return told
    return _raw_time(line.time_raw or _RawTime(), iso or utc)


def _utc_time(raw: str) -> EventTime | None:
    told = offset_time(raw) or naive_time(raw, UTC, Zone.UTC_FIELD)
    if told.at is None or told.certainty is Certainty.DATE_ONLY:
        return None
    return replace(told, zone=Zone.UTC_FIELD, certainty=Certainty.EXACT)


def _raw_time(time: _RawTime, otherwise: str) -> EventTime:
    parts = [text_of(part).strip() for part in (time.date, time.time, time.timezone)]
    raw = " ".join(part for part in parts if part) or otherwise
    zone = _zone(parts[2])
    if zone is None:
        return unread_time(raw)
    told = naive_time(" ".join(parts[:2]), zone, Zone.OFFSET)
    exact = told.certainty is Certainty.ASSUMED  # the zone was told, not assumed
    return replace(told, raw=raw, certainty=Certainty.EXACT if exact else told.certainty)


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


# --- being called ---


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether the header ``sign`` is the hex SHA-256 of the raw body, a slash and the key."""
    settings: Track17Settings = account.settings
    sign = next((value for name, value in headers.items() if name.lower() == "sign"), "")
    ours = hashlib.sha256(body + b"/" + settings.key.encode()).hexdigest()
    return bool(settings.key) and hmac.compare_digest(ours.encode(), sign.strip().lower().encode())


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """TRACKING_UPDATED holds everything known of one number; TRACKING_STOPPED names it only."""
    push = json_of(reply.body, _Push)
    if not text_of(push.event) or push.data is None:
        raise UnreadableReply(ID, "a push without event or data")
    data = _Data(accepted=[push.data])
    return [_reading(data, ask, now) for ask in asks]


def numbers(body: bytes) -> tuple[str, ...]:
    data = said(ID, body, _Push).data
    return (text_of(data.number),) if data and text_of(data.number) else ()


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Which numbers are registered, now or before."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, _Reply)
    fault = _fault_of(whole)
    if fault:
        return [_refused(fault) for _ in asks]
    raise_for_status(ID, reply)
    return [_standing(whole.data or _Data(), ask) for ask in asks]


def _standing(data: _Data, ask: Ask) -> Standing:
    if any(same_number(item.number, ask.number) for item in data.accepted or ()):
        return Stands()
    rejected = next((item for item in data.rejected or () if same_number(item.number, ask.number)), None)
    if rejected is None:
        return Failed(UnreadableReply(ID, f"the registration of {ask.number} was neither accepted nor rejected"))
    return _refused(rejected.error or _Fault())


def _refused(fault: _Fault) -> Standing:
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
    push = json_of(body, _Push)
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
