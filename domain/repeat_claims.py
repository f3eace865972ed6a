"""A customer whose claims stand out from the shop's own: advice with its reasons, never a refusal."""

from dataclasses import dataclass
from datetime import timedelta

from domain.words import Words

WINDOW = timedelta(days=180)
LEAST = 3
"""Fewer claims than this say nothing of anybody."""
TIMES = 3.0
"""How many times the shop's own rate a customer's must be."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Within the window."""

    orders: int = 0
    disputes: int = 0
    refunds: int = 0


def signal(customer: Counts, shop: Counts) -> tuple[Words, ...]:
    """The reasons to look closer; empty where there is none. Orders are counted as one where there is a claim without any."""
    pairs = (("disputes", customer.disputes, shop.disputes), ("refunds", customer.refunds, shop.refunds))
    return tuple(
        Words(f"customer.risk.{name}", {"n": n, "orders": customer.orders, "usual_share": usual / max(shop.orders, 1)})
        for name, n, usual in pairs
        if n >= LEAST and n / max(customer.orders, 1) >= TIMES * usual / max(shop.orders, 1)
    )
