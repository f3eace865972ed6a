"""Every checker lets a right record pass and catches a wrong one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Kind
from sim.checkers import (
    BUDGETS,
    CaseRow,
    Evidence,
    PaymentRow,
    StopRow,
    check,
    deadline_of,
    score,
)  # fmt: skip
from sim.lives import PLOTS

HOUR = timedelta(hours=1)


def ids(world):
    """Shipment subject ids as a product might number them, and back."""
    numbers = {str(n): number for n, number in enumerate(sorted(world.by_number), 1)}
    return numbers, {number: n for n, number in numbers.items()}


def perfect(world):
    """A case for every trouble, an hour after it could be seen."""
    numbers, backward = ids(world)
    cases = [_case(tale, backward) for tale in world.tales if tale.injected]
    return Evidence(cases=cases, numbers=numbers)


def _case(tale, backward):
    kind = tale.truth.kind.value
    at = tale.truth.visible_at + HOUR
    if tale.truth.kind is Kind.UNSHIPPED or tale.parcel is None:
        return CaseRow(kind, "order", tale.order.ref, at)
    return CaseRow(kind, "shipment", backward[tale.parcel.number], at)


def until(world):
    return world.end + timedelta(days=60)


def violations(world, evidence):
    return {v.checker for v in check(world, evidence, until(world))}


def test_every_plot_has_a_budget():
    """Nothing is injected that nobody must find."""
    assert set(BUDGETS) == set(PLOTS) - {"plain"} | {"storm"}


def test_a_perfect_record_passes(calm):
    """No violation at all."""
    assert check(calm, perfect(calm), until(calm)) == []


def test_an_empty_record_misses_every_trouble(calm):
    """One violation each, with what and when."""
    found = check(calm, Evidence(), until(calm))
    assert len(found) == sum(t.injected for t in calm.tales)
    assert {v.checker for v in found} == {"found_in_time"}


def test_a_trouble_found_late_or_under_another_name_counts_as_missed(calm):
    """The budget and the kind matter."""
    evidence = perfect(calm)
    tale = next(t for t in calm.tales if t.truth.plot == "refused" and t.injected)
    at = next(n for n, c in enumerate(evidence.cases) if calm.by_number.get(evidence.numbers.get(c.subject_id)) is tale)
    late = CaseRow("refused", "shipment", evidence.cases[at].subject_id, deadline_of(calm, tale) + HOUR)
    other = CaseRow("customs", "shipment", late.subject_id, late.opened_at - 5 * HOUR)
    for wrong in (late, other):
        cases = [*evidence.cases[:at], wrong, *evidence.cases[at + 1 :]]
        (violation,) = check(calm, Evidence(cases=cases, numbers=evidence.numbers), until(calm))
        assert tale.parcel.number in violation.subject


def test_what_is_not_due_yet_is_not_asked_for(calm):
    """Before the budgets end, an empty record is fine."""
    assert check(calm, Evidence(), calm.start + HOUR) == []


def test_an_outage_gives_more_time(world, calm):
    """Only for the source that was down."""
    longer = [
        (deadline_of(world, t), deadline_of(calm, t), t.parcel.source if t.parcel else "")
        for t in world.tales
        if t.injected
    ]
    assert any(down > clear for down, clear, _ in longer)
    assert all(down >= clear for down, clear, _ in longer)
    assert all(down == clear for down, clear, source in longer if not source)


def test_the_outages_of_whoever_was_asked_count(world):
    """A parcel of another source that Kuaidi100 was asked about: its outage gives more time, and must not be taken for
    the parcel's silence.
    """
    numbers, backward = ids(world)
    outage = next(o for o in world.outages if o.source == "kuaidi100")
    parcel = next(t.parcel for t in world.tales if t.parcel and t.parcel.source == "kuaidiniao")
    case = CaseRow("stalled", "shipment", backward[parcel.number], outage.since + 5 * HOUR)
    elsewhere = Evidence(cases=[case], numbers=numbers, asked={parcel.number: "kuaidi100"})
    assert "calm_in_outages" in violations(world, elsewhere)
    assert "calm_in_outages" not in violations(world, replace(elsewhere, asked={}))
    wrong = [t for t in world.tales if t.injected and t.parcel]
    assert any(deadline_of(world, t, "kuaidi100") > deadline_of(world, t) for t in wrong)


def test_two_open_cases_of_one_kind_are_caught(calm):
    """One after the other is fine, both at once isn't."""
    at = calm.start + 50 * HOUR
    first = CaseRow("stalled", "shipment", "1", at, at + HOUR)
    numbers = ids(calm)[0]
    fine = Evidence(cases=[first, CaseRow("stalled", "shipment", "1", at + 2 * HOUR)], numbers=numbers)
    both = Evidence(cases=[first, CaseRow("stalled", "shipment", "1", at)], numbers=numbers)
    assert "one_open_case" not in violations(calm, fine)
    assert "one_open_case" in violations(calm, both)


