"""Kuaidi100 (快递100): one aggregator for the Chinese carriers. One signed query per number, and a push.

Source: api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc and the vendor's SDKs. See docs/carriers/kuaidi100.md.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode

import msgspec

from carriers.base import (
    SHANGHAI,
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
    offset_time,
    phrase_in,
    raise_for_status,
    said,
    same_number,
    scan_event,
    stated,
    text_of,
)
from carriers.kuaidi100_carriers import carrier_code
from carriers.kuaidi100_detect import DETECT
from carriers.kuaidi100_phrases import MANNERS, PHRASES
from carriers.kuaidi100_vocabulary import CODE_OF_WORD, CODES, MANNERS_OF, REFINES, WORDS
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import (
    Ask,
    EventTime,
    Found,
    Manner,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "kuaidi100"
MAX_NUMBER = 32  # characters of a number, by the query document


REMEMBERED = 16_384  # texts read before: carriers repeat themselves, and each poll repeats the whole list


class Kuaidi100Settings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``customer`` and ``key`` of the enterprise account; ``salt`` (any secret of ours) proves pushes, which come to
    ``callback_url``.
    """

    customer: str
    key: str
    salt: str = ""
    base_url: str = "https://poll.kuaidi100.com"
    callback_url: str = ""


class _Event(msgspec.Struct, rename="camel"):
    time: Scalar = None
    ftime: Scalar = None
    context: Scalar = None
    location: Scalar = None
    area_name: Scalar = None
    status: Scalar = None
    status_code: Scalar = None


class _Result(msgspec.Struct, rename="camel"):
    """A query's reply and a push's ``lastResult``; a failed query has ``returnCode`` instead of the rest."""

    result: Scalar = None
    return_code: Scalar = None
    message: Scalar = None
    status: Scalar = None
    nu: Scalar = None
    com: Scalar = None
    data: list[_Event] | None = None


class _Push(msgspec.Struct, rename="camel"):
    status: Scalar = None
    message: Scalar = None
    auto_check: Scalar = None
    com_old: Scalar = None
    com_new: Scalar = None
    last_result: _Result | None = None
    dest_result: _Result | None = None


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed query for one number. The signature covers the very text that is sent."""
    del now, nonce
    settings: Kuaidi100Settings = account.settings
    if len(asks) != 1:
        raise RuleError(f"kuaidi100: ask for one number at once, not {len(asks)}")
    param = _json(_query(asks[0]))
    sign = _md5(param + settings.key + settings.customer)
    return _form(settings.base_url + "/poll/query.do", customer=settings.customer, sign=sign, param=param)


def _query(ask: Ask) -> dict[str, str]:
    optional = {"phone": ask.phone4, "to": ask.destination}
    fixed = {"resultv2": "4", "show": "0", "order": "desc"}
    given = {key: value for key, value in optional.items() if value}
    return {"com": _company(ask), "num": _number(ask), **given, **fixed}


def _company(ask: Ask) -> str:
    if not ask.carrier:
        raise RuleError(f"kuaidi100: parcel {ask.number} has no carrier: name one, such as zhongtong or 中通快递")
    return carrier_code(ask.carrier) or ask.carrier.strip().lower()


def _number(ask: Ask) -> str:
    if not 0 < len(ask.number) <= MAX_NUMBER:
        raise RuleError(f"kuaidi100: a number has 1 to {MAX_NUMBER} characters, not {len(ask.number)}: {ask.number!r}")
    return ask.number


def ready(account: Account) -> bool:
    """Pushes can be proven only where the settings hold a salt."""
    settings: Kuaidi100Settings = account.settings
    return bool(settings.salt)


def subscribe(asks: Sequence[Ask], account: Account, callback_url: str, now: datetime) -> HttpRequest:
    """Ask to be called for the parcel's whole life."""
    del now
    if len(asks) != 1:
        raise RuleError(f"kuaidi100: subscribe to one number at once, not {len(asks)}")
    ask = asks[0]
    settings: Kuaidi100Settings = account.settings
    if not settings.salt:
        raise RuleError("kuaidi100: set salt (any long secret) before subscribing: it is what proves a push")
    wanted = {"callbackurl": callback_url or settings.callback_url, "salt": settings.salt, "resultv2": "4"}
    if ask.phone4:
        wanted["phone"] = ask.phone4
    param = {"company": _company(ask), "number": _number(ask), "key": settings.key, "parameters": wanted}
    if ask.destination:
        param["to"] = ask.destination
    return _form(settings.base_url + "/poll", schema="json", param=_json(param))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def _form(url: str, **fields: str) -> HttpRequest:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", url, headers, urlencode(fields).encode())


# --- failures ---

_ACCOUNT_WORDS = ("授权", "充值", "余额", "欠费", "账号", "账户", "帐号", "权限", "customer", "key")
_NUMBER_WORDS = ("公司", "单号", "编码", "com")

