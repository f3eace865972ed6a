"""How heavy and how large a return's goods are: what the order says of its pieces, and how many pieces it says nothing of. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 10**11
"""Grams or millilitres of one return that are counted: a slip in an order must not break the day's plan."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Of one piece: grams and millilitres, None where nobody said."""

    weight_g: int | None = None
    volume_ml: int | None = None


UNKNOWN = Measures()


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a piece of unknown measures is taken for."""

    weight_g: int = 1_000
    volume_ml: int = 5_000


USUAL = Assumed()


@dataclass(frozen=True, slots=True)
class Goods:
    """What is known of a return's weight and volume, and the pieces of which one of them isn't."""

    weight_g: int = 0
    volume_ml: int = 0
    unweighed: int = 0
    unmeasured: int = 0

    def weight(self, assumed: Assumed) -> int:
        """Grams, with what is assumed."""
        return min(MOST, self.weight_g + self.unweighed * assumed.weight_g)

    def volume(self, assumed: Assumed) -> int:
        """Millilitres, with what is assumed."""
        return min(MOST, self.volume_ml + self.unmeasured * assumed.volume_ml)


NO_GOODS = Goods()


def goods_of(pieces: Iterable[tuple[int, Measures]]) -> Goods:
    """The goods of so many pieces of each kind."""
    known = list(pieces)
    return Goods(
        sum(qty * one.weight_g for qty, one in known if one.weight_g is not None),
        sum(qty * one.volume_ml for qty, one in known if one.volume_ml is not None),
        sum(qty for qty, one in known if one.weight_g is None),
        sum(qty for qty, one in known if one.volume_ml is None),
    )
