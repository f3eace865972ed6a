"""Making text from outside harmless, and pacing."""

from datetime import UTC, datetime, timedelta

import pytest

from chat.pace import Pace
from chat.text import inert

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "杭州转运中心",
        "Köln, Hafenstraße 3-5",
        "arrived 2026-11-20 08:30",
        "3.5 kg",
        "SF1234567890123",
        "a & b",
        "2 < 3",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """What carriers usually write is shown to the letter."""
    assert inert(text) == text


def test_it_reads_the_same() -> None:
    """Only spaces of no width are added to what could come alive."""
    text = "@room see https://evil.example/x [y](javascript:z)"
    assert inert(text).replace("\u200b", "") == text
    assert inert(text) != text


def test_long_text_is_cut_where_it_is_seen() -> None:
    cut = inert("很" * 1_000)
    assert len(cut) == 300
    assert cut.endswith("…")


def test_a_pace_holds_in_any_window() -> None:
    """Ten at once and then one when the first is over: in no 50 seconds more than ten."""
    pace = Pace(((10, 50.0),))
    now, sent = AT, []
    for _ in range(40):
        now += timedelta(seconds=pace.wait_s(now))
        pace.made(now)
        sent.append(now)
        now += timedelta(seconds=0.1)
    assert all(later - earlier >= timedelta(seconds=50) for earlier, later in zip(sent, sent[10:], strict=False))
    assert sent[9] - sent[0] < timedelta(seconds=2)
    assert sent[-1] - sent[0] < timedelta(seconds=50 * 4)


def test_the_tightest_window_counts() -> None:
    """One a second and twenty a minute (Telegram's group): the 21st waits for the minute."""
    pace, now = Pace(((1, 1.0), (20, 60.0))), AT
    for _ in range(20):
        now += timedelta(seconds=pace.wait_s(now))
        pace.made(now)
    assert now - AT == timedelta(seconds=19)
    assert pace.wait_s(now) == pytest.approx(41.0)
