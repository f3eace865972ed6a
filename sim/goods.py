"""What becomes of a return's goods after the door, told by the return's number alone: the truth that warehouse and checkers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sim.world import World

Pieces = tuple[tuple[str, int], ...]
"""(sku, pieces), in the order in which they were asked for."""
Looked = tuple[tuple[str, str, int], ...]
"""(sku, how it was found, good pieces)."""

LOST = 0.1  # far more than in life, so that a short month has some
LOOKS: tuple[tuple[str, int], ...] = (("ok", 82), ("part", 10), ("differs", 8))
AGAIN = 0.2  # somebody sends the decision once more, and says that all is well
SCANNED_AFTER_H = (3.0, 20.0)  # a courier is back in the evening; some goods are scanned on the next morning
LOOKED_AT_AFTER_MIN = (15.0, 240.0)


@dataclass(frozen=True, slots=True)
class Goods:
    """``lost``: they never reach the warehouse. Else they are scanned so long after the courier left the door, and looked at so long
    after that; ``look``: how they are; ``again``: the decision comes twice, the second time another one.
    """

    lost: bool
    scanned_after: timedelta
    looked_at_after: timedelta
    look: str
    again: bool


def goods_of(world: World, return_ref: str) -> Goods:
    rng = Random(f"{world.seed}/warehouse/{return_ref}")
    looks, weights = zip(*LOOKS, strict=True)
    return Goods(
        lost=rng.random() < LOST,
        scanned_after=timedelta(minutes=round(60 * rng.uniform(*SCANNED_AFTER_H))),
        looked_at_after=timedelta(minutes=round(rng.uniform(*LOOKED_AT_AFTER_MIN))),
        look=rng.choices(looks, weights=weights)[0],
        again=rng.random() < AGAIN,
    )


def handed(items: Pieces, *, part: bool) -> Pieces:
    """What the customer hands over: all, or all but one piece; where there is only one piece, that one."""
    if not part or not items:
        return items
    (sku, qty), *rest = items
    left = qty - 1 if rest or qty > 1 else qty
    return (*[(sku, left)] * (left > 0), *rest)


def looked(told: Goods, came: Pieces) -> Looked:
    """How each item is found: as it should be, the last one a piece short, or the first one not what was sent out."""
    if not came:
        return ()
    first, last = came[0][0], came[-1][0]
    if told.look == "differs":
        return tuple((sku, "differs" if sku == first else "ok", 0 if sku == first else qty) for sku, qty in came)
    if told.look == "part":
        return tuple((sku, "part" if sku == last else "ok", qty - (sku == last)) for sku, qty in came)
    return tuple((sku, "ok", qty) for sku, qty in came)


def decision(found: Sequence[tuple[str, str, int]]) -> str:
    """What they amount to; an empty box differs."""
    if any(look == "differs" for _, look, _ in found) or not any(good for _, _, good in found):
        return "differs"
    return "ok" if all(look == "ok" for _, look, _ in found) else "part"
