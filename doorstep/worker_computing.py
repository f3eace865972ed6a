"""What a worker computes: the night's learning, and depots' plans of the day. Each in a process of its own, as in the daemon: neither the
solver nor the numbers' libraries are loaded here.
"""

from dataclasses import dataclass, field
from random import Random

from doorstep.house import House
from doorstep.in_hand import in_hand
from doorstep.nightly import Nightly
from doorstep.solving import Apart, Here, hold_of
from scheduler.tick import plan_due


@dataclass(slots=True)
class Computer:
    """``solve``: where and within which limit plans are made."""

    house: House
    solve: Apart | Here
    rng: Random
    nightly: Nightly = field(init=False)

    def __post_init__(self) -> None:
        self.nightly = Nightly(self.house)

    async def refit(self) -> bool:
        """Learn, where that is due; returns whether something was learned."""
        return await self.nightly.run(self.house.now())

    async def plan(self, depot: str) -> int:
        """Make a depot's plan of the day, where one is due; returns how many routes went out."""
        house = self.house
        async with in_hand(house.store, hold_of(depot), house.wall) as hold:
            if hold is None:
                return 0
            done = await plan_due(
                house.store, house.pickups, now=house.now(), solve=self.solve, link=house.route_link, rng=self.rng,
                decide=self.solve.decide, depot=depot,
            )  # fmt: skip
        return sum(len(one.routes) for one in done.dispatched)
