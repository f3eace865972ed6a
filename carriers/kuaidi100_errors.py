"""What Kuaidi100's failures mean: its returnCodes, and the words of a message where no code decides."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from carriers.base import missing_since
from carriers.kuaidi100_wire import HISTORY, ID
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, NoData, NotFound

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


def failure(code: str, message: str, ask: Ask, now: datetime) -> NotFound:
    if code in ERRORS:
        raise ERRORS[code](ID, f"{code} {message}")
    if code == "400":
        return _bad_request(message)
    if code in MISSING:
        kind = MISSING[code]
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    kind_of_error = next((error for word, error in BUSY_WORDS if word in message), UnreadableReply)
    raise kind_of_error(ID, f"returnCode {code!r}: {message}")


def _bad_request(message: str) -> NotFound:
    """400 means a bad number or carrier, and an account without rights or money: only the message tells which."""
    if any(word in message for word in _ACCOUNT_WORDS):
        raise AccessDenied(ID, f"400 {message}")
    if any(word in message for word in _NUMBER_WORDS):
        return NotFound(NoData.WRONG_CARRIER, message)
    raise UnreadableReply(ID, f"returnCode '400': {message}")
