"""The warehouse's people send what they find, once; its checkers let a right record pass and catch a wrong one."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sim_support import START, a_return

from domain.returns import ReturnItem, Stop
from sim.acting import Door
from sim.checkers import check
from sim.evidence import CaseRow, CheckinRow, DeedRow, Evidence, LetterRow, PaymentRow, StopRow
from sim.goods import decision, goods_of, handed, looked
from sim.people import acts
from sim.warehouse import key_of
from sim.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOOR = Door("http://house", "k3y")
CHECKERS = {"brought_in", "missing_found", "paid_on_trigger"}


# --- what is there -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "part", "left"),
    [
        ((("A", 2), ("B", 1)), False, (("A", 2), ("B", 1))),
        ((("A", 2), ("B", 1)), True, (("A", 1), ("B", 1))),
        ((("A", 1), ("B", 1)), True, (("B", 1),)),
        ((("A", 1),), True, (("A", 1),)),
    ],
)
def test_who_hands_over_a_part_keeps_one_piece(items, part, left):
    """And where there is only one, hands that over."""
    assert handed(items, part=part) == left


def test_an_empty_box_differs(calm):
    """One piece short of one is none: nobody calls that a part."""
    told = replace(goods_of(calm, "R"), look="part")
    assert decision(looked(told, (("A", 1),))) == "differs"
    assert decision(looked(told, (("A", 2),))) == "part"
    assert decision(looked(replace(told, look="ok"), (("A", 1),))) == "ok"


# --- what they do --------------------------------------------------------------------------------------------------


class Shelf:
    """A route whose goods were collected, and what the product knows of them by now."""

    def __init__(self, stops):
        self.collected, self.known = stops, {}

    def courier_letters(self, since):
        return [{"route": "r1", "url": "http://house/courier/TOKEN"}] * 2

    def stops(self, route_id):
        return self.collected

    def return_code(self, return_ref):
        return "471100"

    def return_items(self, return_ref):
        return (ReturnItem("A", 2), ReturnItem("B", 1))

    def checkins(self):
        return self.known


def worked(world, hours=40):
    """What they send over so many hours, in steps, as a product would take it."""
    at = world.start
    stops = [Stop(f"s{n}", "r1", f"R{n}", n, 30.2, 120.1, at, at, at, "collected", ended_at=at) for n in range(60)]
    shelf, sent = Shelf(stops), []
    for hour in range(hours):
        requests = [r for r in acts(world, shelf, at, at + hour * HOUR, DOOR) if r.url.endswith("/api/checkins")]
        for body in (json.loads(r.body) for r in requests):
            shelf.known[body["code"]] = shelf.known.get(body["code"], False) or "items" in body
        sent += requests
    return sent


def test_what_came_is_scanned_and_looked_at_and_what_was_lost_is_not(calm):
    """Under a key of the warehouse's own, each under one key; some decisions come again as other ones."""
    sent = worked(calm)
    assert {r.headers["authorization"] for r in sent} == {f"Bearer {key_of('k3y')}"}
    keys = [r.headers["idempotency-key"] for r in sent]
    assert len(set(keys)) == len(keys)
    refs = {json.loads(r.body)["code"] for r in sent}
    assert refs == {f"R{n}" for n in range(60) if not goods_of(calm, f"R{n}").lost}
    assert len(refs) < 60
    again = {key.split(":")[1] for key in keys if key.endswith("looked-again")}
    assert again == {ref for ref in refs if goods_of(calm, ref).again}
    said = {
        json.loads(r.body)["code"]: json.loads(r.body).get("items")
        for r in sent
        if r.headers["idempotency-key"].endswith("looked")
    }
    found = {ref: decision([(i["sku"], i["look"], i["qty"]) for i in items]) for ref, items in said.items()}
    assert found == {ref: goods_of(calm, ref).look for ref in refs}


def test_they_do_the_same_each_time(calm):
    assert worked(calm) == worked(calm)


# --- the checkers --------------------------------------------------------------------------------------------------


def inspecting():
    return World(11, START, 30, 400, outages=(), pays_on="inspected")


def record(world, *, lost=False, look="ok", days=10):
    """A right record of one return: (its stop, what was paid, the shelf, its cases, the letters), and the moment of judging."""
    at, (ref, order) = world.start + 30 * HOUR, a_return(world, lost=lost, look=look)
    wish = world.by_order[order.ref].wish
    prices = {item.sku: item.price_cents for item in order.items}
    found = looked(goods_of(world, ref), wish.items)
    decided = at + 9 * HOUR
    pays = world.pays_on == "collected" or (not lost and look != "differs")
    since = at if world.pays_on == "collected" else decided
    there = dict(wish.items) if world.pays_on == "collected" else {sku: good for sku, _, good in found}
    payments = [
        PaymentRow(order.ref, f"{sku}#1", "refund", prices[sku] * qty, id=f"i-{sku}", return_ref=ref, written_at=since)
        for sku, qty in there.items()
        if pays and qty
    ]
    cases = []
    if lost:
        cases = [CaseRow("checkin_missing", "return", ref, at + 5 * DAY + HOUR, id="7", party="collector")]
    elif look == "differs":
        cases = [CaseRow("disputed", "return", ref, decided, id="7")]
    return {
        "stops": [StopRow("s1", "r1", ref, "collected", at - HOUR, at)],
        "payments": payments,
        "checkins": [CheckinRow("R-first", order.ref, at - DAY)]
        + ([] if lost else [CheckinRow(ref, order.ref, at + 8 * HOUR, decided, look)]),
        "cases": cases,
        "letters": [
            LetterRow(f"instruction-{p.id}", "merchant", "instruction", "refund", "order", order.ref, since, since)
            for p in payments
        ]
        + [LetterRow("a", "console", "alert", "opened", "case", "7", c.opened_at, c.opened_at) for c in cases],
        "deeds": [DeedRow("7", "resolved", c.opened_at + HOUR, "li") for c in cases],
    }


