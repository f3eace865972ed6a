"""The JSON interface: each thing taken once, every refusal with its reason and its fix, nothing that breaks it."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_support import BODIES, DISPUTE, EVENT, NOW, ORDER, RETURN, SHIPMENT, TOKEN, Door, door
from engines import ON_BOTH

from doorstep.beat import beat
from doorstep.operations import OPERATIONS
from doorstep.solving import Here
from scheduler.router import Steps
from store import cases, check, checkins, intake, ledger, overviews, people, unidentified


@pytest.fixture
def at_door(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as opened:
        yield opened
        assert opened.house.store.read(check.differences, now=NOW) == []


def is_problem(reply: httpx.Response, status: int) -> dict[str, Any]:
    """An answer of RFC 9457 with a status, a title and a sentence that says what is wrong."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


# --- once ----------------------------------------------------------------------------------------------------------


@ON_BOTH
def test_each_kind_is_taken_first_and_known_then(at_door: Door) -> None:
    """201 with its id the first time, 200 with the same id for the same body again; the second changes nothing."""
    ids = {}
    for kind, body in BODIES.items():
        first = at_door.post(kind, body)
        assert first.status_code == 201, (kind, first.text)
        ids[kind] = first.json()["id"]
    before = at_door.counts()
    for kind in ("orders", "shipments", "returns", "events"):
        again = at_door.post(kind, BODIES[kind])
        assert (again.status_code, again.json()["id"]) == (200, ids[kind])
    assert at_door.counts() == before
    assert ids["orders"] == "O-1"


def test_a_warehouse_s_system_checks_in_and_decides(at_door: Door) -> None:
    """First the code, then how the goods were found; a code that nobody knows and goods that weren't asked for are refused."""
    at_door.post("orders", ORDER)
    at_door.post("shipments", SHIPMENT)
    at_door.post("events", {**EVENT, "milestone": "delivered"})
    ref = at_door.post("returns", RETURN).json()["id"]
    assert is_problem(at_door.post("checkins", {"code": "nobody's"}), 422)
    assert at_door.post("checkins", {"code": ref}).status_code == 201
    assert at_door.post("checkins", {"code": ref}).status_code == 200
    wrong = {"code": ref, "items": [{"sku": "TEA", "look": "ok", "qty": 1}]}
    assert is_problem(at_door.post("checkins", wrong), 422)
    odd = {"code": ref, "items": [{"sku": "A", "look": ["ok"], "qty": 1}]}
    assert is_problem(at_door.post("checkins", odd), 422)
    found = {"code": ref, "items": [{"sku": "MUG", "look": "ok", "qty": 1}], "note": "as new"}
    assert at_door.post("checkins", found).status_code in {200, 201}
    there = at_door.house.store.read(checkins.find, ref)
    assert there is not None
    assert there.decision is not None
    assert [i.amount_cents for i in at_door.house.store.read(ledger.of_return, ref)] == [4_900]


@pytest.mark.parametrize("kind", list(BODIES))
def test_the_same_key_is_the_same_request(at_door: Door, kind: str) -> None:
    """Under a key that came before nothing is done, whatever the body says now; the answer is that of then."""
    if kind != "orders":
        at_door.post("orders", ORDER)
    if kind in {"events", "cases"}:
        at_door.post("shipments", SHIPMENT)
    first = at_door.post(kind, BODIES[kind], "key-1")
    before = at_door.counts()
    for body in (BODIES[kind], {"order": "another"}, {}):
        again = at_door.post(kind, body, "key-1")
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert at_door.counts() == before


def test_a_refused_row_does_not_use_up_its_key(at_door: Door) -> None:
    """Mended and sent again under the same key, it is taken."""
    assert at_door.post("orders", {**ORDER, "items": []}, "key-1").status_code == 422
    assert at_door.post("orders", ORDER, "key-1").status_code == 201


def test_keys_of_different_kinds_do_not_meet(at_door: Door) -> None:
    """A shop system that numbers each list from 1 on is understood."""
    assert at_door.post("orders", ORDER, "1").status_code == 201
    assert at_door.post("shipments", SHIPMENT, "1").status_code == 201


