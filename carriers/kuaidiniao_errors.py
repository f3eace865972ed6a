"""What Kuaidiniao's failures mean: by code, else by the words of the Reason (carriers/failure_words.py).

Source: the error table of its query document (copy: apifox 2538027/doc-2283185).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from carriers.base import missing_since, text_of
from carriers.failure_words import Kind, kind_in
from carriers.kuaidiniao_wire import HISTORY, ID, Result
from domain.errors import AccessDenied, RateLimited, UnreadableReply
from domain.tracking import Ask, NoData, NotFound

ERRORS: Mapping[str, Kind] = MappingProxyType(
    {
        "101": UnreadableReply,  # a parameter is missing
        "102": AccessDenied,  # check failed: DataSign
        "103": UnreadableReply,  # format
        "104": AccessDenied,  # user
        "401": UnreadableReply,  # RequestData
        "402": UnreadableReply,  # no number
        "403": NoData.WRONG_CARRIER,  # special characters in the number
        "404": NoData.WRONG_CARRIER,  # length of the number
        "405": RateLimited,  # more queries than the day allows
    }
)
"""By code. 105 is "other": only its message tells."""


_CODE = re.compile(r"\W*(10[0-5]|40[1-5])(?!\d)", re.ASCII)


def code_of(result: Result) -> str:
    """The code of a failure: ResultCode, else the digits that the Reason begins with."""
    begins = _CODE.match(text_of(result.reason))
    return text_of(result.result_code).strip() or (begins.group(1) if begins else "")


def kind_of(result: Result) -> Kind:
    reason = text_of(result.reason)
    code = code_of(result)
    if code in ERRORS:
        return ERRORS[code]
    silent = text_of(result.state) == "0" and not reason and code in {"", "100"}
    return kind_in(reason) or (NoData.NOT_SCANNED if silent else UnreadableReply)


def failure(result: Result, ask: Ask, now: datetime) -> NotFound:
    kind = kind_of(result)
    message = f"{text_of(result.result_code)} {text_of(result.reason)}".strip()
    if not isinstance(kind, NoData):
        raise kind(ID, message)
    return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
