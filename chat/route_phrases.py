"""What couriers write to us alone, in Chinese and English; a button sends the same phrases, with a mark before them.

``5 2`` is the stop with the number 5 and the second of REASONS: where a chat has no buttons, numbers are quick to type.
"""

import re
import unicodedata
from datetime import timedelta

from chat.acts import RouteWord, Wish
from chat.phrases import length
from domain.pickup import FailReason
from domain.words import Words

MARK = "route:"
"""What a button carries before its phrase."""
MAX_TEXT = 200
LATEST = timedelta(hours=8)
"""The longest lateness that is believed; beyond it a route must be called off by a person."""

REASONS: tuple[FailReason, ...] = (
    FailReason.ABSENT,
    FailReason.UNREACHABLE,
    FailReason.NOT_PACKED,
    FailReason.REFUSED,
    FailReason.ADDRESS_WRONG,
    FailReason.WRONG_ITEM,
    FailReason.TOO_LARGE,
    FailReason.POSTPONED,
    FailReason.NO_ACCESS,
)
"""Why a stop failed, numbered from 1: new ones come last. The rest is said on the route's page."""

ROUTE_CHOICES: tuple[tuple[str, Words], ...] = (
    ("off", Words("chat.route_button.off", {})),
    ("late 15", Words("chat.route_button.late", {"minutes": 15})),
    ("late 30", Words("chat.route_button.late", {"minutes": 30})),
    ("full", Words("chat.route_button.full", {})),
    ("failed", Words("chat.route_button.failed", {})),
)
"""What can be said of a route as a whole: the phrase and its label."""

_ALONE: dict[str, Wish] = {
    **dict.fromkeys(("off", "i'm off", "set off", "出发", "出发了", "已出发"), Wish(RouteWord.OFF)),
    **dict.fromkeys(("full", "vehicle full", "满载", "车满了", "装满了"), Wish(RouteWord.FULL)),
    **dict.fromkeys(
        (
            "can't go on",
            "cant go on",
            "cannot go on",
            "i can't go on",
            "can't go on today",
            "跑不了",
            "跑不了了",
            "今天跑不了",
            "停工",
        ),
        Wish(RouteWord.OUT),
    ),
    **dict.fromkeys(
        ("well", "all well", "well again", "carry on", "i carry on", "继续", "继续跑", "恢复"), Wish(RouteWord.WELL)
    ),
    **dict.fromkeys(("failed", "没收到货", "失败"), Wish(RouteWord.STOP_FAILED)),
    **dict.fromkeys(("english",), Wish(RouteWord.LANG, "en")),
    **dict.fromkeys(("中文", "chinese"), Wish(RouteWord.LANG, "zh")),
}
_LATE = re.compile(r"(?:late|晚到|迟到|晚)\s*[:：]?\s*(\S.*)")
_STOP = re.compile(r"(?:failed|stop|失败|第)?\s*#?([0-9]{1,3})\s*(?:站)?[\s,，.:：]+([0-9]{1,2})")
_ONLY_STOP = re.compile(r"(?:failed|失败)\s*#?([0-9]{1,3})")
_LINK = re.compile(r"(?:link|start|绑定)\s*[:：]?\s*([0-9a-z]{6,12})")


def to_oneself(text: str) -> Wish:
    """What a text that somebody wrote to us alone means; whatever we don't know asks what can be said."""
    said = _plain(text)
    return linking(text) or _ALONE.get(said) or _late(said) or _stop(said) or Wish(RouteWord.ROUTE)


def linking(text: str) -> Wish | None:
    """``link 7K3F9QXM``: who a courier is, by a code that the desk gave them. It may be said in a group, too: a code works once."""
    found = _LINK.fullmatch(_plain(text))
    return Wish(RouteWord.LINK, found.group(1).upper()) if found and any(c.isdigit() for c in found.group(1)) else None


def pressed(value: str) -> Wish | None:
    """What a button carried that has our mark; None for others."""
    return to_oneself(value.removeprefix(MARK)) if value.startswith(MARK) else None


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKC", text[:MAX_TEXT]).strip().lower()
    return flat.lstrip("/!").rstrip(".。!").strip().replace("\u2019", "'")


def _late(said: str) -> Wish | None:
    found = _LATE.fullmatch(said)
    told = found.group(1).strip() if found else ""
    asked = length(f"{told} min" if told.isdigit() else told) if told else None
    return Wish(RouteWord.LATE, length=asked) if asked and asked <= LATEST else None


def _stop(said: str) -> Wish | None:
    """``5 2``: stop and reason; ``failed 5``: which reason is asked then. A number that no reason has is asked again."""
    found = _STOP.fullmatch(said) or _ONLY_STOP.fullmatch(said)
    if found is None:
        return None
    number = int(found.group(2)) if found.re is _STOP else 0
    reason = REASONS[number - 1].value if 0 < number <= len(REASONS) else ""
    return Wish(RouteWord.STOP_FAILED, reason, stop=int(found.group(1)))
