"""The page of a collector's dispatcher: its own routes of a day, to accept or decline, behind a signed link that knows one firm only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from config.settings import Collector
from domain.returns import Route
from doorstep.route_sheet import Sheet
from doorstep.solving import MEND_SECONDS, Apart
from doorstep.web.context import (
    LANG_COOKIE,
    YEAR_S,
    Asking,
    Shared,
    Visitor,
    Web,
    field,
    render,
    set_cookie,
    tongue,
)
from doorstep.web.navigation import ways_to
from doorstep.web.pages.courier import PlainForm, route_page, sheet_file
from doorstep.web.tongue import LANGS
from scheduler import moving, positions, roster
from scheduler.devices import device_of, release
from scheduler.moving import Move
from scheduler.plan_types import Refused
from scheduler.roster import Answered, Say
from scheduler.router.problem import Seconds
from scheduler.tick import ways_of
from store import facts, overviews, returns, rosters
from store.base import Db
from store.facts import FactRow
from store.overviews import Visit
from store.positions import Position

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """A route as its collector sees it: districts, no customers. ``open``: whether it still can be answered."""

    route: Route
    accepted_at: datetime | None
    visits: dict[str, Visit]
    open: bool
    bound: bool = False
    seen: Position | None = None


@router.get("/collector/{token}")
def collector(request: Request, web: Shared, asking: Asking, token: str, day: str = "") -> Response:
    return _show(request, web, asking, token, firm_of(web, token), day=_day(web, day))


@router.post("/collector/{token}/language")
def collector_language(request: Request, web: Shared, form: PlainForm, token: str) -> Response:
    firm_of(web, token)
    lang = field(form, "lang")
    response = Response(status_code=303, headers={"Location": f"/collector/{token}"})
    if lang in LANGS:
        set_cookie(request, response, LANG_COOKIE, lang, YEAR_S)
    return response


@router.get("/collector/{token}/routes/{route_id}")
def collector_route(request: Request, web: Shared, asking: Asking, token: str, route_id: str) -> Response:
    firm = firm_of(web, token)
    route = web.house.store.read(roster.route_of, route_id, firm.id)
    return _show(request, web, asking, token, firm, only=own(request, web, firm, route))


@router.get("/collector/{token}/routes/{route_id}/sheet.{kind}")
def collector_sheet(request: Request, web: Shared, asking: Asking, token: str, route_id: str, kind: str) -> Response:
    """A route as a paper or a table: districts and numbers, as on the page."""
    firm = firm_of(web, token)
    route = own(request, web, firm, web.house.store.read(roster.route_of, route_id, firm.id))
    page = web.house.store.read(route_page, route.id)
    assert page is not None  # read above, and routes are never deleted
    names = {one.id: one.name for one in web.house.settings.couriers}
    sheet = Sheet(route, page.visits, page.numbers, names.get(route.courier, route.courier), "", full=False)
    return sheet_file(web, asking.lang, sheet, kind)


@router.get("/collector/{token}/stops/{stop_id}")
def collector_stop(request: Request, web: Shared, asking: Asking, token: str, stop_id: str) -> Response:
    """The route of a stop."""
    firm = firm_of(web, token)
    route = web.house.store.read(roster.route_of_stop, stop_id, firm.id)
    return _show(request, web, asking, token, firm, only=own(request, web, firm, route))


@router.post("/collector/{token}/stops/{stop_id}/move")
async def collector_move(
    request: Request, web: Shared, asking: Asking, form: PlainForm, token: str, stop_id: str
) -> Response:
    """Give a stop to another courier of the same firm; the router tries it and the referee checks it first."""
    firm, house, to = firm_of(web, token), web.house, field(form, "courier", 80)
    route = own(request, web, firm, await house.store.aread(roster.route_of_stop, stop_id, firm.id))
    if to not in {one.id for one in house.settings.couriers if one.collector == firm.id}:
        own(request, web, firm, None)
    stop = next(one for one in route.stops if one.id == stop_id)
    ways = ways_of(house.pickups, Apart(Seconds(MEND_SECONDS)).mend, link=house.route_link, rng=Random(0))
    outcome = await moving.move(house.store, Move(stop, to), house.pickups.fleet, ways=ways, now=house.now())
    bad, speech = isinstance(outcome, Refused), tongue(web, asking.lang)
    if not bad:
        house.bus.publish("routes")
    notice = speech.words(outcome.reason) if isinstance(outcome, Refused) else speech.t("move.done")
    return _show(request, web, asking, token, firm, day=route.day, notice=notice, bad=bad, status=409 if bad else 200)


@router.post("/collector/{token}/roster")
def collector_roster(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """Confirm who comes on a day; the ticked ones do."""
    firm, house = firm_of(web, token), web.house
    day = _day(web, field(form, "day", 10))
    here = [str(one)[:80] for one in form.getlist("here")]
    outcome = house.store.write(
        roster.confirm, firm.id, date.fromisoformat(day), here, fleet=house.pickups.fleet, now=house.now()
    )
    bad, speech = isinstance(outcome, Refused), tongue(web, asking.lang)
    notice = speech.words(outcome.reason) if isinstance(outcome, Refused) else speech.t("roster.confirmed")
    return _show(request, web, asking, token, firm, day=day, notice=notice, bad=bad, status=409 if bad else 200)


@router.post("/collector/{token}/routes/{route_id}")
def collector_answer(
    request: Request, web: Shared, asking: Asking, form: PlainForm, token: str, route_id: str
) -> Response:
    """Accept or decline. The same answer again is answered as before."""
    firm = firm_of(web, token)
    said = field(form, "answer", 20)
    if said not in set(Say):
        raise HTTPException(422, "answer")
    house = web.house
    outcome = house.store.write(
        roster.answer, route_id, Say(said), collector=firm.id, link=house.route_link, now=house.now()
    )
    if outcome is None:
        own(request, web, firm, None)
    if isinstance(outcome, Answered) and not outcome.repeated:
        for topic in ("routes", "returns"):
            house.bus.publish(topic)
    return _answered(request, web, asking, token, firm, said, outcome)


@router.post("/collector/{token}/routes/{route_id}/release")
def collector_release(
    request: Request, web: Shared, asking: Asking, form: PlainForm, token: str, route_id: str
) -> Response:
    """Let a courier's link go from its device: the next one that opens it gets it."""
    del form
    firm = firm_of(web, token)
    route = own(request, web, firm, web.house.store.read(roster.route_of, route_id, firm.id))
    web.house.store.write(release, route.id, by=firm.id, channel=roster.CHANNEL, now=web.house.now())
    notice = tongue(web, asking.lang).t("device.released")
    return _show(request, web, asking, token, firm, day=route.day, notice=notice)


