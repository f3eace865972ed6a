"""What UPS's error codes, warnings and their words mean. For the UPS adapter only."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from carriers.base import missing_since, no_data_of, retry_after_s, text_of
from carriers.ups_wire import ID, Fault
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, NoData, NotFound, Reading
from net.http import HttpReply

HISTORY = timedelta(days=120)
"""Tracking.yaml: data is rolled off after 120 days."""

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "TW0001": NoData.NOT_SCANNED,
        "151044": NoData.NOT_SCANNED,  # no tracking information available
        "151062": NoData.NOT_SCANNED,
        "TV1002": NoData.WRONG_CARRIER,  # not a number of UPS's
        "151018": NoData.WRONG_CARRIER,
        "250002": AccessDenied,
        "250003": AccessDenied,
        "251004": AccessDenied,  # token expired
        "10401": AccessDenied,
        "UJ0001": AccessDenied,  # no token, or not a valid one
        "10429": RateLimited,
        "10004": Unreachable,
        "VSS100": Unreachable,
        "10007": UnreadableReply,  # the content type of our question
        "404": UnreadableReply,  # the address of our question
        "405": UnreadableReply,
    }
)
"""Codes of errors and warnings. Source: UPS-API/api-documentation (error tables of the specifications, issues 12, 102, 123,
166), and the XML guide (15xxxx).
"""

PARTS: tuple[tuple[str, NoData | type[OutsideError]], ...] = (
    ("too many requests", RateLimited),
    ("limit exceeded", RateLimited),
    ("temporarily unavailable", Unreachable),
    ("try again later", Unreachable),
    ("blocked merchant", AccessDenied),
    ("token", AccessDenied),
    ("authentication", AccessDenied),
    ("authorization", AccessDenied),
    ("information not found", NoData.NOT_SCANNED),
    ("no tracking information", NoData.NOT_SCANNED),
    ("invalid inquiry number", NoData.WRONG_CARRIER),
    ("invalid tracking number", NoData.WRONG_CARRIER),
)
"""Words of messages whose code is in no list, lower case."""

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def kind_of(fault: Fault) -> NoData | type[OutsideError] | None:
    message = text_of(fault.message).lower()
    return ERRORS.get(text_of(fault.code).strip().upper()) or next((k for word, k in PARTS if word in message), None)


def failure(faults: Sequence[Fault], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    """What the first fault that we know says, else the first."""
    fault = next((f for f in faults if kind_of(f)), faults[0])
    kind, words = kind_of(fault), f"{text_of(fault.code)} {text_of(fault.message)}".strip()
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, words)
    if kind is RateLimited:
        return Failed(RateLimited(ID, words, retry_after_s=retry_after_s(reply)))
    failed = (kind or UnreadableReply)(ID, words)
    return Failed(failed, no_data_of(failed))
