"""WeCom's codes (``errcode``), the same for its bots and its apps: what each means for what we do next."""

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply

THERE = 42014
"""A card under this ``task_id`` was said before."""
SLOWER = frozenset({45009, 45033, 846607})
LATER = frozenset({-1, 6000, 846601})
DENIED = frozenset({
    40001, 40013, 40014, 41001, 42001, 853000,  # secret or token
    40056, 48002, 60011, 60020, 81013, 93006, 301002,  # app, address, people
})  # fmt: skip


def error_of(who: str, code: int, why: str) -> OutsideError:
    what = f"code {code}: {why[:160]}"
    if code in SLOWER:
        return RateLimited(who, what)
    if code in LATER:
        return Unreachable(who, what)
    return (AccessDenied if code in DENIED else UnreadableReply)(who, what)