def _answered(
    request: Request, web: Web, asking: Visitor, token: str, firm: Collector, said: str, outcome: Answered | Refused | None
) -> Response:  # fmt: skip
    speech, bad = tongue(web, asking.lang), isinstance(outcome, Refused)
    notice = speech.words(outcome.reason) if isinstance(outcome, Refused) else speech.t(f"collector.said_{said}")
    day = outcome.route.day if isinstance(outcome, Answered) else _day(web, "")
    return _show(request, web, asking, token, firm, day=day, notice=notice, bad=bad, status=409 if bad else 200)


def firm_of(web: Web, token: str) -> Collector:
    """The collector of a link. 410 where the link is forged, too old or of a firm that is gone."""
    firm_id = web.house.collector_of_link(token)
    firm = next((one for one in web.house.settings.collectors if one.id == firm_id), None)
    if firm is None:
        raise HTTPException(410, "link")
    return firm


def own(request: Request, web: Web, firm: Collector, route: Route | None) -> Route:
    """The route, or 404 and an audit row where the firm has none of that name: others' and unknown ones are told alike."""
    if route is None:
        data = {"path": "/".join(request.url.path.split("/")[3:])}  # without the link itself
        refused = FactRow("collector", firm.id, "act_refused", web.house.now(), firm.id, roster.CHANNEL, data=data)
        web.house.store.write(facts.append, [refused])
        raise HTTPException(404, "route")
    return route


def _day(web: Web, day: str) -> str:
    if not day:
        return web.house.now().astimezone(web.house.settings.zone).date().isoformat()
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError as exc:
        raise HTTPException(404, "day") from exc


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def lines_of(db: Db, firm: str, day: str, now: datetime) -> list[Line]:
    return [line_of(db, route, now) for route in returns.routes_of_day(db, day) if route.collector == firm]


def line_of(db: Db, route: Route, now: datetime) -> Line:
    visits = dict(overviews.visits(db, [stop.return_ref for stop in route.stops]))
    still = route.status == "dispatched" and route.return_at > now
    bound = bool(device_of(facts.history(db, "route", route.id)))
    seen = positions.shown(db, [route], now=now).get(route.id)
    return Line(route, roster.accepted_at(db, route.id), visits, still, bound, seen)


def _show(
    request: Request, web: Web, asking: Visitor, token: str, firm: Collector, *, day: str = "", only: Route | None = None,
    notice: str = "", bad: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    read, now = web.house.store.read, web.house.now()
    lines = [read(line_of, only, now)] if only else read(lines_of, firm.id, day, now)
    mine = [one for one in web.house.settings.couriers if one.collector == firm.id]
    names: dict[str, Any] = {one.id: one.name for one in web.house.settings.couriers}
    shown = only.day if only else day
    closes = roster.closes_at(web.house.pickups.fleet, firm.id, date.fromisoformat(shown))
    who = read(rosters.of_day, shown, firm.id).get(firm.id)
    return render(
        request, asking, "collector.html", status=status, token=token, firm=firm, lines=lines, day=shown, couriers=names,
        notice=notice, bad=bad, barred=firm.held.fault(date.fromisoformat(shown)), only=only, mine=mine,
        roster=who, to=ways_to, closes=closes if closes and closes > now else None, tomorrow=_next(shown),
    )  # fmt: skip
