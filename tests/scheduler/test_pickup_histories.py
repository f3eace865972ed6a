"""Whatever happens, in whatever order: what must hold of returns, stops and money."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from engines import a_store
from hypothesis import given, settings
from hypothesis import strategies as st
from pickup_house import CODE, POLICY, an_order, ask, at, beat, deliver, link

from domain.pickup import FailReason, ReturnStatus
from domain.returns import ReturnItem
from scheduler.courier import Act, ActKind, act_at
from scheduler.request import cancel_return
from store import ledger, returns
from store.base import Store
from store.check import differences

S = ReturnStatus
ON_A_ROUTE = frozenset({S.PLANNED, S.ARRIVED})
PAID = frozenset({S.INSTRUCTED, S.SETTLED})
REFS = ("r1", "r2", "r3")

collecting = st.builds(
    Act,
    kind=st.just(ActKind.COLLECTED),
    id=st.sampled_from(["a", "b"]),
    code=st.sampled_from([f"{CODE}", f"{CODE}", f"{CODE}", "000000"]),
    items=st.none() | st.tuples(st.builds(ReturnItem, sku=st.just("A"), qty=st.integers(1, 3))),
)
failing = st.builds(
    Act, kind=st.just(ActKind.FAILED), id=st.sampled_from(["a", "c"]), reason=st.sampled_from(list(FailReason))
)
acts = st.integers(0, 5).flatmap(lambda n: st.just(Act(ActKind.ARRIVED)) if n < 1 else failing if n < 2 else collecting)
steps = st.tuples(st.just("act"), st.sampled_from(REFS), acts)
waits = st.tuples(st.just("wait"), st.sampled_from([1, 3, 14, 24]), st.none())
rest = st.tuples(st.sampled_from(["cancel", "ask"]), st.sampled_from(REFS), st.none())
events = st.integers(0, 9).flatmap(lambda n: steps if n < 6 else waits if n < 9 else rest)  # mostly couriers and days


def happen(store: Store, event: tuple, now):
    """One event of a random history; the time after it."""
    kind, what, act = event
    if kind == "wait":
        now += timedelta(hours=what)
    elif kind == "ask":
        ask(store, what, now=now, items=(ReturnItem("A", 1),), slot=None)
    elif store.read(returns.find, what) is None:
        return now
    elif kind == "cancel":
        store.write(cancel_return, what, link=link, now=now)
    elif stop := _newest_stop(store, what):
        store.write(act_at, stop.id, act, route_id=stop.route_id, policy=POLICY, now=now, by="courier:wang")
    asyncio.run(beat(store, now))
    return now


def _newest_stop(store: Store, ref: str):
    value = store.read(returns.find, ref)
    stops = [store.read(returns.find_stop, f"S-{ref}-{n}") for n in (value.attempts + 1, value.attempts)]
    return next((stop for stop in stops if stop), None)


def check_all(store: Store, now) -> None:
    values = [value for ref in REFS if (value := store.read(returns.find, ref))]
    ends = store.read(returns.open_stops, before=at("2027-01-01T00:00"))
    visiting = Counter(stop.return_ref for stop in ends)
    for value in values:
        assert visiting[value.ref] == (value.status in ON_A_ROUTE), "one open stop while on a route, none otherwise"
    paid = store.read(ledger.instructions)
    assert {i.return_ref for i in paid} == {v.ref for v in values if v.status in PAID}
    assert len({i.item for i in paid}) == len(paid)
    assert sum(i.qty for v in values if v.status in PAID for i in v.collected) <= 3, "never more than was bought"
    assert store.read(differences, now=now) == []


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(events, min_size=5, max_size=25))
def test_no_history_breaks_a_rule(history: list) -> None:
    """A waiting return is on no open stop, a planned one on exactly one; money follows goods, once; facts and rows agree."""
    with TemporaryDirectory() as folder, a_store(Path(folder) / "desk.db") as store:
        store.write(deliver, an_order(), at("2026-11-20T15:00"))
        now = at("2026-11-22T20:00")
        ask(store, "r1", now=now, items=(ReturnItem("A", 2),), slot=None)
        ask(store, "r2", now=now, items=(ReturnItem("A", 1),), slot=None)
        now = happen(store, ("wait", 14, None), now)
        assert store.read(returns.find, "r1").status is S.PLANNED
        for event in history:
            now = happen(store, event, now)
            check_all(store, now)
