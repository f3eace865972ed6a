"""The error tree, by what the daemon must do next.

``OutsideError`` means that the world failed; it always says who and what. ``Retryable`` ones come right with time,
``Permanent`` ones need a person. ``RuleError`` means that the caller broke a rule that we state, and its message says
what to do. Anything else is our own bug. Expected outcomes are return values, never exceptions.
"""

MESSAGE_LIMIT = 500  # characters of an outside message that we keep: enough to read, too few to flood a log


class OutsideError(Exception):
    """The world outside failed: ``who`` (a carrier, a chat, a host) and ``what`` it did."""

    def __init__(self, who: str, what: str) -> None:
        super().__init__(f"{who}: {what[:MESSAGE_LIMIT]}")
        self.who = who
        self.what = what[:MESSAGE_LIMIT]


class Retryable(OutsideError):
    """Try again later."""


class Unreachable(Retryable):
    """Time-out, refused connection, 5xx, or "busy" inside a success."""


class RateLimited(Retryable):
    """We asked too often; ``retry_after_s`` is when to ask again, None where the source doesn't say."""

    def __init__(self, who: str, what: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(who, what)
        self.retry_after_s = retry_after_s


class Permanent(OutsideError):
    """A person must look: trying again changes nothing."""


class AccessDenied(Permanent):
    """401, 403, a refused signature, key or address: the account is at fault, never the parcel."""


class UnreadableReply(Permanent):
    """The reply isn't in the documented format, or doesn't mention what was asked."""


class RuleError(ValueError):
    """The caller broke a rule that we state; the message names the place and the fix."""
