"""SF Express through its own gateway (丰桥, Fengqiao): ten numbers per signed call, JSON inside a JSON string.

Source: the gateway overview and the payloads named in carriers/sf_vocabulary.py. See docs/carriers/sf.md.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote_plus, urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Push,
    PushAnswer,
    Scalar,
    always,
    json_of,
    missing_since,
    no_data_of,
    raise_for_status,
    said,
    same_number,
    text_of,
)
from carriers.failure_words import Kind, kind_in
from carriers.sf_opcodes import LISTED
from carriers.sf_vocabulary import AMBIGUOUS, OPS, REASONS, SECONDARY, TRIPLES
from carriers.sf_wire import (
    ID,
    Envelope,
    Pushed,
    Result,
    Route,
    RouteResp,
    Routes,
    event_of,
    mail_of,
    nested,
    routes_of,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.parcel import ELECTRONIC, order_key
from domain.tracking import (
    Ask,
    Failed,
    Found,
    Leg,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
)
from net.http import HttpReply, HttpRequest

BATCH = 10
HISTORY = timedelta(days=90)  # "3 months", by the route query's document


class SfSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``partner_id`` (顾客编码) and ``checkword`` (校验码) of the partner account."""

    partner_id: str
    checkword: str
    base_url: str = "https://bspgw.sf-express.com/std/service"


# --- asking ---


def digest(msg_data: str, timestamp: str, checkword: str) -> str:
    """msgDigest: Base64 of the MD5 of the URL-encoded text. SF encodes as Java does: a blank is "+", "*" stays."""
    text = quote_plus(msg_data + timestamp + checkword, safe="*")
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed route query for up to ten numbers. ``checkPhoneNo`` holds the last four digits of either party."""
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"sf: ask for 1 to {BATCH} numbers at once, not {len(asks)}")
    settings: SfSettings = account.settings
    msg_data = msgspec.json.encode(_query(asks)).decode()
    timestamp = str(int(now.timestamp() * 1000))
    fields = {
        "partnerID": settings.partner_id,
        "requestID": nonce,
        "serviceCode": "EXP_RECE_SEARCH_ROUTES",
        "timestamp": timestamp,
        "msgData": msg_data,
        "msgDigest": digest(msg_data, timestamp, settings.checkword),
    }
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", settings.base_url, headers, urlencode(fields).encode())


def _query(asks: Sequence[Ask]) -> dict[str, object]:
    phones = list(dict.fromkeys(ask.phone4 for ask in asks if ask.phone4))
    query: dict[str, object] = {
        "language": "zh-CN",
        "trackingType": "1",
        "trackingNumber": [ask.number for ask in asks],
        "methodType": "1",
    }
    return {**query, "checkPhoneNo": ",".join(phones)} if phones else query


# --- failures ---

GATEWAY: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "A1001": UnreadableReply,  # a field is missing or malformed
        "A1002": AccessDenied,  # timestamp or access token expired
        "A1003": AccessDenied,  # IP address
        "A1004": AccessDenied,  # no right to the service, or the wrong environment
        "A1005": RateLimited,
        "A1006": AccessDenied,  # signature
        "A1009": Unreachable,  # the service behind the gateway is down
        "A1099": Unreachable,  # system error
    }
)
"""apiResultCode other than A1000, which only means that the gateway let the call through."""

BUSINESS: Mapping[str, Kind] = MappingProxyType(
    {
        "8003": UnreadableReply,  # more than ten numbers
        "8013": UnreadableReply,  # no numbers
        "8018": NoData.NOT_SCANNED,  # no such order
        "8024": NoData.NOT_SCANNED,
        "6150": NoData.NOT_SCANNED,
        "8196": NoData.BAD_CREDENTIAL,  # phone
        "8247": NoData.WRONG_CARRIER,  # not a number of SF's
        # answers to orders, which a question never gets: duplicate, cancelled, confirmed, out of hours, no capacity, goods
        "8016": UnreadableReply,
        "8037": UnreadableReply,
        "8252": UnreadableReply,
        "8096": UnreadableReply,
        "8177": UnreadableReply,
        "20035": UnreadableReply,
        "20028": NoData.BAD_CREDENTIAL,  # monthly card doesn't match, so a phone is needed
    }
)
"""errorCode of the result, and reasonCode of a waybill without routes."""


def _failure(code: str, message: str, ask: Ask, now: datetime) -> NotFound:
    kind = BUSINESS.get(code) or kind_in(message) or UnreadableReply
    if not isinstance(kind, NoData):
        raise kind(ID, f"{code} {message}")
    return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, f"{code} {message}")


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask; a waybill that the reply doesn't mention fails alone."""
    raise_for_status(ID, reply)
    result = _opened(json_of(reply.body, Envelope))
    code = text_of(result.error_code)
    if text_of(result.success).lower() != "true" or code not in {"", "S0000"}:
        message = text_of(result.error_msg)
        return [_failure(code, message, ask, now) for ask in asks]
    routes = nested(result.msg_data, Routes).route_resps or []
    return [_reading([resp for resp in routes if same_number(resp.mail_no, ask.number)], ask, now) for ask in asks]