def test_a_hundred_at_once_are_one_order(at_door: Door) -> None:
    """Whatever the network repeats at the same moment: one is new, all have the same id."""
    replies = at_door.client.post_at_once("/api/orders", 100, json=dict(ORDER), headers=at_door.headers("key-1"))
    assert sorted(r.status_code for r in replies) == [200] * 99 + [201]
    assert {r.json()["id"] for r in replies} == {"O-1"}
    assert at_door.counts()["orders"] == 1


def test_a_dispute_adds_to_its_open_case(at_door: Door) -> None:
    """A customer who complains twice has one case with both on record; named by order or by tracking number."""
    at_door.post("orders", ORDER)
    at_door.post("shipments", SHIPMENT)
    first = at_door.post("disputes", DISPUTE)
    again = at_door.post("disputes", {"number": SHIPMENT["number"], "text": "still nothing"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    [case] = at_door.house.store.read(cases.list_cases)
    assert (case.kind, case.promise_by) == ("disputed", NOW + timedelta(hours=24))


def test_a_return_outside_the_rules_is_written_and_explained(at_door: Door) -> None:
    """Nothing arrived yet, or it is too late: 201 all the same, refused, with a sentence for the customer."""
    at_door.post("orders", ORDER)
    reply = at_door.post("returns", {**RETURN, "items": [{"sku": "MUG", "qty": 1}], "reason": "no_reason"})
    assert reply.status_code == 201
    assert reply.json()["status"] in {"requested", "refused"}
    assert reply.json()["message"]


# --- who, what, where ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Basic c2hvcDo=", "Bearer \u00e9".encode("latin-1")]
)
def test_without_a_key_nothing_is_said_or_done(at_door: Door, header: str | bytes | None) -> None:
    """401 with the way to a key, before the body is even looked at."""
    headers = {} if header is None else {"authorization": header}
    reply = at_door.client.post("/api/orders", content=b"{", headers=headers)  # type: ignore[arg-type]
    assert "doorstep keys create" in is_problem(reply, 401)["detail"]
    assert at_door.counts()["orders"] == 0


def test_a_revoked_key_is_no_key(at_door: Door) -> None:
    """From the moment when it is revoked."""

    def revoke(db: Any) -> None:
        db.exec_driver_sql("UPDATE api_key SET revoked_at = 1")

    at_door.house.store.write(revoke)
    is_problem(at_door.post("orders", ORDER), 401)


def test_only_the_hash_of_a_key_is_kept(at_door: Door) -> None:
    """Whoever reads the database can't send in its name."""
    dump = at_door.house.store.read(lambda db: [tuple(r) for r in db.exec_driver_sql("SELECT * FROM api_key")])
    assert at_door.key not in str(dump)
    assert at_door.house.store.read(people.api_key, at_door.key) is None


@pytest.mark.parametrize("kind", ["parcels", "order", "orders%00", "..%2forders"])
def test_an_unknown_list_names_the_known_ones(at_door: Door, kind: str) -> None:
    """404, with every address that there is."""
    body = is_problem(at_door.post(kind, ORDER), 404)
    if "known" in body["detail"] or "use" in body["detail"]:
        assert all(f"/api/{known}" in body["detail"] for known in BODIES)


def test_too_large_a_body_is_refused_without_being_read_whole(at_door: Door) -> None:
    """413, and how large it may be."""
    body = {**ORDER, "address": "x" * (1024 * 1024)}
    assert "1048576 bytes" in is_problem(at_door.post("orders", body), 413)["detail"]


def test_too_long_a_key_is_refused(at_door: Door) -> None:
    """An idempotency key has at most 200 characters."""
    assert "200" in is_problem(at_door.post("orders", ORDER, "k" * 201), 400)["detail"]
    assert at_door.post("orders", ORDER, "k" * 200).status_code == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b'{"order": }', b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5_000, b"NaN"],
    ids=["empty", "cut", "words", "hole", "bytes", "deep list", "deep object", "huge number", "nan"],
)
def test_what_is_no_json_object(at_door: Door, body: bytes) -> None:
    """400 and a sentence, also for nesting without end."""
    is_problem(at_door.post("orders", body), 400)


