"""Goods that come back: checked in at the warehouse, looked at item by item, decided. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from domain.pickup import ReturnStatus
from domain.returns import ReturnItem

LINE = timedelta(minutes=100)
"""From check-in to decision: a large shop's promise, "售后100分" (S: the foot of two of its pages). Held against, never enforced."""


class Look(StrEnum):
    """How an item was found. OK: all pieces, as they should be. PART: fewer pieces. DIFFERS: not what was sent out, or damaged."""

    OK = "ok"
    PART = "part"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Looked:
    """One item as it was found; ``qty``: the pieces that are good."""

    sku: str
    look: Look
    qty: int

    def to_json(self) -> dict[str, Any]:
        return {"sku": self.sku, "look": self.look.value, "qty": self.qty}


ARRIVES = frozenset(ReturnStatus) - {ReturnStatus.REFUSED}
"""Whose goods can be scanned in. Of a refused return nothing should come: the desk decides about it."""


def decision_of(expected: Sequence[ReturnItem], looked: Sequence[Looked]) -> Look:
    """What the items amount to: one that differs makes the whole differ, and so does an empty box; fewer pieces are a part."""
    good = sum(one.qty for one in looked)
    if any(one.look is Look.DIFFERS for one in looked) or not good:
        return Look.DIFFERS
    return Look.OK if good == sum(item.qty for item in expected) else Look.PART


def fits(expected: Sequence[ReturnItem], looked: Sequence[Looked]) -> bool:
    """Whether each expected item was looked at once, with no more pieces than are expected, and its look fits its number."""
    asked = merged(expected)
    if len(looked) != len(asked) or {one.sku for one in looked} != set(asked):
        return False
    return all(
        0 <= one.qty <= asked[one.sku] and (one.look is not Look.OK or one.qty == asked[one.sku]) for one in looked
    )


def merged(items: Sequence[ReturnItem]) -> Counter[str]:
    """Pieces by sku."""
    found = Counter[str]()
    for item in items:
        found[item.sku] += item.qty
    return found


def accepted(looked: Sequence[Looked]) -> tuple[ReturnItem, ...]:
    """The good pieces, by sku."""
    return tuple(ReturnItem(one.sku, one.qty) for one in sorted(looked, key=lambda one: one.sku) if one.qty)
