"""SF Express through its own gateway (丰桥, Fengqiao): ten numbers per signed call, JSON inside a JSON string.

Source: the gateway overview and the payloads named in carriers/sf_vocabulary.py. See docs/carriers/sf.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from carriers.base import (
    Account,
    Budget,
    Carrier,
    Push,
    PushAnswer,
    Scalar,
    always,
    json_of,
    missing_since,
    no_data_of,
    said,
    same_number,
    text_of,
)
from carriers.failure_words import Kind, kind_in
from carriers.parts import by_number
from carriers.sf_gateway import ID, nested, opened, signed
from carriers.sf_opcodes import LISTED
from carriers.sf_pickup import INTERCEPT, PICKUP, SfPickupSettings
from carriers.sf_vocabulary import AMBIGUOUS, OPS, REASONS, SECONDARY, TRIPLES
from carriers.sf_wire import (
    Outline,
    Pushed,
    Route,
    RouteResp,
    Routes,
    event_of,
    mail_of,
    routes_of,
)
from domain.errors import OutsideError, RuleError, UnreadableReply
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
NEW_NUMBER = "648"  # opCode of the scan that sends a parcel back or on under another number
HISTORY = timedelta(days=90)  # "3 months", by the route query's document


class SfSettings(SfPickupSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``partner_id`` (顾客编码) and ``checkword`` (校验码) of the partner account."""

    partner_id: str
    checkword: str
    base_url: str = "https://bspgw.sf-express.com/std/service"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed route query for up to ten numbers. ``checkPhoneNo`` holds the last four digits of either party."""
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"sf: ask for 1 to {BATCH} numbers at once, not {len(asks)}")
    return signed("EXP_RECE_SEARCH_ROUTES", _query(asks), account, now, nonce)


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
    result = opened(reply)
    if not result.succeeded:
        return [_failure(result.code, text_of(result.error_msg), ask, now) for ask in asks]
    routes = nested(result.msg_data, Routes).route_resps or []
    return [_reading([resp for resp in routes if same_number(resp.mail_no, ask.number)], ask, now) for ask in asks]


def parts(reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """The routes under each number; ``apiResponseID`` is each reply's own."""
    result = opened(reply)
    pieces = (nested(result.msg_data, Outline).route_resps if result.succeeded else None) or []
    return by_number(((piece.mail_no, (piece.routes,)) for piece in pieces), asks)


def _reading(mentions: Sequence[RouteResp], ask: Ask, now: datetime) -> Reading:
    if not mentions:
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    events = tuple(event_of(route) for resp in mentions for route in resp.routes or () if route != Route())
    if events:
        return Found((ParcelReading(ask.number, events, leg=_leg(events)),))
    return _without_routes(mentions[0], ask, now)


def _leg(events: Sequence[ScanEvent]) -> Leg:
    """SF sends a parcel back or on under a new number (648): a record that begins with that return is the return leg.
    One that begins with another word for it (99) is an old record that SF has cut.
    """
    moves = sorted((event for event in events if event.milestone not in ELECTRONIC), key=order_key)
    begins = moves[0] if moves else None
    return Leg.RETURN if begins and begins.milestone is Milestone.RETURNING and begins.code == NEW_NUMBER else Leg.OUT


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
    pickup=PICKUP,
    intercept=INTERCEPT,
    probe=Ask("SF0000000000000", phone4="0000"),
    request=request,
    read=read,
    parts=parts,
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
