"""Making good: what each way gives and costs, by which rule, and when somebody else must agree."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import load_make_good
from config.words import LANGS, label
from domain.distance import Distance, distance_of
from domain.make_good import Ask, Cause, NotOffered, Offer, Situation, Way, needs, offers, price
from domain.payments import GOODS, Need, Paid, clash, first_free, overlap, pieces_of
from domain.proposal import ProposalStatus
from domain.shipment import Item, Order

POLICY = load_make_good()
ITEMS = (Item("A", "杯子", 3, 4_900), Item("B#2", "茶", 1, 16_800))  # a sku may hold the sign that numbers pieces
ORDER = Order("O1", ITEMS, datetime(2026, 11, 1, tzinfo=UTC))
LOST = Situation(ORDER, Cause.CARRIER_LOSS, Distance.SAME_CITY)


def offer(ask: Ask, now: Situation = LOST) -> Offer:
    found = price(ask, now, POLICY)
    assert isinstance(found, Offer), found
    return found


def test_every_code_has_a_name_in_both_languages() -> None:
    """What the desk can choose, people can read."""
    tables = {
        "make_good_way": Way, "cause": Cause, "distance": Distance, "make_good_need": Need, "proposal_status": ProposalStatus,
    }  # fmt: skip
    for lang in LANGS:
        for table, codes in tables.items():
            assert all(label(table, one.value, lang, strict=True) for one in codes)


@pytest.mark.parametrize(
    ("ask", "gives"),
    [
        (Ask(Way.REFUND), ("*", 4, 31_500, 31_500)),
        (Ask(Way.REFUND, "A", 2), ("A#1", 2, 9_800, 9_800)),
        (Ask(Way.REFUND, "B#2", 1), ("B#2#1", 1, 16_800, 16_800)),
        (Ask(Way.PART, amount_cents=5_000), ("*", 4, 5_000, 5_000)),
        (Ask(Way.PART, "A", 1, 1_000), ("A#1", 1, 1_000, 1_000)),
        (Ask(Way.RESHIP), ("*", 4, 0, 32_300)),
        (Ask(Way.RESHIP_PREMIUM), ("*", 4, 0, 33_500)),
        (Ask(Way.RESHIP, "A", 1), ("A#1", 1, 0, 5_700)),
        (Ask(Way.COMPENSATION), ("+compensation", 1, 1_000, 1_000)),
        (Ask(Way.RETURN_FREIGHT), ("+freight", 1, 1_000, 1_000)),
    ],
)
def test_what_a_way_gives_and_costs(ask: Ask, gives: tuple) -> None:
    """By hand: three cups of 49.00 and a tea of 168.00; 8.00 freight, 20.00 with the premium carrier."""
    found = offer(ask)
    assert (found.item, found.qty, found.amount_cents, found.cost_cents) == gives


@pytest.mark.parametrize(
    ("distance", "cents", "amount"),
    [
        (Distance.SAME_CITY, 10_000, 1_000),
        (Distance.OTHER_PROVINCE, 10_000, 1_200),
        (Distance.UNKNOWN, 10_000, 1_200),
        (Distance.SAME_CITY, 50_000, 2_000),
        (Distance.OTHER_PROVINCE, 100_000, 4_000),
        (Distance.ABROAD, 1_000_000, 5_000),
    ],
)
def test_the_compensation_table(distance: Distance, cents: int, amount: int) -> None:
    """10 CNY in the same city, 10 to 15 to other provinces, 20 to 50 for high value; freight as yardstick, with a floor."""
    order = replace(ORDER, items=(Item("A", "a", 1, cents),))
    assert offer(Ask(Way.COMPENSATION), Situation(order, Cause.CARRIER_DELAY, distance)).amount_cents == amount


def test_a_currency_without_a_row_gets_no_compensation() -> None:
    """Nobody invents a figure; and whatever is given in it needs somebody's word."""
    abroad = replace(LOST, order=replace(ORDER, currency="USD"))
    assert isinstance(price(Ask(Way.COMPENSATION), abroad, POLICY), NotOffered)
    assert needs(offer(Ask(Way.REFUND), abroad), abroad, POLICY, "admin") == (Need.NO_LIMIT_KNOWN,)


