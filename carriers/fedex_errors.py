"""What FedEx's error codes mean, in the envelope and per number. For the FedEx adapter only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from carriers.base import missing_since, no_data_of, text_of
from carriers.fedex_wire import ID, Fault
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, NoData, NotFound, Reading

HISTORY = timedelta(days=90)

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "TRACKING.TRACKINGNUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.REFERENCENUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TCN.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.DATA.NOTFOUND": NoData.NOT_SCANNED,
        "NOTIFICATION.TRACKINGNBR.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TRACKINGNUMBER.INVALID": NoData.WRONG_CARRIER,  # not a number of FedEx's
        "TRACKING.TRACKINGNUMBER.EMPTY": UnreadableReply,  # it lost what we sent
        "NOT.AUTHORIZED.ERROR": AccessDenied,
        "FORBIDDEN.ERROR": AccessDenied,
        "LOGIN.REAUTHENTICATE.ERROR": AccessDenied,
        "INTERNAL.SERVER.ERROR": Unreachable,
        "SERVICE.UNAVAILABLE.ERROR": Unreachable,
        "SYSTEM.UNAVAILABLE.EXCEPTION": Unreachable,
        "SYSTEM.UNEXPECTED.ERROR": Unreachable,
    }
)
"""Error codes, in the envelope and per number."""

PARTS: tuple[tuple[str, NoData | type[OutsideError]], ...] = (
    ("UNAVAILABLE", Unreachable),
    ("TIMEOUT", Unreachable),
    ("RATE.LIMIT", RateLimited),
    ("TOO.MANY", RateLimited),
    ("QUOTA", RateLimited),
    ("AUTHORIZED", AccessDenied),
    ("AUTHENTICAT", AccessDenied),
    ("NOTFOUND", NoData.NOT_SCANNED),
)
"""Parts of codes that are in no list: FedEx keeps the endings when it renames the front."""


def failure(error: Fault, ask: Ask, now: datetime) -> Reading:
    code, message = text_of(error.code), text_of(error.message)
    kind = ERRORS.get(code) or next((kind for part, kind in PARTS if part in code), UnreadableReply)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    failed = kind(ID, f"{code} {message}")
    return Failed(failed, no_data_of(failed))
