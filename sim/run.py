"""Driving a house through simulated time: its ticks, and what the people around it do.

The house is whatever runs the product; the world stays outside and never looks into it but through ``Reads``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from net.http import HttpReply, HttpRequest
from sim.acting import Door, NoReads, Reads
from sim.people import HOME, acts
from sim.pushing import due
from sim.wire import Memory
from sim.world import World

MAX_REFUSED = 200  # refusals kept to look at; the rest is only counted


class House(Protocol):
    """The product as the simulation sees it. Times are aware UTC and never go back."""

    async def start(self, now: datetime) -> None:
        """Begin, or begin again after ``kill``, on the same state."""

    async def tick(self, now: datetime) -> None:
        """Let it be ``now``, and do whatever is due."""

    async def inbound(self, request: HttpRequest) -> HttpReply:
        """Take a request as the network would bring it."""

    async def kill(self) -> None:
        """Stop at once, as a power cut does."""


@dataclass(frozen=True, slots=True)
class Refusal:
    at: datetime
    request: HttpRequest
    reply: HttpReply


@dataclass(slots=True)
class Played:
    """What was played: up to when, how many requests, and those of people that were answered with 4xx or 5xx. ``pushed``:
    up to when each source's pushes were brought.
    """

    until: datetime
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    acts: int = 0
    pushes: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def note(self, at: datetime, request: HttpRequest, reply: HttpReply) -> None:
        self.acts += 1
        if reply.status < 400:
            return
        self.refused += 1
        if len(self.refusals) < MAX_REFUSED:
            self.refusals.append(Refusal(at, request, reply))


EachStep = Callable[[datetime], Awaitable[None]]


async def run(
    house: House,
    world: World,
    *,
    days: float,
    step: timedelta,
    reads: Reads | None = None,
    door: Door = HOME,
    memory: Memory | None = None,
    each: EachStep | None = None,
) -> Played:
    """Start the house at the world's start and drive it for ``days``, in steps.

    Each step ticks first, so that nobody ever acts in the house's future, then lets people act, then brings the pushes
    of the sources (where ``memory`` is given: that of the transport that answers the house). ``each`` is awaited after
    every step. A last tick lets the house take in what came last.
    """
    played = Played(world.start)
    end = world.start + timedelta(days=days)
    await house.start(world.start)
    while played.until < end:
        since, played.until = played.until, min(played.until + step, end)
        await house.tick(played.until)
        await _people(house, world, reads or NoReads(), since, played, door)
        if memory is not None:
            await _pushed(house, world, memory, played)
        if each is not None:
            await each(played.until)
    await house.tick(played.until)
    return played


async def _people(house: House, world: World, reads: Reads, since: datetime, played: Played, door: Door) -> None:
    for request in acts(world, reads, since, played.until, door):
        played.note(played.until, request, await house.inbound(request))


async def _pushed(house: House, world: World, memory: Memory, played: Played) -> None:
    """Bring what came to light since the last time; an outage holds its source's pushes back."""
    calls, played.pushed = due(world, memory, played.pushed, played.until)
    for request in calls:
        await house.inbound(request)
        played.pushes += 1