ERRORS: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "501": Unreachable,  # server error
        "502": Unreachable,  # busy
        "503": AccessDenied,  # signature
        "504": RateLimited,  # too frequent
        "600": AccessDenied,  # not a subscriber: wrong key, or no balance
        "601": AccessDenied,  # key expired, or out of quota
    }
)
"""returnCodes of query and subscription that speak of the account or the source, never of the parcel."""

BUSY_WORDS: tuple[tuple[str, type[OutsideError]], ...] = (("繁忙", Unreachable), ("频繁", RateLimited))
"""What the message of an unknown returnCode may still say."""

MISSING: Mapping[str, NoData] = MappingProxyType(
    {
        "201": NoData.NOT_SCANNED,  # the older query: "number doesn't exist or has expired"
        "408": NoData.BAD_CREDENTIAL,  # the phone was refused
        "500": NoData.NOT_SCANNED,  # no result yet
        "700": NoData.WRONG_CARRIER,  # carrier not supported
        "702": NoData.WRONG_CARRIER,  # no carrier recognised
    }
)
"""returnCodes that speak of the parcel."""


def _failure(code: str, message: str, ask: Ask, now: datetime) -> NotFound:
    if code in ERRORS:
        raise ERRORS[code](ID, f"{code} {message}")
    if code == "400":
        return _bad_request(message)
    if code in MISSING:
        kind = MISSING[code]
        return NotFound(missing_since(ask, now, CARRIER.history) if kind is NoData.NOT_SCANNED else kind, message)
    kind_of_error = next((error for word, error in BUSY_WORDS if word in message), UnreadableReply)
    raise kind_of_error(ID, f"returnCode {code!r}: {message}")


def _bad_request(message: str) -> NotFound:
    """400 means a bad number or carrier, and an account without rights or money: only the message tells which."""
    if any(word in message for word in _ACCOUNT_WORDS):
        raise AccessDenied(ID, f"400 {message}")
    if any(word in message for word in _NUMBER_WORDS):
        return NotFound(NoData.WRONG_CARRIER, message)
    raise UnreadableReply(ID, f"returnCode '400': {message}")


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading for the one ask. ``state`` and ``ischeck`` lag behind the newest line, so only the lines count."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, _Result)
    return [_reading(result, ask, now) for ask in asks]


def _reading(result: _Result, ask: Ask, now: datetime) -> Reading:
    code = text_of(result.return_code) or text_of(result.status)
    if code != "200":
        return _failure(code, text_of(result.message), ask, now)
    _check_number(result, ask)
    events = _events(result)
    if not events:
        return NotFound(missing_since(ask, now, CARRIER.history), text_of(result.message))
    return Found((ParcelReading(ask.number, events),))


def _check_number(result: _Result, ask: Ask) -> None:
    if not same_number(result.nu, ask.number):
        raise UnreadableReply(ID, f"asked for {ask.number}, the reply is about {text_of(result.nu)!r}")


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The push's full list. An abort with ``comNew`` says under which carrier the number goes on; with ``autoCheck`` 1
    it goes on there already, and ``comNew`` only reminds.
    """
    push = json_of(reply.body, _Push)
    return [_pushed(push, ask, now) for ask in asks]


def _pushed(push: _Push, ask: Ask, now: datetime) -> Reading:
    last = push.last_result or _Result()
    if not push.status or (push.last_result is None and push.status != "abort"):
        raise UnreadableReply(ID, "a push without status or lastResult")
    if text_of(last.nu) or last.data:
        _check_number(last, ask)
    moved_to = text_of(push.com_new).strip() or None
    events = _events(last) + (_events(push.dest_result) if push.dest_result else ())
    checked = text_of(push.auto_check) == "1"  # the subscription already runs under the new carrier
    silent, aborted = not events, push.status == "abort"
    if moved_to and ((silent and aborted) if checked else (silent or aborted)):
        return NotFound(NoData.WRONG_CARRIER, text_of(push.message), moved_to=moved_to)
    if silent:
        return NotFound(missing_since(ask, now, CARRIER.history), text_of(push.message), moved_to=moved_to)
    return Found((ParcelReading(ask.number, events),), moved_to=moved_to)


def _events(result: _Result) -> tuple[ScanEvent, ...]:
    return tuple(_event(line) for line in result.data or () if line != _Event())


def _event(line: _Event) -> ScanEvent:
    text = text_of(line.context)
    code, meaning = _meaning(text_of(line.status_code).strip(), text_of(line.status).strip(), text)
    return scan_event(code, text, _time(line), meaning, place=text_of(line.location) or text_of(line.area_name))


def _time(line: _Event) -> EventTime:
    """``ftime`` is Kuaidi100's own formatted time; ``time`` is the carrier's and comes unpadded, even cut: where they
    differ ("2016-11-1" beside "2016-11-11" of a parcel collected that day) only ``ftime`` fits the lines around it.
    """
    readings = [_clock(text_of(raw)) for raw in (line.ftime, line.time) if text_of(raw).strip()]
    readable = [reading for reading in readings if reading.at is not None]
    return (readable or readings or [_clock("")])[0]


def _clock(raw: str) -> EventTime:
    return offset_time(raw) or naive_time(raw, SHANGHAI, Zone.ASSUMED_CARRIER)


@lru_cache(maxsize=REMEMBERED)
def _meaning(status_code: str, status: str, text: str) -> tuple[str | None, Meaning | None]:
    """The event's code and what it means: statusCode, else status, else a phrase. A generic code is refined."""
    statement = stated(text)
    row = phrase_in(statement, PHRASES)
    if status_code or status:
        code = status_code or status
        number = code if status_code else CODE_OF_WORD.get(status, status)
        meaning = CODES.get(number)
        if meaning and row and row.meaning.milestone in REFINES.get(number, frozenset()):
            meaning = row.meaning
        return code, _with_manner(meaning, statement, MANNERS_OF.get(number))
    return (f"text:{row.phrase}", _with_manner(row.meaning, statement, None)) if row else (None, None)


