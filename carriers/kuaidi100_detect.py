"""Kuaidi100's own carrier detection (智能单号识别): which carriers a number may be of, from its daily rules.

Source: api.kuaidi100.com/document/5f1106542977d50a94e10241 and the vendor's Python demo (autonumber.py), which posts the
two fields as a form over https; so the key stays out of the address. Free with a paid package of queries.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import msgspec

from carriers.base import BOM, Account, Detect, Scalar, raise_for_status, said, text_of
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "kuaidi100"
MAX_NUMBER = 32  # characters of a number, by the query document


class _Candidate(msgspec.Struct, rename="camel"):
    com_code: Scalar = None


class _Fault(msgspec.Struct, rename="camel"):
    return_code: Scalar = None
    message: Scalar = None


ERRORS: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "601": AccessDenied,  # the detection document: not opened for this key, or expired
        "701": AccessDenied,  # the detection document: no key was sent
        "501": Unreachable,  # the query document: server error
        "502": Unreachable,  # the query document: busy
        "503": AccessDenied,  # the query document: signature
        "504": RateLimited,  # the query document: too frequent
    }
)


def request(number: str, account: Account) -> HttpRequest:
    """One number at once. The detection stands on www beside the queries on poll; any other address serves both."""
    if not 0 < len(number) <= MAX_NUMBER:
        raise RuleError(f"kuaidi100: a number has 1 to {MAX_NUMBER} characters, not {len(number)}: {number!r}")
    settings: Any = account.settings
    url = settings.base_url.replace("//poll.", "//www.", 1) + "/autonumber/auto"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", url, headers, urlencode({"num": number, "key": settings.key}).encode())


def read(reply: HttpReply) -> tuple[str, ...]:
    """The carriers' codes, which are the house's, the likeliest first; () where Kuaidi100 recognises none."""
    raise_for_status(ID, reply)
    if not reply.body.removeprefix(BOM).lstrip().startswith(b"["):
        raise _failure(said(ID, reply.body, _Fault))
    codes = (text_of(candidate.com_code).strip().lower() for candidate in said(ID, reply.body, list[_Candidate]))
    return tuple(dict.fromkeys(code for code in codes if code))


def _failure(fault: _Fault) -> OutsideError:
    code, message = text_of(fault.return_code), text_of(fault.message)
    return ERRORS.get(code, UnreadableReply)(ID, f"detection refused: {code} {message}")


DETECT = Detect(request=request, read=read)
