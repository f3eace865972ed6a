"""What couriers write to us alone: words and numbers, in Chinese and English."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.acts import RouteWord, Wish
from chat.route_phrases import MARK, REASONS, ROUTE_CHOICES, linking, pressed, to_oneself
from config.words import LANGS, knows

W = RouteWord
SAID = (
    ("off", Wish(W.OFF)), ("I'm off", Wish(W.OFF)), ("I\u2019m off!", Wish(W.OFF)), ("出发了", Wish(W.OFF)),
    ("late 20", Wish(W.LATE, length=timedelta(minutes=20))), ("late 1h", Wish(W.LATE, length=timedelta(hours=1))),
    ("晚到20", Wish(W.LATE, length=timedelta(minutes=20))), ("迟到 30 分钟", Wish(W.LATE, length=timedelta(minutes=30))),
    ("晚到２０", Wish(W.LATE, length=timedelta(minutes=20))), ("late", Wish(W.ROUTE)), ("late 99h", Wish(W.ROUTE)),
    ("FULL", Wish(W.FULL)), ("满载", Wish(W.FULL)), ("I can\u2019t go on.", Wish(W.OUT)), ("今天跑不了", Wish(W.OUT)), ("停工", Wish(W.OUT)),
    ("Carry on", Wish(W.WELL)), ("well again", Wish(W.WELL)), ("继续", Wish(W.WELL)), ("out", Wish(W.ROUTE)),
    ("5 1", Wish(W.STOP_FAILED, "absent", stop=5)), ("第5站 4", Wish(W.STOP_FAILED, "refused", stop=5)),
    ("failed 12", Wish(W.STOP_FAILED, stop=12)), ("失败 12", Wish(W.STOP_FAILED, stop=12)),
    ("failed 5 2", Wish(W.STOP_FAILED, "unreachable", stop=5)), ("5 99", Wish(W.STOP_FAILED, stop=5)),
    ("failed", Wish(W.STOP_FAILED)), ("5", Wish(W.ROUTE)), ("hello", Wish(W.ROUTE)), ("", Wish(W.ROUTE)),
    ("link 7abcdefg", Wish(W.LINK, "7ABCDEFG")), ("/start 7abcdefg", Wish(W.LINK, "7ABCDEFG")),
    ("绑定 7ABCDEFG", Wish(W.LINK, "7ABCDEFG")), ("English", Wish(W.LANG, "en")), ("中文", Wish(W.LANG, "zh")),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wish"), SAID)
def test_what_is_written_means_what_it_says(text: str, wish: Wish) -> None:
    assert to_oneself(text) == wish


def test_a_bare_number_does_nothing() -> None:
    """Whoever writes a stop's number alone mustn't have said anything else by it."""
    assert {to_oneself(str(n)).kind for n in range(20)} == {RouteWord.ROUTE}


def test_a_button_says_a_phrase_that_can_be_written_too() -> None:
    """So that a chat without buttons lacks nothing; a value without our mark is no button of ours."""
    for phrase, label in ROUTE_CHOICES:
        assert pressed(MARK + phrase) == to_oneself(phrase) != Wish(RouteWord.ROUTE)
        assert knows(label.code), LANGS
        assert pressed(phrase) is None


def test_a_reason_s_number_is_its_own_for_ever() -> None:
    """Couriers know them by heart: new ones come last."""
    assert [reason.value for reason in REASONS] == [
        "absent", "unreachable", "not_packed", "refused", "address_wrong", "wrong_item", "too_large", "postponed", "no_access",
    ]  # fmt: skip


def test_talk_in_a_group_is_no_code() -> None:
    """A code has a digit: words after "start" are words."""
    assert linking("start working") is None
    assert linking("link chargers") is None
    assert linking("late 20") is None


@given(st.text())
def test_any_text_is_a_wish(text: str) -> None:
    """Whatever somebody writes is understood or asked back, never an error."""
    assert to_oneself(text).kind in set(RouteWord)
    assert pressed(text) is None or text.startswith(MARK)
