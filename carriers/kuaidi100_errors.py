"""What Kuaidi100's failures mean: its returnCodes, and the words of a message where no code decides."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from carriers.base import missing_since
from carriers.failure_words import Kind, kind_in
from carriers.kuaidi100_wire import HISTORY, ID
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, NoData, NotFound

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

MISSING: Mapping[str, NoData] = MappingProxyType(
    {
        "201": NoData.NOT_SCANNED,  # the older query: "number doesn't exist or has expired"
        "408": NoData.BAD_CREDENTIAL,  # the phone was refused
        "500": NoData.NOT_SCANNED,  # no result yet
        "700": NoData.WRONG_CARRIER,  # carrier not supported, or the subscription's number empty or too long
        "701": NoData.WRONG_CARRIER,  # a carrier that takes no subscriptions
        "702": NoData.WRONG_CARRIER,  # no carrier recognised
    }
)
"""returnCodes that speak of the parcel."""


def failure(code: str, message: str, ask: Ask, now: datetime) -> NotFound:
    """What a reply without result says of the ask; raises the OutsideError where it speaks of account or source."""
    kind = ERRORS.get(code) or MISSING.get(code) or _by_message(code, message)
    if not isinstance(kind, NoData):
        raise kind(ID, f"{code} {message}".strip())
    return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)


_NUMBER_WORDS = ("公司", "单号", "编码", "com")


def _by_message(code: str, message: str) -> Kind:
    """400 means a bad number or carrier, and an account without rights or money; some failures bring no code: only
    their messages tell. An unlisted code's message is believed where it says that the source is busy.
    """
    kind = kind_in(message)
    if code == "400":
        return kind or (NoData.WRONG_CARRIER if any(word in message for word in _NUMBER_WORDS) else UnreadableReply)
    if not code:
        return kind or UnreadableReply
    return kind if kind in {Unreachable, RateLimited} and kind is not None else UnreadableReply
