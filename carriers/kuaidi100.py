"""Kuaidi100 (快递100): one aggregator for the Chinese carriers. One signed query per number, and a push.

Source: api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc and the vendor's SDKs. See docs/carriers/kuaidi100.md.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from carriers.base import (
    Account,
    Budget,
    Carrier,
    Charged,
    Push,
    Subscription,
    always,
    json_of,
    missing_since,
    raise_for_status,
    text_of,
)
from carriers.kuaidi100_carriers import carrier_code
from carriers.kuaidi100_detect import DETECT
from carriers.kuaidi100_errors import failure
from carriers.kuaidi100_phrases import PHRASES
from carriers.kuaidi100_pickup import INTERCEPT, PICKUP, Kuaidi100PickupSettings
from carriers.kuaidi100_push import ANSWER, ended, numbers, read_push, read_subscription, unwrap, verify
from carriers.kuaidi100_vocabulary import CODES, WORDS
from carriers.kuaidi100_wire import HISTORY, ID, Result, check_number, events_of, md5
from domain.errors import RuleError
from domain.tracking import Ask, Found, NotFound, ParcelReading, Reading
from net.http import HttpReply, HttpRequest

MAX_NUMBER = 32  # characters of a number, by the query document


class Kuaidi100Settings(Kuaidi100PickupSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``customer`` and ``key`` of the enterprise account; ``salt`` (any secret of ours) proves pushes, which come to
    ``callback_url``.
    """

    customer: str
    key: str
    salt: str = ""
    base_url: str = "https://poll.kuaidi100.com"
    callback_url: str = ""


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The signed query for one number. The signature covers the very text that is sent."""
    del now, nonce
    settings: Kuaidi100Settings = account.settings
    if len(asks) != 1:
        raise RuleError(f"kuaidi100: ask for one number at once, not {len(asks)}")
    param = _json(_query(asks[0]))
    sign = md5(param + settings.key + settings.customer)
    return _form(settings.base_url + "/poll/query.do", customer=settings.customer, sign=sign, param=param)


def _query(ask: Ask) -> dict[str, str]:
    optional = {"phone": ask.phone4, "to": ask.destination}
    fixed = {"resultv2": "4", "show": "0", "order": "desc"}
    given = {key: value for key, value in optional.items() if value}
    return {"com": _company(ask), "num": _number(ask), **given, **fixed}


def _company(ask: Ask) -> str:
    if not ask.carrier:
        raise RuleError(f"kuaidi100: parcel {ask.number} has no carrier: name one, such as zhongtong or 中通快递")
    code = carrier_code(ask.carrier) or ask.carrier.strip().lower()
    if ":" in code:
        raise RuleError(f"kuaidi100: it doesn't know {ask.carrier}: ask another source about parcel {ask.number}")
    return code


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


def _form(url: str, **fields: str) -> HttpRequest:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", url, headers, urlencode(fields).encode())


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading for the one ask. ``state`` and ``ischeck`` lag behind the newest line, so only the lines count."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, Result)
    return [_reading(result, ask, now) for ask in asks]


def _reading(result: Result, ask: Ask, now: datetime) -> Reading:
    code = text_of(result.return_code) or text_of(result.status)
    if code != "200":
        return failure(code, text_of(result.message), ask, now)
    check_number(result, ask)
    events = events_of(result)
    if not events:
        return NotFound(missing_since(ask, now, HISTORY), text_of(result.message))
    return Found((ParcelReading(ask.number, events),))


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
        answer=always(ANSWER),
        subscription=Subscription(request=subscribe, read=read_subscription, ready=ready),
        ended=ended,
        unwrap=unwrap,
    ),
    charged=frozenset({Charged.QUESTION, Charged.REGISTRATION}),
    detect=DETECT,
    pickup=PICKUP,
    intercept=INTERCEPT,
    history=HISTORY,
    scrub=("courierInfo", "pickupManName", "pickupManPhone", "deliveryManName", "deliveryManPhone"),
)
