"""What FedEx's error codes mean, in the envelope and per number. For the FedEx adapter only."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from carriers.base import missing_since, no_data_of, retry_after_s, text_of
from carriers.fedex_wire import ID, Fault
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, NoData, NotFound, Reading
from net.http import HttpReply

HISTORY = timedelta(days=90)
MOST_ERROR_BYTES = 4096

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "TRACKING.TRACKINGNUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.REFERENCENUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TCN.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.DATA.NOTFOUND": NoData.NOT_SCANNED,
        "NOTIFICATION.TRACKINGNBR.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TRACKINGNUMBER.INVALID": NoData.WRONG_CARRIER,  # not a number of FedEx's
        "TRACKING.CUSTOMCRITICAL.ERROR": NoData.WRONG_CARRIER,  # of FedEx Custom Critical, which tracks elsewhere
        "TRACKING.MULTISTOP.ERROR": NoData.WRONG_CARRIER,
        "TRACKING.SHIPDATEBEGIN.TOOOLD": NoData.AGED_OUT,
        "NOT.AUTHORIZED.ERROR": AccessDenied,
        "FORBIDDEN.ERROR": AccessDenied,
        "LOGIN.REAUTHENTICATE.ERROR": AccessDenied,
        "CUSTOMER.USAGE.LOCKED": AccessDenied,
        "CUSTOMER.REVOKE.REQUIRED": AccessDenied,
        "TOO.MANY.REQUESTS": RateLimited,
        "INTERNAL.SERVER.ERROR": Unreachable,
        "SERVICE.UNAVAILABLE.ERROR": Unreachable,
        "SYSTEM.UNAVAILABLE.EXCEPTION": Unreachable,
        "SYSTEM.UNEXPECTED.ERROR": Unreachable,
        "USER.RELOGIN.REQUIRED": Unreachable,  # "unable to process this shipment for the moment, try again later"
        "BAD.REQUEST.ERROR": UnreadableReply,
        "NOT.FOUND.ERROR": UnreadableReply,  # the address of our question
        "TRACKING.TRACKINGNUMBER.EMPTY": UnreadableReply,  # it lost what we sent
        "TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED": UnreadableReply,  # we send no more than thirty
        "TRACKING.DATA.NOTUNIQUE": UnreadableReply,
        "CUSTOMER.SIZE.INVALID": UnreadableReply,
    }
)
"""Error codes, in the envelope and per number. Source: error list of the Track API on developer.fedex.com, and recorded
replies. The list's codes about dates, accounts, references and mail answer questions that we don't ask.
"""

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

DAILY = "daily"
"""A word of the message where the day's quota is used up: "Daily transaction quota exceeded. Retry after 12:00AM GMT"."""


def _kind(fault: Fault) -> NoData | type[OutsideError] | None:
    code = text_of(fault.code).strip().upper()
    return ERRORS.get(code) or next((kind for part, kind in PARTS if part in code), None)


def failure(faults: Sequence[Fault], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    """What the first fault that we know says, else the first."""
    fault = next((f for f in faults if _kind(f)), faults[0])
    kind, message = _kind(fault), text_of(fault.message)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    words = f"{text_of(fault.code)} {message}"
    if kind is RateLimited:
        return Failed(RateLimited(ID, words, retry_after_s=wait_s(reply, now)))
    failed = (kind or UnreadableReply)(ID, words)
    return Failed(failed, no_data_of(failed))


def wait_s(reply: HttpReply, now: datetime) -> int | None:
    """Retry-After, else until 0:00 GMT where the day's quota is used up, else unknown."""
    told = retry_after_s(reply)
    if told is not None or DAILY not in reply.body[:MOST_ERROR_BYTES].decode(errors="replace").lower():
        return told
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return math.ceil((midnight - now).total_seconds())
