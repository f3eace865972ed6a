"""Folding scan events into states."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.parcel import Delivered, ParcelState, fold, next_change, order_key, shipment_state, timeline
from domain.tracking import UNREAD_TIME, Certainty, EventTime, Manner, Milestone, Reason, ScanEvent, Zone, event_key

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = START + timedelta(days=30)
M = Milestone


def event(milestone: Milestone, hours: float | None = 0, text: str = "", **more: object) -> ScanEvent:
    at = None if hours is None else START + timedelta(hours=hours)
    certainty = more.pop("certainty", Certainty.EXACT)
    time = EventTime("raw" if at is None else at.isoformat(), at, Zone.OFFSET, certainty)  # type: ignore[arg-type]
    return ScanEvent(None, text or milestone.value, milestone, time, **more)  # type: ignore[arg-type]


events = st.lists(
    st.builds(
        event,
        st.sampled_from(list(Milestone)),
        st.one_of(st.none(), st.integers(-48, 24 * 40)),
        st.sampled_from(["a", "b", "c"]),
        physical=st.sampled_from([None, True, False]),
        certainty=st.sampled_from([Certainty.EXACT, Certainty.ASSUMED, Certainty.DATE_ONLY]),
    ),
    max_size=12,
)


@given(events, st.randoms(use_true_random=False))
def test_order_of_arrival_says_nothing(found: list[ScanEvent], rng: object) -> None:
    """Any order and any repetition of the same reports fold to the same state and the same timeline."""
    shuffled = [*found, *found[:3]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(timeline("x", shuffled), now=NOW) == fold(timeline("x", found), now=NOW)
    assert timeline("x", shuffled) == timeline("x", found)


@given(events)
def test_no_event_is_lost(found: list[ScanEvent]) -> None:
    """Every natural key stays in the timeline, once."""
    keys = {event_key("x", e) for e in found}
    assert [event_key("x", e) for e in timeline("x", found)].__len__() == len(keys)


@given(events)
def test_a_later_look_changes_only_at_next_change(found: list[ScanEvent]) -> None:
    """Until the moment that next_change names, the fold stays as it is."""
    soon = START + timedelta(days=10)
    change = next_change(found, now=soon)
    until = change - timedelta(seconds=1) if change else NOW
    assert fold(found, now=soon) == fold(found, now=max(soon, until))


def test_delivered_is_provisional() -> None:
    """A failed attempt after "delivered" undoes it; a signature days later delivers it again."""
    signed = [event(M.OUT_FOR_DELIVERY, 1), event(M.DELIVERED, 2)]
    undone = [*signed, event(M.ATTEMPT_FAILED, 5)]
    assert fold(signed, now=NOW).delivered is Delivered.YES
    assert fold(undone, now=NOW).delivered is Delivered.UNDONE
    assert fold(undone, now=NOW).manner is None
    assert fold([*undone, event(M.DELIVERED, 96)], now=NOW).delivered is Delivered.YES


def test_paperwork_after_delivery_undoes_nothing() -> None:
    """Information after a delivery moves neither the milestone nor the delivery."""
    state = fold([event(M.DELIVERED, 2, manner=Manner.LOCKER), event(M.INFO, 5), event(M.UNMAPPED, 6)], now=NOW)
    assert (state.milestone, state.delivered, state.manner) == (M.DELIVERED, Delivered.YES, Manner.LOCKER)


def test_delivery_without_a_manner_is_unknown() -> None:
    """Unknown is a value."""
    assert fold([event(M.DELIVERED, 2)], now=NOW).manner is Manner.UNKNOWN


def test_future_dated_event_waits_for_its_time() -> None:
    """An event later than now + 10 minutes moves no state and no clock until then."""
    found = [event(M.IN_TRANSIT, 0), event(M.DELIVERED, 24)]
    now = START + timedelta(hours=23)
    assert fold(found, now=now).milestone is M.IN_TRANSIT
    assert fold(found, now=START + timedelta(hours=23, minutes=50)).milestone is M.DELIVERED
    assert next_change(found, now=now) == START + timedelta(hours=23, minutes=50)


def test_electronic_lines_do_not_reset_the_stall_clock() -> None:
    """Only physical scans count as a touch: the source's word, else by milestone."""
    state = fold(
        [event(M.PICKED_UP, 0, place="Hangzhou"), event(M.INFO, 40), event(M.IN_TRANSIT, 50, physical=False)], now=NOW
    )
    assert state.last_physical_at == START
    assert state.last_physical_place == "Hangzhou"
    assert state.last_at == START + timedelta(hours=50)


