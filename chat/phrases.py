"""What people write to the desk, in Chinese and English: to a case in its thread, or to the channel as a question.

A text is only taken as a command where it begins like one of these rows; in a thread everything else is a comment, in the
channel everything else is people talking to each other.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chat.acts import ME, ActKind, Question, Wish

MAX_WORDS = 2_000
HOUR = timedelta(hours=1)
LONGEST = timedelta(days=7)
"""For how long a case can be put off at most; nothing of it pauses the promise."""

REACTIONS: dict[str, Wish] = {
    "✅": Wish(ActKind.ACKNOWLEDGE),
    "☑": Wish(ActKind.ACKNOWLEDGE),
    "✔": Wish(ActKind.ACKNOWLEDGE),
    "👍": Wish(ActKind.ACKNOWLEDGE),
    "👤": Wish(ActKind.ASSIGN, to=ME),
    "✋": Wish(ActKind.ASSIGN, to=ME),
    "💤": Wish(ActKind.SNOOZE, length=HOUR),
    "🚫": Wish(ActKind.RESOLVE, "closed.false_alarm"),
}
"""A reaction is a button: these mean something, the others are people's own."""
_DRESSING = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""Emoji and text style, skin tones: they change the look and not the meaning."""


def reaction(key: str) -> Wish | None:
    """What a reaction asks for, None where it is none of ours."""
    return REACTIONS.get(_DRESSING.sub("", key.strip()))


UNITS = {
    "m": timedelta(minutes=1), "min": timedelta(minutes=1), "分钟": timedelta(minutes=1), "分": timedelta(minutes=1),
    "h": HOUR, "hour": HOUR, "hours": HOUR, "小时": HOUR, "时": HOUR,
    "d": timedelta(days=1), "day": timedelta(days=1), "days": timedelta(days=1), "天": timedelta(days=1),
}  # fmt: skip
_LENGTH = re.compile(r"(\d{1,4})\s*([a-z]+|分钟|分|小时|时|天)?")


def length(text: str) -> timedelta | None:
    """How long ``2h``, ``30 min``, ``1天`` is; an hour where nothing is said, None where it says something else."""
    if not text:
        return HOUR
    found = _LENGTH.fullmatch(text.lower())
    unit = UNITS.get(found.group(2) or "h") if found else None
    if found is None or unit is None:
        return None
    asked = int(found.group(1)) * unit
    return asked if timedelta(minutes=1) <= asked <= LONGEST else None


Reading = Callable[[str], Wish | None]
"""The rest of the text after the command; None where the command can't be followed by that, so that it is no command."""


def _alone(wish: Wish) -> Reading:
    return lambda rest: None if rest else wish


def _snooze(rest: str) -> Wish | None:
    asked = length(rest)
    return Wish(ActKind.SNOOZE, length=asked) if asked else None


def _resolve(rest: str) -> Wish | None:
    return Wish(ActKind.RESOLVE, rest) if rest else None


def _give(rest: str) -> Wish | None:
    return Wish(ActKind.ASSIGN, to=rest) if rest and len(rest) <= 64 else None


def _case(rest: str) -> Wish | None:
    number = rest.removeprefix("#")
    return (
        Wish(Question.CASE, case_id=int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    )


_ABOUT = re.compile(r"#?(?=\S*\d)\S{2,64}\s+\S.*", re.DOTALL)
"""A number, whatever it is of, and what is wrong with it."""


def _open(rest: str) -> Wish | None:
    return Wish(Question.OPEN, rest[:MAX_WORDS]) if _ABOUT.fullmatch(rest) else None


TO_A_CASE: tuple[tuple[tuple[str, ...], Reading], ...] = (
    (("false alarm", "误报"), _alone(Wish(ActKind.RESOLVE, "closed.false_alarm"))),
    (("resolve", "resolved", "解决", "已解决", "结案"), _resolve),
    (("ack", "acknowledge", "收到"), _alone(Wish(ActKind.ACKNOWLEDGE))),
    (("take", "mine", "认领", "我来"), _alone(Wish(ActKind.ASSIGN, to=ME))),
    (("give", "assign", "转给", "交给"), _give),
    (("snooze", "later", "稍后", "推迟"), _snooze),
)
TO_THE_DESK: tuple[tuple[tuple[str, ...], Reading], ...] = (
    (("mine", "我的"), _alone(Wish(Question.MINE))),
    (("due", "快到期"), _alone(Wish(Question.DUE))),
    (("case", "工单"), _case),
    (("who is on call", "on call", "谁在值班", "值班"), _alone(Wish(Question.ON_CALL))),
    (("open", "开单", "建单"), _open),
    (("help", "帮助"), _alone(Wish(Question.HELP))),
)


def to_a_case(text: str) -> Wish | None:
    """What an answer to a case's message asks for: a command, or a comment; None where nothing is written."""
    said = text.strip()[:MAX_WORDS]
    return (_command(said, TO_A_CASE) or Wish(ActKind.COMMENT, said)) if said else None


_NUMBERED = re.compile(r"[#＃]([0-9]{1,9})[\s:：,，]+(\S.*)", re.DOTALL)


def to_a_numbered_case(text: str) -> Wish | None:
    """``#12 found it`` where a chat has no threads: what an answer to that case's message would ask for; None for other texts."""
    found = _NUMBERED.fullmatch(text.strip())
    wish = to_a_case(found.group(2)) if found else None
    return replace(wish, case_id=int(found.group(1))) if found and wish else None


def to_the_desk(text: str) -> Wish | None:
    """The question that a message in the channel is, None where people only talk."""
    return _command(text.strip().removeprefix("!").rstrip("?？ "), TO_THE_DESK)


def _command(text: str, table: tuple[tuple[tuple[str, ...], Reading], ...]) -> Wish | None:
    for names, read in table:
        for name in names:
            rest = _rest(text, name)
            wish = read(rest) if rest is not None else None
            if wish is not None:
                return wish
    return None


def _rest(text: str, name: str) -> str | None:
    """What follows a command's name, None where the text doesn't begin with it. English needs a gap, Chinese none."""
    if not text.lower().startswith(name):
        return None
    rest = text[len(name) :]
    if rest and name.isascii() and rest[0] not in " :：,，\n":
        return None
    return rest.strip(" :：,，\n")
