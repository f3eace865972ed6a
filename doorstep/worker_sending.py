"""What a worker sends: letters of every way out that needs no connection of the daemon's own."""

from collections.abc import Mapping

from doorstep.carrier_post import CarrierPost
from doorstep.chats import Channel, channels_of
from doorstep.customer_post import CustomerPost, ways_of
from doorstep.house import House
from doorstep.merchant import Merchant, merchant_of
from doorstep.outbound import Outbound


def ways_out(house: House) -> dict[str, Outbound]:
    """Every way that workers may send on, by its name."""
    posts = CustomerPost(house, ways_of(house)), CarrierPost(house, house.settings.customers)
    every: list[Outbound | None] = [*channels_of(house), *posts, merchant_of(house)]
    return {one.name: one for one in every if one is not None and one.shared}


async def close(ways: Mapping[str, Outbound]) -> None:
    """Let go of their connections."""
    for way in ways.values():
        if isinstance(way, Channel):
            await way.line.close()
        elif isinstance(way, Merchant):
            await way.close()
