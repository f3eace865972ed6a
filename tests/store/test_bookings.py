"""Bookings in the store: a row is what its facts amount to, people stand apart, quotes hold until they end."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as budget_of
from hypothesis import strategies as st
from store_support import at, damage, opened, rows

from domain.booking import Booking, BookingState, BookingStatus, Party, PickupOrder, Quote, Refusal, Refused, Slot
from store import bookings, check, facts, pickup_quotes
from store.base import Db, Store
from store.bookings import BookingEvent, Stage

pytestmark = pytest.mark.usefixtures("engine")

SENDER = Party("王小明", "13812345678", "梧桐路 1 号", "杭州市", "浙江省")
ORDER = PickupOrder(
    "R-1",
    SENDER,
    replace(SENDER, name="退货组"),
    Slot(at(6), at(8)),
    ZoneInfo("Asia/Shanghai"),
    "衣服",
    1500,
    remark="请先致电",
)
E, S = BookingEvent, BookingStatus


def begun(db: Db, order: PickupOrder = ORDER, hours: float = 0) -> bookings.BookingRow:
    return bookings.begin(db, "kuaidi100", "main", order, busy_until=at(hours + 0.1), now=at(hours))


def booked(db: Db) -> bookings.BookingRow:
    begun(db)
    booking = Booking("R-1", "T|7", "YT1", "7", currency="CNY")
    return bookings.record(db, "R-1", [bookings.booked(booking, at(0.1))])


def heard(db: Db, status: BookingStatus, cents: int | None = None, *, called: bool = True) -> bookings.BookingRow:
    state = BookingState(status, "c", "text", charge_cents=cents)
    return bookings.record(db, "R-1", bookings.heard("R-1", state, at(1), called=called))


def differences(store: Store) -> list[str]:
    return [str(d) for d in store.read(check.differences, now=at(2))]


@budget_of(deadline=None, max_examples=40)
@given(news=st.lists(st.tuples(st.sampled_from(S), st.sampled_from([None, 0, 500, 1250]), st.booleans()), max_size=8))
def test_whatever_is_said_the_check_is_clean(tmp_path_factory: pytest.TempPathFactory, news: list[Any]) -> None:
    """In any order, with any charges, asked or called: the row is what the facts amount to, and collected stays collected."""
    with opened(tmp_path_factory.mktemp("desk")) as store:
        row = store.write(booked)
        collected = False
        for status, cents, called in news:
            row = store.write(heard, status, cents, called=called)
            collected = collected or status is S.COLLECTED
            assert (row.status is Stage.COLLECTED) == collected
        told = [cents for _, cents, called in news if called and cents is not None]
        if told:
            assert row.charge_cents == sum(told)
        assert differences(store) == []


@pytest.mark.parametrize(
    ("column", "value"), [("ref", "'x'"), ("charge_cents", "1"), ("slot_to", "1"), ("source", "'sf'")]
)
def test_a_row_changed_by_hand_is_found(tmp_path: Path, column: str, value: str) -> None:
    with opened(tmp_path) as store:
        store.write(booked)
        store.write(damage, f"UPDATE pickup_booking SET {column} = {value}")
        [found] = differences(store)
        assert found.startswith(f"pickup R-1: {column} is ")


def test_a_row_or_its_facts_alone_are_found(tmp_path: Path) -> None:
    """Facts of a booking without its row, and a row without facts; a quote alone is nothing wrong."""
    with opened(tmp_path) as store:
        store.write(booked)
        quote = Quote("yuantong", 1250, "CNY", at(1))
        store.write(pickup_quotes.keep, "kuaidi100", "main", replace(ORDER, our_id="R-2"), [quote], now=at(0))
        assert differences(store) == []
        store.write(damage, "UPDATE pickup_booking SET our_id = 'R-9'")
        assert {d.split(":")[0] for d in differences(store)} == {"pickup R-9", "pickup R-1"}


def test_what_was_refused_begins_anew(tmp_path: Path) -> None:
    """Under the same id, with the time of the new try; nothing of the first order is left in the row."""
    with opened(tmp_path) as store:
        store.write(begun)
        refused = bookings.refused(
            "R-1", E.REFUSED, Refused(Refusal.ADDRESS, "400", "地址：王小明 13812345678"), at(0.1)
        )
        assert store.write(bookings.record, "R-1", [refused]).status is Stage.REFUSED
        assert store.read(bookings.refusal_of, "R-1") == Refused(Refusal.ADDRESS, "400", "地址：王小明 138****5678")
        again = store.write(begun, replace(ORDER, slot=Slot(at(30), at(32))), 1)
        assert (again.status, again.tried_at, again.slot_from) == (Stage.TRIED, at(1), at(30))
        assert differences(store) == []


def test_an_order_comes_back_as_it_was_given(tmp_path: Path) -> None:
    """With its people, until they are erased; the row and its facts go on without them."""
    with opened(tmp_path) as store:
        store.write(booked)
        assert store.read(bookings.order_of, "R-1") == ORDER
        store.write(bookings.meet_courier, "R-1", "赵六", "13900001111")
        assert store.read(bookings.courier_of, "R-1") == {"name": "赵六", "phone": "13900001111"}
        assert store.write(bookings.erase_people, now=at(8) + timedelta(days=29)) == 0
        assert store.write(bookings.erase_people, now=at(8) + timedelta(days=30)) == 1
        store.write(bookings.meet_courier, "R-1", "赵六", "13900001111")
        assert (store.read(bookings.order_of, "R-1"), store.read(bookings.courier_of, "R-1")) == (None, None)
        assert store.write(heard, S.COLLECTED).status is Stage.COLLECTED
        kept = str([store.read(rows, f"SELECT * FROM {t}") for t in ("pickup_booking", "fact")])
        assert [text for text in ("王小明", "13812345678", "梧桐路", "赵六") if text in kept] == []
        assert differences(store) == []


def test_quotes_hold_until_they_end(tmp_path: Path) -> None:
    """For the same places, goods and day; whoever the people are. The last price of a service counts."""
    with opened(tmp_path) as store:
        for cents in (1250, 1300):
            quote = Quote("yuantong", cents, "CNY", at(1), "标准快递", (Slot(at(3), at(4)),))
            store.write(pickup_quotes.keep, "kuaidi100", "main", ORDER, [quote], now=at(0))

        def standing(order: PickupOrder, hours: float = 0.5, account: str = "main") -> tuple[Quote, ...]:
            return store.read(pickup_quotes.standing, "kuaidi100", account, order, now=at(hours))

        assert standing(ORDER) == (quote,)
        assert standing(replace(ORDER, our_id="R-2", sender=replace(SENDER, name="李四", phone="13900000000"))) == (
            quote,
        )
        assert standing(replace(ORDER, weight_g=1501)) == ()
        assert standing(replace(ORDER, sender=replace(SENDER, address="梧桐路 2 号"))) == ()
        assert standing(ORDER, 1) == ()
        assert standing(ORDER, account="other") == ()
        assert [f.event for f in store.read(facts.history, "pickup", "R-1")] == ["quoted", "quoted"]


def test_what_is_due_comes_longest_due_first(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for n, hours in ((1, 3), (2, 1), (3, None)):
            store.write(begun, replace(ORDER, our_id=f"R-{n}"))
            store.write(bookings.look_again, f"R-{n}", None if hours is None else at(hours))
        assert [row.our_id for row in store.read(bookings.due, now=at(3), limit=9)] == ["R-2", "R-1"]
        assert [row.our_id for row in store.read(bookings.due, now=at(1), limit=9)] == ["R-2"]


def test_one_pickup_at_the_carrier_may_be_several_of_ours(tmp_path: Path) -> None:
    """UPS gives an address one pickup: what shares its ref is off with it."""
    with opened(tmp_path) as store:
        for n in (1, 2):
            store.write(begun, replace(ORDER, our_id=f"R-{n}"))
            same = bookings.booked(Booking(f"R-{n}", "PRN", known_as="PRN"), at(n))
            row = store.write(bookings.record, f"R-{n}", [same])
        assert store.read(bookings.sharing, row) == ["R-1", "R-2"]
        assert store.read(bookings.known, "kuaidi100", "main", "PRN") in {"R-1", "R-2"}
        assert store.read(bookings.known, "kuaidi100", "main", "other") is None