@pytest.mark.parametrize("body", [[], [ORDER], "order", 7, None, True])
def test_json_that_is_no_object(at_door: Door, body: Any) -> None:
    """400: rows come one by one."""
    assert "one JSON object" in is_problem(at_door.post("orders", json.dumps(body).encode()), 400)["detail"]


# --- rows ----------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_row_is_named_at_once(at_door: Door) -> None:
    """Field by field, with what to write instead."""
    reply = at_door.post(
        "orders", {**ORDER, "order": "", "currency": "yuan", "lat": 95, "ship_by": "31.12.", "items": []}
    )
    errors = {e["field"]: e["problem"] for e in is_problem(reply, 422)["errors"]}
    assert {"order", "items", "currency", "lat", "ship_by"} <= set(errors)
    assert "CNY" in errors["currency"]
    assert "2026-11-22 18:00" in errors["ship_by"]


@pytest.mark.parametrize(
    ("said", "carrier", "source"),
    [
        ("中通快递", "zhongtong", "kuaidi100"), ("圆通速递", "yuantong", "kuaidi100"), ("顺丰", "shunfeng", "sf"),
        ("顺丰速运", "shunfeng", "sf"), ("FedEx", "fedex", "fedex"), ("zhongtong", "zhongtong", "kuaidi100"),
    ],
)  # fmt: skip
def test_carriers_go_by_every_name_that_people_use(at_door: Door, said: str, carrier: str, source: str) -> None:
    """Chinese names, short names and codes lead to the same carrier; one with an account of its own is asked itself."""
    reply = at_door.post("shipments", {"carrier": said, "number": "SF1234567890123"})
    assert reply.status_code == 201, reply.text
    row = at_door.house.store.read(lambda db: db.exec_driver_sql("SELECT carrier, source FROM shipment").one())
    assert tuple(row) == (carrier, source)


def test_an_unknown_carrier_is_answered_with_likely_ones(at_door: Door) -> None:
    """A slip of the pen finds its carrier."""
    errors = is_problem(at_door.post("shipments", {**SHIPMENT, "order": "", "carrier": "中通快弟"}), 422)["errors"]
    [error] = [e for e in errors if e["field"] == "carrier"]
    assert "中通快递" in error["problem"]


@pytest.mark.parametrize("kind", ["shipments", "returns", "disputes"])
def test_an_unknown_order_is_said_so(at_door: Door, kind: str) -> None:
    """422: the order comes first; nothing is left half written."""
    before = at_door.counts()
    assert "send the order" in is_problem(at_door.post(kind, {**BODIES[kind], "order": "O-404"}), 422)["detail"]
    assert at_door.counts() == before


def test_an_unknown_account_is_said_so(at_door: Door) -> None:
    """With the accounts that there are."""
    detail = is_problem(at_door.post("shipments", {**SHIPMENT, "order": "", "account": "second"}), 422)["detail"]
    assert "main" in detail


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**18, 1.5, 1e308, "", " ", "\x00", "\ud800", "💥" * 100, "' OR 1=1 --", "<script>", "9999-12-31",
    "0001-01-01", "x" * 100_000, [], {}, [None], [[]], [{}], {"$": 1}, [{"sku": {}}], {"from": 1, "to": None},
    [{"sku": "MUG", "qty": -1}], [{"sku": "MUG", "qty": 1e300, "price_cents": 1}],
)  # fmt: skip


@pytest.mark.parametrize("kind", list(BODIES))
def test_no_value_breaks_a_door(at_door: Door, kind: str) -> None:
    """Any value in any field is taken or refused with a reason, never an error of ours; what is refused leaves nothing."""
    at_door.post("orders", ORDER)
    for field in BODIES[kind]:
        for value in HOSTILE:
            before = at_door.counts()
            body = json.dumps({**BODIES[kind], field: value}).encode()
            reply = at_door.post(kind, body)
            assert reply.status_code in {200, 201, 400, 422}, (field, value, reply.text)
            assert (reply.status_code == 400) == (value == "\ud800"), (field, value, reply.text)
            if reply.status_code >= 400:
                is_problem(reply, reply.status_code)
                assert at_door.counts() == before


