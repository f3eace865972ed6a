"""A house to which a plan's faults happen: whoever drives it sees the same ``House`` as ever, and drives it the same way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Protocol, TypeVar

from net.http import HttpReply, HttpRequest
from sim.faults import HOUR, MINUTE, Plan
from sim.fuse import Fuse
from sim.run import House

AGAIN_AFTER = (2 * HOUR, 40 * HOUR)  # a push that was taken before
HELD_FOR = (20 * MINUTE, 3 * HOUR)
TRY_AGAIN = 30 * MINUTE
T = TypeVar("T")
NO_ANSWER = HttpReply(503, {}, b"")


class Fragile(House, Protocol):
    """A house that faults can reach. ``fuse`` is that of its present life: ``start`` puts in a new one."""

    @property
    def fuse(self) -> Fuse: ...

    async def fill_disk(self, *, full: bool) -> None:
        """Let its database grow no more, or again."""

    async def both_take(self, rng: Random) -> None:
        """Two people take the same open case at once; nothing where there is none."""


@dataclass(order=True, slots=True)
class Kept:
    """A request to bring at ``due``; ``n`` keeps the order of those due together."""

    due: datetime
    n: int
    request: HttpRequest = field(compare=False)


class Disturbed:
    """``Fragile`` under a plan. Times are the world's, what the house is told may be wrong by a clock's jump."""

    def __init__(self, house: Fragile, plan: Plan, seed: int) -> None:
        self.house, self.plan = house, plan
        self.cuts = 0
        self._rng = Random(f"{seed}/disturbed")
        self._now = plan.start
        self._full = False
        self._kept: list[Kept] = []
        self._pushed: list[HttpRequest] = []
        self._acks, self._cuts = list(plan.acks), list(plan.cuts)

    # --- the house ---

    async def start(self, now: datetime) -> None:
        self._now = now
        await self.house.start(now)

    async def kill(self) -> None:
        await self.house.kill()

    async def tick(self, now: datetime) -> None:
        self._now = now
        await self._fill_or_free()
        await self._while_full(lambda: self.house.tick(self._told), None)
        while self._acks and self._acks[0] <= now:
            del self._acks[0]
            await self._while_full(lambda: self.house.both_take(self._rng), None)
        await self._bring()

    async def inbound(self, request: HttpRequest) -> HttpReply:
        if not _is_push(request):
            return await self._taken(request)
        self._pushed.append(request)  # the order of an hour's pushes is only known at its end
        return HttpReply(200, {}, b"")

    @property
    def _told(self) -> datetime:
        """The time as the house believes it."""
        return self._now + sum((by for span, by in self.plan.jumps if span.holds(self._now)), timedelta())

    # --- requests ---

    async def _bring(self) -> None:
        """What was pushed since the last tick, and what was kept until now."""
        pushed, self._pushed = self._pushed, []
        if self.plan.shuffled:
            self._rng.shuffle(pushed)
        for request in pushed:
            if self._rng.random() < self.plan.held:
                self._keep(request, *HELD_FOR)
                continue
            await self._taken(request)
            if self._rng.random() < self.plan.again:
                self._keep(request, *AGAIN_AFTER)
        while self._kept and min(self._kept).due <= self._now:
            one = min(self._kept)
            self._kept.remove(one)
            await self._taken(one.request)

    async def _taken(self, request: HttpRequest) -> HttpReply:
        """Bring a request, twice at once where that is its lot; where no answer comes, again later."""
        twice = self._rng.random() < self.plan.twice

        async def bring() -> HttpReply:
            if twice:
                await self.house.inbound(request)
            return await self.house.inbound(request)

        reply = await self._while_full(bring, NO_ANSWER)
        if reply.status >= 500 and self._full:
            self._keep(request, TRY_AGAIN, TRY_AGAIN)
        return reply

    def _keep(self, request: HttpRequest, least: timedelta, most: timedelta) -> None:
        due = self._now + least + (most - least) * self._rng.random()
        self._kept.append(Kept(due, len(self._kept), request))

    # --- what happens to it ---

    async def _while_full(self, do: Callable[[], Awaitable[T]], else_: T) -> T:
        """Do it; a full disk is an error that a house outlives."""
        try:
            return await self._through_cuts(do)
        except Exception:
            if not self._full:
                raise
            return else_

    async def _through_cuts(self, do: Callable[[], Awaitable[T]]) -> T:
        """Do it, and where the power fails meanwhile do it again with the next house on the same database."""
        while True:
            self._arm()
            done: T | None = None
            try:
                done = await do()
            except BaseException:
                if not self.house.fuse.blown:
                    raise
            if not self.house.fuse.blown:
                return done  # type: ignore[return-value]  # it is whatever was done
            self.cuts += 1
            await _nothing_goes_on()
            await self.house.kill()
            await self.house.start(self._told)
            self._full = False
            await self._fill_or_free()

    def _arm(self) -> None:
        if self._cuts and self._cuts[0].at <= self._now and not self.house.fuse.armed:
            cut = self._cuts.pop(0)
            self.house.fuse.arm(cut.point, cut.nth)

    async def _fill_or_free(self) -> None:
        full = any(span.holds(self._now) for span in self.plan.full)
        if full != self._full:
            self._full = full
            await self.house.fill_disk(full=full)


async def _nothing_goes_on() -> None:
    """Whatever the dead house had begun ends with it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _is_push(request: HttpRequest) -> bool:
    return "/push/" in request.url
