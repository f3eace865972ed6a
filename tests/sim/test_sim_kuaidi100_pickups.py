"""The town's Kuaidi100 takes courier pickups behind the same address as its queries."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carriers import booking_sender
from carriers.base import Account
from carriers.registry import get
from carriers.sender import Line
from domain.booking import Booking, Party, PickupOrder, Quote, Slot
from doorstep.demo import write_settings
from net.http import Http
from sim.carriers import SimTransport
from sim.kuaidi100_pickups import orders_of, pushes
from sim.shop import ZONE
from sim.wire import Memory
from sim.world import World

START = datetime(2026, 3, 1, 16, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)  # nine in the morning
HOME = Party("王小明", "13812345678", "梧桐路 1 号", "杭州市", region="浙江省", district="余杭区")
WAREHOUSE = Party("仓库", "13987654321", "建设一路 2 号", "杭州市", region="浙江省", district="萧山区")
SLOT = Slot(datetime(2026, 3, 2, 14, tzinfo=ZONE), datetime(2026, 3, 2, 16, tzinfo=ZONE))
ORDER = PickupOrder(
    "R-1", HOME, WAREHOUSE, SLOT, ZONE, "衣服", 1_500, carrier="圆通速递", callback_url="http://us.test/x"
)


def test_an_order_is_quoted_booked_once_and_called_about(tmp_path: Path) -> None:
    """Through the product's own adapter: the same id twice is one order, and every call about it proves itself."""
    world, memory, now = World(3, START, 3, 20, outages=()), Memory(), NOW
    settings = write_settings(tmp_path, 8722, 1).carriers["kuaidi100"]["main"]
    account = Account("kuaidi100", "main", settings)

    async def order() -> tuple[object, object, object]:
        async with Http("kuaidi100", transport=SimTransport(world, lambda: now, memory)) as http:
            line = Line(get("kuaidi100"), account, http, lambda: now)
            quoted = await booking_sender.quote(line, ORDER, "n1")
            return quoted, await booking_sender.book(line, ORDER, "n2"), await booking_sender.book(line, ORDER, "n3")

    quoted, first, again = asyncio.run(order())
    assert isinstance(quoted, tuple)
    assert all(isinstance(one, Quote) and one.amount_cents > 0 for one in quoted)
    assert isinstance(first, Booking)
    assert isinstance(again, Booking)
    assert first.ref == again.ref
    assert len(orders_of(memory).placed) == 1
    pickup = get("kuaidi100").pickup
    assert pickup is not None
    assert pickup.callback is not None
    calls = [c for c in pushes(world, memory, NOW, NOW + timedelta(days=3)) if c.url == ORDER.callback_url]
    assert calls
    assert all(pickup.callback.verify(call.body, call.headers, account) for call in calls)