def test_the_buyer_bears_the_freight_where_the_rule_says_so_and_once() -> None:
    """A change of mind after dispatch: the way out is taken off, the way back isn't paid; a second refund is whole."""
    changed = replace(LOST, cause=Cause.CHANGE_OF_MIND)
    first = offer(Ask(Way.REFUND, "A", 1), changed)
    assert (first.amount_cents, first.deducted_cents) == (4_100, 800)
    assert offer(Ask(Way.REFUND, "A", 1), replace(changed, paid=(first.paid,))).amount_cents == 4_900
    assert isinstance(price(Ask(Way.RETURN_FREIGHT), changed, POLICY), NotOffered)
    assert isinstance(price(Ask(Way.RETURN_FREIGHT), replace(LOST, cause=Cause.QUALITY), POLICY), Offer)


@pytest.mark.parametrize(
    "ask",
    [
        Ask(Way.REFUND, "A", 4),
        Ask(Way.REFUND, "A", 0),
        Ask(Way.REFUND, "C", 1),
        Ask(Way.PART, amount_cents=0),
        Ask(Way.PART, amount_cents=31_501),
        Ask(Way.PART, "A", 1, 4_901),
        Ask(Way.COMPENSATION, amount_cents=999),
        Ask(Way.RETURN_FREIGHT, amount_cents=1_001),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_its_reason(ask: Ask) -> None:
    """More pieces than were bought, more money than was paid, less than the floor."""
    assert isinstance(price(ask, LOST, POLICY), NotOffered)


@pytest.mark.parametrize(
    ("role", "way", "paid", "found"),
    [
        ("agent", Way.COMPENSATION, (), ()),
        ("agent", Way.REFUND, (), (Need.LIMIT,)),
        ("lead", Way.REFUND, (), ()),
        ("lead", Way.REFUND, (Paid("+compensation", "compensation", 80_000),), (Need.LIMIT,)),
        ("lead", Way.REFUND, (Paid("A#1", "refund", 4_900),), (Need.SECOND, Need.WORTH)),
        ("lead", Way.REFUND, (Paid("A#1", "reship"),), (Need.BOTH,)),
        ("lead", Way.RESHIP, (Paid("*", "refund", 100),), (Need.BOTH,)),
        ("lead", Way.RESHIP, (Paid("*", "reship"),), (Need.SECOND,)),
        ("agent", Way.COMPENSATION, (Paid("+compensation", "compensation", 1_000),), (Need.SECOND,)),
        ("agent", Way.COMPENSATION, (Paid("*", "reship"),), ()),
        ("viewer", Way.COMPENSATION, (), (Need.NO_LIMIT_KNOWN,)),
    ],
)
def test_who_must_agree(role: str, way: Way, paid: tuple, found: tuple) -> None:
    """Above a role's limit for the order, for what was paid already, and for refund and reship together."""
    now = replace(LOST, paid=paid)
    assert needs(offer(Ask(way), now), now, POLICY, role) == found


def test_goods_that_stay_with_the_customer_and_more_than_the_table() -> None:
    """A refund of goods of some worth without a return needs somebody's word; so does more compensation than the table has."""
    kept = replace(LOST, cause=Cause.QUALITY, goods_kept=True)
    assert needs(offer(Ask(Way.REFUND, "A", 2), kept), kept, POLICY, "lead") == (Need.GOODS_KEPT,)
    assert needs(offer(Ask(Way.REFUND, "A", 1), kept), kept, POLICY, "lead") == ()
    more = offer(Ask(Way.COMPENSATION, amount_cents=1_001))
    assert needs(more, LOST, POLICY, "agent") == (Need.TABLE,)


def test_several_small_ones_are_one_large_one() -> None:
    """What the order got before counts towards the limit, a reship with what it costs."""
    paid = (Paid("A#1", "reship", 0, 1, 18_000), Paid("+compensation", "compensation", 1_000))
    now = replace(LOST, paid=paid)
    assert needs(offer(Ask(Way.RETURN_FREIGHT), now), now, POLICY, "agent") == ()
    assert needs(offer(Ask(Way.RESHIP, "A", 1), now), now, POLICY, "agent") == (Need.LIMIT,)


def test_every_way_is_on_the_page_with_its_price_or_its_reason() -> None:
    """Nothing is left out silently."""
    assert [one.way for one in offers(LOST, POLICY)] == list(Way)


def test_a_lead_agrees_up_to_a_limit_an_admin_to_any_an_agent_to_none() -> None:
    """And nobody where no limit of the currency is known."""
    assert [POLICY.may_approve(r, "CNY", 500_000) for r in ("agent", "lead", "admin", "viewer")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [POLICY.may_approve(r, "CNY", 500_001) for r in ("lead", "admin")] == [False, True]
    assert not POLICY.may_approve("admin", "USD", 1)


@pytest.mark.parametrize(
    ("origin", "destination", "far"),
    [
        ("CN/上海", "CN/上海/浦东", Distance.SAME_CITY),
        ("上海市", "CN/上海", Distance.SAME_CITY),
        ("CN/浙江省/杭州市", "浙江/杭州/西湖区", Distance.SAME_CITY),
        ("CN/浙江/杭州", "CN/浙江/宁波", Distance.SAME_PROVINCE),
        ("CN/浙江/杭州", "CN/浙江", Distance.UNKNOWN),
        ("CN/浙江/杭州", "CN/上海", Distance.OTHER_PROVINCE),
        ("CN/上海", "DE/Berlin", Distance.ABROAD),
        ("", "CN/上海", Distance.UNKNOWN),
        ("CN", "CN", Distance.UNKNOWN),
    ],
)
def test_how_far_it_went(origin: str, destination: str, far: Distance) -> None:
    """By the paths of the two places; what isn't said is unknown, never near."""
    assert distance_of(origin, destination) is far


# --- pieces --------------------------------------------------------------------------------------------------------

goods = st.builds(
    Paid,
    st.sampled_from(["*", "A#1", "A#2", "A#3", "A", "B#2#1"]),
    st.sampled_from(["refund", "reship"]),
    qty=st.integers(1, 3),
)
extras = st.sampled_from([Paid("+compensation", "compensation", 1_000), Paid("+freight", "freight", 500)])
payments = goods | extras


def covered(one: Paid) -> set[str]:
    """Independently: the pieces that a payment names, one by one."""
    every = {"A#1", "A#2", "A#3", "A#4", "A#5", "B#2#1", "B#2#2", "B#2#3"}
    if one.item == "*":
        return every
    sku, first = pieces_of(one.item)
    return {f"{sku}#{first + n}" for n in range(one.qty)}


@given(payments, payments)
def test_two_payments_overlap_where_they_name_a_piece_in_common(one: Paid, other: Paid) -> None:
    """Goods by their pieces, the rest by its name; a compensation is never a payment for goods."""
    if one.kind in GOODS and other.kind in GOODS:
        assert overlap(one, other) == bool(covered(one) & covered(other))
    else:
        assert overlap(one, other) == (one == other)
    assert overlap(one, other) == overlap(other, one)


@given(st.lists(goods, max_size=4), st.integers(1, 3))
def test_the_first_free_piece_is_free_or_there_is_none(paid: list[Paid], qty: int) -> None:
    """Where pieces are left they are found; where none are, what is proposed clashes."""
    refunds = [replace(one, kind="refund") for one in paid]
    found = Paid(f"A#{first_free('A', qty, 3, refunds)}", "refund", qty=qty)
    taken = {piece for one in refunds for piece in covered(one)}
    free = [n for n in range(1, 5 - qty) if not {f"A#{n + k}" for k in range(qty)} & taken]
    assert (clash(found, refunds) is None) == bool(free)
    if free:
        assert found.item == f"A#{free[0]}"


def test_a_refund_and_a_reship_of_one_order_clash_whatever_they_are_for() -> None:
    """No order gets both; a second one of a kind clashes where the pieces are the same."""
    assert clash(Paid("A#1", "refund"), [Paid("B#2#1", "reship")]) is Need.BOTH
    assert clash(Paid("A#1", "refund"), [Paid("A#2", "refund")]) is None
    assert clash(Paid("A#1", "refund", qty=2), [Paid("A#2", "refund")]) is Need.SECOND
    assert clash(Paid("+freight", "freight"), [Paid("+compensation", "compensation")]) is None


def test_what_came_back_stands_for_itself() -> None:
    """One return exchanged, another refunded: no clash but over the same pieces; a reship of the desk clashes with either."""
    refund, exchange = (Paid(item, kind, goods_came_back=True) for item, kind in (("A#1", "refund"), ("B#1", "reship")))
    assert clash(refund, [exchange]) is None
    assert clash(exchange, [refund]) is None
    assert clash(refund, [replace(exchange, item="A#1")]) is Need.SECOND
    assert clash(refund, [replace(exchange, goods_came_back=False)]) is Need.BOTH
