"""Sources that call: what each has to say in a span of time, as the requests that it would send."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from net.http import HttpRequest
from sim import kuaidi100_pickups, kuaidiniao, sf, track17, ups
from sim.wire import Memory
from sim.world import World

Pusher = Callable[[World, Memory, datetime, datetime], list[HttpRequest]]
"""``pusher(world, memory, since, now)``: the calls for what came to light in (since, now]."""

PUSHERS: Mapping[str, Pusher] = MappingProxyType(
    {
        "kuaidi100": kuaidi100_pickups.pushes,
        "sf": sf.pushes,
        "kuaidiniao": kuaidiniao.pushes,
        "ups": ups.pushes,
        "17track": track17.pushes,
    }
)

CONSOLES = ("sf", "kuaidiniao", "ups", "17track")
"""Sources whose address for pushes is entered in a console, not told with a subscription."""


def due(
    world: World, memory: Memory, told: Mapping[str, datetime], now: datetime
) -> tuple[list[HttpRequest], dict[str, datetime]]:
    """Every source's calls since it was last ``told``, and up to when each is told then; an outage holds calls back."""
    calls: list[HttpRequest] = []
    until = dict(told)
    for source, pusher in PUSHERS.items():
        if world.outage(source, now) is None:
            calls += pusher(world, memory, told.get(source, world.start), now)
            until[source] = now
    return calls, until