def test_equal_times_are_ordered_by_rank() -> None:
    """Two events of one instant: the further one is the state, however they arrived."""
    found = [event(M.DELIVERED, 1), event(M.OUT_FOR_DELIVERY, 1)]
    assert [e.milestone for e in sorted(found, key=order_key)] == [M.OUT_FOR_DELIVERY, M.DELIVERED]
    assert fold(found, now=NOW).delivered is Delivered.YES


def test_date_only_comes_after_the_exact_events_of_its_day() -> None:
    """A bare date can't come before what is known to the minute of that day."""
    day = event(M.DELIVERED, -8, certainty=Certainty.DATE_ONLY)  # 00:00 of the day
    assert fold([day, event(M.OUT_FOR_DELIVERY, 4)], now=NOW).milestone is M.DELIVERED


def test_unread_times_move_no_clock() -> None:
    """Events without a readable time are kept and tell only how things stand, where nothing else does."""
    alone = fold([event(M.EXCEPTION, None, reason=Reason.DAMAGED)], now=NOW)
    assert (alone.milestone, alone.reason, alone.last_at) == (M.EXCEPTION, Reason.DAMAGED, None)
    assert fold([event(M.DELIVERED, 3), event(M.PICKED_UP, None)], now=NOW).milestone is M.DELIVERED


def test_since_is_the_begin_of_the_run() -> None:
    """The present milestone began with the first of its unbroken run."""
    found = [
        event(M.IN_TRANSIT, 0),
        event(M.EXCEPTION, 1),
        event(M.IN_TRANSIT, 2),
        event(M.INFO, 3),
        event(M.IN_TRANSIT, 9, "b"),
    ]
    assert fold(found, now=NOW).since == START + timedelta(hours=2)


@pytest.mark.parametrize(
    ("milestones", "worst"),
    [
        ([M.DELIVERED, M.IN_TRANSIT], M.IN_TRANSIT),
        ([M.DELIVERED, M.EXCEPTION, M.RETURNING], M.EXCEPTION),
        ([M.OUT_FOR_DELIVERY, M.ATTEMPT_FAILED], M.ATTEMPT_FAILED),
        ([M.DELIVERED, M.DELIVERED], M.DELIVERED),
    ],
)
def test_a_shipment_stands_where_its_worst_parcel_does(milestones: list[Milestone], worst: Milestone) -> None:
    """Worst-of by a table."""
    assert shipment_state(ParcelState(milestone=m) for m in milestones).milestone is worst


def test_an_unknown_parcel_is_worse_than_an_announced_one() -> None:
    """A parcel of which nothing is known isn't healthy."""
    assert shipment_state([ParcelState(milestone=M.ANNOUNCED), ParcelState()]).milestone is None
    assert shipment_state([]).milestone is None


def test_a_delivery_without_a_time_is_a_delivery() -> None:
    """Nothing is known of when; that it arrived is."""
    undated = ScanEvent(None, "Delivered", Milestone.DELIVERED, UNREAD_TIME, manner=Manner.LOCKER)
    state = fold([undated], now=datetime(2026, 3, 1, tzinfo=UTC))
    assert (state.milestone, state.delivered, state.manner) == (Milestone.DELIVERED, Delivered.YES, Manner.LOCKER)
    assert state.delivered_at is None
