"""The money of a return: written once, never more than was bought."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from engines import a_store
from hypothesis import given, settings
from hypothesis import strategies as st
from pickup_house import a_return, an_order, at, deliver

from domain.pickup import ReturnStatus, Want
from domain.returns import ReturnItem
from scheduler.plan_types import Refused
from scheduler.refund import Instructed, approve_anyway, instruct, plan_instructions, refund_of, settle, withheld
from store import check, facts, ledger, returns
from store.base import Store
from store.ledger import Instruction

NOW = at("2026-11-23T15:00")
ORDER = an_order()


def fetched(ref: str = "r1", *items: ReturnItem, **fields: object):
    items = items or (ReturnItem("A", 1),)
    return a_return(ref, items=items, collected=items, status=ReturnStatus.COLLECTED, **fields)


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        opened.write(deliver, ORDER, at("2026-11-20T15:00"))
        yield opened


def add(store: Store, value) -> None:
    store.write(returns.add_return, value, by=None, channel="")


@pytest.mark.parametrize(
    ("items", "fields", "meant"),
    [
        ([("A", 1)], {}, [("refund-r1", "A#1", 18_900)]),
        ([("A", 3)], {}, [("refund-r1", "A#1", 58_700)]),
        ([("A", 1)], {"payer": "merchant"}, [("refund-r1", "A#1", 19_900)]),
        ([("B", 1), ("A", 1)], {}, [("refund-r1", "A#1", 18_900), ("refund-r1-2", "B#1", 9_900)]),
        ([("C", 2)], {}, [("refund-r1", "C#1", 0)]),
        ([("C", 2), ("B", 1)], {"freight_cents": 10_000}, [("refund-r1", "B#1", 0), ("refund-r1-2", "C#1", 500)]),
        ([("A", 1), ("C", 1)], {"want": Want.EXCHANGE}, [("refund-r1", "A#1", 0), ("refund-r1-2", "C#1", 0)]),
    ],
)
def test_each_line_is_one_instruction_and_freight_is_taken_once(items, fields: dict, meant: list) -> None:
    """By hand: sweater 199.00, disc 99.00, sticker 3.00, freight 10.00 where the customer pays."""
    value = fetched("r1", *(ReturnItem(sku, qty) for sku, qty in items), **fields)
    found = plan_instructions(value, ORDER, [value], now=NOW)
    assert [(i.id, i.item, i.amount_cents) for i in found] == meant
    assert {i.kind for i in found} == {"reship" if fields.get("want") is Want.EXCHANGE else "refund"}
    assert sum(i.amount_cents for i in found) == refund_of(value, ORDER, value.collected)


def test_what_was_not_collected_is_not_paid(store: Store) -> None:
    """No proof, no money; an unknown return neither."""
    add(store, a_return())
    for ref in ("r1", "r404"):
        assert store.write(instruct, ref, now=NOW).reason.code == "refund_not_collected"
    assert store.read(ledger.instructions) == []


def test_instructing_again_gives_what_was_instructed(store: Store) -> None:
    """Exactly once, however often it is asked."""
    add(store, fetched())
    first, again = (store.write(instruct, "r1", now=NOW) for _ in range(2))
    assert isinstance(first, Instructed)
    assert (first.written, again.written) == (True, False)
    assert first.instructions == again.instructions
    assert [f.event for f in store.read(facts.history, "return", "r1")] == ["requested", "instructed"]


def test_goods_that_were_made_good_already_are_not_paid_again(store: Store) -> None:
    """The desk refunded the whole order before: the return is kept, nothing more leaves, and its history says why."""
    whole = Instruction("make-good-1", "o1", "*", "refund", 69_900, "CNY", NOW)
    assert store.write(ledger.write, whole)
    add(store, fetched())
    for _ in range(2):
        refused = store.write(instruct, "r1", now=NOW)
        assert isinstance(refused, Refused)
        assert refused.reason.params["paid"] == "make-good-1"
    assert store.read(returns.find, "r1").status is ReturnStatus.COLLECTED
    assert store.read(ledger.total_cents) == 69_900
    assert [f.event for f in store.read(facts.history, "return", "r1")] == ["requested", "refund_withheld"]


def test_a_compensation_is_no_payment_for_the_goods(store: Store) -> None:
    """Ten yuan for the trouble don't stop the refund of what came back."""
    store.write(ledger.write, Instruction("comp-1", "o1", "*", "compensation", 1_000, "CNY", NOW))
    add(store, fetched())
    assert isinstance(store.write(instruct, "r1", now=NOW), Instructed)


