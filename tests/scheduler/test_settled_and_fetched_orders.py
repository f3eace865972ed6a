"""Orders that their customers fetched at a shop, and orders of which after-sales are done: what can still go back, and what is fetched."""

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from engines import a_store
from pickup_house import CODE, FLEET, POLICY, an_order, at, beat

from domain.pickup import ReturnReason, ReturnStatus, Want
from domain.returns import ReturnItem
from scheduler.plan_types import Refused
from scheduler.request import Accepted, Asked, request_return
from store import intake, returns
from store.base import Store

FETCHED = at("2026-11-16T15:00")
KINDER = msgspec.structs.replace(POLICY, profile="thirty_thirty_180")
FLOOR, AFTER = at("2026-11-23T23:59"), at("2026-11-24T00:00")
"""The last minute of the seven days that the law gives, and the first one after them."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = a_store(tmp_path / "test.sqlite3")
    made.write(intake.add_order, an_order())
    return made


def note(store: Store, name: str, when: datetime) -> None:
    store.write(returns.note_order, "o1", name, when, by=None, channel="api")


def ask(
    store: Store, ref: str, now: datetime, reason: ReturnReason = ReturnReason.NO_REASON, want: Want = Want.REFUND
) -> Accepted | Refused:
    asked = Asked(ref, "o1", (ReturnItem("A", 1),), reason, want)
    return store.write(
        request_return, asked, policy=KINDER, fleet=FLEET, now=now, randbelow=lambda _: CODE, channel="api"
    )


def test_an_order_without_a_parcel_goes_back_from_when_it_was_fetched(store: Store) -> None:
    """Not before; its days run from the day after; and the courier comes for it as for any other."""
    early = ask(store, "r0", at("2026-11-16T14:00"))
    assert isinstance(early, Refused)
    assert early.reason.code == "return_not_received"
    note(store, "picked_up_at", FETCHED)
    late = ask(store, "r1", at("2026-12-17T00:00"))
    assert isinstance(late, Refused)
    assert late.reason.params["last_day"] == "2026-12-16"
    asked = ask(store, "r2", at("2026-11-22T20:00"))
    assert isinstance(asked, Accepted)
    [done] = asyncio.run(beat(store, at("2026-11-23T10:00"))).dispatched
    assert [stop.return_ref for route in done.routes for stop in route.stops] == ["r2"]


@pytest.mark.parametrize(
    ("now", "reason", "want", "code"),
    [
        (FLOOR, ReturnReason.NO_REASON, Want.REFUND, ""),
        (AFTER, ReturnReason.NO_REASON, Want.REFUND, "return_settled"),
        (FLOOR, ReturnReason.QUALITY, Want.EXCHANGE, ""),
        (AFTER, ReturnReason.QUALITY, Want.EXCHANGE, "return_settled"),
    ],
)
def test_done_ends_what_the_shop_gives_and_not_what_the_law_gives(
    store: Store, now: datetime, reason: ReturnReason, want: Want, code: str
) -> None:
    """Thirty days of the shop's own end with "after-sales done"; the statute's seven don't, and it is cited with the way out."""
    note(store, "picked_up_at", FETCHED)
    note(store, "settled_at", at("2026-11-18T10:00"))
    answer = ask(store, "r1", now, reason, want)
    if not code:
        assert isinstance(answer, Accepted)
        return
    assert isinstance(answer, Refused)
    assert answer.reason.code == code
    assert answer.reason.params["statute"]
    assert answer.reason.params["way"]
    value = store.read(returns.find, "r1")
    assert value is not None
    assert (value.status, value.unserved_code) == (ReturnStatus.REFUSED, code)


def test_what_was_asked_before_it_was_done_is_still_fetched(store: Store) -> None:
    """Settling an order takes back nothing that was agreed; said twice, the first time counts."""
    note(store, "picked_up_at", FETCHED)
    assert isinstance(ask(store, "r1", at("2026-11-22T20:00")), Accepted)
    for when in ("2026-11-22T21:00", "2026-11-23T09:00"):
        note(store, "settled_at", at(when))
    assert store.read(returns.order_news, "o1")["settled_at"] == at("2026-11-22T21:00")
    [done] = asyncio.run(beat(store, at("2026-11-23T10:00"))).dispatched
    assert [stop.return_ref for route in done.routes for stop in route.stops] == ["r1"]


def test_settled_from_its_own_moment_on(store: Store) -> None:
    """A request of the minute before stands on the shop's own days."""
    note(store, "picked_up_at", FETCHED)
    note(store, "settled_at", at("2026-11-28T10:00"))
    assert isinstance(ask(store, "r1", at("2026-11-28T09:59")), Accepted)
    assert isinstance(ask(store, "r2", at("2026-11-28T10:00")), Refused)
