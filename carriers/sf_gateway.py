"""SF's gateway (丰桥): the signed form of every service, and the envelope of every reply.

Source: the gateway overview and the service pages' tables of result codes. See docs/carriers/sf.md.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote_plus, urlencode

import msgspec

from carriers.base import Account, Scalar, T, raise_for_status, said, text_of
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "sf"


class _Settings(Protocol):
    partner_id: str
    checkword: str
    base_url: str


class _Envelope(msgspec.Struct, rename="camel"):
    api_result_code: Scalar = None
    api_error_msg: Scalar = None
    api_result_data: msgspec.Raw = msgspec.Raw(b"{}")


class Result(msgspec.Struct, rename="camel"):
    """What a service answered. ``msg_data`` is JSON, or JSON in a JSON text, or null."""

    success: Scalar = None
    error_code: Scalar = None
    error_msg: Scalar = None
    msg_data: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def code(self) -> str:
        return text_of(self.error_code).strip()

    @property
    def succeeded(self) -> bool:
        return text_of(self.success).lower() == "true" and self.code in {"", "S0000"}


def digest(msg_data: str, timestamp: str, checkword: str) -> str:
    """msgDigest: Base64 of the MD5 of the URL-encoded text. SF encodes as Java does: a blank is "+", "*" stays."""
    text = quote_plus(msg_data + timestamp + checkword, safe="*")
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


def signed(service: str, message: object, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The call of one service. The digest covers the very msgData that is sent."""
    settings: _Settings = account.settings
    msg_data, timestamp = msgspec.json.encode(message).decode(), str(int(now.timestamp() * 1000))
    fields = {
        "partnerID": settings.partner_id,
        "requestID": nonce,
        "serviceCode": service,
        "timestamp": timestamp,
        "msgData": msg_data,
        "msgDigest": digest(msg_data, timestamp, settings.checkword),
    }
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", settings.base_url, headers, urlencode(fields).encode())


GATEWAY: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "A1001": UnreadableReply,  # a field is missing or malformed
        "A1002": AccessDenied,  # timestamp or access token expired
        "A1003": AccessDenied,  # IP address
        "A1004": AccessDenied,  # no right to the service, or the wrong environment
        "A1005": RateLimited,
        "A1006": AccessDenied,  # signature
        "A1007": RateLimited,  # repeated request: again after a minute
        "A1008": AccessDenied,  # decryption: the key
        "A1009": Unreachable,  # the service behind the gateway is down
        "A1099": Unreachable,  # system error
    }
)
"""apiResultCode other than A1000, which only means that the gateway let the call through."""

REPEATED, AGAIN_AFTER_S = "A1007", 60


def opened(reply: HttpReply) -> Result:
    """What the service answered, good or bad. Raises the OutsideError that the gateway's code stands for."""
    raise_for_status(ID, reply)
    envelope = said(ID, reply.body, _Envelope)
    code = text_of(envelope.api_result_code)
    if code == "A1000":
        return nested(envelope.api_result_data, Result)
    what = f"{code} {text_of(envelope.api_error_msg)}"
    if code == REPEATED:
        raise RateLimited(ID, what, retry_after_s=AGAIN_AFTER_S)
    raise GATEWAY.get(code, UnreadableReply)(ID, what)


def nested(raw: msgspec.Raw, shape: type[T]) -> T:
    """JSON that may be wrapped in a JSON text; null and "" are an empty object. Raises UnreadableReply."""
    text = bytes(raw)
    if text[:1] == b'"':
        text = said(ID, text, str).encode()
    return said(ID, b"{}" if text.strip() in {b"null", b""} else text, shape)
