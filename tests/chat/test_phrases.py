"""What people write and what it asks for, in both languages."""

from datetime import timedelta

import pytest

from chat.acts import ME, ActKind, Question, Wish
from chat.phrases import REACTIONS, length, reaction, to_a_case, to_a_numbered_case, to_the_desk
from config.words import LANGS, texts

H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("ack", Wish(ActKind.ACKNOWLEDGE)), ("收到", Wish(ActKind.ACKNOWLEDGE)),
        ("Take", Wish(ActKind.ASSIGN, to=ME)), ("认领", Wish(ActKind.ASSIGN, to=ME)),
        ("give sam", Wish(ActKind.ASSIGN, to="sam")), ("转给李梅", Wish(ActKind.ASSIGN, to="李梅")),
        ("resolve: paid back", Wish(ActKind.RESOLVE, "paid back")), ("解决 已退款", Wish(ActKind.RESOLVE, "已退款")),
        ("false alarm", Wish(ActKind.RESOLVE, "closed.false_alarm")), ("误报", Wish(ActKind.RESOLVE, "closed.false_alarm")),
        ("snooze", Wish(ActKind.SNOOZE, length=H)), ("snooze 2h", Wish(ActKind.SNOOZE, length=2 * H)),
        ("later 30 min", Wish(ActKind.SNOOZE, length=H / 2)), ("稍后2小时", Wish(ActKind.SNOOZE, length=2 * H)),
        ("推迟 1天", Wish(ActKind.SNOOZE, length=24 * H)),
    ],
)  # fmt: skip
def test_commands_to_a_case(text: str, wish: Wish) -> None:
    """English needs a gap after the command, Chinese none; capitals and colons don't matter."""
    assert to_a_case(text) == wish
    assert to_a_case(f"  {text} ") == wish


@pytest.mark.parametrize(
    "text",
    ["resolve", "resolved it?", "taken by me", "give", "snooze a while", "snooze 99999", "snooze 0h", "snooze 30d", "ack the carrier",
     "mine is red", "false alarms are many", "called them, waiting"],
)  # fmt: skip
def test_everything_else_in_a_thread_is_a_comment(text: str) -> None:
    """Half a command is nobody's command: it is kept as it was written."""
    found = to_a_case(text)
    if text == "resolved it?":
        assert found == Wish(ActKind.RESOLVE, "it?")
    else:
        assert found == Wish(ActKind.COMMENT, text)


def test_nothing_is_nothing() -> None:
    assert to_a_case("  \n ") is None
    assert to_the_desk("") is None


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("mine", Wish(Question.MINE)), ("!mine", Wish(Question.MINE)), ("我的", Wish(Question.MINE)),
        ("due", Wish(Question.DUE)), ("Due?", Wish(Question.DUE)), ("case 12", Wish(Question.CASE, case_id=12)),
        ("case #12", Wish(Question.CASE, case_id=12)), ("工单12", Wish(Question.CASE, case_id=12)),
        ("Who is on call?", Wish(Question.ON_CALL)), ("谁在值班？", Wish(Question.ON_CALL)), ("help", Wish(Question.HELP)),
        ("open YT123 damaged it leaks", Wish(Question.OPEN, "YT123 damaged it leaks")),
        ("开单 YT123 破损 漏液", Wish(Question.OPEN, "YT123 破损 漏液")), ("建单：A1 少件", Wish(Question.OPEN, "A1 少件")),
    ],
)  # fmt: skip
def test_questions_to_the_desk(text: str, wish: Wish) -> None:
    assert to_the_desk(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "mine is the red one",
        "due tomorrow",
        "case closed",
        "case 1 and 2",
        "case １２",
        "case 9999999999",
        "helpful",
        "open the door",
        "open 12345",
        "opened 12345 yesterday",
        "在吗",
        "我的天",
    ],
)
def test_people_may_talk(text: str) -> None:
    """A question is the whole message; anything more is talk among people."""
    assert to_the_desk(text) is None


@pytest.mark.parametrize("key", ["✅", "✅\ufe0f", "☑️", "✔︎", "👍🏽", " ✅ "])
def test_looks_of_a_reaction_do_not_matter(key: str) -> None:
    """Text or emoji style and skin tone are the client's business."""
    assert reaction(key) == Wish(ActKind.ACKNOWLEDGE)


@pytest.mark.parametrize("key", ["", "🎉", "❤️", "ack", "✅✅", "👎", "x" * 9_999])
def test_other_reactions_mean_nothing(key: str) -> None:
    assert reaction(key) is None


def test_lengths() -> None:
    """An hour where nothing is said; between a minute and a week."""
    assert length("") == H
    assert length("1 week") is None
    assert length("7d") == 168 * H
    assert length("8d") is None


@pytest.mark.parametrize("lang", LANGS)
def test_the_hint_names_only_what_works(lang: str) -> None:
    """Every emoji that the hint under an alert offers is a button."""
    offered = [char for char in texts(lang)["chat.hint"] if char in "✅👤💤🚫"]
    assert len(offered) == 4
    assert all(char in REACTIONS for char in offered)


@pytest.mark.parametrize(("text", "number", "kind"), [
    ("#12 called the station", 12, ActKind.COMMENT), ("＃7：收到", 7, ActKind.ACKNOWLEDGE), ("#3 resolve at the neighbour's", 3, ActKind.RESOLVE),
    ("#12\n转给 李梅", 12, ActKind.ASSIGN),
])  # fmt: skip
def test_a_case_is_named_by_its_number_where_there_are_no_threads(text: str, number: int, kind: ActKind) -> None:
    """What follows means what an answer to its message would."""
    wish = to_a_numbered_case(text)
    assert wish is not None
    assert (wish.case_id, wish.kind) == (number, kind)


@pytest.mark.parametrize("text", ["", "#12", "#12 ", "12 boxes", "#x y", "#1234567890 x", "case 12", "#12ack"])
def test_other_texts_name_no_case(text: str) -> None:
    assert to_a_numbered_case(text) is None
