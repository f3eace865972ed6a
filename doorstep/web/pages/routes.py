"""Routes of a day, on the town's own map and as lists; returns that no route serves, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from domain.people import Right, may
from domain.pickup import WAITING_FOR_ROUTE
from domain.returns import Route, Stop
from domain.words import Words, words_from_json
from doorstep.web.context import Acting, Form, Shared, SignedIn, Web, go, render, tongue
from doorstep.web.pmtiles import tile
from doorstep.web.tongue import Tongue
from scheduler import positions
from scheduler.arrivals import Course, course_of
from scheduler.devices import device_of, release
from scheduler.plan_types import Fleet
from scheduler.progress import DISPATCHED, UNDER_WAY
from store import disputes, facts, overviews, pickup_choices, replans, returns
from store.base import Db
from store.disputes import Dispute
from store.facts import FactRow
from store.overviews import ReturnLine, Visit
from store.pickup_choices import Choices
from store.positions import Position

router = APIRouter()
TILE_AGE_S = 86_400
COLOURS = 8
"""Route colours in the style sheet, used in turn."""


@dataclass(frozen=True, slots=True)
class DayPage:
    day: str
    days: list[str]
    routes: list[Route]
    visits: dict[str, Visit]
    unserved: list[ReturnLine]
    choices: list[Choices]
    courses: dict[str, Course]
    replans: list[FactRow]
    bound: frozenset[str]
    disputes: list[Dispute]
    seen: Mapping[str, Position]

    def why(self, fact: FactRow) -> Words:
        """Why a re-plan failed."""
        return words_from_json(fact.data["reason"])

    def likely(self, stop: Stop) -> datetime | None:
        """When a stop ahead is likely reached by now."""
        course = self.courses.get(stop.route_id)
        return next((one.arrive_at for one in course.likely if one.stop.id == stop.id), None) if course else None


def day_page(db: Db, day: str, today: str, span: tuple[datetime, datetime], fleet: Fleet, *, now: datetime) -> DayPage:
    """A day's page; ``span`` is the day itself. How routes stand is told of today's."""
    days = sorted({*returns.days_with_routes(db), today}, reverse=True)
    found = returns.routes_of_day(db, day)
    refs = [stop.return_ref for route in found for stop in route.stops]
    waiting = [line for line in overviews.unserved(db) if line.value.status in WAITING_FOR_ROUTE]
    open_ = [(r, fleet.depot(r.depot)) for r in found if day == today and r.status in {DISPATCHED, UNDER_WAY}]
    courses = {r.id: course_of(db, r, depot, now=now) for r, depot in open_ if depot}
    depots = {r.depot for r in found}
    again = [f for one in sorted(depots) for f in replans.asked_before(db, one, since=span[0]) if f.at < span[1]]
    return DayPage(
        day,
        days,
        found,
        dict(overviews.visits(db, refs)),
        waiting,
        pickup_choices.of_day(db, *span),
        courses,
        again,
        _bound(db, found),
        disputes.open_ones(db),
        positions.shown(db, found, now=now),
    )


def _bound(db: Db, found: Sequence[Route]) -> frozenset[str]:
    """The routes whose link a device has."""
    histories = facts.histories(db, "route", [route.id for route in found])
    return frozenset(name for name, history in histories.items() if device_of(history))


@router.get("/routes")
def routes(request: Request, web: Shared, who: SignedIn, day: str = "") -> Response:
    page = _page(web, day)
    return render(
        request, who, "routes.html", page=page, colours=COLOURS, barred=barred_of(web, page.day), **labels_of(web)
    )


@router.get("/routes/list")
def routes_list(request: Request, web: Shared, who: SignedIn, day: str = "") -> Response:
    """The changing part of the page alone."""
    page = _page(web, day)
    return render(
        request, who, "_routes.html", page=page, colours=COLOURS, barred=barred_of(web, page.day), **labels_of(web)
    )


@router.get("/routes/data")
def routes_data(web: Shared, who: SignedIn, day: str = "") -> dict[str, Any]:
    """What the map draws: numbers and statuses, no customer's data; where couriers are, for who works with them."""
    page = _page(web, day)
    speech = tongue(web, who.lang)
    couriers = {courier.id: courier.name for courier in web.house.settings.couriers}
    seen = page.seen if may(who.person.role, Right.ACT) else {}
    return {
        **ground(web, "/map"),
        "areas": areas_data(web),
        "routes": [
            {
                "id": route.id,
                "name": couriers.get(route.courier, route.courier),
                "colour": index % COLOURS,
                "path": route.path or path_of(web, route),
                "stops": stops_data(route, speech),
                **({"courier": courier_data(seen[route.id], speech)} if route.id in seen else {}),
            }
            for index, route in enumerate(page.routes)
        ],
    }


def areas_data(web: Web) -> list[dict[str, Any]]:
    """The drawn areas of collectors: polygons of rings, the outer one first, each a list of [latitude, longitude]."""
    settings = web.house.settings
    return [
        {
            "name": one.name,
            "polygons": [
                [[[at.lat, at.lon] for at in ring] for ring in (polygon.outer, *polygon.holes)]
                for polygon in settings.areas[one.id].polygons
            ],
        }
        for one in settings.collectors
        if one.id in settings.areas
    ]


