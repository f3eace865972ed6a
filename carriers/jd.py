"""JD Logistics (京东物流, JDL): one waybill per signed call to its open platform, JSON array in the body.

The platform wants app_key, access_token and the signature in the address, and sends its own refusals as an
``error_response``. Source: public clients of ``/ecap/v1/orders/*`` and copies of open.jdl.com. See docs/carriers/jd.md.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Carrier,
    json_of,
    missing_since,
    raise_for_status,
    same_number,
    scan_event,
    text_of,
)
from carriers.jd_errors import BUSINESS, GATEWAY, kind_of
from carriers.jd_vocabulary import CATEGORIES, PAIRS, STATES, meaning_of
from carriers.jd_wire import Data, Envelope, Line, Reply, said
from carriers.times import SHANGHAI, chinese_time
from domain.errors import RuleError, UnreadableReply
from domain.tracking import Ask, Found, Leg, Milestone, NoData, NotFound, ParcelReading, Reading, ScanEvent
from net.http import HttpReply, HttpRequest

ID = "jd"
PATH = "/ecap/v1/orders/trace/query"
DOMAIN = "ECAP"
"""LOP-DN, the business domain that the path belongs to."""
HISTORY = timedelta(days=90)  # not documented: as for the other Chinese carriers
SUCCESS = frozenset({"0", "1000"})
"""code of a success: 0 in the gateway's own envelope, 1000 in the interface's."""


class JdSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``app_key`` and ``app_secret`` of the application, ``access_token`` of the merchant who authorised it (good for a
    year), ``customer_code`` (青龙业主号) of the contract. ``order_origin``: 1 parcels sent by the merchant, 2 parcels
    fetched from customers; JDL answers only for the one that an order was placed with.
    """

    app_key: str
    app_secret: str
    access_token: str
    customer_code: str
    order_origin: Literal[1, 2] = 1
    base_url: str = "https://api.jdl.com"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed trace query for one waybill. The signature covers the very bytes that are sent."""
    del nonce
    settings: JdSettings = account.settings
    if len(asks) != 1:
        raise RuleError(f"jd: ask for one number at once, not {len(asks)}")
    if not asks[0].number.strip():
        raise RuleError("jd: a parcel has no number: give one")
    body = msgspec.json.encode([_query(asks[0], settings)])
    timestamp = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    address = {
        "LOP-DN": DOMAIN,
        "app_key": settings.app_key,
        "access_token": settings.access_token,
        "timestamp": timestamp,
        "v": "2.0",
        "algorithm": "md5-salt",
        "sign": sign(settings, PATH, body, timestamp),
    }
    headers = {"content-type": "application/json;charset=utf-8"}
    return HttpRequest("POST", f"{settings.base_url}{PATH}?{urlencode(address)}", headers, body)


def _query(ask: Ask, settings: JdSettings) -> dict[str, object]:
    return {
        "waybillCode": ask.number.strip(),
        "orderOrigin": settings.order_origin,
        "customerCode": settings.customer_code,
    }


def sign(settings: JdSettings, path: str, body: bytes, timestamp: str) -> str:
    """md5-salt: upper-case hex MD5 of the parameters in alphabetical order, name and value, between two secrets."""
    parts = (
        settings.app_secret,
        "access_token", settings.access_token,
        "app_key", settings.app_key,
        "method", path,
        "param_json", body.decode(),
        "timestamp", timestamp,
        "v", "2.0",
        settings.app_secret,
    )  # fmt: skip
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask of one reply. One waybill is asked per call, so a refusal is about that one."""
    raise_for_status(ID, reply)
    envelope = _let_through(json_of(reply.body, Reply).opened())
    if not _succeeded(envelope):
        return [_failure(envelope, ask, now) for ask in asks]
    return [_reading(envelope.data, ask, now) for ask in asks]


def _let_through(envelope: Envelope) -> Envelope:
    """The envelope, unless the gateway refused the call. The gateway knows no parcels, so nothing it says is about one."""
    fault = envelope.error_response
    if fault is None:
        return envelope
    code, words = text_of(fault.code).strip(), f"{text_of(fault.zh_desc)} {text_of(fault.en_desc)}".strip()
    kind = kind_of(code, words, GATEWAY)
    raise (UnreadableReply if isinstance(kind, NoData) else kind)(ID, f"{code} {words}")


