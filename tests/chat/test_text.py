"""Making text from outside harmless, and pacing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chat.messages import IncidentAlert, Reader
from chat.pace import Pace
from chat.text import inert, text_of
from domain.case import Severity
from domain.incident import CauseKind
from domain.words import Words

AT = datetime(2026, 11, 23, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


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


def test_a_hub_from_outside_is_only_text() -> None:
    """A place's name is the carrier's: in an incident's title it pings nobody and becomes no link; phones in it are masked."""
    cause = Words("incident_cause.hub", {"carrier": "ZTO", "place": "@room https://evil.example 13812345678", "to": ""})
    alert = IncidentAlert(
        3,
        CauseKind.HUB,
        cause,
        Severity.URGENT,
        "opened",
        AT,
        9,
        0.2,
        9,
        9,
        0,
        0,
        0,
        0,
        None,
        ("@here",),
        None,
        None,
        None,
        None,
    )
    said = text_of(alert, Reader("en", ZONE)).plain
    assert "@room" not in said
    assert "@here" not in said
    assert "https://" not in said
    assert "13812345678" not in said
    assert "9 parcels: 9 nobody has taken" in said
