"""Kuaidiniao (快递鸟): an aggregator of the Chinese carriers. One signed query per number, and pushes that prove nothing.

Source: its query and subscription documents in public copies (apifox 2538027/doc-2283185) and the SDKs bububa/kdniao and
misu99/kdniao. See docs/carriers/kuaidiniao.md.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal
from urllib.parse import parse_qs, urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Charged,
    Push,
    PushAnswer,
    Standing,
    Stands,
    Subscription,
    json_of,
    missing_since,
    raise_for_status,
    said,
    same_number,
    scan_event,
    text_of,
)
from carriers.kuaidi100_carriers import carrier_code
from carriers.kuaidiniao_errors import ERRORS, code_of, failure, kind_of
from carriers.kuaidiniao_vocabulary import CODES, SHIPPERS, meaning_of
from carriers.kuaidiniao_wire import HISTORY, ID, Pushed, Result, Trace, check_number, entries
from carriers.times import SHANGHAI, chinese_time, naive_time
from domain.errors import RuleError, UnreadableReply
from domain.tracking import (
    Ask,
    Certainty,
    Failed,
    Found,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

SUBSCRIPTION: Mapping[str, str] = MappingProxyType({"1002": "1008", "8001": "8008"})
"""The RequestType that subscribes, for the one that queries: free with free, value-added with value-added."""


class KuaidiniaoSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``ebusiness_id`` (用户ID) and ``app_key`` of the account. ``request_type`` 8001 is the value-added query with an
    Action on each trace, 1002 the free one.
    """

    ebusiness_id: str
    app_key: str
    request_type: Literal["8001", "1002"] = "8001"
    base_url: str = "https://api.kdniao.com"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed query for one number. The signature covers the very text that is sent."""
    del now, nonce
    settings: KuaidiniaoSettings = account.settings
    if len(asks) != 1:
        raise RuleError(f"kuaidiniao: ask for one number at once, not {len(asks)}")
    return _signed(settings, "/Ebusiness/EbusinessOrderHandle.aspx", settings.request_type, _query(asks[0]))


def subscribe(asks: Sequence[Ask], account: Account, callback_url: str, now: datetime) -> HttpRequest:
    """Ask to be called until the parcel is signed. The address is set in Kuaidiniao's console, not in the call."""
    del callback_url, now
    settings: KuaidiniaoSettings = account.settings
    if len(asks) != 1:
        raise RuleError(f"kuaidiniao: subscribe to one number at once, not {len(asks)}")
    ask = asks[0]
    return _signed(settings, "/api/dist", SUBSCRIPTION[settings.request_type], _query(ask))


def _query(ask: Ask) -> dict[str, str]:
    """CustomerName is the phone's last four digits for SF, and must be empty for every other carrier."""
    if not ask.number.strip():
        raise RuleError("kuaidiniao: a parcel has no number: give one")
    shipper = shipper_code(ask)
    customer = ask.phone4 or "" if shipper == "SF" else ""
    return {"OrderCode": "", "ShipperCode": shipper, "LogisticCode": ask.number.strip(), "CustomerName": customer}


def shipper_code(ask: Ask) -> str:
    """Kuaidiniao's code of the ask's carrier. Raises RuleError where there is none; a code that the house doesn't know
    is taken for one of Kuaidiniao's own.
    """
    if not ask.carrier:
        raise RuleError(f"kuaidiniao: parcel {ask.number} has no carrier: name one, such as zhongtong or 中通快递")
    known = carrier_code(ask.carrier)
    own = ask.carrier.strip().upper()
    code = SHIPPERS.get(known) if known else (own if own.isascii() else None)
    if code is None:
        raise RuleError(f"kuaidiniao: no ShipperCode is known for {ask.carrier!r}: ask another source for it")
    return code


def _signed(settings: KuaidiniaoSettings, path: str, request_type: str, query: Mapping[str, str]) -> HttpRequest:
    data = msgspec.json.encode(query).decode()
    fields = {
        "RequestData": data,
        "EBusinessID": settings.ebusiness_id,
        "RequestType": request_type,
        "DataSign": data_sign(data, settings.app_key),
        "DataType": "2",
    }
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", settings.base_url + path, headers, urlencode(fields).encode())


def data_sign(data: str, app_key: str) -> str:
    """Base64 of the lower-case hex MD5 of the text and the key; the form encodes it for the address line."""
    hexed = hashlib.md5((data + app_key).encode(), usedforsecurity=False).hexdigest()
    return base64.b64encode(hexed.encode()).decode()


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading for the one ask. Success says only that the query was taken: no traces is nothing yet."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, Result)
    return [_reading([result], ask, now) for ask in asks]


def _reading(results: Sequence[Result], ask: Ask, now: datetime) -> Reading:
    """A list with traces is a finding even where Success is false: a push gives up with it after silent days."""
    told = [result for result in results if result.traces and code_of(result) not in ERRORS]
    if not told:
        return _without_traces(results[0], ask, now)
    for result in told:
        check_number(result, ask)
    parcels = _parcels(told, ask)
    if not any(parcel.events for parcel in parcels):
        return NotFound(missing_since(ask, now, HISTORY), text_of(told[0].reason))
    return Found(parcels, promised_at=_promised(told))


def _without_traces(result: Result, ask: Ask, now: datetime) -> NotFound:
    if not _succeeded(result):
        missing = failure(result, ask, now)
        if text_of(result.logistic_code).strip():
            check_number(result, ask)
        return missing
    check_number(result, ask)
    return NotFound(missing_since(ask, now, HISTORY), text_of(result.reason))


