"""WeCom's answers and their codes (``errcode``), the same for its bots and its apps: what each means for what we do next."""

from msgspec import Struct

from chat.base import raise_for_status, said
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply

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


class _Told(Struct, frozen=True):
    errcode: int | None = None
    errmsg: str = ""


def raise_for(who: str, reply: HttpReply, *, but: int = 0) -> None:
    """Raise the OutsideError of an answer, by its status or its code; ``but``: a code that is as good as none."""
    raise_for_status(who, reply)
    told = said(who, reply.body, _Told)
    if told.errcode is None:
        raise UnreadableReply(who, "an answer without a code")
    if told.errcode not in {0, but}:
        raise error_of(who, told.errcode, told.errmsg)


def sent(who: str, reply: HttpReply) -> str:
    """A message is known by our own key. That there is a card under it means that we said it before."""
    raise_for(who, reply, but=THERE)
    return ""