def test_no_shape_of_names_breaks_a_door(at_door: Door) -> None:
    """Odd names of fields are passed over or taken for slips."""
    for name in ("", "\x00", "\ud800", "ordre", "__class__", "order ", "x" * 10_000):
        reply = at_door.post("orders", json.dumps({**ORDER, name: 1}).encode())
        assert reply.status_code in {200, 201, 400, 422}


# --- health --------------------------------------------------------------------------------------------------------


def test_healthz_says_that_it_lives(at_door: Door) -> None:
    """Without a sign-in, always."""
    reply = at_door.client.get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


def test_readyz_says_what_is_wrong(at_door: Door) -> None:
    """Ready after a beat; not after one that failed, nor when none came for a minute; ready again after the next."""

    def ready() -> tuple[int, str]:
        reply = at_door.client.get("/readyz")
        return reply.status_code, reply.json()["status"]

    house = at_door.house
    done = asyncio.run(beat(house, {}, Here(Steps(1)), now=NOW, rng=None))  # type: ignore[arg-type]
    at_door.metrics.done(done, NOW)
    assert ready() == (200, "ready")
    at_door.metrics.failed(ValueError("disk is full"), NOW)
    assert ready() == (503, "the last beat failed: ValueError: disk is full")
    at_door.metrics.done(done, NOW - timedelta(seconds=61))
    assert ready()[0] == 503
    at_door.metrics.done(done, NOW)
    assert ready() == (200, "ready")


def test_metrics_are_prometheus_text(at_door: Door) -> None:
    """Counters under our name, cases that are open now."""
    at_door.post("orders", ORDER)
    at_door.post("disputes", DISPUTE)
    reply = at_door.client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "doorstep_open_cases 1.0" in reply.text
    assert "doorstep_beats_total 0.0" in reply.text


# --- control -------------------------------------------------------------------------------------------------------


def test_control_needs_its_token(at_door: Door) -> None:
    """An API key is no control token, and neither is nothing."""
    for given in ({}, {"authorization": f"Bearer {at_door.key}"}, {"authorization": f"Basic {TOKEN}"}):
        is_problem(at_door.client.post("/control/check", json={}, headers=given), 401)


def test_control_does_the_operations_of_the_command_line(at_door: Door) -> None:
    """The same answer as without a daemon; what it refuses, or doesn't know, it says with the way out."""
    sent = {"authorization": f"Bearer {TOKEN}"}
    at_door.post("orders", ORDER)
    reply = at_door.client.post("/control/check", json={}, headers=sent)
    assert reply.json() == OPERATIONS["check"](at_door.house, {})
    unknown = at_door.client.post("/control/nothing", json={}, headers=sent)
    assert "case_act" in is_problem(unknown, 422)["detail"]
    refused = at_door.client.post("/control/key_create", json={"name": "shop"}, headers=sent)
    assert "choose another name" in is_problem(refused, 422)["detail"]


def test_an_order_is_stored_as_it_came(at_door: Door) -> None:
    """Items, customer, coordinates and times, in UTC."""
    at_door.post("orders", ORDER)
    order = at_door.house.store.read(intake.find_order, "O-1")
    assert order is not None
    assert [(i.sku, i.qty, i.price_cents) for i in order.items] == [("MUG", 2, 4_900), ("TEA", 1, 16_800)]
    assert (order.customer.name, order.customer.lat, order.customer.located) == ("王小明", 30.25, "given")
    assert order.ship_by is not None
    assert order.ship_by.isoformat() == "2026-11-23T10:00:00+00:00"


# --- events that people bring ----------------------------------------------------------------------------------------


