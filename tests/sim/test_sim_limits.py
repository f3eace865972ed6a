"""Sliding windows: how much fits in, when the next call may come, and that credentials don't share them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sim.limits import HOUR, Limit, Windows
from sim.wire import Memory

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_window_slides():
    """Two an hour: the third has to wait until the first is an hour old."""
    windows, limits = Windows(), (Limit(2, HOUR),)
    assert windows.spend("a", limits, NOON) is None
    assert windows.spend("a", limits, NOON + timedelta(minutes=50)) is None
    assert windows.spend("a", limits, NOON + timedelta(minutes=59)) == timedelta(minutes=1)
    assert windows.spend("a", limits, NOON + HOUR) is None
    assert windows.spend("a", limits, NOON + HOUR) == timedelta(minutes=50)


def test_credentials_have_windows_of_their_own():
    """One that is used up says nothing of another."""
    windows, limits = Windows(), (Limit(1, HOUR),)
    assert windows.spend("a", limits, NOON) is None
    assert windows.spend("b", limits, NOON) is None
    assert windows.spend("a", limits, NOON) == HOUR


def test_the_longest_wait_of_several_limits_counts():
    """And a call that one limit refuses spends none of the others."""
    windows, limits = Windows(), (Limit(1, timedelta(seconds=5)), Limit(2, HOUR))
    assert windows.spend("a", limits, NOON) is None
    assert windows.spend("a", limits, NOON) == timedelta(seconds=5)
    assert windows.spend("a", limits, NOON + timedelta(seconds=5)) is None
    assert windows.spend("a", limits, NOON + timedelta(seconds=6)) == HOUR - timedelta(seconds=6)


@given(st.lists(st.integers(0, 400), max_size=60))
def test_no_span_ever_holds_more_than_the_limit(steps):
    """Whatever the rhythm of the calls: of those let in, any hour holds at most seven."""
    windows, now, let_in = Windows(), NOON, []
    for step in steps:
        now += timedelta(seconds=step)
        if windows.spend("a", (Limit(7, HOUR),), now) is None:
            let_in.append(now)
    assert all(sum(at - HOUR < other <= at for other in let_in) <= 7 for at in let_in)


def test_what_is_exceeded_is_noted_by_source():
    """So that a run can assert that nothing was."""
    memory = Memory()
    for _ in range(3):
        memory.spend("usps", "main", (Limit(1, HOUR),), NOON)
    assert memory.exceeded == {"usps": 2}
