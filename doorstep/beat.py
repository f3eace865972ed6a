"""One beat of the house: monitor, carriers' couriers, pickups, outbox. The daemon, the demo and the simulated month run the same one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

import structlog

from carriers.sender import Line
from doorstep import bookings, customers, outbox, placing, retention, unheard
from doorstep.house import House
from doorstep.solving import Apart, Here, left_to_workers
from monitor.tick import TickReport
from monitor.tick import tick as monitor_tick
from scheduler.dispatch import Solve
from scheduler.tick import TickReport as PickupReport
from scheduler.tick import tick as pickup_tick
from store import ledger

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beat:
    monitor: TickReport
    pickups: PickupReport
    sent: int


async def beat(
    house: House, lines: Mapping[tuple[str, str], Line], solve: Solve, *, now: datetime, rng: Random
) -> Beat:
    """Do everything that is due at ``now``. Running it again changes nothing more."""
    watched = await monitor_tick(
        house.store,
        lines,
        house.policy,
        now=now,
        nonce=house.new_id,
        ways=house.ways,
        making_good=house.settings.make_good,
    )
    booked = await bookings.look_after_due(house, now=now)
    await placing.place_due(house, now=now)
    own = solve if isinstance(solve, Apart | Here) else None
    picked = await pickup_tick(
        house.store, house.pickups, now=now, solve=solve, link=house.route_link, rng=rng,
        decide=own.decide if own else None, mend=own.mend if own else None,
        leave=left_to_workers(house.store, house.wall),
    )  # fmt: skip
    told = await customers.look_after_due(house, now=now)
    outside = (ledger.CHANNEL,) if house.settings.merchant.url else ()
    sent = await outbox.send_due(house.store, now=now, outside=outside)
    await retention.keep_no_longer(house, now=now)
    await unheard.recount(house, now=now)
    tell(house, watched, picked, sent)
    if told:
        house.bus.publish("cases")
        log.info("customers", looked_after=told)
    if booked:
        log.info("bookings", looked_after=booked)
    return Beat(watched, picked, sent)


def tell(house: House, watched: TickReport, picked: PickupReport, sent: int) -> None:
    """Wake the open pages that show what changed, and log what was done."""
    if sent or watched.looked_at or watched.timers or watched.instructed:
        house.bus.publish("cases")
    if watched.polled.asked:
        house.bus.publish("parcels")
    if picked.changed or not house.planned_elsewhere <= set(picked.left):
        house.bus.publish("routes")
        house.bus.publish("returns")
    house.planned_elsewhere.clear()
    house.planned_elsewhere.update(picked.left)
    if sent or watched.instructed:
        house.bus.publish("outbox")
        house.bus.publish("money")
    if watched.changed or picked.changed or sent:
        log.info(
            "beat",
            asked=watched.polled.asked,
            calls=watched.polled.calls,
            failed=watched.polled.failed,
            subscribed=watched.subscribed,
            identified=watched.identified,
            events=watched.polled.events,
            looked_at=watched.looked_at,
            timers=watched.timers,
            instructed=watched.instructed,
            routes=sum(len(d.routes) for d in picked.dispatched),
            replanned=len(picked.replanned),
            sent=sent,
        )