def test_a_brought_event_moves_its_parcel(at_door: Door) -> None:
    """Named in Chinese or English, kept with its origin beside the carriers' own scans."""
    at_door.post("orders", ORDER)
    at_door.post("shipments", SHIPMENT)
    for milestone, at in (("已揽收", "2026-11-22 09:30"), ("out_for_delivery", "2026-11-22T09:50:00+08:00")):
        assert at_door.post("events", {**EVENT, "milestone": milestone, "at": at}).status_code == 201
    page = at_door.house.store.read(overviews.parcel_page, SHIPMENT["number"])
    assert page is not None
    assert page.view.state.milestone == "out_for_delivery"
    assert {scan.source for scan in page.scans} == {"manual"}


def test_a_brought_return_is_a_parcel_of_its_own(at_door: Door) -> None:
    """The way back takes nothing over from the way out, whichever is told first."""
    at_door.post("orders", ORDER)
    at_door.post("shipments", SHIPMENT)
    back = {**EVENT, "milestone": "returning", "leg": "return", "at": "2026-11-22 09:40"}
    for event in (back, EVENT):
        assert at_door.post("events", event).status_code == 201
    page = at_door.house.store.read(overviews.parcel_page, SHIPMENT["number"])
    assert page is not None
    stands = {(parcel.identity, parcel.leg): parcel.state.milestone for parcel in page.view.parcels}
    assert stands == {("", "out"): "picked_up", ("return", "return"): "returning"}


def test_a_home_carriers_parcel_lives_by_the_home_calendar(at_door: Door) -> None:
    """Where a row names no destination, whoever of the sources at home is asked."""
    shipment = {"carrier": "京东物流", "number": "JDVA00000000001"}
    assert at_door.post("shipments", shipment).status_code == 201
    page = at_door.house.store.read(overviews.parcel_page, shipment["number"])
    assert page is not None
    assert (page.view.shipment.source, page.view.shipment.region) == ("jd", "cn")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": "404404404"}, "send the shipment first"),
        ({"at": "yesterday"}, "is no time"),
        ({"at": ""}, "at: missing"),
        ({"manner": "self"}, "only a delivered event has one"),
        ({"reason": "bored"}, "isn't one of"),
        ({"surprise": 1}, "no such field"),
    ],
)
def test_a_bad_event_is_refused_with_its_field(at_door: Door, fields: dict[str, Any], said: str) -> None:
    """And nothing of it is written."""
    at_door.post("orders", ORDER)
    at_door.post("shipments", SHIPMENT)
    before = at_door.counts()
    assert said in is_problem(at_door.post("events", {**EVENT, **fields}), 422)["detail"]
    assert at_door.counts() == before


# --- shipments without a carrier -------------------------------------------------------------------------------------


def test_a_number_that_says_whose_it_is_needs_no_carrier(at_door: Door) -> None:
    """A check digit and a prefix of one carrier's own are as good as its name."""
    at_door.post("orders", ORDER)
    bare = {k: v for k, v in SHIPMENT.items() if k != "carrier"} | {"number": "1Z999AA10123456784"}
    assert at_door.post("shipments", bare).status_code == 201
    page = at_door.house.store.read(overviews.parcel_page, "1Z999AA10123456784")
    assert page is not None
    assert (page.view.shipment.carrier, page.view.shipment.source) == ("ups", "ups")


def test_a_number_that_doesnt_is_asked_about(at_door: Door) -> None:
    """It is kept, its carrier unknown, until a source or a person says whose it is; sent again it is the same."""
    at_door.post("orders", ORDER)
    bare = {k: v for k, v in SHIPMENT.items() if k != "carrier"}
    first = at_door.post("shipments", bare)
    assert first.status_code == 201
    assert at_door.post("shipments", bare).json() == first.json()
    (waiting,) = at_door.house.store.read(unidentified.waiting, limit=5)
    assert waiting.number == SHIPMENT["number"]
    page = at_door.house.store.read(overviews.parcel_page, SHIPMENT["number"])
    assert page is not None
    assert (page.view.shipment.carrier, page.sources) == ("unknown", [])
