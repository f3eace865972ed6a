"""Several sources, one parcel: one happening once, whoever told it."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.merge import Told, merge
from domain.parcel import fold
from domain.tracking import Certainty, EventTime, Milestone, Reason, ScanEvent, Zone

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=30)


def event(minutes: float, milestone: Milestone, text: str = "", **more: object) -> ScanEvent:
    at = START + timedelta(minutes=minutes)
    return ScanEvent(None, text, milestone, EventTime(at.isoformat(), at, Zone.OFFSET, Certainty.EXACT), **more)  # type: ignore[arg-type]


SF = [
    event(0, Milestone.PICKED_UP, "顺丰速运 已收取快件"),
    event(60, Milestone.IN_TRANSIT, "快件到达 【杭州】"),
    event(300, Milestone.OUT_FOR_DELIVERY, "正在派送"),
    event(400, Milestone.AWAITING_COLLECTION, "已放入丰巢"),
]
KUAIDI = [
    event(0.5, Milestone.PICKED_UP, "[杭州市]顺丰速运 已收取快件"),
    event(61, Milestone.IN_TRANSIT, "到达杭州"),
    event(120, Milestone.AT_DESTINATION, "到达目的地城市"),
    event(400, Milestone.DELIVERED, "已签收"),
]


def told(source: str, events: list[ScanEvent]) -> list[Told]:
    return [Told(source, one) for one in events]


def test_one_scan_told_by_two_is_one_event_with_both_origins() -> None:
    """Close in time, of one meaning: one happening, which keeps every report."""
    merged = merge(told("sf", SF) + told("kuaidi100", KUAIDI))
    assert len(merged) == 5
    assert sorted(len(one.told) for one in merged) == [1, 1, 2, 2, 2]
    assert {one.source for m in merged for one in m.told} == {"sf", "kuaidi100"}
    assert sum(len(one.told) for one in merged) == len(SF) + len(KUAIDI)


def test_what_says_most_speaks_for_a_happening() -> None:
    """A mapped milestone goes before an unmapped one, a reason before none."""
    dull = event(0, Milestone.UNMAPPED, "status 77")
    clear = event(1, Milestone.ATTEMPT_FAILED, "nobody in", reason=Reason.ABSENT)
    (one,) = merge([Told("a", dull), Told("b", clear)])
    assert one.event is clear
    assert one.sources == ("b", "a")


def test_different_happenings_stay_apart() -> None:
    """Far apart, or of different meaning, or of one source that says it twice."""
    far = merge([Told("a", event(0, Milestone.IN_TRANSIT)), Told("b", event(10, Milestone.IN_TRANSIT))])
    other = merge([Told("a", event(0, Milestone.PICKED_UP)), Told("b", event(0, Milestone.OUT_FOR_DELIVERY))])
    twice = merge([Told("a", event(0, Milestone.IN_TRANSIT, "x")), Told("a", event(0, Milestone.IN_TRANSIT, "y"))])
    assert [len(merged) for merged in (far, other, twice)] == [2, 2, 2]


def test_a_day_without_a_time_matches_nothing() -> None:
    """A date says nothing of the minute: it stays an event of its own."""
    day = ScanEvent(
        None, "", Milestone.PICKED_UP, EventTime("2026-03-02", START, Zone.ASSUMED_PLACE, Certainty.DATE_ONLY)
    )
    assert len(merge([Told("a", day), Told("b", event(0, Milestone.PICKED_UP))])) == 2


def test_the_order_of_arrival_joins_nothing_else() -> None:
    """Two reports of one source at the same second: which of them another source's report joins is always the same."""
    twins = [event(0, Milestone.IN_TRANSIT, "x"), event(0, Milestone.IN_TRANSIT, "y", physical=True)]
    other = told("kuaidi100", [event(0, Milestone.IN_TRANSIT, "z", reason=Reason.OTHER)])
    one, back = (merge(told("jd", list(order)) + other) for order in (twins, twins[::-1]))
    assert {frozenset(t.event.text for t in m.told) for m in one} == {
        frozenset(t.event.text for t in m.told) for m in back
    }


MILESTONES = st.sampled_from(
    [Milestone.PICKED_UP, Milestone.IN_TRANSIT, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED]
)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), MILESTONES), max_size=12, unique_by=lambda step: step[0]),
    st.integers(0, 2**32),
)
def test_a_second_source_that_tells_the_same_changes_no_state(steps: list[tuple[int, Milestone]], seed: int) -> None:
    """The other source's copy of a history, in any order and some seconds off, adds no happening and moves no state."""
    rng = Random(seed)
    mine = [event(minutes * 10, milestone, str(n)) for n, (minutes, milestone) in enumerate(steps)]
    theirs = [event(m * 10 + rng.uniform(0, 0.9), milestone, f"copy {n}") for n, (m, milestone) in enumerate(steps)]
    reports = told("sf", mine) + told("kuaidi100", theirs)
    rng.shuffle(reports)
    merged = merge(reports)
    assert len(merged) == len(mine)
    assert sum(len(one.told) for one in merged) == 2 * len(mine)
    alone, both = fold(mine, now=NOW), fold([one.event for one in merged], now=NOW)
    assert (both.milestone, both.delivered) == (alone.milestone, alone.delivered)
