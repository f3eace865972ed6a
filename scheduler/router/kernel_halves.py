"""A large day in two halves: each of two searches may change half of the routes, and from time to time the day is cut anew.

Two searches of the whole day side by side find hardly more than one; two of half a day each make twice as many steps on it. Where the
cut lies changes from meeting to meeting, so that no stop stays at a border.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from scheduler.router.kernel_data import Data, Ints
from scheduler.router.state import Orders

if TYPE_CHECKING:
    from scheduler.router.kernel import Search

LARGE = 400
"""Free stops from which on a day is cut."""
MEETINGS = 50
SEARCHES = 2


@dataclass(slots=True)
class Halves:
    """Two searches on the halves of one day; ``movable``: the day's stops that may be moved, ``best`` the best plan so far."""

    searches: "Sequence[Search]"
    rng: Random
    movable: Ints
    best: Orders = ()
    rank: tuple[float, float] = (np.inf, np.inf)
    sides: list[Ints] = field(default_factory=list)
    """Per search: the couriers whose routes it may change, as 0 and 1."""
    meetings: int = MEETINGS

    def meet(self) -> None:
        """Put together what the halves have become, and cut the day anew."""
        now, best = self._whole([one.now() for one in self.searches]), self._best_of_each()
        self._judge(best)
        self._cut(now)

    def close(self) -> Orders:
        """The best plan found."""
        self._judge(self._best_of_each())
        return self.best

    def _best_of_each(self) -> Orders:
        return self._whole([one.orders() for one in self.searches])

    def _whole(self, told: Sequence[Orders]) -> Orders:
        """Of what each search tells, the routes that it may change; at first the first one's."""
        if not self.sides:
            return told[0]
        return tuple(told[int(self.sides[1][c])][c] for c in range(len(told[0])))

    def _judge(self, orders: Orders) -> None:
        """Load a whole plan where it is known what all of it costs; it may be the best one."""
        search = self.searches[0]
        search.own(np.ones(len(orders), dtype=np.uint8), self.movable)
        search.start(orders)
        if search.rank < self.rank:
            self.rank, self.best = search.rank, orders

    def _cut(self, orders: Orders) -> None:
        right = side_of_couriers(self.searches[0].d, orders, self.rng)
        across = side_of_stops(self.searches[0].d, orders, right)
        self.sides = [1 - right, right]
        for side, (search, mine) in enumerate(zip(self.searches, self.sides, strict=True)):
            search.own(mine, self.movable[across[self.movable] == side])
            search.start(orders)


def side_of_couriers(d: Data, orders: Orders, rng: Random) -> Ints:
    """0 or 1 for each courier: half of the stops on either side of a line between two places far from each other; those without a stop in turn."""
    served = [i for order in orders for i in order]
    sides = np.arange(len(orders), dtype=np.uint8) % 2
    if served:
        here = rng.choice(served)
        there = served[int(np.argmax(_around(d, here)[served]))]
        lean = _around(d, here) - _around(d, there)
        used = sorted((float(lean[list(order)].mean()), c) for c, order in enumerate(orders) if order)
        before = 0
        for _, c in used:
            sides[c] = 2 * before >= len(served)
            before += len(orders[c])
    return sides


def side_of_stops(d: Data, orders: Orders, sides: Ints) -> Ints:
    """0 or 1 for each stop: its courier's, outside that of most of the routes around."""
    where = np.full(len(d.service), -1)
    for c, order in enumerate(orders):
        where[list(order)] = sides[c]
    found = where.copy()
    for i in np.flatnonzero(where < 0):
        around = where[d.near[i]]
        found[i] = 2 * np.count_nonzero(around == 1) > np.count_nonzero(around >= 0)
    return found


def _around(d: Data, i: int) -> Ints:
    """The way there and back between a stop and each other one."""
    stops = len(d.service)
    there_and_back: Ints = d.way[:stops, i].astype(np.int64).sum(axis=1)
    return there_and_back
