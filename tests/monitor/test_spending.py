"""Calls and money: never more than allowed, what is worth most first, and said once when they are used up."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from carrier_lines import line_of
from monitor_support import POLICY, at, opened, with_shipment

from carriers.base import Budget, Carrier
from carriers.registry import CARRIERS
from carriers.sender import Line
from domain.tracking import Milestone
from monitor import plan, poll, spending
from store import asking, budgets, facts, sources
from store.base import Store

KUAIDI = CARRIERS["kuaidi100"]
MINUTE = timedelta(minutes=1)


def line(carrier: Carrier = KUAIDI, **settings: object) -> Line:
    made = line_of(carrier, lambda: at(0))
    account = replace(made.account, settings=_with(made.account.settings, settings))
    made.account = account
    return made


def _with(settings: object, changes: dict[str, object]) -> object:
    import msgspec

    return msgspec.structs.replace(settings, **changes)  # type: ignore[type-var]


def waiting(store: Store, count: int) -> list[int]:
    return [store.write(with_shipment, f"ZT{n:03}") for n in range(count)]


def turn(store: Store, of: Line, hours: float) -> list[int]:
    return [one.shipment_id for one in store.write(poll.take_turn, of, now=at(hours))]


def test_scarce_calls_go_to_what_is_worth_most(tmp_path: Path) -> None:
    """Under a case before close to its promise before the rest; the longest waiting first among equals."""
    scarce = replace(KUAIDI, budgets=(Budget(3, 60),))
    with opened(tmp_path) as store:
        first, second, third, fourth = waiting(store, 4)
        store.write(asking.under_case, [fourth], now=at(1))
        store.write(asking.ask_soon, third, at=at(-1))
        assert turn(store, line(scarce), 1) == [fourth, third, first]
        store.write(
            asking.reschedule, "kuaidi100", [asking.Polled(n, at(50)) for n in (fourth, third, first)], now=at(1)
        )
        assert turn(store, line(scarce), 2) == [second]


def test_what_has_waited_a_day_goes_before_what_is_only_usual(tmp_path: Path) -> None:
    """Scarce calls starve nobody."""
    scarce = replace(KUAIDI, budgets=(Budget(1, 60),))
    with opened(tmp_path) as store:
        old = store.write(with_shipment, "ZT-OLD")
        fresh = [store.write(with_shipment, f"ZT-{n}", created_h=20) for n in range(3)]
        store.write(asking.reschedule, "kuaidi100", [asking.Polled(old, at(0), worth=asking.SETTLED)], now=at(0))
        assert turn(store, line(scarce), 21)[0] in fresh
        assert turn(store, line(scarce), 25) == [old]


def test_an_account_may_be_allowed_more_than_the_documented_budget(tmp_path: Path) -> None:
    """DHL raises an app's day on request: the settings say how far."""
    dhl = CARRIERS["dhl"]
    settings = dhl.settings(api_key="K", calls_per_day=5_000, calls_per_second=2)  # type: ignore[call-arg]
    windows = {w.per_s: w.calls for w in spending.windows_of(dhl, settings)}
    assert windows == {86_400: 5_000, 5: 1, 1: 2}
    assert {b.source for b in dhl.budgets_of(settings)} >= {"settings: calls_per_day"}


def test_the_daily_cap_holds_to_the_cent_and_is_said_once(tmp_path: Path) -> None:
    """A price and a cap: so many questions in any 24 hours, then none, and one fact that says until when."""
    with opened(tmp_path) as store:
        waiting(store, 60)
        capped = line(price=0.1, daily_cap=3.0)
        asked = [len(turn(store, capped, 1 + n / 60)) for n in range(5)]
        assert sum(asked) == 29  # thirty, of which one is kept for what is urgent
        state = store.read(sources.state, "kuaidi100", "main")
        assert state.used_up_until is not None
        assert at(25) <= state.used_up_until <= at(25.2)
        said = [f for f in store.read(facts.history, "source", "kuaidi100/main") if f.event == "used_up"]
        assert [f.data for f in said] == [{"until": state.used_up_until.isoformat()}]
        store.write(asking.under_case, [1], now=at(2))
        assert len(turn(store, capped, 2)) == 1


def test_a_source_that_failed_is_tried_with_one_call(tmp_path: Path) -> None:
    """The circuit closes only when it answers."""
    with opened(tmp_path) as store:
        waiting(store, 5)
        store.write(sources.save, sources.SourceState("kuaidi100", "main", failing_since=at(0), failures=2))
        assert len(turn(store, line(), 1)) == 1


def test_fetching_a_token_spends_where_the_source_counts_it(tmp_path: Path) -> None:
    """USPS counts every call of an hour, those for tokens too."""
    usps = replace(CARRIERS["usps"], budgets=(Budget(3, 60),))
    settings = usps.settings(client_id="I", client_secret="S")  # type: ignore[call-arg]
    from carriers.base import Account
    from net.http import Http

    bare = Line(usps, Account("usps", "main", settings), Http("usps"), lambda: at(0))
    with opened(tmp_path) as store:
        ids = waiting(store, 5)
        store.write(
            lambda db: db.exec_driver_sql("UPDATE asking SET source = 'usps' WHERE shipment_id IN (1,2,3,4,5)").rowcount
        )
        assert len(turn(store, bare, 1)) == 2 < len(ids)
        assert turn(store, bare, 1 + 1 / 60) != []
        for n in range(3):  # the calls come back one by one
            store.write(budgets.spend, "usps/main", spending.windows_of(usps, settings), 1, now=at(2 + n / 180))
        assert turn(store, bare, 2 + 70 / 3600) == []
        assert store.read(budgets.spent, "usps/main", 60, now=at(2 + 70 / 3600)) == 2


def test_money_counts_what_a_person_tries_out_too(tmp_path: Path) -> None:
    """A test of an account is a charged question; where the cap is reached it isn't asked."""
    with opened(tmp_path) as store:
        capped = line(price=0.1, daily_cap=0.2)
        tried = [store.write(spending.try_out, KUAIDI, capped.account, now=at(1)) for _ in range(3)]
        assert tried == [True, True, False]
        assert store.read(budgets.spent, "kuaidi100/main/money", spending.DAY_S, now=at(1)) == 2


def test_a_plan_says_what_is_possible_what_it_costs_and_what_comes_too_late() -> None:
    """Ten thousand parcels through 3,000 calls a day: asked about every half day, and a short silence goes unnoticed."""
    tight = replace(KUAIDI, budgets=(Budget(3_000, 86_400),))
    settings = KUAIDI.settings(customer="C", key="K", price=0.05)  # type: ignore[call-arg]
    counts = {Milestone.IN_TRANSIT: 10_000}
    made = plan.plan(counts, tight, settings, POLICY, region="cn")
    assert (made.parcels, made.wanted, made.possible) == (10_000, 60_000, 3_000)
    assert made.every == timedelta(hours=80)
    assert made.cost_per_day == 150.0
    assert {"in_transit", "out_for_delivery", "never_collected"} <= set(made.late)
    easy = plan.plan({Milestone.IN_TRANSIT: 100}, KUAIDI, settings, POLICY, region="cn")
    assert (easy.possible, easy.share, easy.late) == (None, 1.0, ())
    pushed = plan.plan(counts, tight, settings, POLICY, region="cn", pushed=9_000)
    assert pushed.wanted < made.wanted / 2
