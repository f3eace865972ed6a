"""A make-good from the proposal to the instruction: who agrees, what can be taken back, what the ledger refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from engines import a_store
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policies import load_detection, load_make_good
from domain.case import CaseEvent, CaseFact, CaseStatus, Finding, Kind, Subject, SubjectType
from domain.make_good import Ask, Cause, Way
from domain.payments import MakeGood, Need
from domain.proposal import Proposal, ProposalStatus
from domain.shipment import Item, Order, Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from domain.words import Words
from doorstep import money
from doorstep.intake_money import PlatformRefund
from monitor import alerts, look, make_good
from monitor.make_good import Decision, Refused, Wish
from store import cases, check, facts, intake, ledger, mail, money_check, people, promises, proposals, reships, tracking
from store.base import Db
from store.people import Person

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
POLICY = load_make_good()
DETECTION = load_detection()
UNDO = timedelta(seconds=POLICY.undo_s)
TEAM = (
    Person("chen", "陈静", "agent"),
    Person("sam", "Sam", "agent"),
    Person("lin", "林晓", "lead"),
    Person("mo", "Mo", "lead"),
    Person("ada", "Ada", "admin"),
    Person("eve", "Eve", "viewer"),
    Person("gone", "Gone", "lead", active=False),
)


class Desk:
    """A store with people, an order, its parcel and a case about it, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.store = a_store(folder / "desk.sqlite3")
        self.now, self.count = NOW, 0
        self.store.write(self._furnish)

    def _furnish(self, db: Db) -> None:
        for person in TEAM:
            people.save_person(db, person)
        items = (Item("A", "杯子", 3, 4_900), Item("B", "茶", 1, 16_800))
        intake.add_order(db, Order("O1", items, NOW - timedelta(days=9)))
        self.shipment = self.parcel(db, "ZT1")
        self.case = self.open(db, Kind.LOST)

    def parcel(self, db: Db, number: str) -> int:
        shipment = Shipment(number, "zhongtong", "kuaidi100", self.now, order_ref="O1", destination="CN/上海")
        return int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)

    def open(self, db: Db, kind: Kind) -> int:
        found = Finding(kind, Subject(SubjectType.SHIPMENT, "1"), self.now, (Words("evidence.silence", {}),))
        case_id = cases.open_case(
            db, found, now=self.now, promise_by=self.now + timedelta(hours=24), timer_at=None, order_ref="O1"
        )
        case = cases.get(db, case_id)
        assert case is not None
        alerts.say(db, case, "opened", now=self.now)
        return case_id

    def propose(self, ask: Ask, by: str = "chen", *, key: str = "", cause: Cause | None = None) -> Proposal | Refused:
        self.count += 1
        wish = Wish(self.case, ask, by, key or f"k{self.count}", cause)
        return self.store.write(make_good.propose, wish, POLICY, new_id=f"p{self.count}", now=self.now)

    def made(self, ask: Ask, by: str = "chen", **more: str) -> Proposal:
        found = self.propose(ask, by, **more)
        assert isinstance(found, Proposal), found
        return found

    def decide(self, what: str, proposal: Proposal, by: str) -> Proposal | Refused:
        decision = Decision(proposal.id, by, "because")
        return self.store.write(getattr(make_good, what), decision, POLICY, now=self.now)

    def later(self, length: timedelta = UNDO) -> None:
        self.now += length
        self.store.write(make_good.instruct_due, POLICY, now=self.now, limit=100)

    def refunded(self, ref: str, cents: int, **more: str) -> tuple[str, bool]:
        said = PlatformRefund("O1", ref, cents, self.now, **more)
        return self.store.write(money.settle, said, now=self.now, by="shop", channel="api")

    def written(self) -> list[tuple[str, str, int, str]]:
        return [(i.kind, i.item, i.amount_cents, i.approval) for i in self.store.read(ledger.of_order, "O1")]

    def status(self, proposal: Proposal) -> ProposalStatus:
        found = self.store.read(proposals.find, proposal.id)
        assert found is not None
        return found.status

    def events(self) -> list[str]:
        return [f.event.value for f in self.store.read(cases.history_of, self.case)]

    def clean(self) -> list[str]:
        return [str(d) for d in self.store.read(check.differences, now=self.now)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    assert made.clean() == []
    made.store.close()


SMALL, LARGE = Ask(Way.COMPENSATION), Ask(Way.REFUND)


# --- alone ---------------------------------------------------------------------------------------------------------


def test_what_a_person_may_give_alone_goes_out_by_itself(desk: Desk) -> None:
    """Not before it can no longer be taken back; then with its letter, and the case is made good, amounts and all."""
    made = desk.made(SMALL)
    assert (made.status, made.needs, made.go_at) == (ProposalStatus.APPROVED, (), NOW + UNDO)
    desk.later(UNDO - timedelta(seconds=1))
    assert desk.written() == []
    desk.later(timedelta(seconds=1))
    assert desk.written() == [("compensation", "+compensation", 1_200, "")]
    assert desk.store.read(mail.get, "instruction-make-good-p1") is not None
    case = desk.store.read(cases.get, desk.case)
    assert case is not None
    assert case.status is CaseStatus.MADE_GOOD
    [fact] = [f for f in desk.store.read(cases.history_of, desk.case) if f.event is CaseEvent.MADE_GOOD]
    assert (fact.by, fact.data["amount_cents"], fact.data["instruction"]) == ("chen", 1_200, "make-good-p1")


def test_it_can_be_taken_back_until_it_goes_out(desk: Desk) -> None:
    """By whoever proposed it or may approve; nothing is ever written then. Afterwards it is too late."""
    first, second = desk.made(SMALL), desk.made(Ask(Way.RETURN_FREIGHT))
    refused = desk.decide("withdraw", first, "sam")
    assert isinstance(refused, Refused)
    assert refused.why.code == "make_good_no.not_yours"
    assert desk.decide("withdraw", first, "chen").status is ProposalStatus.WITHDRAWN
    desk.later()
    assert [one[0] for one in desk.written()] == ["freight"]
    late = desk.decide("withdraw", second, "lin")
    assert isinstance(late, Refused)
    assert late.why.code == "make_good_no.gone"


def test_one_click_is_one_proposal(desk: Desk) -> None:
    """The same form sent again, by an impatient thumb or a bad line, gives the first proposal."""
    first, again = desk.made(SMALL, key="click"), desk.made(SMALL, key="click")
    assert first == again
    assert len(desk.store.read(proposals.of_case, desk.case)) == 1


def test_a_tick_twice_writes_once(desk: Desk) -> None:
    """Whatever runs again after a crash: one proposal, one instruction, one letter."""
    desk.made(SMALL)
    for _ in range(3):
        desk.later()
    assert len(desk.written()) == 1
    assert desk.events().count("made_good") == 1


# --- with somebody's word ------------------------------------------------------------------------------------------


def test_above_the_limit_a_lead_agrees_and_both_are_on_record(desk: Desk) -> None:
    """An agent proposes, nothing happens; a lead agrees, it goes out; the log knows who did which."""
    made = desk.made(LARGE)
    assert (made.status, made.needs) == (ProposalStatus.WAITING, (Need.LIMIT,))
    desk.later()
    assert desk.written() == []
    assert [one.id for one in desk.store.read(proposals.waiting)] == [made.id]
    assert desk.decide("approve", made, "lin").status is ProposalStatus.APPROVED
    desk.later()
    assert desk.written() == [("refund", "*", 31_500, "")]
    told = [(f.event, f.by) for f in desk.store.read(facts.history, "proposal", made.id)]
    assert told == [("proposed", "chen"), ("approved", "lin"), ("instructed", None)]
    kept = desk.store.read(proposals.find, made.id)
    assert kept is not None
    assert (kept.proposed_by, kept.decided_by, kept.decision) == ("chen", "lin", "because")


@pytest.mark.parametrize(
    ("by", "code"), [("lin", "own"), ("chen", "role"), ("eve", "role"), ("gone", "role"), ("nobody", "role")]
)
def test_nobody_agrees_to_their_own_nor_without_the_right(desk: Desk, by: str, code: str) -> None:
    """A lead's own proposal above the lead's limit needs another lead."""
    desk.store.write(lambda db: intake.add_order(db, Order("O2", (Item("X", "x", 1, 150_000),), NOW)))
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE shipment SET order_ref = 'O2'"))
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE cases SET order_ref = 'O2'"))
    made = desk.made(LARGE, "lin")
    assert made.needs == (Need.LIMIT,)
    for what in ("approve", "decline"):
        refused = desk.decide(what, made, by)
        assert isinstance(refused, Refused)
        assert refused.why.code == f"make_good_no.{code}"
    assert desk.status(made) is ProposalStatus.WAITING
    assert isinstance(desk.decide("approve", made, "mo"), Proposal)
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE cases SET order_ref = 'O1'"))


def test_a_lead_agrees_only_up_to_their_limit(desk: Desk) -> None:
    """Above it an admin must."""
    desk.store.write(lambda db: intake.add_order(db, Order("O2", (Item("X", "x", 1, 600_000),), NOW)))
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE shipment SET order_ref = 'O2'"))
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE cases SET order_ref = 'O2'"))
    made = desk.made(LARGE)
    refused = desk.decide("approve", made, "lin")
    assert isinstance(refused, Refused)
    assert refused.why.code == "make_good_no.above"
    assert isinstance(desk.decide("approve", made, "ada"), Proposal)
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE cases SET order_ref = 'O1'"))


def test_what_was_declined_or_taken_back_never_goes_out(desk: Desk) -> None:
    """And can't be agreed to later."""
    first, second = desk.made(LARGE), desk.made(LARGE)
    assert desk.decide("decline", first, "lin").status is ProposalStatus.DECLINED
    assert desk.decide("withdraw", second, "chen").status is ProposalStatus.WITHDRAWN
    for made in (first, second):
        assert isinstance(desk.decide("approve", made, "lin"), Refused)
    desk.later()
    assert desk.written() == []


def test_a_viewer_proposes_nothing(desk: Desk) -> None:
    refused = desk.propose(SMALL, "eve")
    assert isinstance(refused, Refused)
    assert refused.why.code == "make_good_no.role"
    assert desk.events() == ["opened"]


def test_a_second_payment_and_refund_with_reship_need_a_word(desk: Desk) -> None:
    """The same piece again, or the other of the two: only with a lead's approval, which the instruction then carries."""
    desk.made(Ask(Way.REFUND, "A", 1))
    desk.later()
    second, both = desk.made(Ask(Way.PART, amount_cents=100)), desk.made(Ask(Way.RESHIP, "A", 1))
    assert (second.needs, both.needs) == ((Need.SECOND,), (Need.BOTH,))
    free = desk.made(Ask(Way.REFUND, "A", 1))
    assert (free.item, free.needs) == ("A#2", ())
    desk.later()
    assert len(desk.written()) == 2
    desk.decide("approve", both, "lin")
    desk.later()
    assert desk.written()[-1] == ("reship", "A#2", 0, "lin")


def test_two_at_once_see_each_other(desk: Desk) -> None:
    """What goes out in a moment counts as paid: a colleague's proposal of the same minute waits for a word."""
    desk.made(Ask(Way.REFUND, "B", 1))
    other = desk.made(Ask(Way.RESHIP, "B", 1), "sam")
    assert Need.BOTH in other.needs
    desk.later()
    assert [one[0] for one in desk.written()] == ["refund"]


def test_a_word_holds_for_what_was_known(desk: Desk) -> None:
    """Something else was paid between the lead's word and the sending: it waits again, with the new reason."""
    made = desk.made(LARGE)
    desk.decide("approve", made, "lin")
    desk.refunded("TB1", 4_000)
    desk.later()
    kept = desk.store.read(proposals.find, made.id)
    assert kept is not None
    assert (kept.status, kept.decided_by) == (ProposalStatus.WAITING, None)
    assert Need.SECOND in kept.needs
    assert "make_good_held" in desk.events()
    desk.decide("approve", made, "lin")
    desk.later()
    assert desk.written()[-1] == ("refund", "*", 31_500, "lin")


def test_the_database_refuses_what_nobody_agreed_to(desk: Desk) -> None:
    """Whoever writes past the rules: the guard holds for a piece inside a line, the whole order, and for both kinds."""

    def write(item: str, kind: str = "refund", qty: int = 1, approval: str = "") -> bool:
        desk.count += 1
        one = ledger.Instruction(f"i{desk.count}", "O1", item, kind, 100, "CNY", desk.now, approval=approval, qty=qty)
        return desk.store.write(ledger.write, one)

    assert write("A#1", qty=2)
    refused = [("A#1",), ("A#2",), ("*",), ("A#3", "reship"), ("B#1", "reship"), ("*", "reship")]
    assert [write(*one) for one in refused] == [False] * len(refused)
    assert write("A#3")
    assert write("B#1")
    assert write("+compensation", "compensation")
    assert not write("+compensation", "compensation")
    assert write("*", "reship", approval="lin")


def test_nothing_waits_for_a_claim(desk: Desk) -> None:
    """The customer first, the carrier later: a case with the carrier, an enquiry unanswered, is made good all the same."""
    desk.store.write(
        lambda db: cases.add(
            db, desk.case, cases.CaseFact(CaseEvent.CARRIER_CONTACTED, desk.now, "chen", data={"means": "claim"})
        )
    )
    desk.made(SMALL)
    desk.later()
    assert len(desk.written()) == 1


def test_a_closed_case_still_gets_its_word(desk: Desk) -> None:
    """The parcel arrived while a lead thought about it: the approved compensation goes out, the case stays closed."""
    made = desk.made(LARGE)
    desk.store.write(
        lambda db: cases.add(db, desk.case, cases.CaseFact(CaseEvent.CLEARED, desk.now, words="cleared.lost"))
    )
    desk.decide("approve", made, "lin")
    desk.later()
    case = desk.store.read(cases.get, desk.case)
    assert case is not None
    assert not case.is_open
    assert len(desk.written()) == 1


# --- refunds made on the platform ----------------------------------------------------------------------------------


def test_a_platforms_refund_settles_ours(desk: Desk) -> None:
    """The same amount: ours is confirmed, and its letter needs no sending any more. Told again, nothing changes."""
    desk.made(Ask(Way.REFUND, "A", 1))
    desk.later()
    assert desk.refunded("TB1", 4_900) == ("make-good-p1", True)
    assert desk.refunded("TB1", 4_900) == ("make-good-p1", False)
    [one] = desk.store.read(ledger.of_order, "O1")
    assert one.confirmed_at == desk.now
    letter = desk.store.read(mail.get, one.letter_id)
    assert letter is not None
    assert letter.sent_at == desk.now


def test_a_platforms_refund_of_everything_settles_all_of_it(desk: Desk) -> None:
    """Two of ours, one of theirs with their sum."""
    for sku in ("A", "B"):
        desk.store.write(
            ledger.write, ledger.Instruction(f"i{sku}", "O1", f"{sku}#1", "refund", 1_000, "CNY", desk.now)
        )
    desk.refunded("TB1", 2_000)
    assert all(one.confirmed_at for one in desk.store.read(ledger.of_order, "O1"))


def test_a_platforms_refund_without_ours_stops_ours(desk: Desk) -> None:
    """It is written down, confirmed and never sent; from then on the order needs somebody's word."""
    assert desk.refunded("TB1", 2_000) == ("platform-TB1", True)
    assert desk.store.read(mail.get, "instruction-platform-TB1") is None
    for ask in (Ask(Way.REFUND, "A", 1), Ask(Way.RESHIP)):
        assert desk.made(ask).needs
    desk.later()
    assert desk.written() == [("refund", "*", 2_000, "")]


def test_a_platforms_refund_of_another_amount_holds_ours(desk: Desk) -> None:
    """Ours hasn't gone out yet: it isn't sent until a person looked; the payment is on record as the second one."""
    desk.made(Ask(Way.REFUND, "A", 1))
    desk.later()
    desk.refunded("TB1", 4_000)
    letter = desk.store.read(mail.get, "instruction-make-good-p1")
    assert letter is not None
    assert (letter.dead_at, letter.error) == (desk.now, money.HELD)
    assert desk.written()[-1] == ("refund", "*", 4_000, "platform")


# --- sent again ----------------------------------------------------------------------------------------------------


def scanned(desk: Desk, shipment: int, milestone: Milestone, *, looked: bool = True) -> None:
    time = EventTime(desk.now.isoformat(), desk.now, Zone.OFFSET, Certainty.EXACT)
    reading = ParcelReading("n", (ScanEvent(None, f"{milestone} {desk.now}", milestone, time, place="上海"),))
    desk.store.write(tracking.record, [(shipment, "kuaidi100", [reading])], now=desk.now)
    if looked:
        desk.store.write(look.look_at, [shipment], DETECTION, now=desk.now)


def reshipped(desk: Desk) -> int:
    desk.made(Ask(Way.RESHIP, "A", 1))
    desk.later()
    new = desk.store.write(desk.parcel, "SF9")
    desk.store.write(money.sent_again, "O1", "", new, now=desk.now, by="shop", channel="api")
    return new


def test_the_second_parcel_is_on_the_same_case(desk: Desk) -> None:
    """Its number is linked and confirms the instruction; its arrival is said there, once."""
    new = reshipped(desk)
    [one] = desk.store.read(reships.of_case, desk.case)
    assert one.shipment_id == new
    assert desk.store.read(ledger.of_order, "O1")[0].confirmed_at == desk.now
    desk.later(timedelta(hours=30))
    for _ in range(2):
        scanned(desk, new, Milestone.DELIVERED)
    assert desk.events()[-2:] == ["reshipped", "reship_arrived"]


def test_trouble_of_the_second_parcel_is_on_the_same_case(desk: Desk) -> None:
    """It comes back: the case is opened again, once, with a second promise and its owner; no other case is opened."""
    new = reshipped(desk)
    desk.later(timedelta(hours=2))
    scanned(desk, new, Milestone.PICKED_UP)
    desk.later(timedelta(days=1))
    for _ in range(2):
        scanned(desk, new, Milestone.RETURNING)
        desk.later(timedelta(hours=1))
    [case] = desk.store.read(cases.list_cases)
    assert (case.id, desk.events().count("reopened")) == (desk.case, 1)
    assert [p.n for p in desk.store.read(promises.of_case, desk.case)] == [1, 2]
    assert case.evidence[0].code == "evidence.sent_again"
    assert desk.clean() == []


def test_trouble_of_the_second_parcel_opens_a_closed_case_again(desk: Desk) -> None:
    """Told, resolved, and then the second parcel comes back: the customer waits again."""
    new = reshipped(desk)
    told = CaseFact(CaseEvent.CUSTOMER_TOLD, desk.now, "li", "console", data={"told": "outcome"})
    desk.store.write(cases.add, desk.case, told)
    desk.store.write(cases.add, desk.case, CaseFact(CaseEvent.RESOLVED, desk.now, "li", "console"))
    desk.later(timedelta(days=1))
    scanned(desk, new, Milestone.RETURNING)
    [case] = desk.store.read(cases.list_cases)
    assert (case.is_open, case.untold) == (True, True)
    assert [p.outcome for p in desk.store.read(promises.of_case, desk.case)] == ["kept", None]
    assert desk.clean() == []


@pytest.mark.parametrize("milestone", [Milestone.IN_TRANSIT, Milestone.DELIVERED])
def test_the_lost_one_turns_up(desk: Desk, milestone: Milestone) -> None:
    """The case says so once, aloud, and isn't closed by it: somebody must call the first parcel back."""
    scanned(desk, desk.shipment, Milestone.IN_TRANSIT, looked=False)
    reshipped(desk)
    desk.store.write(look.look_at, [desk.shipment], DETECTION, now=desk.now)
    assert "turned_up" not in desk.events()
    desk.later(timedelta(hours=5))
    scanned(desk, desk.shipment, milestone)
    desk.later(timedelta(hours=5))
    scanned(desk, desk.shipment, Milestone.IN_TRANSIT)
    assert desk.events().count("turned_up") == 1
    assert "cleared" not in desk.events()
    case = desk.store.read(cases.get, desk.case)
    assert case is not None
    assert case.is_open


def test_without_a_second_parcel_a_scan_ends_the_case_as_before(desk: Desk) -> None:
    """Only goods that are on their way twice keep it open."""
    desk.made(SMALL)
    desk.later()
    scanned(desk, desk.shipment, Milestone.DELIVERED)
    assert desk.events()[-1] == "cleared"


# --- whatever happens ----------------------------------------------------------------------------------------------

asks = st.one_of(
    st.builds(Ask, st.sampled_from(list(Way))),
    st.builds(Ask, st.sampled_from([Way.REFUND, Way.RESHIP, Way.PART]), st.sampled_from(["A", "B"]), st.integers(1, 3)),
    st.builds(Ask, st.just(Way.PART), st.just(""), st.just(1), st.integers(1, 9_000)),
)
members = st.sampled_from([person.id for person in TEAM])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("propose"), asks, members),
        st.tuples(st.sampled_from(["approve", "decline", "withdraw"]), st.integers(0, 9), members),
        st.tuples(st.just("refunded"), st.integers(1, 3), st.sampled_from([4_900, 9_800, 16_800, 31_500, 777])),
        st.tuples(st.just("later"), st.integers(0, 40), st.none()),
    ),
    min_size=4,
    max_size=30,
)


