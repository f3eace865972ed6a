"""Asking for a return: judged, given a slot and a code, written once."""

from dataclasses import replace
from pathlib import Path

import pytest
from engines import ON_BOTH, a_store
from pickup_house import CODE, FLEET, POLICY, a_return, an_order, ask, at, deliver, link

from domain.errors import RuleError
from domain.parcel import Milestone
from domain.pickup import ReturnEvent, ReturnReason, ReturnStatus
from domain.place import Location
from domain.returns import ReturnItem
from domain.shipment import Shipment
from domain.tracking import Certainty, EventTime, ParcelReading, ScanEvent, Zone
from scheduler.depots import nearest_depot
from scheduler.plan_types import Refused
from scheduler.request import Accepted, cancel_return, reschedule
from store import facts, intake, returns, tracking
from store.base import Db, Store
from store.facts import FactRow
from store.returns import ReturnFact

NOW = at("2026-11-22T20:00")


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        opened.write(deliver, an_order("o1", 1), at("2026-11-20T15:00"))
        opened.write(deliver, an_order("o2", 2), None)
        yield opened


@ON_BOTH
def test_an_accepted_return_has_a_code_a_slot_a_payer_and_a_rule(store: Store) -> None:
    """Everything that is promised stands in the store at once."""
    answer = ask(store, now=NOW)
    assert isinstance(answer, Accepted)
    value = store.read(returns.find, "r1")
    assert value == answer.value
    assert (value.code, value.payer, value.rule, value.depot) == (f"{CODE}", "customer", "消保法 25", "hz")
    assert (value.slot_from, value.slot_to) == (at("2026-11-23T14:00"), at("2026-11-23T16:00"))
    assert answer.moved is None


def test_asking_again_changes_nothing(store: Store) -> None:
    """The same reference is answered with the return as it stands; its code isn't drawn again."""
    first, again = ask(store, now=NOW), ask(store, now=at("2026-11-29T20:00"))
    assert isinstance(again, Accepted)
    assert again.created is False
    assert again.value == first.value
    assert len(store.read(facts.history, "return", "r1")) == 1


