"""Claims: drafts that open by themselves, deadlines that are said once, what people do, and money that is counted."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engines import ON_BOTH
from monitor_support import POLICY as BARE
from monitor_support import M, at, heard, opened, scan, with_shipment

from config.policies import load_claims, load_enquiries
from domain.case import CaseEvent, CaseFact, Finding, Kind, Severity, Subject, SubjectType
from domain.claim import ClaimEvent, ClaimFact, ClaimReason, ClaimState
from domain.words import Words
from monitor import claims as acts
from monitor import enquiries, look
from monitor.tick import look_around
from store import cases, check, claims, facts, ledger, people, tracking
from store.base import Db
from store.claims import ClaimRow
from store.ledger import Instruction
from store.people import Person

POLICY = replace(BARE, claims=load_claims(), enquiries=load_enquiries())


def case_of(db: Db, shipment: int, kind: Kind = Kind.LOST, hours: float = 100, **more: str) -> int:
    """A case about a shipment, as a detector would open it; ``more``: what a person's first word on it says besides."""
    found = Finding(
        kind,
        Subject(SubjectType.SHIPMENT, str(shipment)),
        at(hours),
        (Words("evidence.silence", {}),),
        severity=Severity.URGENT,
    )
    return look.open_and_say(db, found, POLICY, now=at(hours), order_ref="O-ZT1", more=more)


def add(db: Db, case_id: int, event: CaseEvent, hours: float, by: str | None = None, **data: object) -> None:
    cases.add(db, case_id, CaseFact(event, at(hours), by, data=data))


def look_after(db: Db, hours: float) -> list[ClaimRow]:
    acts.look_after(db, POLICY, now=at(hours))
    return claims.queue(db, list(ClaimState))


def chen(db: Db) -> None:
    people.save_person(db, Person("chen", "陈静", "agent"))
    people.save_person(db, Person("eve", "Eve", "viewer"))


def do(db: Db, claim_id: int, event: ClaimEvent, hours: float, *, by: str = "chen", key: str = "", **data: object):
    fact = ClaimFact(event, at(hours), by, "console", str(data.pop("words", "")), data)
    return acts.act(db, claim_id, fact, POLICY, key=key or f"{event}-{hours}")


def clean(db: Db) -> list[str]:
    return [str(one) for one in check.differences(db, now=at(5_000))]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Kind.LOST, ClaimReason.LOST), (Kind.DAMAGED, ClaimReason.DAMAGED), (Kind.MISDELIVERED, ClaimReason.MISDELIVERED)],
)
def test_a_draft_opens_by_itself_when_a_case_turns_out_so(tmp_path: Path, kind: Kind, reason: ClaimReason) -> None:
    """Once, with what the goods sell for, the window and its source; a second look opens nothing more."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment, kind)
        [row] = store.write(look_after, 101)
        assert store.write(look_after, 102) == [row]
        claim = row.claim
        assert (claim.reason, claim.state, claim.case_id) == (reason, ClaimState.DRAFT, case)
        assert (claim.goods_cents, claim.claimed_cents, claim.currency) == (5_900, 5_900, "CNY")
        assert "民法典" in claim.dates["source"]
        assert claim.dates["certainty"] == "second_hand"
        assert store.read(clean) == []


def test_a_stalled_parcel_is_claimed_once_its_customer_was_made_whole(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment, Kind.STALLED)
        assert store.write(look_after, 101) == []
        store.write(add, case, CaseEvent.MADE_GOOD, 102, "chen")
        [row] = store.write(look_after, 103)
        assert row.claim.reason is ClaimReason.LOST


def test_an_instruction_for_a_case_is_a_make_good(tmp_path: Path) -> None:
    """The ledger's own word is enough: refund, reship or compensation on a case."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment, Kind.STALLED)
        paid = Instruction("r1", "O-ZT1", "*", "refund", 5_900, "CNY", at(102), case_id=case)
        assert store.write(ledger.write, paid)
        assert [row.claim.reason for row in store.write(look_after, 103)] == [ClaimReason.LOST]


