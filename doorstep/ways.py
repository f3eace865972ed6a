"""Who tells travel times, from the settings: with the crow's flight behind it, so that every day is planned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from config.settings import Settings
from config.travel_settings import Travel
from domain.place import Location
from net.http import Http
from scheduler.amap import BASE_URL
from scheduler.travel.amap import Amap
from scheduler.travel.osrm import Osrm
from scheduler.travel.straight import Haversine
from scheduler.travel.table import Slowed, Table, TravelTimes, WithFallback
from scheduler.travel.valhalla import Valhalla

SERVICES: Mapping[str, Callable[[Http, Travel], TravelTimes]] = {
    "osrm": lambda http, told: Osrm(http, told.url, told.mode or "driving"),
    "valhalla": lambda http, told: Valhalla(http, told.url, told.mode or "auto"),
    "amap": lambda http, told: Amap(http, told.key, told.url or BASE_URL),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A service that is asked now and then: its connections live for one table."""

    told: Travel

    async def table(self, points: Sequence[Location]) -> Table:
        async with Http(self.told.by) as http:
            return await SERVICES[self.told.by](http, self.told).table(points)


def travel_of(settings: Settings) -> TravelTimes:
    """What ``[travel]`` names; where it fails, the crow's flight."""
    told, straight = settings.travel, Haversine()
    if told.by == "straight":
        best: TravelTimes = straight
    else:
        best = WithFallback(_best(settings, told), straight)
    return Slowed(best, told.times) if told.times != 1 else best


def _best(settings: Settings, told: Travel) -> TravelTimes:
    if told.by == "extract":
        from scheduler.travel.extract import Extract  # NumPy takes a while to load

        return Extract(settings.path(told.extract), settings.database.parent / "cache")
    return Asked(told)