def test_a_piece_that_the_desk_refunded_is_not_paid_again(store: Store) -> None:
    """Three were bought, the desk refunded one: the return of one is another piece, the return of three is too many."""
    assert store.write(ledger.write, Instruction("make-good-1", "o1", "A#1", "refund", 19_900, "CNY", NOW))
    add(store, fetched("r1"))
    paid = store.write(instruct, "r1", now=NOW)
    assert isinstance(paid, Instructed)
    assert [i.item for i in paid.instructions] == ["A#2"]
    add(store, fetched("r2", ReturnItem("A", 3)))
    assert isinstance(store.write(instruct, "r2", now=NOW), Refused)
    assert store.read(returns.find, "r2").status is ReturnStatus.COLLECTED


def test_an_order_that_is_sent_again_is_not_refunded_by_its_return(store: Store) -> None:
    """Refund and reship never meet on one order without somebody's word, whatever the pieces."""
    assert store.write(ledger.write, Instruction("make-good-1", "o1", "B#1", "reship", 0, "CNY", NOW))
    add(store, fetched("r1"))
    assert isinstance(store.write(instruct, "r1", now=NOW), Refused)
    assert [f.event for f in store.read(facts.history, "return", "r1")] == ["requested", "refund_withheld"]


def test_one_return_is_exchanged_and_another_refunded(store: Store) -> None:
    """Different goods of one order, whichever comes first; the same piece back a second time waits for somebody's word."""
    add(store, fetched("r1", ReturnItem("B", 1), want=Want.EXCHANGE))
    add(store, fetched("r2", ReturnItem("A", 1)))
    add(store, fetched("r3", ReturnItem("B", 1)))
    assert isinstance(store.write(instruct, "r1", now=NOW), Instructed)
    paid = store.write(instruct, "r2", now=NOW)
    assert isinstance(paid, Instructed)
    assert [(i.item, i.kind) for i in paid.instructions] == [("A#1", "refund")]
    assert isinstance(store.write(instruct, "r3", now=NOW), Refused)
    assert store.read(check.differences, now=NOW) == []


def test_what_is_withheld_is_paid_on_somebodys_word(store: Store) -> None:
    """With who agreed on the instruction and why in the history; once, however often it is said; nothing where nothing is held."""
    store.write(ledger.write, Instruction("make-good-1", "o1", "*", "refund", 69_900, "CNY", NOW))
    add(store, fetched())
    assert isinstance(store.write(approve_anyway, "r1", now=NOW, by="lin", channel="console"), Refused)
    store.write(instruct, "r1", now=NOW)
    assert store.read(withheld, "r1").params["paid"] == "make-good-1"
    done = store.write(approve_anyway, "r1", now=NOW, by="lin", channel="console", why="a second sweater")
    assert [(i.id, i.amount_cents, i.approval) for i in done.instructions] == [("refund-r1", 18_900, "lin")]
    assert isinstance(store.write(approve_anyway, "r1", now=NOW, by="lin", channel="console"), Refused)
    assert store.read(returns.find, "r1").status is ReturnStatus.INSTRUCTED
    history = store.read(facts.history, "return", "r1")
    assert [f.event for f in history] == ["requested", "refund_withheld", "refund_approved", "instructed"]
    assert (history[2].by, history[2].words) == ("lin", "a second sweater")
    assert store.read(ledger.total_cents) == 69_900 + 18_900
    assert store.read(check.differences, now=NOW) == []