def _opened(envelope: Envelope) -> Result:
    code = text_of(envelope.api_result_code)
    if code != "A1000":
        raise GATEWAY.get(code, UnreadableReply)(ID, f"{code} {text_of(envelope.api_error_msg)}")
    return nested(envelope.api_result_data, Result)


def _reading(mentions: Sequence[RouteResp], ask: Ask, now: datetime) -> Reading:
    if not mentions:
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    events = tuple(event_of(route) for resp in mentions for route in resp.routes or () if route != Route())
    if events:
        return Found((ParcelReading(ask.number, events, leg=_leg(events)),))
    return _without_routes(mentions[0], ask, now)


def _leg(events: Sequence[ScanEvent]) -> Leg:
    """SF sends a parcel back or on under a new number (648): a record that begins with the return is the return leg."""
    moves = sorted((event for event in events if event.milestone not in ELECTRONIC), key=order_key)
    return Leg.RETURN if moves and moves[0].milestone is Milestone.RETURNING else Leg.OUT


def _without_routes(resp: RouteResp, ask: Ask, now: datetime) -> Reading:
    """No routes and no reason is what SF says of a number not scanned yet, of one older than its history, and of a
    wrong phone: it can't be told apart here, so only the shipping date makes it aged out.
    """
    code, message = _first(resp.reason_code), _first(resp.reason_remark)
    if not code and not message:
        return NotFound(missing_since(ask, now, HISTORY))
    try:
        return _failure(code, message, ask, now)
    except OutsideError as error:
        return Failed(error, no_data_of(error))


def _first(value: Scalar | list[Scalar]) -> str:
    return text_of(next(iter(value), None) if isinstance(value, list) else value).strip()


# --- being called ---


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The routes that a push holds: a few of a waybill, up to four times each and out of order."""
    routes = routes_of(json_of(reply.body, Pushed))
    return [_pushed(routes, ask, now) for ask in asks]


def _pushed(routes: Sequence[Route], ask: Ask, now: datetime) -> Reading:
    if not routes:
        return NotFound(missing_since(ask, now, HISTORY))
    mine = [route for route in routes if same_number(mail_of(route), ask.number)]
    if not mine:
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    return Found((ParcelReading(ask.number, tuple(event_of(route) for route in mine)),))


def numbers(body: bytes) -> tuple[str, ...]:
    """The waybills that a push speaks of. Raises UnreadableReply."""
    mails = (mail_of(route) for route in routes_of(said(ID, body, Pushed)))
    return tuple(dict.fromkeys(mail for mail in mails if mail))


_VOCABULARY = {
    **OPS,
    **LISTED,
    **{"/".join(triple): meaning for triple, meaning in TRIPLES.items()},
    **{f"//{status}": meaning for status, meaning in SECONDARY.items()},
    **{f"{op}+{reason}": meaning for (op, reason), meaning in REASONS.items()},
    **{f"{op} {row.phrase}/{n}": row.meaning for op, rows in AMBIGUOUS.items() for n, row in enumerate(rows)},
}

CARRIER = Carrier(
    id=ID,
    name={"zh": "顺丰（丰桥）", "en": "SF Express"},
    settings=SfSettings,
    batch_size=BATCH,
    budgets=(
        Budget(30, 1, source="gateway overview, A1005: per interface and partner in the integration environment"),
        Budget(
            3000, 86_400, source="gateway overview, A1005: per interface and partner in the integration environment"
        ),
    ),
    vocabulary=_VOCABULARY,
    probe=Ask("SF0000000000000", phone4="0000"),
    request=request,
    read=read,
    push=Push(
        verify=None,  # RoutePushService carries no signature
        read=read_push,
        numbers=numbers,
        answer=always(
            PushAnswer(
                200,
                {"content-type": "application/json; charset=utf-8"},
                '{"return_code":"0000","return_msg":"成功"}'.encode(),
            )
        ),
    ),
    history=HISTORY,
    needs_phone=True,
)