def test_a_claim_never_holds_up_a_make_good(tmp_path: Path) -> None:
    """Whatever state the claim is in, refusing or paying, the ledger writes: neither looks at the other."""
    with opened(tmp_path) as store:
        store.write(chen)
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.FILED, 102, claimed_cents=5_900)
        store.write(do, row.id, ClaimEvent.DENIED, 103)
        paid = Instruction("r1", "O-ZT1", "*", "refund", 5_900, "CNY", at(104), case_id=case)
        assert store.write(ledger.write, paid)
        store.write(add, case, CaseEvent.MADE_GOOD, 104, "chen")
        [after] = store.write(look_after, 105)
        assert after.claim.state is ClaimState.DENIED


@pytest.mark.parametrize("kind", [Kind.ADDRESS, Kind.CUSTOMS, Kind.REFUSED, Kind.NEVER_COLLECTED])
def test_what_is_not_the_carriers_fault_is_not_claimed(tmp_path: Path, kind: Kind) -> None:
    with opened(tmp_path) as store:
        case = store.write(case_of, store.write(with_shipment), kind)
        store.write(add, case, CaseEvent.MADE_GOOD, 102, "chen")
        assert store.write(look_after, 103) == []


@pytest.mark.parametrize(("party", "drafts"), [("carrier", 1), ("supplier", 0), ("merchant", 0)])
@ON_BOTH
def test_a_dispute_that_somebody_else_answers_for_is_not_claimed(tmp_path: Path, party: str, drafts: int) -> None:
    """Quality is the supplier's, a wrong item the shop's: the carrier is asked for neither money nor an answer."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment, Kind.DISPUTED, party=party)
        assert len(store.read(enquiries.due, POLICY, now=at(101)).groups) == drafts
        store.write(add, case, CaseEvent.MADE_GOOD, 102, "chen")
        assert len(store.write(look_after, 103)) == drafts


@pytest.mark.parametrize(
    ("arrived", "reason"), [(M.DELIVERED, ClaimReason.MISDELIVERED), (M.IN_TRANSIT, ClaimReason.LOST)]
)
def test_what_never_arrived_is_lost_and_what_was_signed_for_is_misdelivered(tmp_path: Path, arrived, reason) -> None:
    """A customer says that they have nothing: which claim it is, the scans say."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 1, scan(arrived, 1))
        case = store.write(case_of, shipment, Kind.DISPUTED)
        store.write(add, case, CaseEvent.MADE_GOOD, 102, "chen")
        assert [row.claim.reason for row in store.write(look_after, 103)] == [reason]