def courier_data(position: Position, speech: Tongue) -> dict[str, Any]:
    """Where a courier is, and since when that is known."""
    where = {"lat": position.place.lat, "lon": position.place.lon, "accuracy_m": position.accuracy_m}
    return {**where, "label": f"{speech.t('position.at')} {position.at.astimezone(speech.zone):%H:%M}"}


@router.post("/routes/{route_id}/release")
def release_device(web: Shared, who: Acting, form: Form, route_id: str) -> Response:
    """The next device that opens the courier's link gets it."""
    del form
    route = web.house.store.read(returns.find_route, route_id)
    if route is None:
        raise HTTPException(404, "route")
    web.house.store.write(release, route_id, by=who.person.id, channel="console", now=web.house.now())
    web.house.bus.publish("routes")
    return go(f"/routes?day={route.day}")


@router.get("/map/area.geojson")
def area(web: Shared, who: SignedIn) -> Response:
    del who
    return area_file(web)


@router.get("/map/tiles/{z}/{x}/{y}")
def map_tile(web: Shared, who: SignedIn, z: int, x: int, y: int) -> Response:
    del who
    return tile_file(web, z, x, y)


def _page(web: Web, day: str) -> DayPage:
    today = web.house.now().astimezone(web.house.settings.zone).date().isoformat()
    day = day or _latest(web, today)
    return web.house.store.read(
        day_page, day, today, _span(day, web.house.settings.zone), web.house.pickups.fleet, now=web.house.now()
    )


def _span(day: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        start = datetime.combine(date.fromisoformat(day), time(), zone)
    except ValueError as exc:
        raise HTTPException(404, "day") from exc
    return start, start + timedelta(days=1)


def _latest(web: Web, today: str) -> str:
    """Today, or where it has no routes yet the last day that has."""
    days = web.house.store.read(returns.days_with_routes)
    return today if today in days or not days else days[0]


def labels_of(web: Web) -> dict[str, Any]:
    settings = web.house.settings
    return {
        "couriers": {courier.id: courier.name for courier in settings.couriers},
        "collectors": {collector.id: collector.name for collector in settings.collectors},
        "depots": {depot.id: depot.name for depot in settings.depots},
    }


def barred_of(web: Web, day: str) -> list[tuple[str, str]]:
    """The collectors that get no routes on a day: name and code of the reason."""
    on = date.fromisoformat(day)
    return [(one.name, why) for one in web.house.settings.collectors if (why := one.held.fault(on))]


def ground(web: Web, base: str) -> dict[str, Any]:
    """What the routes are drawn on: the operator's tiles, the area's own streets, or nothing."""
    return {
        "tiles": tiles(web, base),
        "area": f"{base}/area.geojson" if area_path(web) else None,
        "depots": [{"lat": d.lat, "lon": d.lon, "name": d.name} for d in web.house.settings.depots],
    }


def tiles(web: Web, base: str) -> dict[str, Any] | None:
    """Where pictures of the ground come from: an archive on our own disk before another's server."""
    chosen = web.house.settings.map
    if web.tiles:
        url, zoom = f"{base}/tiles/{{z}}/{{x}}/{{y}}", web.tiles.zooms[1]
        return {"url": url, "attribution": chosen.attribution, "zoom": zoom}
    return {"url": chosen.tiles_url, "attribution": chosen.attribution, "zoom": 19} if chosen.tiles_url else None


def tile_file(web: Web, z: int, x: int, y: int) -> Response:
    picture = tile(web.tiles, z, x, y) if web.tiles else None
    if web.tiles is None or picture is None:
        raise HTTPException(404, "tile")
    headers = {"Cache-Control": f"private, max-age={TILE_AGE_S}"}
    return Response(picture, media_type=web.tiles.media_type, headers=headers)


def area_path(web: Web) -> Path | None:
    chosen = web.house.settings.map.geojson
    path = web.house.settings.path(chosen) if chosen else None
    return path if path and path.is_file() else None


def area_file(web: Web) -> Response:
    path = area_path(web)
    if path is None:
        raise HTTPException(404, "map")
    return FileResponse(path, media_type="application/geo+json")


def path_of(web: Web, route: Route) -> list[tuple[float, float]]:
    """Straight lines from depot to depot, where the plan kept no way along the streets."""
    home = [(d.lat, d.lon) for d in web.house.settings.depots if d.id == route.depot]
    return [*home, *((stop.lat, stop.lon) for stop in route.stops), *home]


def stops_data(route: Route, speech: Tongue) -> list[dict[str, Any]]:
    """The stops of a route, numbered from one in their order."""
    return [
        {
            "id": stop.id,
            "lat": stop.lat,
            "lon": stop.lon,
            "n": number,
            "status": stop.status,
            "label": speech.t(f"stop.{stop.status}"),
            "return": stop.return_ref,
        }
        for number, stop in enumerate(route.stops, 1)
    ]
