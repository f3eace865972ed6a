"""Pickups of carriers: what an order must have, and how a booking moves on."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from domain.booking import BookingStatus, Party, PickupOrder, Slot, step
from domain.errors import RuleError

S = BookingStatus
HERE = Party("Ann", "555", "1 Road", "Newark")
ORDER = PickupOrder(
    "R1", HERE, HERE, Slot(datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 11, tzinfo=UTC)), UTC, "shoes", 900
)


@pytest.mark.parametrize("change", [{"our_id": ""}, {"goods": " "}, {"parcels": 0}, {"weight_g": 0}])
def test_an_order_that_no_courier_could_fetch_is_refused_with_the_fix(change: dict[str, object]) -> None:
    with pytest.raises(RuleError, match="pickup: an order needs"):
        replace(ORDER, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["name", "phone", "address", "city"])
def test_a_party_without_what_the_courier_needs_names_the_field(key: str) -> None:
    with pytest.raises(RuleError, match=f"no {key}"):
        replace(HERE, **{key: " "})


def test_a_slot_has_a_zone_and_a_length() -> None:
    nine = datetime(2026, 1, 1, 9, tzinfo=UTC)
    with pytest.raises(RuleError, match="zone"):
        Slot(nine.replace(tzinfo=None), nine)
    with pytest.raises(RuleError, match="end after"):
        Slot(nine, nine)


def test_news_in_any_order_and_twice_end_the_same() -> None:
    """Callbacks come late, twice and out of order: whoever has the goods keeps them."""
    for news in permutations([S.PLACED, S.ACCEPTED, S.ON_THE_WAY, S.COLLECTED, S.INFO, S.UNMAPPED]):
        status = S.PLACED
        for one in (*news, *news):
            status = step(status, one)
        assert status is S.COLLECTED


MOVES = [
    (S.PLACED, S.CANCELLED, S.CANCELLED),
    (S.ON_THE_WAY, S.FAILED, S.FAILED),
    (S.COLLECTED, S.CANCELLED, S.COLLECTED),  # too late
    (S.COLLECTED, S.FAILED, S.COLLECTED),
    (S.CANCELLED, S.COLLECTED, S.COLLECTED),  # the courier came all the same
    (S.CANCELLED, S.ACCEPTED, S.CANCELLED),  # late news of before
    (S.CANCELLED, S.REVIVED, S.PLACED),
    (S.PLACED, S.REVIVED, S.PLACED),
    (S.ON_THE_WAY, S.ACCEPTED, S.ON_THE_WAY),
    (S.ACCEPTED, S.UNMAPPED, S.ACCEPTED),
]


@pytest.mark.parametrize(("before", "news", "after"), MOVES)
def test_what_news_make_of_a_booking(before: BookingStatus, news: BookingStatus, after: BookingStatus) -> None:
    assert step(before, news) is after


def test_people_are_in_no_repr() -> None:
    assert "Ann" not in repr(ORDER)
    assert "555" not in repr(ORDER)
    assert "1 Road" not in repr(ORDER)
