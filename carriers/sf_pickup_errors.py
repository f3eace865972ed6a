"""What SF says when it won't fetch or cancel: business codes of the order services, and words of unlisted ones.

Sources: the services' own tables and the older list of the same codes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.booking import Refusal
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply

BUSINESS: Mapping[str, Refusal | type[OutsideError]] = MappingProxyType(
    {
        "8096": Refusal.OUT_OF_HOURS,  # outside of pickup hours
        "8177": Refusal.CAPACITY,
        "8196": Refusal.PHONE,
        "8247": Refusal.NUMBER,
        "20035": Refusal.PROHIBITED,
        "20034": Refusal.OUT_OF_HOURS,  # the time must lie ahead
        "8267": Refusal.OUT_OF_HOURS,  # a new time must lie 70 minutes ahead
        "8041": Refusal.OUT_OF_HOURS,  # the time can't be read
        "8039": Refusal.ADDRESS,  # of the sender
        "8040": Refusal.ADDRESS,  # of the recipient
        "8252": Refusal.TOO_LATE,  # confirmed already
        "8044": Refusal.TOO_LATE,  # in the courier's hands: no changes
        "8018": Refusal.NOT_FOUND,
        "8024": Refusal.NOT_FOUND,
        "6150": Refusal.NOT_FOUND,
        "8017": Refusal.NUMBER,  # order and waybill don't belong together
        "8019": Refusal.OTHER,  # confirmed or cancelled: SF doesn't say which
        "8228": Refusal.OTHER,
        "8042": AccessDenied,  # the customer's account
        "8043": AccessDenied,  # locked
        "8026": AccessDenied,  # no such customer
        "8027": AccessDenied,  # no such template
        "8028": AccessDenied,  # not set up for this service
        "20028": AccessDenied,  # monthly card
        "20052": AccessDenied,  # monthly card doesn't match
        "4001": Unreachable,
        "S0003": Unreachable,  # data error or run-time exception
        "4002": UnreadableReply,  # they can't read us
        "S0001": UnreadableReply,
        "S0002": UnreadableReply,
        "S0004": UnreadableReply,
        "S0005": UnreadableReply,
        "S0006": UnreadableReply,
        "S0007": UnreadableReply,
        "6118": UnreadableReply,  # no order id
        "6136": UnreadableReply,  # nothing to confirm
    }
)
"""errorCode of the services."""

DUPLICATE, CANCELLED = "8016", frozenset({"8037", "8253"})

SAYS: tuple[tuple[str, Refusal | type[OutsideError]], ...] = (
    ("繁忙", Unreachable),
    ("系统异常", Unreachable),
    ("超时", Unreachable),
    ("频繁", RateLimited),
    ("限流", RateLimited),
    ("月结", AccessDenied),
    ("不在服务范围", Refusal.OUT_OF_AREA),
    ("无法收派", Refusal.OUT_OF_AREA),
    ("手机", Refusal.PHONE),
    ("电话", Refusal.PHONE),
    ("地址", Refusal.ADDRESS),
)
"""What the message of an unlisted code still says."""
