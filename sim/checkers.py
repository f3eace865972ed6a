"""Independent checkers of what the product did against the truth of the world.

They see plain rows and the world, nothing of the product's code. Each gives violations; an empty list is a pass.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from types import MappingProxyType

from domain.case import Kind
from sim.desk_checkers import alerted, halted, instructed_once, promises_kept_or_said, taken_once
from sim.evidence import CaseRow, Evidence, PaymentRow, StopRow, Violation
from sim.tales import Outage, Tale
from sim.warehouse_checkers import brought_in, missing_found, paid_on_trigger
from sim.world import World


@dataclass(frozen=True, slots=True)
class Budget:
    """How long after it can be seen a trouble may stay unfound, and under which kinds of case it counts as found.

    ``abroad`` is for parcels from abroad, where patience is counted in business days.
    """

    kinds: frozenset[Kind]
    within: timedelta
    abroad: timedelta


def _budget(hours: float, *kinds: Kind, abroad_h: float | None = None) -> Budget:
    return Budget(frozenset(kinds), timedelta(hours=hours), timedelta(hours=hours if abroad_h is None else abroad_h))


SILENT_KINDS = (Kind.STALLED, Kind.LOST, Kind.PROMISE_RISK, Kind.PROMISE_MISSED)
BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        "unshipped": _budget(4, Kind.UNSHIPPED),
        # 20 h after the upload (2 business days abroad), and a poll interval
        "never_collected": _budget(26, Kind.NEVER_COLLECTED, abroad_h=104),
        # 48 h without a physical scan, or the source's learned pace; 5 business days across a border
        "stalled": _budget(96, *SILENT_KINDS, abroad_h=192),
        "storm": _budget(60, *SILENT_KINDS, abroad_h=192),
        "lost": _budget(96, *SILENT_KINDS, abroad_h=192),
        # the carrier's own word: at once, that is within two polls
        "lost_by_word": _budget(9, Kind.LOST),
        "returning": _budget(9, Kind.RETURNING),
        "refused": _budget(9, Kind.REFUSED, Kind.RETURNING),
        "damaged": _budget(9, Kind.DAMAGED),
        "address": _budget(9, Kind.ADDRESS),
        # the day after the promise, and the last polls before it; in customs a parcel is asked every six hours
        "late": _budget(28, *SILENT_KINDS, abroad_h=32),
        # no next step by the evening of the next working day
        "failed_attempt": _budget(50, Kind.FAILED_ATTEMPT, abroad_h=84),
        # a delivered parcel is asked once a day
        "undone": _budget(28, Kind.MISDELIVERED, Kind.FAILED_ATTEMPT),
        "disputed": _budget(1, Kind.DISPUTED, Kind.MISDELIVERED),
        "customs": _budget(13 * 24, Kind.CUSTOMS, *SILENT_KINDS),
    }
)
"""By plot. The figures are the product's shipped thresholds plus what polling adds."""

SILENCE = frozenset({Kind.STALLED, Kind.NEVER_COLLECTED, Kind.PROMISE_RISK})
"""Kinds that only silence can give. (A lost parcel may be lost by the carrier's word.)"""

OUTAGE_GRACE = timedelta(hours=4)  # one poll interval: until then the last good answer is fresh
CATCH_UP = timedelta(hours=4)  # after an outage everything is asked again, within the budgets
PAYS = frozenset({"refund", "reship"})


# --- the checkers ---


