"""What a courier can do at a stop."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from engines import ON_BOTH, a_store
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import CODE, POLICY, a_return, an_order, at, deliver

from domain.pickup import FAULT, FailReason, ReturnEvent, ReturnStatus
from domain.returns import ReturnItem, Route, Stop
from scheduler.courier import MAX_WRONG_CODES, Act, ActKind, Decision, Done, act_at, code_matches, decide, miss_stops
from scheduler.plan_types import Refused
from store import facts, ledger, returns
from store.base import Store
from store.check import differences

NOW = at("2026-11-23T14:30")
ITEMS = (ReturnItem("A", 2), ReturnItem("C", 1))
RETURN = a_return(items=ITEMS, status=ReturnStatus.PLANNED)
ORDER = an_order()


def a_stop(n: int = 1, ref: str = "r1", **fields: object) -> Stop:
    times = {name: at(f"2026-11-23T14:{n:02}") for name in ("arrive_at", "start_at", "leave_at")}
    return Stop(f"S-{ref}-1", "R-1", ref, n, 30.26, 120.18, **(times | fields))  # type: ignore[arg-type]


def collected(code: str = f"{CODE}", items=None, act_id: str = "t1") -> Act:
    return Act(ActKind.COLLECTED, act_id, code=code, items=items)


# --- deciding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "event", "cents"),
    [
        (None, ReturnEvent.COLLECTED, 2 * 19_900 + 300 - 1_000),
        ((ReturnItem("C", 1), ReturnItem("A", 2)), ReturnEvent.COLLECTED, 2 * 19_900 + 300 - 1_000),
        ((ReturnItem("A", 1), ReturnItem("A", 1), ReturnItem("C", 1)), ReturnEvent.COLLECTED, 39_100),
        ((ReturnItem("A", 1),), ReturnEvent.PARTLY_COLLECTED, 19_900 - 1_000),
        ((ReturnItem("C", 1),), ReturnEvent.PARTLY_COLLECTED, 0),
    ],
)
def test_all_or_some_is_collected_and_worth_its_price(items, event: ReturnEvent, cents: int) -> None:
    """The refund is that of what was handed over, less the freight that the customer pays."""
    decision = decide(a_stop(), RETURN, ORDER, collected(items=items))
    assert isinstance(decision, Decision)
    assert (decision.event, decision.data["refund_cents"]) == (event, cents)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (collected(code="000000"), "code_wrong"),
        (collected(code=""), "code_wrong"),
        (collected(items=()), "stop_nothing_collected"),
        (collected(items=(ReturnItem("A", 3),)), "stop_item_not_expected"),
        (collected(items=(ReturnItem("A", 0),)), "stop_item_not_expected"),
        (collected(items=(ReturnItem("A", 2), ReturnItem("A", 1))), "stop_item_not_expected"),
        (collected(items=(ReturnItem("B", 1),)), "stop_item_not_expected"),
        (Act(ActKind.FAILED), "stop_reason_missing"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(act: Act, code: str) -> None:
    """A wrong code, nothing, more than was asked for, something else, a failure without a reason."""
    refused = decide(a_stop(), RETURN, ORDER, act)
    assert isinstance(refused, Refused)
    assert refused.reason.code == code


@pytest.mark.parametrize("reason", list(FailReason))
def test_every_reason_has_a_party_at_fault(reason: FailReason) -> None:
    """The table decides whose fault a failed stop is, nobody's discretion."""
    decision = decide(a_stop(), RETURN, ORDER, Act(ActKind.FAILED, reason=reason))
    assert isinstance(decision, Decision)
    assert decision.data["fault"] == FAULT[reason].value


@pytest.mark.parametrize("status", ["collected", "partly_collected", "failed", "cancelled"])
@pytest.mark.parametrize("act", [collected(), Act(ActKind.ARRIVED), Act(ActKind.FAILED, reason=FailReason.ABSENT)])
def test_a_stop_that_is_over_stays_as_it_is(status: str, act: Act) -> None:
    """Whatever is said of it later, with the way out: call the desk."""
    refused = decide(a_stop(status=status), RETURN, ORDER, act)
    assert isinstance(refused, Refused)
    assert (refused.reason.code, refused.reason.params["way"]) == ("stop_over", "call_desk")


@pytest.mark.parametrize(
    ("code", "said", "same"),
    [
        ("012345", "012345", True),
        ("012345", " 012345 ", True),
        ("012345", "\uff10\uff11\uff12\uff13\uff14\uff15", True),  # full-width digits, as Chinese keyboards give them
        ("012345", "12345", False),
        ("012345", "012346", False),
        ("012345", "", False),
        ("", "", False),
        ("012345", "零一二三四五", False),
    ],
)
def test_the_handover_code_must_match(code: str, said: str, same: bool) -> None:
    """A return without a code matches nothing."""
    assert code_matches(code, said) is same


@given(st.text(max_size=12) | st.text("0123456789", max_size=7))
def test_no_other_text_is_the_code(said: str) -> None:
    """Any text is answered, never an error; what matches has exactly the code's six digits, however they are typed."""
    digits = [unicodedata.digit(c, -1) for c in said if unicodedata.digit(c, -1) >= 0]
    if code_matches("123456", said):
        assert digits == [1, 2, 3, 4, 5, 6]
    else:
        assert said != "123456"