def _with_manner(meaning: Meaning | None, text: str, allowed: frozenset[Manner] | None) -> Meaning | None:
    if meaning is None or meaning.milestone is not Milestone.DELIVERED:
        return meaning
    named = manner_in(text)
    return replace(meaning, manner=named) if named and (allowed is None or named in allowed) else meaning


def manner_in(text: str) -> Manner | None:
    """Who or what took the parcel, as far as the route text names them."""
    return next((manner for manner, words in MANNERS if any(word in text for word in words)), None)


# --- being called ---


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether the form's ``sign`` is MD5(param + salt). Without a salt nothing is proven."""
    del headers
    settings: Kuaidi100Settings = account.settings
    fields = _fields(body)
    if not settings.salt or "sign" not in fields or "param" not in fields:
        return False
    ours = _md5(fields["param"] + settings.salt)
    return hmac.compare_digest(ours.encode(), fields["sign"].strip().upper().encode())


def _fields(body: bytes) -> dict[str, str]:
    pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}


def unwrap(body: bytes) -> bytes:
    """The JSON in the form's ``param``; a body that is JSON already stays as it is."""
    if body.lstrip()[:1] == b"{" or not re.search(rb"(^|&)param=", body):
        return body
    return _fields(body)["param"].encode()


def numbers(body: bytes) -> tuple[str, ...]:
    last = said(ID, body, _Push).last_result
    return (text_of(last.nu),) if last and last.nu else ()


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Whether the one subscription stands; 501 is a repeated one, which goes on."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, _Result)
    code, message = text_of(result.return_code), text_of(result.message)
    if code in {"200", "501"}:
        return [Stands() for _ in asks]
    if code == "500":
        raise Unreachable(ID, f"500 {message}")
    if MISSING.get(code) not in {None, NoData.NOT_SCANNED}:
        return [NotFound(MISSING[code], message) for _ in asks]
    raise ERRORS.get(code, UnreadableReply)(ID, f"subscription refused: {code} {message}")


RESUBSCRIBE = timedelta(minutes=30)
"""After an abort, says the push document: subscribe again half an hour later, if the parcel is still wanted."""


def ended(body: bytes) -> Mapping[str, timedelta | None]:
    """shutdown: the parcel was signed for. abort: three silent days, or sixty without a change."""
    push = json_of(body, _Push)
    after = {"shutdown": None, "abort": RESUBSCRIBE}
    status = text_of(push.status)
    return dict.fromkeys(numbers(body), after[status]) if status in after else {}


CARRIER = Carrier(
    id=ID,
    name={"zh": "快递100", "en": "Kuaidi100"},
    settings=Kuaidi100Settings,
    batch_size=1,
    budgets=(
        Budget(1, 1800, per_number=True, source="the query document: more often than every 30 minutes locks a number"),
    ),
    vocabulary={**CODES, **WORDS, **{f"text:{row.phrase}/{n}": row.meaning for n, row in enumerate(PHRASES)}},
    probe=Ask("YT0000000000000", carrier="yuantong"),
    request=request,
    read=read,
    push=Push(
        verify=verify,
        read=read_push,
        numbers=numbers,
        answer=always(
            PushAnswer(
                200,
                {"content-type": "application/json; charset=utf-8"},
                '{"result":true,"returnCode":"200","message":"成功"}'.encode(),
            )
        ),
        subscription=Subscription(request=subscribe, read=read_subscription, ready=ready),
        ended=ended,
        unwrap=unwrap,
    ),
    charged=frozenset({Charged.QUESTION, Charged.REGISTRATION}),
    detect=DETECT,
    scrub=("courierInfo", "pickupManName", "pickupManPhone", "deliveryManName", "deliveryManPhone"),
)