def found_in_time(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """Every trouble whose budget ended before ``until`` has a case of a fitting kind that opened in time."""
    cases = by_order(world, evidence)
    for tale in world.tales:
        deadline = deadline_of(world, tale, evidence.source(tale))
        if deadline is None or deadline > until:
            continue
        found = first_found(tale, cases.get(tale.order.ref, ()))
        if found is None or found > deadline:
            when = f"found {found:%m-%d %H:%M}" if found else "not found"
            text = f"{tale.truth.plot}: {when}, had to be by {deadline:%m-%d %H:%M}"
            yield Violation("found_in_time", _subject(tale), deadline, text)


def one_open_case(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """At no moment are two cases open for the same subject and kind."""
    del world, until
    groups: dict[tuple[str, str, str], list[CaseRow]] = {}
    for case in evidence.cases:
        groups.setdefault((case.subject_type, case.subject_id, case.kind), []).append(case)
    for key, cases in sorted(groups.items()):
        cases.sort(key=lambda case: case.opened_at)
        for before, after in itertools.pairwise(cases):
            if before.closed_at is None or before.closed_at > after.opened_at:
                yield Violation("one_open_case", f"{key[0]}:{key[1]}", after.opened_at, f"two open cases of {key[2]}")


def calm_in_outages(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """While a source is down, nothing is concluded from its silence: an outage is a silent source, no stalled parcel. Where the
    parcel's own source stands in for the one that is down, it was heard.
    """
    del until
    for case in evidence.cases:
        tale = _tale_of(world, evidence, case)
        if tale is None or tale.parcel is None or case.kind not in SILENCE:
            continue
        deep = {
            outage.source: outage
            for outage in world.outages
            if outage.silent and outage.since + OUTAGE_GRACE <= case.opened_at < outage.until
        }
        if evidence.voices(tale) <= deep.keys():
            outage = deep[evidence.source(tale)]
            text = f"{case.kind} from silence while {outage.source} was down ({outage.manner})"
            yield Violation("calm_in_outages", _subject(tale), case.opened_at, text)


def paid_once(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """Without an approval nobody is paid twice for a thing, nor more than the order was worth."""
    orders: dict[str, list[PaymentRow]] = {}
    for payment in evidence.payments:
        if payment.kind in PAYS and not payment.approval:
            orders.setdefault(payment.order_ref, []).append(payment)
    for ref, payments in sorted(orders.items()):
        for text in _overpaid(world, ref, payments):
            yield Violation("paid_once", f"order:{ref}", until, text)


def _overpaid(world: World, ref: str, payments: Sequence[PaymentRow]) -> Iterator[str]:
    items = [payment.item for payment in payments]
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        yield f"paid twice for {', '.join(twice)}"
    if "*" in items and len(items) > 1:
        yield "paid for the whole order and for a part of it"
    tale = world.by_order.get(ref)
    if tale is None:
        yield "paid for an order that nobody placed"
        return
    worth, paid = sum(i.price_cents * i.qty for i in tale.order.items), sum(p.amount_cents for p in payments)
    if paid > worth:
        yield f"paid {paid} cents, the order was worth {worth}"


def one_route(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """A return stands on at most one route at a time, and on none once it was collected."""
    del world, until
    groups: dict[str, list[StopRow]] = {}
    for stop in evidence.stops:
        groups.setdefault(stop.return_ref, []).append(stop)
    for ref, stops in sorted(groups.items()):
        stops.sort(key=lambda stop: (stop.planned_at, stop.id))
        for before, after in itertools.pairwise(stops):
            if before.ended_at is None or before.ended_at > after.planned_at:
                text = f"on routes {before.route_id} and {after.route_id} at once"
                yield Violation("one_route", f"return:{ref}", after.planned_at, text)
            elif before.status in {"collected", "partly_collected"}:
                text = f"planned again on {after.route_id} after it was collected"
                yield Violation("one_route", f"return:{ref}", after.planned_at, text)


Checker = Callable[[World, Evidence, datetime], Iterable[Violation]]
CHECKERS: tuple[Checker, ...] = (
    found_in_time, one_open_case, calm_in_outages, paid_once, one_route, alerted, promises_kept_or_said, instructed_once,
    taken_once, brought_in, missing_found, paid_on_trigger,
)  # fmt: skip


def check(world: World, evidence: Evidence, until: datetime) -> list[Violation]:
    """Every checker's violations, in order."""
    return [violation for checker in CHECKERS for violation in checker(world, evidence, until)]


# --- truth against cases ---


def deadline_of(world: World, tale: Tale, asked: str | None = None) -> datetime | None:
    """When an injected trouble must have been found: its budget, longer by the outages of the source that is ``asked`` and by
    when the house itself could not work.
    """
    if tale.truth.kind is None or tale.truth.visible_at is None:
        return None
    budget = BUDGETS[tale.truth.plot]
    source = asked if asked is not None else tale.parcel.source if tale.parcel else ""
    deadline = tale.truth.visible_at + (budget.abroad if tale.parcel and tale.parcel.abroad else budget.within)
    deadline += halted(world.halts, tale.truth.visible_at, deadline)
    if tale.truth.kind in {Kind.UNSHIPPED, Kind.DISPUTED}:
        return deadline
    return deadline + _held_up(world.outages, source, tale.truth.visible_at, deadline)


def _held_up(outages: Iterable[Outage], source: str, since: datetime, until: datetime) -> timedelta:
    overlaps = (
        min(o.until, until) - max(o.since, since) + CATCH_UP
        for o in outages
        if o.source == source and o.since < until and since < o.until
    )
    return sum(overlaps, timedelta())


def by_order(world: World, evidence: Evidence) -> dict[str, list[CaseRow]]:
    """Cases by the order that they are about."""
    found: dict[str, list[CaseRow]] = {}
    for case in evidence.cases:
        tale = _tale_of(world, evidence, case)
        if tale is not None:
            found.setdefault(tale.order.ref, []).append(case)
    return found


def _tale_of(world: World, evidence: Evidence, case: CaseRow) -> Tale | None:
    if case.subject_type == "order":
        return world.by_order.get(case.subject_id)
    if case.subject_type == "shipment":
        return world.by_number.get(evidence.numbers.get(case.subject_id, ""))
    return None


def first_found(tale: Tale, cases: Iterable[CaseRow]) -> datetime | None:
    """When the first fitting case opened."""
    kinds = BUDGETS[tale.truth.plot].kinds
    return min((case.opened_at for case in cases if case.kind in kinds), default=None)


def _subject(tale: Tale) -> str:
    return f"shipment:{tale.parcel.number}" if tale.parcel else f"order:{tale.order.ref}"


@dataclass(frozen=True, slots=True)
class Score:
    """For one kind of trouble: how many were injected and due, found in time, and how many ordinary parcels got such a
    case. ``median_lead_s``: promise plus 7 days, minus the first finding; None where nothing was found.
    """

    injected: int
    found: int
    false: int
    median_lead_s: int | None


GRACE = timedelta(days=7)


def score(world: World, evidence: Evidence, until: datetime) -> dict[str, Score]:
    """Truth against cases by kind, for a summary."""
    cases = by_order(world, evidence)
    return {kind.value: _score(world, evidence, cases, kind, until) for kind in sorted(set(_kinds()))}


def _kinds() -> Iterator[Kind]:
    for budget in BUDGETS.values():
        yield from budget.kinds


def _score(
    world: World, evidence: Evidence, cases: Mapping[str, Sequence[CaseRow]], kind: Kind, until: datetime
) -> Score:
    wrong = [(t, deadline_of(world, t, evidence.source(t))) for t in world.tales if t.truth.kind is kind]
    due = [tale for tale, by in wrong if by and by <= until]
    firsts = [(tale, first_found(tale, cases.get(tale.order.ref, ()))) for tale in due]
    leads = [
        int((tale.parcel.promised_at + GRACE - at).total_seconds())
        for tale, at in firsts
        if at is not None and tale.parcel
    ]
    ordinary = (tale for tale in world.tales if tale.truth.kind is None)
    false = sum(1 for tale in ordinary for case in cases.get(tale.order.ref, ()) if case.kind == kind)
    found = sum(1 for _, at in firsts if at is not None)
    return Score(len(due), found, false, int(median(leads)) if leads else None)