def test_a_code_keeps_its_leading_zeros(store: Store) -> None:
    """Six digits whatever number was drawn."""
    from pickup_house import Asked, request_return

    asked = Asked("r7", "o1", (ReturnItem("A", 1),), ReturnReason.NO_REASON)
    answer = store.write(request_return, asked, policy=POLICY, fleet=FLEET, now=NOW, randbelow=lambda n: n // n + 41)
    assert answer.value.code == "000042"
    assert answer.value.slot_from is None


def test_a_refusal_is_written_and_stays_one(store: Store) -> None:
    """Not delivered yet: refused; asking again under the same reference gets a refusal again."""
    answer = ask(store, "r2", "o2", now=NOW)
    assert isinstance(answer, Refused)
    assert answer.reason.code == "return_not_received"
    value = store.read(returns.find, "r2")
    assert (value.status, value.code) == (ReturnStatus.REFUSED, "")
    assert isinstance(ask(store, "r2", "o2", now=NOW), Refused)


@pytest.mark.parametrize(
    ("slot", "given", "why"),
    [
        ("2026-11-23T20:00/22:00", "2026-11-24T10:00", "slot_no_courier"),
        ("2026-11-22T14:00/16:00", "2026-11-23T10:00", "slot_past"),
        ("2026-12-22T14:00/16:00", "2026-11-23T10:00", "slot_too_far"),
    ],
)
def test_a_request_in_time_stays_eligible_whatever_the_slot(store: Store, slot: str, given: str, why: str) -> None:
    """A slot that can't be kept is replaced by the next one that can, and the customer is told why."""
    answer = ask(store, now=NOW, slot=slot)
    assert isinstance(answer, Accepted)
    assert answer.value.slot_from == at(given)
    assert answer.moved is not None
    assert answer.moved.code == why


def test_a_slot_in_a_full_day_is_given_to_nobody_else(store: Store) -> None:
    """One parcel a day is all that the only vehicle takes: who asks for the same day gets the next one that has room, and is told why;
    a return isn't moved into a full day either, but may move within its own.
    """
    small = replace(FLEET, couriers=(replace(FLEET.couriers[1], capacity=1),))
    first = ask(store, now=NOW, fleet=small)
    second = ask(store, "r2", now=NOW, fleet=small)
    assert isinstance(first, Accepted)
    assert first.moved is None
    assert isinstance(second, Accepted)
    assert second.value.slot_from == at("2026-11-24T10:00")
    assert second.moved is not None
    assert second.moved.code == "slot_full"
    given = {"policy": POLICY, "fleet": small, "now": NOW}
    refused = store.write(reschedule, "r2", "2026-11-23T16:00/18:00", **given)
    assert isinstance(refused, Refused)
    assert refused.reason.code == "slot_full"
    assert store.write(reschedule, "r1", "2026-11-23T16:00/18:00", **given).slot_from == at("2026-11-23T16:00")


def test_a_slot_at_a_place_that_nobody_knows_is_taken_as_it_is(store: Store) -> None:
    """It can't be tried: the plan says later whether it could be kept."""
    unknown = an_order("o3", 3, lat=None, lon=None, located="")
    store.write(deliver, unknown, at("2026-11-20T15:00"))
    small = replace(FLEET, couriers=(replace(FLEET.couriers[1], capacity=1),))
    assert isinstance(ask(store, now=NOW, fleet=small), Accepted)
    answer = ask(store, "r3", "o3", now=NOW, fleet=small)
    assert isinstance(answer, Accepted)
    assert (answer.moved, answer.value.slot_from) == (None, at("2026-11-23T14:00"))


def test_the_last_second_of_the_window_counts_even_where_the_pickup_is_days_later(store: Store) -> None:
    """Signed on the 20th: asked at 23:59:59 on the 27th is in time, one second later isn't."""
    late = {"slot": "2026-11-29T14:00/16:00"}
    assert isinstance(ask(store, "a", now=at("2026-11-27T23:59:59"), **late), Accepted)
    assert isinstance(ask(store, "b", now=at("2026-11-28T00:00:00"), **late), Refused)


def test_no_more_goes_back_than_was_bought(store: Store) -> None:
    """Counted over all returns of the order that stand; a cancelled one gives its pieces free."""
    assert isinstance(ask(store, "r1", now=NOW, items=(ReturnItem("A", 2),)), Accepted)
    refused = ask(store, "r2", now=NOW, items=(ReturnItem("A", 2),))
    assert isinstance(refused, Refused)
    assert refused.reason.params | {"asked": 4, "bought": 3} == refused.reason.params
    twice = ask(store, "r3", now=NOW, items=(ReturnItem("A", 1), ReturnItem("A", 1)))
    assert isinstance(twice, Refused)
    store.write(cancel_return, "r1", link=link, now=NOW)
    assert isinstance(ask(store, "r4", now=NOW, items=(ReturnItem("A", 2),)), Accepted)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"order": "o404"}, "o404"),
        ({"items": (ReturnItem("Z", 1),)}, "isn't in order"),
        ({"items": (ReturnItem("A", 0),)}, "at least 1"),
        ({"items": ()}, "at least one"),
        ({"slot": "soon"}, "slot"),
    ],
)
def test_a_request_that_makes_no_sense_is_the_callers_error(store: Store, fields: dict, said: str) -> None:
    """It names what is wrong and writes nothing."""
    with pytest.raises(RuleError, match=said):
        ask(store, now=NOW, **fields)
    assert store.read(returns.find, "r1") is None


def test_the_nearest_depot_fetches() -> None:
    """By distance to the customer; the first one where nobody knows where that is."""
    east, west = (
        replace(FLEET.depots[0], id=i, location=Location(lat=30.0, lon=lon)) for i, lon in (("e", 121.0), ("w", 119.0))
    )
    assert nearest_depot((east, west), Location(lat=30.0, lon=119.5)) == west
    assert nearest_depot((east, west), None) == east
    assert nearest_depot((), Location(lat=30.0, lon=119.5)) is None


