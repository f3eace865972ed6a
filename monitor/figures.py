"""Counting the desk: from what happened to the samples that each figure is told from. Pure but for `samples`, which reads."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from domain.case import CaseEvent, CaseFact, Kind, Verdict, fold_case, verdict_of
from domain.checkin import LINE
from domain.figures import Figure, Sample, Samples
from domain.load import Came, Forecast
from domain.promise import Outcome
from monitor import load
from store import figures
from store.base import Db
from store.figures import CaseHistory, Claimed, Driven, Paid, Received, Refunded, Sent, Visit

Found = Iterator[tuple[Figure, Sample]]

STALLS = frozenset({Kind.NEVER_COLLECTED, Kind.STALLED})
SAID_DELIVERED = frozenset({Kind.MISDELIVERED, Kind.DISPUTED})
"""Cases about a parcel that its carrier calls delivered."""
NO_SHOW = "courier"


def samples(db: Db, *, since: datetime, now: datetime) -> Samples:
    """The samples of every figure from ``since`` to ``now``."""
    cases = figures.case_histories(db, since=since)
    found: dict[Figure, list[Sample]] = defaultdict(list)
    for figure, sample in (
        *(one for case in cases for one in of_case(case)),
        *of_shipments(figures.shipments(db, since=since), cases, now=now),
        *of_visits(figures.visits(db, since=since)),
        *of_routes(figures.routes_driven(db, since=since)),
        *of_checkins(figures.received(db, since=since - LINE)),
        *of_refunds(figures.refunds(db, since=since)),
        *of_money(figures.made_good(db, since=since), cases),
        *of_load(load.scored(db, since=since, now=now)),
        *of_claims(figures.claims_answered(db, since=since), figures.claims_lapsed(db, since=since)),
    ):
        if since <= sample.at <= now:
            found[figure].append(sample)
    return found


# --- cases -----------------------------------------------------------------------------------------------------------


def of_case(case: CaseHistory) -> Found:
    """What one case's history counts for."""

    def sample(at: datetime, value: float, person: str = "") -> Sample:
        return Sample(at, value, kind=case.kind.value, carrier=case.carrier, shop=case.shop, person=person)

    for promise in fold_case(list(case.facts)).promises:
        if promise.outcome in COUNTED:
            yield Figure.PROMISE_KEPT, sample(promise.promise_by, float(promise.outcome is Outcome.KEPT))
    for life in lives(case.facts):
        opened = life[0].at
        yield from ((Figure.FIRST_RESPONSE, sample(opened, _s(told.at, opened))) for told in _first(life, TOLD))
        yield from (
            (Figure.ACKNOWLEDGED, sample(opened, _s(took.at, opened), took.by or "")) for took in _first(life, TOOK)
        )
        yield from ((Figure.PROGRESS_GAP, sample(closed, gap)) for closed, gap in _longest_silence(life))
    yield from ((Figure.REOPENED, sample(at, again)) for at, again in _reopenings(case.facts))
    yield from ((Figure.CARRIER_ANSWER, sample(at, waited)) for at, waited in _answers(case.facts))
    yield from ((Figure.PRECISION, sample(at, right)) for at, right in _verdicts(case.facts))


COUNTED = frozenset({Outcome.KEPT, Outcome.BREACHED})
"""A promise that became void (the case cleared itself, or was a false alarm) counts neither way."""
TOLD = frozenset({CaseEvent.CUSTOMER_TOLD})
TOOK = frozenset({CaseEvent.ACKNOWLEDGED, CaseEvent.ASSIGNED})
OPENINGS = frozenset({CaseEvent.OPENED, CaseEvent.REOPENED})
CLOSINGS = frozenset({CaseEvent.RESOLVED, CaseEvent.CLEARED})


def lives(facts: Sequence[CaseFact]) -> list[list[CaseFact]]:
    """A case's history cut at its reopenings: each part begins with an opening and has a promise of its own."""
    found: list[list[CaseFact]] = []
    for fact in facts:
        if fact.event in OPENINGS:
            found.append([])
        found[-1].append(fact)
    return found


def _s(later: datetime, earlier: datetime) -> float:
    return (later - earlier).total_seconds()


def _first(life: Sequence[CaseFact], events: frozenset[CaseEvent]) -> list[CaseFact]:
    """The first of these that happened, by a person where it is about taking the case; none or one."""
    return [f for f in life if f.event in events and (events is TOLD or f.by)][:1]


def _longest_silence(life: Sequence[CaseFact]) -> list[tuple[datetime, float]]:
    """The longest time in which the customer of a closed case heard nothing, from its opening to its close."""
    closed = [f.at for f in life if f.event in CLOSINGS]
    if not closed:
        return []
    words = [f.at for f in life if f.event in TOLD and f.at < closed[0]]
    return [(closed[0], max(_s(b, a) for a, b in pairwise([life[0].at, *words, closed[0]])))]


def _reopenings(facts: Sequence[CaseFact]) -> Iterator[tuple[datetime, float]]:
    """Each resolution by a person, and whether the case was opened again after it."""
    for n, fact in enumerate(facts):
        if fact.event is CaseEvent.RESOLVED and fact.by:
            later = (f.event for f in facts[n + 1 :] if f.event in CLOSINGS | OPENINGS)
            yield fact.at, float(next(later, None) is CaseEvent.REOPENED)


def _answers(facts: Sequence[CaseFact]) -> Iterator[tuple[datetime, float]]:
    """How long the carrier took to answer, from the first unanswered word to it."""
    asked: datetime | None = None
    for fact in facts:
        if fact.event is CaseEvent.CARRIER_CONTACTED:
            asked = asked or fact.at
        elif fact.event is CaseEvent.CARRIER_ANSWERED and asked:
            yield asked, _s(fact.at, asked)
            asked = None


