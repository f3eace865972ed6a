"""The people: what the shop, its buyers and couriers send, when, and always under the same keys."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import pytest

from domain.pickup import FailReason, ReturnReason, Want
from domain.returns import ReturnItem, Stop
from sim.acting import Door, NoReads
from sim.couriers import visit
from sim.people import acts

DOOR = Door("http://house", "k3y")


def sent(world, since, now, reads=None):
    return acts(world, reads or NoReads(), since, now, DOOR)


def bodies(requests, what):
    return [json.loads(r.body) for r in requests if r.url == f"http://house/api/{what}"]


def test_the_shop_posts_each_order_and_shipment_once(world):
    """Over any cutting of the time, everything comes exactly once and in order."""
    whole = sent(world, world.start, world.end + timedelta(days=40))
    cut, now = [], world.start
    while now < world.end + timedelta(days=40):
        cut += sent(world, now, now + timedelta(hours=7))
        now += timedelta(hours=7)
    assert cut == whole
    assert len(bodies(whole, "orders")) == 400
    assert len(bodies(whole, "shipments")) == len(world.by_number)
    keys = [r.headers["idempotency-key"] for r in whole]
    assert len(set(keys)) == len(keys)


def test_requests_carry_the_key_and_the_fields_of_the_intake(world):
    """As the intake is documented."""
    whole = sent(world, world.start, world.end + timedelta(days=40))
    assert {r.headers["authorization"] for r in whole} == {"Bearer k3y"}
    assert set(bodies(whole, "orders")[0]) == {
        "order", "items", "currency", "customer", "phone", "email", "address", "district", "lat", "lon", "shop",
        "ship_by", "created_at",
    }  # fmt: skip
    assert set(bodies(whole, "shipments")[0]) == {
        "order", "carrier", "service", "number", "promised_at", "origin", "destination", "created_at",
    }  # fmt: skip
    assert set(bodies(whole, "returns")[0]) == {"order", "items", "reason", "want", "slot", "phone"}
    assert set(bodies(whole, "disputes")[0]) == {"number", "type", "text", "at"}


def test_returns_use_known_words(world):
    """Reasons and wants of the product, slots of two hours on a later day."""
    for body in bodies(sent(world, world.start, world.end + timedelta(days=40)), "returns"):
        ReturnReason(body["reason"])
        Want(body["want"])
        start, end = body["slot"].split("/")
        begin = datetime.fromisoformat(start)
        assert datetime.fromisoformat(f"{start[:10]}T{end}") - begin == timedelta(hours=2)


def test_a_dispute_comes_after_the_delivery_that_it_doubts(world):
    """And names the number."""
    for tale in world.tales:
        if tale.dispute:
            early = sent(world, world.start, tale.truth.delivered_at)
            assert tale.parcel.number not in {b["number"] for b in bodies(early, "disputes")}


# --- couriers ---


class OneRoute:
    """A route of stops as the product would show it."""

    def __init__(self, stops):
        self.shown = {stop.id: stop for stop in stops}

    def courier_letters(self, since):
        return [{"route": "r1", "url": "http://house/courier/TOKEN"}] * 2

    def stops(self, route_id):
        assert route_id == "r1"
        return list(self.shown.values())

    def return_code(self, return_ref):
        return "4711" + return_ref[-2:]

    def return_items(self, return_ref):
        return (ReturnItem("A", 2), ReturnItem("B", 1))

    def checkins(self):
        return {}

    def report(self, requests, now):
        """What the product would make of the reports."""
        for request in requests:
            stop_id = request.url.rsplit("/", 1)[1]
            action = parse_qs(request.body.decode())["action"][0]
            ended = None if action == "arrived" else now
            self.shown[stop_id] = replace(self.shown[stop_id], status=action, ended_at=ended)


@pytest.fixture
def route(world):
    begin = world.start + timedelta(hours=10)
    return OneRoute(
        [
            Stop(
                id=f"s{n:03d}", route_id="r1", return_ref=f"R{n:03d}", position=n, lat=30.25, lon=120.17,
                arrive_at=begin + timedelta(minutes=20 * n), start_at=begin + timedelta(minutes=20 * n),
                leave_at=begin + timedelta(minutes=20 * n + 8),
            )
            for n in range(300)
        ]
    )  # fmt: skip


def drive(world, route, hours=110, step=timedelta(minutes=10)):
    now, all_sent = world.start + timedelta(hours=9), []
    while now < world.start + timedelta(hours=hours):
        requests = [r for r in sent(world, now, now + step, route) if "/courier/" in r.url]
        route.report(requests, now + step)
        all_sent += requests
        now += step
    return all_sent


def fields(request):
    return parse_qs(request.body.decode())


def test_couriers_arrive_and_end_each_stop_once(world, route):
    """Two letters with the same route make no second visit; each report has an id of its own."""
    reports = drive(world, route)
    ids = [fields(r)["id"][0] for r in reports]
    assert len(set(ids)) == len(ids)
    for stop in route.shown.values():
        mine = [i.split(":")[1] for i in ids if i.startswith(stop.id)]
        forgets = visit(world, stop).forgets
        assert (mine == []) if forgets else (mine[0] == "arrived" and mine[-1] in {"collected", "failed"})


def test_couriers_mostly_collect_with_the_customers_code(world, route):
    """The right code in the end; some only a part, some fail with a known reason, a few say nothing."""
    reports = [fields(r) for r in drive(world, route)]
    ended = [f for f in reports if f["action"] == ["collected"] and not f["id"][0].endswith("mistyped")]
    failed = [f for f in reports if f["action"] == ["failed"]]
    mistyped = [f for f in reports if f["id"][0].endswith("mistyped")]
    assert 0.8 < len(ended) / 300 < 0.97
    assert 5 < len(failed) < 45
    assert mistyped
    assert all(f["code"] == ["4711" + f["id"][0][2:4]] for f in ended)
    assert all(f["code"] != ["4711" + f["id"][0][2:4]] for f in mistyped)
    assert all(FailReason(f["reason"][0]) for f in failed)
    parts = [f["items"] for f in ended if "items" in f]
    assert parts
    assert all(items == ["A:1", "B:1"] for items in parts)


def test_what_a_courier_will_do_is_told_by_the_stop_alone(world, route):
    """Asked again, before and after a restart, it is the same."""
    before = drive(world, OneRoute(list(route.shown.values())))
    assert before == drive(world, OneRoute(list(route.shown.values())))


def test_an_unreported_stop_is_reported_when_it_is_next_asked(world, route):
    """A driver without a network for an hour reports later, under the same ids."""
    late = world.start + timedelta(hours=12)
    first = sent(world, late, late, route)
    again = sent(world, late, late + timedelta(seconds=1), route)
    assert first
    assert first == again[: len(first)]


def test_nobody_reports_yesterdays_stops(world, route):
    """Half a day later they are left to the desk."""
    late = world.start + timedelta(days=9)
    assert [r for r in sent(world, late, late, route) if "/courier/" in r.url] == []


def test_reports_are_forms_that_ask_for_json(world, route):
    """As the courier page takes them."""
    report = drive(world, route, hours=12)[0]
    assert report.headers["accept"] == "application/json"
    assert report.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert report.url == "http://house/courier/TOKEN/stops/s000"
