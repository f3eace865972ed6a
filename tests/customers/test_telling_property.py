"""Whatever happens to cases, on whatever days: the rules of automatic messages hold, checked by an oracle that reads the log alone."""

import os
from collections import Counter
from datetime import time, timedelta

import pytest
from customer_support import DAY, HOUR, MINUTE, START, ZONE, add_order, happen, open_case, opened, tick
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.case import CaseEvent, Kind, Subject, SubjectType
from domain.telling import Quiet, day_begin, next_day
from store import cases, mail, telling

CERTAIN = {
    "unshipped", "promise_missed", "failed_attempt", "refused", "returning", "address", "customs", "damaged", "disputed",
    "pickup_missed",
}  # fmt: skip
"""Said again here, by hand: what may be told without a person."""
NEVER = {"number_reuse", "source_silent"}
CONFIRMING = {"acknowledged", "assigned", "carrier_contacted", "customer_told", "made_good", "reopened", "opened", "waiting",
              "carrier_answered"}  # fmt: skip
DEEDS = [
    CaseEvent.ACKNOWLEDGED, CaseEvent.COMMENTED, CaseEvent.CARRIER_CONTACTED, CaseEvent.CUSTOMER_TOLD, CaseEvent.RESOLVED,
    CaseEvent.CLEARED, CaseEvent.REOPENED, CaseEvent.SNOOZED,
]  # fmt: skip
EXAMPLES = 300 if os.environ.get("DOORSTEP_FAULTS") == "full" else 15
SHIPMENT_KINDS = [kind for kind in Kind if kind is not Kind.SOURCE_SILENT]

moves = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(SHIPMENT_KINDS)),
        st.tuples(st.just("deed"), st.sampled_from(DEEDS), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("wait"), st.integers(5, 30 * 60)),
    ),
    min_size=4,
    max_size=25,
)


TWO_TOLD = [("open", Kind.FAILED_ATTEMPT), ("open", Kind.ADDRESS), ("wait", 60)]
"""Every history begins with two cases that the customer was told of: only then can two closing words fall on one day."""


def play(store, plan):
    """Do it in a store; letters are sent as they are written, as a house does that is well."""
    shipment, at = store.write(add_order), START
    ids = []
    for move in plan:
        if move[0] == "wait":
            until = at + move[1] * MINUTE
            while at < until:
                at = min(at + 40 * MINUTE, until)
                tick(store, at)
                for letter in store.read(mail.due_with, telling.CHANNEL, now=at, limit=100):
                    store.write(mail.mark_sent, letter.id, now=at)
        elif move[0] == "open":
            subject = Subject(SubjectType.SHIPMENT, str(shipment))
            if move[1] not in {case.kind for case in store.read(cases.open_for, subject)}:
                ids.append(store.write(open_case, shipment, move[1], at=at))
        elif ids:
            do(store, ids[move[2] % len(ids)], move[1], at, person=move[3])
    return ids


def do(store, case_id, event, at, *, person):
    case = store.read(cases.get, case_id)
    twin = any(other.kind is case.kind and other.id != case.id for other in store.read(cases.open_for, case.subject))
    if event is CaseEvent.REOPENED and (case.is_open or twin):
        return
    if event in {CaseEvent.RESOLVED, CaseEvent.CLEARED} and not case.is_open:
        return
    data = {"told": "progress", "means": "phone"} if event is CaseEvent.CUSTOMER_TOLD else {}
    by = None if event is CaseEvent.CLEARED else "lin" if person or event is not CaseEvent.REOPENED else None
    store.write(happen, case_id, event, at, by, **data)


def violations(store, ids):
    """Every breach of the rules, read from facts and letters."""
    day_of, found = Counter(), []
    for case_id in ids:
        facts = store.read(cases.history_of, case_id)
        kind = store.read(cases.get, case_id).kind.value
        for place, fact in enumerate(facts):
            if fact.event is not CaseEvent.CUSTOMER_TOLD or fact.by is not None:
                continue
            local, step = fact.at.astimezone(ZONE), fact.data["step"]
            if not time(8) <= local.time().replace(tzinfo=None) < time(21):
                found.append(("night", case_id, fact.at))
            before = facts[:place]
            confirmed = any(f.by and f.event.value in CONFIRMING for f in before)
            knows = any(f.event is CaseEvent.CUSTOMER_TOLD for f in before)
            if kind in NEVER or (kind not in CERTAIN and not confirmed and not knows):
                found.append(("guess", case_id, kind, step))
            if step not in {"opened", "progress"}:
                day_of[local.date()] += 1
    found += [("day", day, n) for day, n in day_of.items() if n > 1]
    letters = [letter.id for case_id in ids for letter in store.read(mail.letters_about, "case", str(case_id))]
    return found + [("twice", one) for one, n in Counter(letters).items() if n > 1]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(plan=moves)
def test_no_history_of_cases_breaks_a_rule(tmp_path_factory, plan):
    """Nothing at night, nothing on a guess, one a day beside the dated steps, and no letter twice."""
    with opened(tmp_path_factory.mktemp("p")) as store:
        ids = play(store, [*TWO_TOLD, *plan, ("wait", 20 * 60), ("wait", 30 * 60)])
        assert violations(store, ids) == []


def test_the_oracle_sees_a_breach(tmp_path):
    """Were a message written at night, on a guess, twice a day, it would be told."""
    with opened(tmp_path) as store:
        case_id = store.write(open_case, store.write(add_order), Kind.STALLED)
        for _ in range(2):
            store.write(
                happen, case_id, CaseEvent.CUSTOMER_TOLD, START + 12 * HOUR, None, told="outcome", step="closing"
            )
        assert {one[0] for one in violations(store, [case_id])} == {"night", "guess", "day"}


@pytest.mark.parametrize(
    ("begin", "end"), [(time(21), time(8)), (time(12), time(14)), (time(0), time(6)), (time(8), time(8))]
)
def test_quiet_hours_minute_by_minute(begin, end):
    """Through two weeks with both changes of the clock in Europe: quiet exactly while the local clock says so."""
    from zoneinfo import ZoneInfo

    zone, quiet = ZoneInfo("Europe/Berlin"), Quiet(begin, end)
    for start in (START + 25 * DAY, START + 235 * DAY):
        for minute in range(0, 7 * 24 * 60, 7):
            at = start + timedelta(minutes=minute)
            clock = at.astimezone(zone).time()
            wanted = begin <= clock < end if begin <= end else clock >= begin or clock < end
            until = quiet.until(at, zone)
            assert (until is not None) == wanted
            if until is not None:
                assert at < until <= at + DAY + HOUR
                assert quiet.until(until, zone) is None


def test_a_day_is_the_customers():
    at = START + 15 * HOUR  # 1:00 of the next day in Shanghai
    assert day_begin(at, ZONE) == START + 14 * HOUR
    assert next_day(at, ZONE) == START + 38 * HOUR
