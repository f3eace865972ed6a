"""Which returns join which plan."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import CN, DEPOT, a_return, at

from domain.pickup import ReturnStatus
from scheduler.batching import batches, price_cents

OTHER = replace(DEPOT, id="nb")
CUT_OFF = at("2026-11-23T10:00")


def test_nothing_is_planned_before_the_cut_off() -> None:
    """The cut-off is the last moment at which a return joins."""
    assert batches([a_return()], [DEPOT], now=CUT_OFF - timedelta(seconds=1)) == []
    [batch] = batches([a_return()], [DEPOT], now=CUT_OFF)
    assert (batch.key, [v.ref for v in batch.returns]) == ("2026-11-23T10:00", ["r1"])


@pytest.mark.parametrize(
    ("fields", "joins"),
    [
        ({}, True),
        ({"requested_at": CUT_OFF}, True),
        ({"requested_at": CUT_OFF + timedelta(seconds=1)}, False),
        ({"slot_from": at("2026-11-23T14:00"), "slot_to": at("2026-11-23T16:00")}, True),
        ({"slot_from": at("2026-11-24T14:00"), "slot_to": at("2026-11-24T16:00")}, False),
        ({"slot_from": at("2026-11-22T14:00"), "slot_to": at("2026-11-22T16:00")}, True),
        ({"status": ReturnStatus.FAILED, "attempts": 1}, True),
        ({"status": ReturnStatus.PLANNED}, False),
        ({"status": ReturnStatus.CANCELLED}, False),
        ({"status": ReturnStatus.COLLECTED}, False),
        ({"depot": "nb"}, False),
        ({"depot": ""}, True),
        ({"depot": "closed down"}, True),
    ],
)
def test_who_joins_todays_plan(fields: dict, joins: bool) -> None:
    """Asked for by the cut-off, promised for today or not at all or in vain before, and of this depot."""
    found = batches([a_return(**fields)], [DEPOT, OTHER], now=at("2026-11-23T12:00"))
    assert any(batch.depot.id == "hz" for batch in found) is joins


def test_older_ones_come_first_and_cost_more_to_leave_behind() -> None:
    """Failed visits weigh more than days; both more than nothing."""
    new = a_return("new")
    old = a_return("old", requested_at=at("2026-11-20T20:00"))
    failed = a_return("failed", status=ReturnStatus.FAILED, attempts=1, requested_at=at("2026-11-21T20:00"))
    [batch] = batches([new, old, failed], [DEPOT], now=CUT_OFF)
    assert [v.ref for v in batch.returns] == ["failed", "old", "new"]
    prices = [price_cents(v, now=CUT_OFF) for v in batch.returns]
    assert prices == [20_000 + 5_000 + 10_000, 20_000 + 2 * 5_000, 20_000]


def test_after_three_failed_visits_a_return_waits_for_a_new_slot() -> None:
    """Usually three tries; a slot agreed on for today or later lifts the hold."""
    tired = a_return(
        status=ReturnStatus.FAILED, attempts=3, slot_from=at("2026-11-21T14:00"), slot_to=at("2026-11-21T16:00")
    )
    [batch] = batches([tired], [DEPOT], now=CUT_OFF)
    assert (batch.returns, batch.held) == ((), (tired,))
    agreed = replace(tired, slot_from=at("2026-11-23T14:00"), slot_to=at("2026-11-23T16:00"))
    [batch] = batches([agreed], [DEPOT], now=CUT_OFF)
    assert (batch.returns, batch.held) == ((agreed,), ())


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 30)),
            st.sampled_from(["hz", "nb", "", "gone"]),
            st.sampled_from(list(ReturnStatus)),
            st.integers(0, 4),
            st.integers(-3, 3) | st.none(),
        ),
        max_size=12,
    ),
    st.datetimes(datetime(2026, 11, 10), datetime(2026, 11, 20)),
)
def test_every_return_joins_one_batch_at_most(rows: list, moment: datetime) -> None:
    """Never two routes for one return, never one that doesn't wait, never one asked for after the cut-off."""
    now = moment.replace(tzinfo=CN)
    values = [
        a_return(
            f"r{n}",
            requested_at=asked.replace(tzinfo=CN),
            depot=depot,
            status=status,
            attempts=tries,
            slot_from=None if slot is None else now + timedelta(days=slot),
            slot_to=None if slot is None else now + timedelta(days=slot, hours=2),
        )
        for n, (asked, depot, status, tries, slot) in enumerate(rows)
    ]
    found = batches(values, [DEPOT, OTHER], now=now)
    taken = [v for batch in found for v in (*batch.returns, *batch.held)]
    assert len({v.ref for v in taken}) == len(taken)
    assert all(v.status in {ReturnStatus.REQUESTED, ReturnStatus.FAILED} for v in taken)
    for batch in found:
        assert now >= batch.cut_off_at
        assert all(v.requested_at <= batch.cut_off_at for v in batch.returns)
