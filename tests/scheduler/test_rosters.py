"""A collector's dispatcher confirms who comes, until the cut-off; the day is planned with them."""

import asyncio
from datetime import date
from pathlib import Path

from engines import a_store
from pickup_house import FLEET, an_order, ask, at, beat, deliver

from scheduler.plan_types import Refused
from scheduler.roster import confirm
from store import returns, rosters

DAY = date(2026, 11, 23)


def test_who_does_not_come_gets_no_route(tmp_path: Path) -> None:
    """The last word counts; a day that nobody confirmed is planned with everybody."""
    store = a_store(tmp_path / "test.sqlite3")
    store.write(deliver, an_order(), at("2026-11-20T09:00"))
    ask(store, now=at("2026-11-22T20:00"))
    for here in (["wang"], ["li", "stranger"]):
        said = store.write(confirm, "fast", DAY, here, fleet=FLEET, now=at("2026-11-23T09:00"))
    assert said.here == ("li",)
    assert store.read(rosters.away_on, "2026-11-24") == frozenset()
    asyncio.run(beat(store, at("2026-11-23T10:00")))
    assert [route.courier for route in store.read(returns.routes_of_day, "2026-11-23")] == ["li"]


def test_after_the_cut_off_the_roster_is_closed(tmp_path: Path) -> None:
    store = a_store(tmp_path / "test.sqlite3")
    refused = store.write(confirm, "fast", DAY, ["li"], fleet=FLEET, now=at("2026-11-23T10:00"))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "roster_closed"
    assert store.read(rosters.of_day, "2026-11-23") == {}