def _verdicts(facts: Sequence[CaseFact]) -> Iterator[tuple[datetime, float]]:
    """Each resolution by a person, and whether the alarm was right."""
    for fact in facts:
        if fact.event is CaseEvent.RESOLVED and fact.by:
            yield fact.at, float(verdict_of(fact) is not Verdict.FALSE_ALARM)


def is_false_alarm(case: CaseHistory) -> bool:
    """Whether the last resolution of a case said that there was nothing to solve."""
    resolved = [f for f in case.facts if f.event is CaseEvent.RESOLVED]
    return bool(resolved) and verdict_of(resolved[-1]) is Verdict.FALSE_ALARM


def of_load(scored: Iterable[tuple[Forecast, Came]]) -> Found:
    """How far the days' forecasts were off, of all the cases that came, and whether a day lay within what was said."""
    for one, came in scored:
        yield Figure.LOAD_OFF, Sample(one.begin, abs(came.cases - one.expected), came.cases)
        yield Figure.LOAD_INSIDE, Sample(one.begin, float(one.low <= came.cases <= one.high))


# --- parcels and carriers --------------------------------------------------------------------------------------------


def of_shipments(sent: Sequence[Sent], cases: Iterable[CaseHistory], *, now: datetime) -> Found:
    """How carriers and shops did: on time by the day that was promised, troubles by the day of upload or delivery."""
    troubles = _troubles(cases)
    for one in sent:
        kinds = troubles.get(one.id, [])

        def sample(at: datetime, value: float, one: Sent = one) -> Sample:
            return Sample(at, value, carrier=one.carrier, shop=one.shop)

        if one.promised_at and one.promised_at <= now:
            on_time = one.delivered_at is not None and one.delivered_at <= one.promised_at
            yield Figure.ON_TIME, sample(one.promised_at, float(on_time))
        if one.delivered_at:
            yield Figure.FALSE_SIGNED, sample(one.delivered_at, float(bool(SAID_DELIVERED & set(kinds))))
        yield Figure.LOST, sample(one.created_at, float(Kind.LOST in kinds))
        yield Figure.TRACKING_GAP, sample(one.created_at, float(bool(STALLS & set(kinds))))
        yield Figure.CASES, sample(one.created_at, float(len(kinds)))


def _troubles(cases: Iterable[CaseHistory]) -> Mapping[int, list[Kind]]:
    """The kinds of cases that each shipment had, false alarms left out; a lost parcel that turned up was not lost."""
    found: dict[int, list[Kind]] = defaultdict(list)
    for case in cases:
        if not is_false_alarm(case):
            for shipment in case.shipments:
                found[shipment].append(case.kind)
    return found


# --- pickups ---------------------------------------------------------------------------------------------------------


def of_visits(visits: Iterable[Visit]) -> Found:
    for visit in visits:

        def sample(value: bool, visit: Visit = visit) -> Sample:
            return Sample(visit.ended_at, float(value), collector=visit.collector)

        if visit.slot_to:
            yield Figure.PICKUP_ON_TIME, sample(visit.arrived_at is not None and visit.arrived_at <= visit.slot_to)
        if visit.first:
            yield Figure.PICKUP_FIRST_TRY, sample(visit.collected)
        yield Figure.PICKUP_NO_SHOW, sample(not visit.collected and visit.fault == NO_SHOW)


def of_routes(routes: Iterable[Driven]) -> Found:
    """Cents for each stop at which something was collected."""
    for route in routes:
        yield Figure.PICKUP_COST, Sample(route.depart_at, route.cost_cents, route.collected, collector=route.collector)


# --- the warehouse ---------------------------------------------------------------------------------------------------


def of_checkins(received: Iterable[Received]) -> Found:
    """How long goods waited to be decided, and whether that was within the line; what isn't decided when it ends is not."""
    for one in received:
        about = Sample(one.checked_in_at + LINE, 0.0, depot=one.depot, shop=one.shop)
        in_line = one.decided_at is not None and one.decided_at <= about.at
        yield Figure.WAREHOUSE_IN_LINE, replace(about, value=float(in_line))
        if one.decided_at:
            spent = _s(one.decided_at, one.checked_in_at)
            yield Figure.WAREHOUSE_TIME, replace(about, at=one.decided_at, value=spent, person=one.decided_by)


# --- money -----------------------------------------------------------------------------------------------------------


def of_refunds(refunds: Iterable[Refunded]) -> Found:
    for one in refunds:
        yield Figure.REFUND_TIME, Sample(one.confirmed_at, _s(one.confirmed_at, one.received_at), shop=one.shop)


def of_money(paid: Iterable[Paid], cases: Iterable[CaseHistory]) -> Found:
    """What making good took: time to reship from a case's opening, money by the carrier that the case is about."""
    by_id = {case.id: case for case in cases}
    for one in paid:
        case = by_id.get(one.case_id)
        if case is None:
            continue
        about = Sample(
            one.written_at, one.amount_cents, kind=case.kind.value, carrier=case.carrier, shop=case.shop,
            currency=one.currency,
        )  # fmt: skip
        yield Figure.MONEY_LOST, about
        if one.kind == "reship":
            yield Figure.RESHIP_TIME, replace(about, value=_s(one.written_at, case.facts[0].at))


def of_claims(answered: Iterable[Claimed], lapsed: Iterable[tuple[datetime, str]]) -> Found:
    for one in answered:
        yield (
            Figure.RECOVERED,
            Sample(one.filed_at, one.recovered_cents, one.claimed_cents, carrier=one.carrier, currency=one.currency),
        )
    for at, carrier in lapsed:
        yield Figure.CLAIMS_LOST, Sample(at, 1.0, carrier=carrier)