def test_no_window_no_draft_but_a_person_may_open_one(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(chen)
        shipment = store.write(with_shipment, region="default")
        store.write(case_of, shipment)
        assert store.write(look_after, 101) == []
        view = store.read(tracking.views, [shipment])[shipment]
        more = {"now": at(102), "by": "chen", "channel": "console"}
        row = store.write(acts.open_by_hand, view, ClaimReason.LOST, POLICY, **more)
        assert isinstance(row, ClaimRow)
        assert (row.claim.dates, row.claim.last_at) == ({}, None)
        assert store.write(acts.open_by_hand, view, ClaimReason.LOST, POLICY, **more) == row
        stranger = store.write(acts.open_by_hand, view, ClaimReason.LOST, POLICY, parcel="X9", **more)
        assert isinstance(stranger, acts.Refused)


def test_a_case_that_clears_itself_takes_its_untouched_draft_along(tmp_path: Path) -> None:
    """... and brings it back when the parcel is lost again; a draft that somebody worked on stays."""
    with opened(tmp_path) as store:
        store.write(chen)
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        store.write(add, case, CaseEvent.CLEARED, 102)
        [gone] = store.write(look_after, 103)
        assert (gone.claim.state, gone.claim.lapsed, gone.next_at) == (ClaimState.WRITTEN_OFF, False, None)
        second = store.write(case_of, shipment, Kind.LOST, 200)
        [back] = store.write(look_after, 201)
        assert (back.id, back.claim.state, back.claim.case_id) == (row.id, ClaimState.DRAFT, second)
        store.write(do, row.id, ClaimEvent.COMMENTED, 202, words="called them")
        store.write(add, second, CaseEvent.CLEARED, 203)
        [kept] = store.write(look_after, 204)
        assert kept.claim.state is ClaimState.DRAFT
        assert store.read(clean) == []


def test_a_claim_given_up_by_a_person_stays_so(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(chen)
        shipment = store.write(with_shipment)
        case = store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.WRITTEN_OFF, 102, words="below the floor")
        store.write(add, case, CaseEvent.MADE_GOOD, 103, "chen")
        [after] = store.write(look_after, 104)
        assert after.claim.state is ClaimState.WRITTEN_OFF


def events(db: Db, claim_id: int) -> list[str]:
    return [fact.event.value for fact in claims.history_of(db, claim_id)]


def test_deadlines_fire_once_after_downtime_and_a_lost_claim_is_a_fact(tmp_path: Path) -> None:
    """UPS: until 60 days after the promise. The daemon sleeps over three reminders, and later over the last day."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, region="default")
        store.write(retold, shipment)
        store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        last = row.claim.last_at
        assert last is not None
        hours = (last - at(0)) / timedelta(hours=1)
        for moment in (hours - 50, hours - 49, hours - 20, hours + 1, hours + 30):
            store.write(look_after, moment)
        told = store.read(events, row.id)
        assert told.count("reminded") == 3  # the house's own with three others in one, then the last two
        assert told.count("lapsed") == 1
        [lost] = store.read(claims.totals)
        assert (lost.lapsed, lost.filed) == (1, 0)
        assert store.read(clean) == []


def retold(db: Db, shipment: int) -> None:
    db.exec_driver_sql("UPDATE shipment SET carrier = 'ups' WHERE id = ?", (shipment,))


def test_a_draft_follows_the_dates_of_its_parcel(tmp_path: Path) -> None:
    """A promised date that becomes known later moves the window at its next reminder."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, region="default", promised_h=None)
        store.write(retold, shipment)
        store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        assert row.claim.dates["assumed"] is True
        store.write(lambda db: db.exec_driver_sql("UPDATE shipment SET promised_at = created_at + 864000"))
        store.write(look_after, 101 + 24 * 40)
        [after] = store.read(claims.queue, list(ClaimState))
        assert after.claim.dates["assumed"] is False
        assert after.claim.last_at == row.claim.last_at + timedelta(days=10)
        assert "dated" in store.read(events, row.id)


def test_filing_sets_the_answers_deadline_and_overdue_ones_are_shown(tmp_path: Path) -> None:
    """Seven days in China; then it is overdue, once, and may be taken to the postal authority."""
    with opened(tmp_path) as store:
        store.write(chen)
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.FILED, 102, claimed_cents=5_000, reference="T-1")
        filed = store.read(claims.get, row.id)
        assert filed is not None
        assert filed.claim.answer_by == at(0).replace(
            day=13, hour=15, minute=59
        )  # 6 March 15:00 in Shanghai, and seven days
        store.write(look_after, 24 * 12)
        store.write(look_after, 24 * 13)
        late = store.read(claims.get, row.id)
        assert late is not None
        assert late.claim.overdue
        assert store.read(events, row.id).count("answer_overdue") == 1
        store.write(do, row.id, ClaimEvent.APPEALED, 24 * 14, to="postal_12305")
        appealed = store.read(claims.get, row.id)
        assert appealed is not None
        assert (appealed.claim.overdue, appealed.claim.appealed_to) == (False, "postal_12305")
        assert (appealed.claim.answer_by - at(24 * 14)).days == 30
        assert store.read(clean) == []


