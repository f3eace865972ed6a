"""Every checker lets a right record pass and catches a wrong one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sim_support import START, a_return

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
from sim.evidence import CheckinRow, DeedRow, LetterRow
from sim.lives import PLOTS
from sim.tales import Span
from sim.world import World

HOUR = timedelta(hours=1)


def ids(world):
    """Shipment subject ids as a product might number them, and back."""
    numbers = {str(n): number for n, number in enumerate(sorted(world.by_number), 1)}
    return numbers, {number: n for n, number in numbers.items()}


def perfect(world):
    """A case for every trouble, an hour after it could be seen."""
    numbers, backward = ids(world)
    cases = [replace(_case(tale, backward), id=str(n)) for n, tale in enumerate(t for t in world.tales if t.injected)]
    letters = [
        LetterRow(f"a{c.id}", "console", "alert", "opened", "case", c.id, world.start, world.start) for c in cases
    ]
    letters.append(
        LetterRow("instruction-", "merchant", "instruction", "refund", "order", "", world.start, world.start)
    )
    deeds = [DeedRow(c.id, "resolved", world.start, "li") for c in cases]
    return Evidence(cases=cases, numbers=numbers, letters=letters, deeds=deeds)


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
    late = replace(evidence.cases[at], kind="refused", opened_at=deadline_of(calm, tale) + HOUR)
    other = replace(late, kind="customs", opened_at=late.opened_at - 5 * HOUR)
    for wrong in (late, other):
        cases = [*evidence.cases[:at], wrong, *evidence.cases[at + 1 :]]
        (violation,) = check(calm, replace(evidence, cases=cases), until(calm))
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
    asked_too = {parcel.number: frozenset({"kuaidi100", "kuaidiniao"})}
    assert "calm_in_outages" not in violations(world, replace(elsewhere, stand_ins=asked_too))
    strangers = {parcel.number: frozenset({"kuaidi100", "17track"})}
    assert "calm_in_outages" in violations(world, replace(elsewhere, stand_ins=strangers))
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
    return violations(world, replace(perfect(world), payments=rows))


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
    return violations(world, replace(perfect(world), stops=rows)) - {"instructed_once", "brought_in"}


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


def _until_day(world, days=20):
    return world.start + timedelta(days=days)


def _found(world, **rows):
    return [v for v in check(world, Evidence(**rows), _until_day(world)) if v.checker != "found_in_time"]


def _opened(world, **more):
    return CaseRow("lost", "order", "nobody", world.start + 30 * HOUR, **{"id": "7", **more})


def _alert(world, channel="console", subject=("case", "7"), hours=31, **more):
    at = world.start + hours * HOUR
    sent = {"sent_at": at, "remote_id": "" if channel == "console" else "55", **more}
    return LetterRow(f"{channel}/{subject}", channel, "alert", "opened", *subject, world.start + 30 * HOUR, **sent)


RESOLVED = DeedRow("7", "resolved", None, "li")


def _resolved(world):
    return [replace(RESOLVED, at=world.start + 31 * HOUR)]


def test_a_case_without_a_delivered_alert_is_caught(calm):
    """Its own or its incident's, shown in the console within three hours, and standing in each chat."""
    case, chat = _opened(calm), {"telegram:desk": frozenset({"55"})}
    deeds = _resolved(calm)
    told = [_alert(calm)]
    both = [*told, _alert(calm, "telegram:desk")]
    assert _found(calm, cases=[case], deeds=deeds, letters=told) == []
    assert _found(calm, cases=[case], deeds=deeds, letters=both, heard=chat) == []
    of_incident = [_alert(calm, subject=("incident", "3"))]
    assert _found(calm, cases=[replace(case, incident="3")], deeds=deeds, letters=of_incident) == []
    for letters in ([], of_incident, [_alert(calm, hours=40)], [_alert(calm, sent_at=None)]):
        assert {v.checker for v in _found(calm, cases=[case], deeds=deeds, letters=letters)} == {"alerted"}
    for wrong in (
        told,
        [*told, _alert(calm, "telegram:desk", remote_id="56")],
        [*told, _alert(calm, "telegram:desk", dead=True, sent_at=None)],
    ):
        assert {v.checker for v in _found(calm, cases=[case], deeds=deeds, letters=wrong, heard=chat)} == {"alerted"}
    closed = replace(case, closed_at=case.opened_at + HOUR)
    assert _found(calm, cases=[closed], deeds=deeds, letters=told, heard=chat) == []


@pytest.mark.parametrize(
    ("deeds", "caught"),
    [
        ([("breached", 24)], False),
        ([("breached", 26)], False),
        ([("cleared", 20)], False),
        ([("customer_told", 20)], False),
        ([], True),
        ([("breached", 27)], True),
        ([("breached", 23)], True),
        ([("acknowledged", 2)], True),
        ([("cleared", 30)], True),
    ],
)
def test_a_promise_that_is_silently_missed_is_caught(calm, deeds, caught):
    """Told, over, or on record as broken, 24 hours after the opening; not before, and at most two hours late."""
    case = _opened(calm)
    rows = [DeedRow("7", event, case.opened_at + h * HOUR, "li", event == "customer_told") for event, h in deeds]
    found = {v.checker for v in _found(calm, cases=[case], deeds=rows, letters=[_alert(calm)])}
    assert found == ({"promises_kept_or_said"} if caught else set())


def test_two_who_have_one_case_are_caught(calm):
    """Taken again after it was opened again is fine."""
    taken = [DeedRow("7", "acknowledged", calm.start + h * HOUR, by) for h, by in ((31, "li"), (32, "sam"))]
    assert {v.checker for v in _found(calm, deeds=taken)} == {"taken_once"}
    again = [taken[0], DeedRow("7", "reopened", calm.start + 31 * HOUR), taken[1]]
    assert _found(calm, deeds=again) == []


def test_instructions_without_cause_letter_or_effect_are_caught(calm):
    """What was collected is instructed, with one letter and one effect; what wasn't is not."""
    at, (ref, order) = calm.start + 30 * HOUR, a_return(calm)
    stop = StopRow("s1", "r1", ref, "collected", at - HOUR, at)
    paid = PaymentRow(order.ref, order.items[0].sku, "refund", 1, id="i1", return_ref=ref, written_at=at)
    letter = LetterRow("instruction-i1", "merchant", "instruction", "refund", "order", order.ref, at, at)
    shelf = [CheckinRow(ref, order.ref, at + HOUR, at + 2 * HOUR, "ok")]
    right = {"stops": [stop], "payments": [paid], "letters": [letter], "taken": {"i1": 1}, "checkins": shelf}
    assert _found(calm, **right) == []
    for wrong in ({"payments": []}, {"stops": []}, {"letters": []}, {"taken": {}}, {"taken": {"i1": 2}}):
        assert {v.checker for v in _found(calm, **{**right, **wrong})} == {"instructed_once"}


def test_what_could_not_be_done_meanwhile_is_no_fault(calm):
    """A house that could not work, or a chat that could not be reached, has as much longer."""
    case = _opened(calm)
    halt = Span(case.opened_at + HOUR, case.opened_at + 30 * HOUR)
    halted = World(11, START, 30, 400, outages=(), halts=[halt], chat_down=[halt])
    late = {
        "cases": [case],
        "deeds": [DeedRow("7", "breached", case.opened_at + 31 * HOUR)],
        "letters": [_alert(calm, hours=61)],
    }
    assert {v.checker for v in _found(calm, **late)} == {"alerted", "promises_kept_or_said"}
    assert _found(halted, **late) == []