def test_cancelling_twice_is_cancelling_once(store: Store) -> None:
    """And what was collected can't be cancelled any more."""
    ask(store, now=NOW)
    for _ in range(2):
        assert store.write(cancel_return, "r1", link=link, now=NOW).status is ReturnStatus.CANCELLED
    assert [f.event for f in store.read(facts.history, "return", "r1")] == ["requested", "cancelled"]
    done = a_return("r9", status=ReturnStatus.COLLECTED)
    store.write(returns.add_return, done, by=None, channel="")
    assert isinstance(store.write(cancel_return, "r9", link=link, now=NOW), Refused)


def test_another_slot_can_be_agreed_on_while_a_return_waits(store: Store) -> None:
    """A failed visit, a new slot; a return that is on a route already keeps its time."""
    ask(store, now=NOW)
    kw = {"policy": POLICY, "fleet": FLEET, "now": at("2026-11-24T08:00"), "by": "desk"}
    moved = store.write(reschedule, "r1", "2026-11-25T14:00/16:00", **kw)
    assert moved == store.read(returns.find, "r1")
    assert moved.slot_from == at("2026-11-25T14:00")
    assert isinstance(store.write(reschedule, "r1", "2026-11-25T20:00/22:00", **kw), Refused)
    planned = ReturnFact(ReturnEvent.PLANNED, NOW, None, "", {"depot": "hz"})
    store.write(returns.record, "r1", planned)
    assert isinstance(store.write(reschedule, "r1", "2026-11-26T14:00/16:00", **kw), Refused)


def ship(db: Db, number: str, *, leg: str = "out", events: tuple = ()) -> int:
    """Another shipment of order o1, with (milestone, time) events."""
    shipment = Shipment(number, "sf", "sf", at("2026-11-16T09:00"), order_ref="o1", leg=leg)
    written = intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None)
    scans = tuple(ScanEvent(None, m.value, m, EventTime(t, at(t), Zone.OFFSET, Certainty.EXACT)) for m, t in events)
    tracking.record(db, [(int(written.id), "sf", [ParcelReading(number, scans)])], now=NOW)
    return int(written.id)


D, T = Milestone.DELIVERED, Milestone.IN_TRANSIT


@pytest.mark.parametrize(
    ("leg", "events", "received"),
    [
        ("out", (), "2026-11-20T15:00"),
        ("out", ((D, "2026-11-21T12:00"),), "2026-11-21T12:00"),
        ("out", ((D, "2026-11-19T12:00"),), "2026-11-20T15:00"),
        ("out", ((D, "2026-11-21T12:00"), (T, "2026-11-21T18:00")), "2026-11-20T15:00"),
        ("return", ((D, "2026-11-21T12:00"),), "2026-11-20T15:00"),
    ],
)
def test_the_days_begin_with_the_last_delivery_to_the_customer(store: Store, leg, events, received: str) -> None:
    """An undone delivery doesn't count, nor what arrived at the shop."""
    store.write(ship, "SF2", leg=leg, events=events)
    assert store.read(returns.received_at, "o1") == at(received)


def test_a_person_may_say_that_it_was_received(store: Store) -> None:
    """Where the carrier's scans are silent: the days begin when the desk was told."""
    assert store.read(returns.received_at, "o2") is None
    [shipment] = store.read(tracking.shipment_ids_by_number, "SFo2")

    def say_received(db: Db) -> None:
        db.exec_driver_sql("UPDATE watch SET note = 'received' WHERE shipment_id = ?", (shipment,))
        facts.append(db, [FactRow("shipment", str(shipment), "received", NOW, "ann")])

    store.write(say_received)
    assert store.read(returns.received_at, "o2") == NOW
    assert isinstance(ask(store, "r2", "o2", now=NOW), Accepted)