def _parcels(results: Sequence[Result], ask: Ask) -> tuple[ParcelReading, ...]:
    """Lists of one carrier are one parcel; a number that several carriers use is told apart by ShipperCode."""
    shippers = sorted({text_of(result.shipper_code).strip() for result in results})
    return tuple(
        ParcelReading(
            ask.number,
            tuple(_event(t) for r in results if text_of(r.shipper_code).strip() == shipper for t in _lines(r)),
            identity=shipper if len(shippers) > 1 else None,
        )
        for shipper in shippers
    )


def _lines(result: Result) -> list[Trace]:
    return [trace for trace in result.traces or () if trace != Trace()]


def _event(trace: Trace) -> ScanEvent:
    """State and StateEx speak of the parcel, not of a line, and lag: only Action and the text decide."""
    action, text = text_of(trace.action).strip(), text_of(trace.accept_station)
    raw = text_of(trace.accept_time)
    time = chinese_time(raw)
    return scan_event(action or None, text, time, meaning_of(action, text), place=text_of(trace.location).strip())


def _promised(results: Sequence[Result]) -> datetime | None:
    """The latest estimate; a bare date is kept until its day ends in China."""
    times = [naive_time(text_of(r.estimated_delivery_time), SHANGHAI, Zone.ASSUMED_CARRIER) for r in results]
    day = timedelta(days=1) - timedelta(seconds=1)
    ends = [t.at + day if t.certainty is Certainty.DATE_ONLY else t.at for t in times if t.at is not None]
    return max(ends, default=None)


# --- being called ---


def unwrap(body: bytes) -> bytes:
    """The JSON in the form's ``RequestData``; a body that is JSON already stays as it is."""
    if body.lstrip()[:1] == b"{" or not re.search(rb"(^|&)RequestData=", body):
        return body
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return fields["RequestData"][0].encode()


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The parcels that a push holds, each with its full list; one that it leaves out fails alone."""
    results = entries(json_of(reply.body, Pushed), json_of(reply.body, Result))
    if results is None:
        raise UnreadableReply(ID, "a push without Data")
    if not results:
        return [NotFound(missing_since(ask, now, HISTORY)) for ask in asks]
    return [_of_push(results, ask, now) for ask in asks]


def _of_push(results: Sequence[Result], ask: Ask, now: datetime) -> Reading:
    mine = [result for result in results if same_number(result.logistic_code, ask.number)]
    if not mine:
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    return _reading(mine, ask, now)


def numbers(body: bytes) -> tuple[str, ...]:
    """The numbers that a push speaks of. Raises UnreadableReply."""
    results = entries(said(ID, body, Pushed), said(ID, body, Result)) or []
    return tuple(dict.fromkeys(text_of(r.logistic_code) for r in results if text_of(r.logistic_code)))


GIVES_UP = ("三天无轨迹", "七天")
"""Reasons with which a subscription ends, by the push document: three days without a trace, seven without a new one."""


def ended(body: bytes) -> Mapping[str, timedelta | None]:
    """The numbers that Kuaidiniao gave up: subscribe anew, at once, if they are still wanted. A failure with State 0 and
    no such reason is an ordinary push.
    """
    results = entries(said(ID, body, Pushed), said(ID, body, Result)) or []
    over = [r for r in results if not _succeeded(r) and any(word in text_of(r.reason) for word in GIVES_UP)]
    return {text_of(r.logistic_code): timedelta() for r in over if text_of(r.logistic_code)}


def _succeeded(result: Result) -> bool:
    return text_of(result.success).strip().lower() == "true"


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Whether the one subscription stands; a repeated one does."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, Result)
    reason = text_of(result.reason)
    if _succeeded(result) or "重复" in reason:
        return [Stands() for _ in asks]
    kind = kind_of(result)
    if isinstance(kind, NoData):
        return [NotFound(kind, reason) for _ in asks]
    raise kind(ID, f"subscription refused: {reason}")


def answer(account: Account, now: datetime) -> PushAnswer:
    """Success with our own id and the time in China, as the push document shows it (unconfirmed)."""
    settings: KuaidiniaoSettings = account.settings
    told = {
        "EBusinessID": settings.ebusiness_id,
        "UpdateTime": now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "Success": True,
        "Reason": "",
    }
    return PushAnswer(200, {"content-type": "application/json; charset=utf-8"}, msgspec.json.encode(told))


CARRIER = Carrier(
    id=ID,
    name={"zh": "快递鸟", "en": "Kuaidiniao"},
    settings=KuaidiniaoSettings,
    batch_size=1,
    budgets=(Budget(30_000, 86_400, source="query document, error 405: at most 30 000 queries a day"),),
    vocabulary=CODES,
    probe=Ask("YT0000000000000", carrier="yuantong"),
    request=request,
    read=read,
    push=Push(
        verify=None,
        read=read_push,
        numbers=numbers,
        answer=answer,
        ended=ended,
        subscription=Subscription(request=subscribe, read=read_subscription),
        unwrap=unwrap,
    ),
    charged=frozenset({Charged.QUESTION, Charged.REGISTRATION}),
    history=HISTORY,
    scrub=("PickerInfo", "SenderInfo", "PersonName", "PersonTel", "AccountName", "AccountTel", "AccountNum"),
)