@pytest.mark.parametrize(
    ("kind", "hours", "caught"),
    [("stalled", 5, True), ("stalled", 1, False), ("stalled", 30, False), ("damaged", 5, False)],
    ids=["deep in it", "last answer fresh", "long over", "not from silence"],
)
def test_conclusions_from_an_outages_silence_are_caught(world, kind, hours, caught):
    """Deep in the outage of its source, a parcel must not be called stalled."""
    numbers, backward = ids(world)
    outage = next(o for o in world.outages if o.source == "fedex")
    parcel = next(t.parcel for t in world.tales if t.parcel and t.parcel.source == "fedex")
    case = CaseRow(kind, "shipment", backward[parcel.number], outage.since + hours * HOUR)
    found = violations(world, Evidence(cases=[case], numbers=numbers))
    assert ("calm_in_outages" in found) is caught


def _payments(world, *rows):
    return violations(world, Evidence(cases=perfect(world).cases, numbers=ids(world)[0], payments=rows))


def test_paying_twice_is_caught(calm):
    """For one item, for the whole and a part, or more than the order was worth; an approval makes it right."""
    order = calm.tales[0].order
    item = order.items[0]
    once = PaymentRow(order.ref, item.sku, "refund", item.price_cents)
    assert _payments(calm, once) == set()
    assert _payments(calm, once, once) == {"paid_once"}
    assert _payments(calm, once, PaymentRow(order.ref, item.sku, "refund", 1, approval="lead")) == set()
    assert _payments(calm, once, PaymentRow(order.ref, "*", "reship", 0)) == {"paid_once"}
    assert _payments(calm, PaymentRow(order.ref, "*", "refund", 10_000_000)) == {"paid_once"}
    assert _payments(calm, PaymentRow("nobody", "*", "refund", 1)) == {"paid_once"}
    assert _payments(calm, once, PaymentRow(order.ref, "*", "compensation", 1_000)) == set()


def _stops(world, *rows):
    return violations(world, Evidence(cases=perfect(world).cases, numbers=ids(world)[0], stops=rows))


def test_a_return_on_two_routes_is_caught(calm):
    """At once, or again after it was collected; after a failure it may go on a later route."""
    at = calm.start
    failed = StopRow("s1", "r1", "R", "failed", at, at + HOUR)
    done = StopRow("s1", "r1", "R", "collected", at, at + HOUR)
    still = StopRow("s1", "r1", "R", "planned", at)
    again = StopRow("s2", "r2", "R", "planned", at + 2 * HOUR)
    assert _stops(calm, failed, again) == set()
    assert _stops(calm, done, again) == {"one_route"}
    assert _stops(calm, still, again) == {"one_route"}


def test_the_score_counts_what_was_injected_found_and_false(calm):
    """By kind, for the summary."""
    evidence = perfect(calm)
    ordinary = next(t for t in calm.tales if not t.injected and t.parcel)
    wrong = CaseRow("damaged", "order", ordinary.order.ref, calm.end)
    scores = score(calm, Evidence(cases=[*evidence.cases, wrong], numbers=evidence.numbers), until(calm))
    damaged = scores["damaged"]
    injected = sum(t.truth.kind is Kind.DAMAGED for t in calm.tales)
    assert (damaged.injected, damaged.found, damaged.false) == (injected, injected, 1)
    assert damaged.median_lead_s
    assert scores["refused"].false == 0