def run(desk: Desk, wanted: list) -> None:
    made: list[Proposal] = []
    for what, one, other in wanted:
        if what == "propose":
            found = desk.propose(one, other)
            made += [found] if isinstance(found, Proposal) else []
        elif what == "refunded":
            desk.refunded(f"TB{one}", other)
        elif what == "later":
            desk.later(timedelta(seconds=one))
        elif made:
            desk.decide(what, made[one % len(made)], other)
    desk.later()


@settings(max_examples=60, deadline=None)
@given(steps)
def test_no_order_is_paid_twice_nor_gets_both_without_a_word(wanted: list) -> None:
    """Any sequence of proposals, words, withdrawals, ticks and platforms' refunds: what the house wrote without an approval
    overlaps with nothing before it, refund and reship never meet without one, each proposal has its one instruction.
    """
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        try:
            run(desk, wanted)
            written = desk.store.read(money_check.instructions)
            for n, one in enumerate(written):
                goods = [o for o in written[:n] if o.kind in {"refund", "reship"}]
                if one.approval or one.kind not in {"refund", "reship"}:
                    continue
                assert not [o for o in goods if o.kind != one.kind]
                assert not [o for o in goods if "*" in {o.item, one.item}]
                mine = set(range(int(one.item[2:]), int(one.item[2:]) + one.qty)) if one.item != "*" else set()
                theirs = [
                    set(range(int(o.item[2:]), int(o.item[2:]) + o.qty)) for o in goods if o.item[:2] == one.item[:2]
                ]
                assert not [pieces for pieces in theirs if pieces & mine]
            extras = [o.item for o in written if o.item.startswith("+") and not o.approval]
            assert len(extras) == len(set(extras))
            for value in (desk.store.read(proposals.find, f"p{n}") for n in range(1, desk.count + 1)):
                if value is not None and value.needs and value.status is ProposalStatus.INSTRUCTED:
                    assert value.decided_by not in {None, value.proposed_by, "chen", "sam", "eve", "gone"}
            assert desk.clean() == []
        finally:
            desk.store.close()


def test_the_check_sees_a_payment_behind_its_back(desk: Desk) -> None:
    """A second payment, a lost instruction, another amount, a word of one's own: each is a difference."""
    desk.made(Ask(Way.REFUND, "A", 1))
    desk.later()
    rest = "order_ref, kind, amount_cents, currency, return_ref, case_id, why, written_at, confirmed_at, qty, proposal, origin, carrier"
    copy = f"INSERT INTO instruction (id, item, approval, {rest}) SELECT 'forged', '*', 'x', {rest} FROM instruction"
    desk.store.write(lambda db: db.exec_driver_sql(copy))
    desk.store.write(lambda db: db.exec_driver_sql("UPDATE instruction SET approval = '' WHERE id = 'forged'"))
    said = " ".join(desk.clean())
    for part in ("forged without approval", "sum in CNY", "instruction-forged", "proposal p1: instructions"):
        assert part in said
    desk.store.write(lambda db: db.exec_driver_sql("DELETE FROM instruction WHERE id = 'forged'"))
    assert MakeGood.REFUND == "refund"
    assert replace(desk.made(SMALL), id="x").instruction_id == "make-good-x"
