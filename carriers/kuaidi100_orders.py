"""Kuaidi100's order interfaces: the signed form of every method, the envelope of every reply, and what its codes mean.

Source: api.kuaidi100.com/document/603cb649a62a19500e19866b and the vendor's SDKs. See docs/carriers/booking.md.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from carriers.base import Account, Scalar, T, raise_for_status, said, text_of
from carriers.booking import needed
from carriers.kuaidi100_pickup_tables import DUPLICATE, ERRORS, SAYS
from domain.booking import Refusal, Refused
from domain.errors import Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "kuaidi100"


class Signing(Protocol):
    key: str
    pickup_secret: str


class Reply(msgspec.Struct, rename="camel"):
    """``success`` and ``code`` are how the label interface (intercept) names what the order interface calls ``result`` and
    ``returnCode``.
    """

    result: Scalar = None
    success: Scalar = None
    return_code: Scalar = None
    code: Scalar = None
    message: Scalar = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


def signed(url: str, method: str, param: Mapping[str, object], account: Account, now: datetime) -> HttpRequest:
    """The form. Its sign is the upper-case MD5 of param + t + key + secret, over the very text that is sent."""
    settings: Signing = account.settings
    secret = needed(ID, "pickup_secret", settings.pickup_secret, "the enterprise account's secret")
    text, stamp = msgspec.json.encode(param).decode(), str(int(now.timestamp() * 1000))
    sign = md5(text + stamp + settings.key + secret)
    form = {"method": method, "key": settings.key, "t": stamp, "sign": sign, "param": text}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", url, headers, urlencode(form).encode())


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def opened(reply: HttpReply) -> Reply | Refused:
    """The envelope of a success, or why not. Raises the OutsideError that the code stands for."""
    raise_for_status(ID, reply)
    envelope = said(ID, reply.body, Reply)
    code = text_of(envelope.return_code) or text_of(envelope.code)
    if code == "200" and "false" not in {text_of(envelope.result).lower(), text_of(envelope.success).lower()}:
        return envelope
    message = text_of(envelope.message)
    if code in ERRORS:
        raise ERRORS[code](ID, f"{code} {message}")
    if not code:
        raise UnreadableReply(ID, "a reply without returnCode")
    return _refused(code, message)


def _refused(code: str, message: str) -> Refused:
    """500 without a word that we know is the server's own trouble; 400 is a refusal whatever it says."""
    kind = next((kind for word, kind in SAYS if word in message), None)
    if isinstance(kind, Refusal):
        return Refused(kind, code, message)
    if kind is None and code in {"400", DUPLICATE}:
        return Refused(Refusal.OTHER, code, message)
    error = kind or (Unreachable if code == "500" else UnreadableReply)
    raise error(ID, f"{code} {message}")


def data_of(reply: Reply, shape: type[T]) -> T:
    return said(ID, bytes(reply.data), shape)