# --- writing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        opened.write(deliver, ORDER, at("2026-11-20T15:00"))
        for n in (1, 2):
            value = replace(RETURN, ref=f"r{n}", status=ReturnStatus.REQUESTED, items=(ReturnItem("A", 1),))
            opened.write(returns.add_return, value, by=None, channel="")
        stops = (a_stop(1, "r1"), a_stop(2, "r2"))
        day = {"day": "2026-11-23", "depot": "hz", "collector": "fast", "courier": "wang"}
        times = {"depart_at": NOW, "return_at": NOW, "dispatched_at": at("2026-11-23T10:00")}
        opened.write(returns.dispatch, Route("R-1", **day, **times, stops=stops))
        yield opened
        assert opened.read(differences, now=NOW) == []


def do(store: Store, act: Act, stop: str = "S-r1-1", route: str = "R-1", policy=POLICY):
    return store.write(act_at, stop, act, route_id=route, policy=policy, now=NOW, by="courier:wang")


def route_status(store: Store) -> str:
    return store.read(returns.find_route, "R-1").status


@ON_BOTH
def test_a_route_goes_from_dispatched_through_under_way_to_done(store: Store) -> None:
    """Its first arrival and its last ending say so, once each."""
    assert route_status(store) == "dispatched"
    do(store, Act(ActKind.ARRIVED, "t0"))
    assert route_status(store) == "under_way"
    do(store, collected())
    assert route_status(store) == "under_way"
    do(store, Act(ActKind.FAILED, "t1", reason=FailReason.NO_ACCESS), "S-r2-1")
    assert route_status(store) == "done"
    assert [f.event for f in store.read(facts.history, "route", "R-1")] == ["dispatched", "under_way", "done"]


def test_arriving_twice_is_arriving_once(store: Store) -> None:
    """With another id or without any: a courier may tap again."""
    assert do(store, Act(ActKind.ARRIVED)).repeated is False
    assert do(store, Act(ActKind.ARRIVED)).repeated is True
    assert do(store, Act(ActKind.ARRIVED, "other")).repeated is True
    assert [f.event for f in store.read(facts.history, "return", "r1")].count("arrived") == 1


def test_the_same_action_is_answered_as_before(store: Store) -> None:
    """A phone that sends its queue again gets the same outcome, and money leaves once."""
    first, again = do(store, collected()), do(store, collected())
    assert (first.repeated, again.repeated) == (False, True)
    assert (first.value, first.stop) == (again.value, again.stop)
    assert len(store.read(ledger.of_return, "r1")) == 1


def test_one_id_at_two_stops_are_two_actions(store: Store) -> None:
    """A phone that counts per stop isn't mistaken for one that repeats itself."""
    do(store, collected(act_id="1"))
    assert do(store, collected(act_id="1"), "S-r2-1").repeated is False


def test_a_wrong_code_may_be_corrected_and_cannot_be_guessed(store: Store) -> None:
    """A typing error costs nothing; five wrong codes end the trying at this stop, even with the right one."""
    assert isinstance(do(store, collected(code="111111")), Refused)
    assert isinstance(do(store, collected()), Done)
    for n in range(MAX_WRONG_CODES):
        assert do(store, collected(code=f"{n}"), "S-r2-1").reason.code == "code_wrong"
    assert do(store, collected(), "S-r2-1").reason.code == "code_locked"
    assert isinstance(do(store, Act(ActKind.FAILED, "f", reason=FailReason.REFUSED), "S-r2-1"), Done)


def test_a_courier_reaches_only_stops_of_their_own_route(store: Store) -> None:
    """Another's stop is as unknown as one that doesn't exist."""
    assert do(store, collected(), route="R-2").reason.code == "stop_unknown"
    assert do(store, collected(), stop="S-404-1").reason.code == "stop_unknown"
    assert store.read(returns.find, "r1").status is ReturnStatus.PLANNED


def test_a_customer_who_keeps_the_goods_is_not_visited_again(store: Store) -> None:
    """Cancelled at the door: the stop failed, the return is over."""
    done = do(store, Act(ActKind.FAILED, "t", reason=FailReason.CANCELLED))
    assert (done.stop.status, done.value.status) == ("failed", ReturnStatus.CANCELLED)


def test_an_inspection_may_come_before_the_money(store: Store) -> None:
    """Where the policy wants an inspection first, collecting pays nothing yet."""
    import msgspec

    from scheduler import refund

    policy = msgspec.structs.replace(POLICY, refund_on="inspected")
    done = do(store, collected(), policy=policy)
    assert done.value.status is ReturnStatus.COLLECTED
    assert store.read(ledger.of_return, "r1") == []
    store.write(refund.instruct, "r1", now=NOW, by="warehouse")
    assert store.read(returns.find, "r1").status is ReturnStatus.INSTRUCTED


def test_a_courier_who_arrived_and_said_no_more_is_late_not_absent(store: Store) -> None:
    """Both are the courier's fault; a stop within its two hours is left alone."""
    do(store, Act(ActKind.ARRIVED))
    assert store.write(miss_stops, now=at("2026-11-23T16:01")) == ()
    assert store.write(miss_stops, now=at("2026-11-23T16:02")) == ("S-r1-1",)
    assert store.write(miss_stops, now=at("2026-11-23T16:30")) == ("S-r2-1",)
    reasons = [store.read(returns.find_stop, s).fail_reason for s in ("S-r1-1", "S-r2-1")]
    assert reasons == ["courier_late", "courier_no_show"]
    missed = [f for f in store.read(facts.history, "return", "r1") if f.event == "pickup_missed"]
    assert [(f.data["courier"], f.data["collector"]) for f in missed] == [("wang", "fast")]
