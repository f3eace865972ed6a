"""Looking up where returns are fetched: a few addresses a beat; what can't be placed is left to a person, and not asked again at once."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from config.place_settings import Places
from domain.errors import OutsideError
from doorstep.house import House
from net.http import Http
from scheduler.amap import BASE_URL
from scheduler.places.amap import AmapPlaces
from scheduler.places.found import Found, Geocoder
from scheduler.places.nominatim import Nominatim
from store import mail, places
from store.base import Db
from store.places import Unplaced

log = structlog.get_logger()
A_BEAT = 5
AGAIN = timedelta(hours=6)
"""An address that wasn't found is asked for again after this time at the earliest: maps and addresses get mended."""
REST = timedelta(minutes=10)
"""A service that failed is left alone until the next ten minutes."""
ADAPTER = "places"
SERVICES: Mapping[str, Callable[[Http, Places], Geocoder]] = {
    "nominatim": lambda http, told: Nominatim(http, told.url),
    "amap": lambda http, told: AmapPlaces(http, told.key, told.url or BASE_URL),
}


async def place_due(house: House, *, now: datetime) -> int:
    """The beat's part. Returns how many addresses were placed."""
    told = house.settings.places
    if told.by == "none":
        return 0
    due = await house.store.aread(_due, told.by, now)
    placed = 0
    async with Http(told.by) as http:
        for one in due:
            try:
                found = await SERVICES[told.by](http, told).find(one.address, one.district)
            except OutsideError as exc:
                log.warning("places", ref=one.ref, error=str(exc))
                await house.store.awrite(_note, told.by, _rest(now), now)
                break
            placed += await house.store.awrite(_keep, told.by, one, found, now)
    if placed:
        house.bus.publish("returns")
    return placed


def _due(db: Db, source: str, now: datetime) -> list[Unplaced]:
    """The next addresses: not while the service rests after a failure, none that wasn't found lately."""
    if mail.received_before(db, ADAPTER, source, _rest(now)) is not None:
        return []
    passed: list[str] = []
    while more := places.unplaced(db, but=passed, limit=A_BEAT):
        fresh = [one for one in more if mail.received_before(db, ADAPTER, source, _unfound(one, now)) is None]
        if fresh:
            return fresh
        passed += [one.ref for one in more]
    return []


def _keep(db: Db, source: str, one: Unplaced, found: Found | None, now: datetime) -> bool:
    if found is None:
        _note(db, source, _unfound(one, now), now)
        return False
    return places.place(db, one.order_ref, found.location, how=found.how, source=found.source, now=now)


def _note(db: Db, source: str, key: str, now: datetime) -> None:
    mail.receive(db, ADAPTER, source, key, at=now)


def _rest(now: datetime) -> str:
    return f"rest/{int(now.timestamp() // REST.total_seconds())}"


def _unfound(one: Unplaced, now: datetime) -> str:
    return f"{one.ref}/{int(now.timestamp() // AGAIN.total_seconds())}"