def test_the_line_that_was_left_out_is_paid_on_somebodys_word(store: Store) -> None:
    """One of two lines was refunded before: the other is paid by itself, and approving pays just what was left out."""
    assert store.write(ledger.write, Instruction("make-good-1", "o1", "B#1", "refund", 9_900, "CNY", NOW))
    add(store, fetched("r1", ReturnItem("A", 1), ReturnItem("B", 1)))
    first = store.write(instruct, "r1", now=NOW)
    assert isinstance(first, Instructed)
    assert [i.item for i in first.instructions] == ["A#1"]
    done = store.write(approve_anyway, "r1", now=NOW, by="lin", channel="console")
    assert [(i.id, i.item) for i in done.instructions] == [("refund-r1-2", "B#1")]
    assert store.read(check.differences, now=NOW) == []


def test_a_return_is_settled_with_the_last_of_its_confirmations(store: Store) -> None:
    """Two lines, two instructions: the refund clock stops when both are known to be paid; telling twice is free."""
    add(store, fetched("r1", ReturnItem("A", 1), ReturnItem("B", 1)))
    store.write(instruct, "r1", now=NOW)
    store.write(settle, "refund-r1", now=NOW, by=None, channel="merchant")
    assert store.read(returns.find, "r1").status is ReturnStatus.INSTRUCTED
    for _ in range(2):
        store.write(settle, "refund-r1-2", now=NOW, by=None, channel="merchant")
    assert store.read(returns.find, "r1").status is ReturnStatus.SETTLED
    assert [f.event for f in store.read(facts.history, "return", "r1")].count("settled") == 1
    assert store.write(settle, "refund-r404", now=NOW, by=None, channel="merchant") is None


BOUGHT = {item.sku: item.qty for item in ORDER.items}
PRICES = {item.sku: item.price_cents for item in ORDER.items}
piles = st.dictionaries(st.sampled_from(sorted(BOUGHT)), st.integers(1, 2), min_size=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(piles, min_size=1, max_size=4), st.sampled_from(["customer", "merchant"]), st.randoms())
def test_no_piece_is_paid_twice_in_whatever_order_returns_come(pile: list, payer: str, rng) -> None:
    """Returns that together hold no more than was bought: every piece is paid once, whoever is instructed first."""
    left, values = Counter(BOUGHT), []
    for n, wish in enumerate(pile):
        taken = {sku: min(qty, left[sku]) for sku, qty in wish.items() if left[sku]}
        left -= Counter(taken)
        if taken:
            items = (ReturnItem(sku, qty) for sku, qty in sorted(taken.items()))
            values.append(fetched(f"r{n}", *items, payer=payer))
    with TemporaryDirectory() as folder, a_store(Path(folder) / "desk.db") as store:
        store.write(deliver, ORDER, at("2026-11-20T15:00"))
        for value in values:
            add(store, value)
        asks = [value.ref for value in values] * 2
        rng.shuffle(asks)
        for ref in asks:
            assert isinstance(store.write(instruct, ref, now=NOW), Instructed)
        paid = store.read(ledger.instructions)
        worth = {v.ref: sum(PRICES[i.sku] * i.qty for i in v.items) for v in values}
        owed = sum(w if payer == "merchant" else max(0, w - 1_000) for w in worth.values())
        assert sum(i.amount_cents for i in paid) == owed
        assert len({i.item for i in paid}) == len(paid) == sum(len(v.items) for v in values)


def test_two_writers_who_believe_the_same_piece_unpaid_meet_in_the_ledger(store: Store) -> None:
    """The constraint holds even where somebody forgot the other return: the second instruction is refused."""
    one, two = fetched("r1"), fetched("r2")
    blind = [i for value in (one, two) for i in plan_instructions(value, ORDER, [value], now=NOW)]
    assert [i.item for i in blind] == ["A#1", "A#1"]
    assert [store.write(ledger.write, i) for i in blind] == [True, False]