def test_recovered_against_cost_is_counted(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(chen)
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.VALUED, 102, freight_cents=800)
        store.write(do, row.id, ClaimEvent.FILED, 103, claimed_cents=6_700)
        store.write(do, row.id, ClaimEvent.PARTLY_PAID, 104, amount_cents=3_000)
        [sums] = store.read(claims.totals)
        assert (sums.claimed_cents, sums.recovered_cents, sums.cost_cents, sums.filed) == (6_700, 3_000, 6_700, 1)


def test_what_the_state_does_not_allow_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(chen)
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        before = store.read(events, row.id)
        refused = [
            store.write(do, row.id, ClaimEvent.PAID, 102, amount_cents=100),
            store.write(do, row.id, ClaimEvent.FILED, 102, claimed_cents=0),
            store.write(do, row.id, ClaimEvent.FILED, 102, by="eve", claimed_cents=5),
            store.write(do, 999, ClaimEvent.FILED, 102, claimed_cents=5),
        ]
        assert all(isinstance(one, acts.Refused) for one in refused)
        store.write(do, row.id, ClaimEvent.FILED, 103, claimed_cents=5)
        assert isinstance(store.write(do, row.id, ClaimEvent.PAID, 104), acts.Refused)
        assert store.read(events, row.id) == [*before, "filed"]


def test_a_delivery_counts_once(tmp_path: Path) -> None:
    """A form that is sent twice pays once."""
    with opened(tmp_path) as store:
        store.write(chen)
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.FILED, 102, claimed_cents=5_000)
        for _ in range(2):
            store.write(do, row.id, ClaimEvent.PARTLY_PAID, 103, key="once", amount_cents=2_000)
        after = store.read(claims.get, row.id)
        assert after is not None
        assert after.claim.recovered_cents == 2_000


def test_people_in_notes_are_masked(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(chen)
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        store.write(do, row.id, ClaimEvent.COMMENTED, 102, words="收件人:王小明 13812345678")
        assert "13812345678" not in str(store.read(facts.history, "claim", str(row.id)))


def test_goods_of_an_order_in_several_parcels_are_not_guessed(tmp_path: Path) -> None:
    """Which goods were in the lost one, nobody told us."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(with_shipment, "ZT2")
        store.write(lambda db: db.exec_driver_sql("UPDATE shipment SET order_ref = 'O-ZT1'"))
        store.write(case_of, shipment)
        [row] = store.write(look_after, 101)
        assert (row.claim.goods_cents, row.claim.claimed_cents) == (None, None)


def test_a_storm_is_drafted_in_parts_and_nothing_is_left_out(tmp_path: Path) -> None:
    """A tick works so much and no more; the next ones go on where it stopped."""
    with opened(tmp_path) as store:
        for n in range(10):
            store.write(case_of, store.write(with_shipment, f"ZT{n}"))
        counts = [store.write(acts.open_drafts, POLICY, now=at(101 + n), limit=4) for n in range(4)]
        assert counts == [4, 4, 2, 0]
        assert len(store.read(claims.queue, list(ClaimState))) == 10


def test_the_check_finds_a_claim_that_its_facts_do_not_amount_to(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write(case_of, store.write(with_shipment))
        [row] = store.write(look_after, 101)
        store.write(lambda db: db.exec_driver_sql("UPDATE claim SET recovered_cents = 7"))
        assert any(f"claim {row.id}: recovered_cents is 7" in one for one in store.read(clean))
        store.write(lambda db: db.exec_driver_sql("DELETE FROM claim"))
        assert f"claim {row.id}: row is 'missing', its facts amount to 'facts of a claim'" in store.read(clean)


def test_the_daemons_tick_does_all_this(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 1, scan(M.IN_TRANSIT, 1))
        store.write(case_of, shipment)
        store.write(look_around, POLICY, now=at(101))
        assert len(store.read(claims.queue, list(ClaimState))) == 1