def complaints(world, rows):
    found = check(world, Evidence(**rows), world.start + 12 * DAY)
    return {v.checker for v in found if v.checker != "found_in_time"}


@pytest.mark.parametrize("world", [World(11, START, 30, 400, outages=()), inspecting()], ids=["collected", "inspected"])
@pytest.mark.parametrize("fate", [{"lost": True}, {"look": "ok"}, {"look": "part"}, {"look": "differs"}])
def test_a_right_record_passes(world, fate):
    """Whatever became of the goods, and whatever the shop's rule waits for."""
    rows = record(world, **fate)
    if "lost" in fate and world.pays_on == "collected":
        assert rows["payments"]
    assert complaints(world, rows) == set()


def changed(rows, name, **values):
    return {**rows, name: [*rows[name][:-1], replace(rows[name][-1], **values)]}


def test_a_lost_parcel_without_its_case_is_caught(calm):
    """None at all, too late, too early, against nobody; and goods that came are nobody's fault."""
    rows = record(calm, lost=True)
    case = rows["cases"][0]
    assert "missing_found" in complaints(calm, {**rows, "cases": []})
    for wrong in (
        {"opened_at": case.opened_at + 2 * DAY}, {"opened_at": case.opened_at - DAY}, {"party": "customer"}, {"party": ""},
    ):  # fmt: skip
        assert "missing_found" in complaints(calm, changed(rows, "cases", **wrong)), wrong
    fine = record(calm)
    blamed = replace(case, subject_id=fine["stops"][0].return_ref)
    assert "missing_found" in complaints(calm, {**fine, "cases": [blamed]})


def test_who_scans_nothing_misses_nothing(calm):
    """Until the first return was ever scanned in."""
    rows = record(calm, lost=True)
    assert complaints(calm, {**rows, "cases": [], "checkins": []}) == set()


def test_goods_that_nobody_scanned_or_that_were_never_there_are_caught(calm):
    fine, lost = record(calm), record(calm, lost=True)
    assert "brought_in" in complaints(calm, {**fine, "checkins": fine["checkins"][:1]})
    ref = lost["stops"][0].return_ref
    ghost = replace(lost["checkins"][0], return_ref=ref)
    assert "brought_in" in complaints(calm, {**lost, "checkins": [*lost["checkins"], ghost]})


def test_a_decision_that_was_overruled_or_told_nobody_is_caught(calm):
    """The first one that was sent counts; what differs is a case."""
    rows = record(calm, look="differs")
    assert "brought_in" in complaints(calm, changed(rows, "checkins", decision="ok"))
    assert "brought_in" in complaints(calm, changed(rows, "checkins", decision="", decided_at=None))
    assert "brought_in" in complaints(calm, {**rows, "cases": []})


def test_paying_before_the_rule_says_so_is_caught(calm):
    """Before the door, before the decision, or though the goods differ; with an approval it is a person's word."""
    for world in (calm, inspecting()):
        rows = record(world)
        early = rows["payments"][-1].written_at - HOUR
        assert complaints(world, changed(rows, "payments", written_at=early)) == {"paid_on_trigger"}
        assert complaints(world, changed(rows, "payments", written_at=early, approval="lin")) == set()
    world = inspecting()
    differs, paid = record(world, look="differs"), record(world)["payments"]
    ref = differs["stops"][0].return_ref
    wrong = {**differs, "payments": [replace(one, return_ref=ref) for one in paid]}
    assert "paid_on_trigger" in complaints(world, wrong)


def test_paying_for_what_is_not_there_is_caught(calm):
    """Under a rule that waits for the inspection only good pieces are paid for."""
    world = inspecting()
    rows = record(world, look="part")
    more = replace(rows["payments"][0], amount_cents=rows["payments"][0].amount_cents + 100_000)
    assert "paid_on_trigger" in complaints(world, {**rows, "payments": [more, *rows["payments"][1:]]})


def test_good_goods_that_nobody_pays_for_are_caught():
    """Decided, and two hours later nothing is instructed."""
    world = inspecting()
    assert complaints(world, {**record(world), "payments": []}) == {"instructed_once"}
    assert complaints(world, {**record(world, look="differs"), "payments": []}) == set()