def _succeeded(envelope: Envelope) -> bool:
    told = text_of(envelope.success).strip().lower()
    code = text_of(envelope.code).strip()
    return told != "false" and (code in SUCCESS or (not code and told == "true"))


def _failure(envelope: Envelope, ask: Ask, now: datetime) -> NotFound:
    code = text_of(envelope.code).strip()
    words = " ".join(text_of(w) for w in (envelope.msg, envelope.message, envelope.sub_msg) if text_of(w))
    kind = kind_of(code, words, BUSINESS)
    if not isinstance(kind, NoData):
        raise kind(ID, f"{code} {words}".strip())
    return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, f"{code} {words}".strip())


def _reading(data: Data | msgspec.UnsetType | None, ask: Ask, now: datetime) -> Reading:
    if isinstance(data, msgspec.UnsetType):
        raise UnreadableReply(ID, f"a success without data for {ask.number}")
    if data is None:
        return NotFound(missing_since(ask, now, HISTORY))
    lines = [line for line in (*(data.trace_details or ()), *(data.traces or ())) if line != Line()]
    _check_number(data, lines, ask)
    parcels = _parcels(lines, ask)
    return Found(parcels) if parcels else NotFound(missing_since(ask, now, HISTORY))


def _check_number(data: Data, lines: Sequence[Line], ask: Ask) -> None:
    """One of the two shapes names no number at all: then the reply is about the one that was asked for."""
    names = {text_of(n) for n in (data.waybill_code, data.waybill_no, *(line.waybill_code for line in lines))} - {""}
    if names and not any(same_number(name, ask.number) for name in names):
        raise UnreadableReply(ID, f"asked for {ask.number}, the reply is about {', '.join(sorted(names))}")


def _parcels(lines: Sequence[Line], ask: Ask) -> tuple[ParcelReading, ...]:
    """The asked parcel, and each new waybill that its reply goes on with. Where there are several, each is told apart by
    its waybill number, the asked one first.
    """
    scans: dict[str, tuple[ScanEvent, ...]] = {}
    for line in lines:
        own = text_of(line.waybill_code).strip()
        number = ask.number if not own or same_number(own, ask.number) else own
        scans[number] = (*scans.get(number, ()), _event(line))
    back = _sent_back(scans.get(ask.number, ()))
    return tuple(
        ParcelReading(number, scans[number], number if len(scans) > 1 else None, _leg(number, ask, back))
        for number in sorted(scans, key=lambda number: (number != ask.number, number))
    )


def _sent_back(events: Sequence[ScanEvent]) -> str:
    """What the lines say that send a parcel back: the new waybill's number is in one of them."""
    return " ".join(event.text for event in events if event.milestone is Milestone.RETURNING)


def _leg(number: str, ask: Ask, back: str) -> Leg:
    return Leg.RETURN if number != ask.number and number in back else Leg.OUT


def _event(line: Line) -> ScanEvent:
    category = text_of(line.category).strip()
    state = said(line.state, line.operate_state).strip()
    text = said(line.operation_remark, line.operate_remark, line.operation_title, line.operate_title)
    raw = said(line.operation_time, line.operate_time)
    time = chinese_time(raw)
    place = said(line.city, line.operate_site)
    return scan_event(category or state or None, text, time, meaning_of(category, state, text), place=place.strip())


CARRIER = Carrier(
    id=ID,
    name={"zh": "京东物流", "en": "JD Logistics"},
    settings=JdSettings,
    batch_size=1,
    budgets=(),  # none is documented; calls_per_… of the account sets one
    vocabulary={
        **{f"category {code}": meaning for code, meaning in CATEGORIES.items()},
        **{f"state {code}": meaning for code, meaning in STATES.items()},
        **{"/".join(pair): meaning for pair, meaning in PAIRS.items()},
    },
    probe=Ask("JDVA00000000000"),
    request=request,
    read=read,
    in_address=("app_key", "access_token"),
    history=HISTORY,
    scrub=(
        "operatorPhone",
        "operatorName",
        "operateName",
        "collectorName",
        "collectorPhone",
        "courierName",
        "courierTel",
    ),
)
