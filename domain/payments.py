"""What an order got, for which pieces, and when a further payment would be for the same thing. Pure.

A payment's item is what it is for: ``*`` the whole order, ``SKU#2`` pieces of a line from the second on, ``+compensation`` the trouble,
``+freight`` the way back. Goods are made good by a refund or a reship; neither twice, and not both on one order, unless somebody with the
right to it agrees. What customers send back stands for itself: one return may be exchanged and another of the same order refunded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count


class MakeGood(StrEnum):
    """What the merchant's system is told to do."""

    REFUND = "refund"
    RESHIP = "reship"
    COMPENSATION = "compensation"
    FREIGHT = "freight"


class Need(StrEnum):
    """Why somebody else must agree."""

    LIMIT = "limit"  # more than this role may give alone
    NO_LIMIT_KNOWN = "no_limit_known"  # the policy says nothing of this currency
    SECOND = "second"  # paid for already
    BOTH = "both"  # refund and reship on one order
    WORTH = "worth"  # more than the order was worth
    TABLE = "table"  # more compensation than the table gives
    GOODS_KEPT = "goods_kept"  # the customer keeps goods of some worth


GOODS = frozenset({MakeGood.REFUND, MakeGood.RESHIP})
WHOLE, TROUBLE, WAY_BACK = "*", "+compensation", "+freight"


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of an order, written or about to be. ``qty``: how many pieces from the item's first on. ``goods_came_back``: it
    is for pieces that the customer gave back.
    """

    item: str
    kind: str
    amount_cents: int = 0
    qty: int = 1
    cost_cents: int = 0
    goods_came_back: bool = False

    @property
    def is_goods(self) -> bool:
        return self.kind in GOODS


def pieces_of(item: str) -> tuple[str, int]:
    """The line and the first piece that an item names: ``A#2`` is ("A", 2); a bare ``A`` is its first piece."""
    sku, mark, first = item.rpartition("#")
    return (sku, int(first)) if mark and first.isascii() and first.isdigit() else (item, 1)


def overlap(one: Paid, other: Paid) -> bool:
    """Whether two payments are for the same thing."""
    if not (one.is_goods and other.is_goods):
        return one.item == other.item and one.is_goods == other.is_goods
    if WHOLE in {one.item, other.item}:
        return True
    (sku, first), (other_sku, other_first) = pieces_of(one.item), pieces_of(other.item)
    return sku == other_sku and first < other_first + other.qty and other_first < first + one.qty


def _both(one: Paid, other: Paid) -> bool:
    """A refund and a reship on one order. Of pieces that both came back, each is for its own."""
    return other.is_goods and other.kind != one.kind and not (one.goods_came_back and other.goods_came_back)


def clash(one: Paid, paid: Iterable[Paid]) -> Need | None:
    """Why a payment can't be made beside these without somebody's agreement; None where it can."""
    earlier = list(paid)
    if one.is_goods and any(_both(one, other) for other in earlier):
        return Need.BOTH
    return Need.SECOND if any(overlap(one, other) for other in earlier) else None


def first_free(sku: str, qty: int, bought: int, paid: Sequence[Paid]) -> int:
    """The first piece of a line from which ``qty`` are unpaid; 1 where there are none left: those clash."""
    for first in count(1):
        if first + qty - 1 > bought:
            return 1
        if not any(overlap(Paid(f"{sku}#{first}", MakeGood.REFUND, qty=qty), one) for one in paid):
            return first
    raise AssertionError("count() never ends")
