"""The courier's page: today's route on a phone, one stop at a time, behind a signed link that knows one route only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from itsdangerous import BadSignature
from starlette.datastructures import FormData

from domain.errors import RuleError
from domain.pickup import FailReason
from domain.returns import ReturnItem, Route, Stop
from domain.words import Words
from doorstep.house import signer
from doorstep.route_sheet import TYPES, Sheet, file_name, kinds, made
from doorstep.web.context import (
    LANG_COOKIE,
    MAX_UPLOAD_BYTES,
    MAX_UPLOADS,
    YEAR_S,
    Asking,
    Shared,
    Visitor,
    Web,
    field,
    files_of,
    is_htmx,
    render,
    set_cookie,
    small_form,
    tongue,
    wants_json,
)
from doorstep.web.navigation import ways_to
from doorstep.web.pages.routes import area_file, ground, path_of, stops_data, tile_file
from doorstep.web.tongue import LANGS
from scheduler import positions
from scheduler.courier import ENDED, Act, ActKind, Done, act_at
from scheduler.devices import Opened, open_on, refuse, stands
from scheduler.door import CONTENT, IDENTITY, Door
from scheduler.letters import numbers_of
from scheduler.looked import changes, look
from scheduler.plan_types import Refused
from scheduler.reports import Report, Said, report, said_of
from store import facts, files, overviews, returns
from store.base import Db
from store.overviews import Visit
from store.positions import agreed

router = APIRouter()

STATUS_OF = {"stop_unknown": 404, "stop_over": 409, "code_wrong": 422, "code_locked": 423}
"""How a refusal is told to a program; 422 where it isn't here."""
REASONS = tuple(r for r in FailReason if r is not FailReason.COURIER_NO_SHOW)
"""What a courier may say; that nobody came is said by the clock."""


DEVICE_COOKIE = "doorstep_device"
PREVIEWS = ("bot", "crawler", "spider", "preview", "facebookexternalhit", "whatsapp/", "embedly")
"""Words in the names of what fetches a link that nobody has opened: chats' previews above all."""
KEPT = f"private, max-age={12 * 3600}"
"""How long the phone keeps the page: the same link opens again without a net, in browsers without a service worker too."""


@dataclass(frozen=True, slots=True)
class RoutePage:
    """``numbers``: under which number the courier was first told of each stop; it stays, whatever the plan becomes.
    ``changes``: what is different since they last looked. ``shares``: whether they agreed that their position is seen.
    """

    route: Route
    visits: dict[str, Visit]
    numbers: dict[str, int]
    said: Said
    changes: tuple[Words, ...] = ()
    shares: bool = False

    def number(self, stop: Stop) -> int:
        return self.numbers.get(stop.id, self.route.stops.index(stop) + 1)

    @property
    def open(self) -> list[Stop]:
        return [stop for stop in self.route.stops if stop.status not in ENDED]

    @property
    def ended(self) -> list[Stop]:
        return [stop for stop in self.route.stops if stop.status in ENDED]


def route_page(db: Db, route_id: str) -> RoutePage | None:
    route = returns.find_route(db, route_id)
    if route is None:
        return None
    visits = dict(overviews.visits(db, [stop.return_ref for stop in route.stops]))
    history = facts.history(db, "route", route_id)
    return RoutePage(route, visits, numbers_of(db, route), said_of(history), changes(db, route), agreed(history))


def route_of(web: Web, token: str) -> Route:
    """The route of a link. 410 where the link is forged or too old, 404 where its route is gone."""
    route_id = web.house.route_of_link(token)
    if route_id is None:
        raise HTTPException(410, "link")
    route = web.house.store.read(returns.find_route, route_id)
    if route is None:
        raise HTTPException(404, "route")
    return route


def page_of(request: Request, web: Web, token: str, *, mine: bool = False) -> RoutePage:
    """The same with its visits. 403 where another device has it, unless it was found to be this one's (``mine``)."""
    route = route_of(web, token)
    if not mine and web.house.store.read(stands, route.id, secret_of(request, web)) is Opened.OTHER:
        raise HTTPException(403, "device")
    page = web.house.store.read(route_page, route.id)
    assert page is not None  # read above, and routes are never deleted
    return page


async def plain_form(request: Request) -> FormData:
    """A form that needs no token beside the link's own: nothing else lets its sender in."""
    return await small_form(request)


async def photo_form(request: Request) -> FormData:
    """The same with photos."""
    return await small_form(request, most_bytes=MAX_UPLOAD_BYTES, files=MAX_UPLOADS)


PlainForm = Annotated[FormData, Depends(plain_form)]
PhotoForm = Annotated[FormData, Depends(photo_form)]


@router.get("/courier/{token}")
def courier(request: Request, web: Shared, asking: Asking, token: str) -> Response:
    """The first device that opens the link keeps it."""
    route = route_of(web, token)
    if looks_ahead(request):
        raise HTTPException(403, "device")
    known = secret_of(request, web)
    secret = known or web.house.new_id()
    seen = web.house.store.read(stands, route.id, known)
    if seen is Opened.NOBODYS:
        seen = web.house.store.write(_open, route.id, secret, now=web.house.now())
    if seen is Opened.OTHER:
        return _elsewhere(request, web, asking, token, route, known)
    response = show(request, web, asking, token, page_of(request, web, token, mine=True), new=not known)
    if not known:
        set_cookie(request, response, DEVICE_COOKIE, signer(web.house.store, "device").dumps(secret), YEAR_S)
    return response


def _open(db: Db, route_id: str, secret: str, *, now: datetime) -> Opened:
    """Bind it, and what is there by now has been seen."""
    opened = open_on(db, route_id, secret, now=now)
    if opened is Opened.BOUND:
        look(db, route_id, now=now)
    return opened


@router.post("/courier/{token}/seen")
def seen_changes(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """The courier has read what changed."""
    del form
    route = page_of(request, web, token).route
    web.house.store.write(look, route.id, now=web.house.now())
    if wants_json(request):
        return JSONResponse({"ok": True})
    return show(request, web, asking, token, page_of(request, web, token))


def _elsewhere(request: Request, web: Web, asking: Visitor, token: str, route: Route, secret: str) -> Response:
    web.house.store.write(refuse, route.id, secret, now=web.house.now())
    return render(request, asking, "courier_elsewhere.html", status=403, token=token, route=route)


def looks_ahead(request: Request) -> bool:
    """A chat's preview of a link, or a browser that fetches ahead: nobody has opened anything yet."""
    said = request.headers.get("user-agent", "").lower()
    ahead = "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", ""))
    return ahead or any(word in said for word in PREVIEWS)


def secret_of(request: Request, web: Web) -> str:
    """The secret of the device that asks, "" where it has none of ours."""
    try:
        secret: str = signer(web.house.store, "device").loads(request.cookies.get(DEVICE_COOKIE, ""))
    except BadSignature:
        return ""
    return secret


def show(
    request: Request, web: Web, asking: Visitor, token: str, page: RoutePage, *, notice: str = "", bad: bool = False,
    status: int = 200, new: bool = False,
) -> Response:  # fmt: skip
    couriers = {one.id: one.name for one in web.house.settings.couriers}
    depots = {one.id: one for one in web.house.settings.depots}
    template = "_courier.html" if is_htmx(request) else "courier.html"
    keeps = request.method == "GET" and not is_htmx(request)
    return render(
        request, asking, template, status=status, page=page, token=token, notice=notice, bad=bad, reasons=REASONS, new=new,
        door=door_of(web, page.route), faults={reason: rule.fault for reason, rule in web.house.pickups.policy.reasons.items()},
        courier=couriers.get(page.route.courier, page.route.courier), depot=depots.get(page.route.depot), to=ways_to,
        asks_where=web.house.settings.returns.courier_positions,
        is_open=positions.is_open(page.route, now=web.house.now()),
        headers={"Cache-Control": KEPT, "Vary": "Cookie"} if keeps else None,
    )  # fmt: skip


@router.get("/courier/{token}/data")
def courier_data(request: Request, web: Shared, asking: Asking, token: str) -> dict[str, Any]:
    """What the courier's map draws."""
    page = page_of(request, web, token)
    speech = tongue(web, asking.lang)
    route = page.route
    path = route.path or path_of(web, route)
    return {
        **ground(web, f"/courier/{token}"),
        "routes": [{"id": route.id, "name": "", "colour": 0, "path": path, "stops": stops_data(route, speech)}],
    }


@router.get("/courier/{token}/sheet.{kind}")
def courier_sheet(request: Request, web: Shared, asking: Asking, token: str, kind: str) -> Response:
    """The route as a paper, a table or a track, with what the page shows."""
    page = page_of(request, web, token)
    names = {one.id: one.name for one in web.house.settings.couriers}
    name = names.get(page.route.courier, page.route.courier)
    sheet = Sheet(page.route, page.visits, page.numbers, name, web.house.route_link(page.route.id), full=True)
    return sheet_file(web, asking.lang, sheet, kind)


def sheet_file(web: Web, lang: str, sheet: Sheet, kind: str) -> Response:
    """404 for what isn't made, or not for everybody."""
    if kind not in kinds(full=sheet.full):
        raise HTTPException(404, "kind")
    data = made(sheet, kind, tongue(web, lang), now=web.house.now())
    how = "inline" if kind == "pdf" else "attachment"
    headers = {"Content-Disposition": f'{how}; filename="{file_name(sheet.route, kind)}"', "Cache-Control": "no-store"}
    return Response(data, media_type=TYPES[kind], headers=headers)


@router.get("/courier/{token}/area.geojson")
def courier_area(request: Request, web: Shared, token: str) -> Response:
    page_of(request, web, token)
    return area_file(web)


@router.get("/courier/{token}/tiles/{z}/{x}/{y}")
def courier_tile(request: Request, web: Shared, token: str, z: int, x: int, y: int) -> Response:
    page_of(request, web, token)
    return tile_file(web, z, x, y)


@router.post("/courier/{token}/language")
def courier_language(request: Request, web: Shared, form: PlainForm, token: str) -> Response:
    page_of(request, web, token)
    lang = field(form, "lang")
    response = Response(status_code=303, headers={"Location": f"/courier/{token}"})
    if lang in LANGS:
        set_cookie(request, response, LANG_COOKIE, lang, YEAR_S)
    return response


@router.post("/courier/{token}/stops/{stop_id}")
async def act(request: Request, web: Shared, asking: Asking, form: PhotoForm, token: str, stop_id: str) -> Response:
    """Arrived, collected or failed. The same action id again is answered as before."""
    route = (await run_in_threadpool(page_of, request, web, token)).route
    wanted, photos = read_act(form), await files_of(form, "photo")
    speech = tongue(web, asking.lang)
    if isinstance(wanted, Words):
        outcome: Done | Refused = Refused(wanted)
    else:
        try:
            outcome = await web.house.store.awrite(_act, web, route, stop_id, wanted, photos, now=web.house.now())
        except RuleError:
            outcome = Refused(Words("ui.courier.bad_photo", {}))
    if isinstance(outcome, Done) and not outcome.repeated:
        for topic in ("routes", "returns", "cases", "money"):
            web.house.bus.publish(topic)
    return await run_in_threadpool(_answer, request, web, asking, token, outcome, speech.words)


def _act(
    db: Db, web: Web, route: Route, stop_id: str, act: Act, photos: Sequence[bytes], *, now: datetime
) -> Done | Refused:
    """The act and its photos, kept with the return. Raises RuleError where a photo can't be kept: then nothing is written."""
    done = act_at(
        db, stop_id, act, route_id=route.id, policy=web.house.pickups.policy, now=now, by=route.courier,
        door=door_of(web, route),
    )  # fmt: skip
    if isinstance(done, Done) and not done.repeated:
        for data in photos:
            files.add(db, data, subject_type="return", subject_id=done.value.ref, by=route.courier, at=now)
    return done


def door_of(web: Web, route: Route) -> Door:
    """What is to be done at this route's doors."""
    rule = web.house.pickups.policy.door
    express = any(one.id == route.collector and one.express for one in web.house.settings.collectors)
    return Door(rule.contact_tries, timedelta(minutes=rule.wait_min), express)


def _answer(request: Request, web: Web, asking: Visitor, token: str, outcome: Done | Refused, say: Any) -> Response:
    if isinstance(outcome, Refused):
        status, text = STATUS_OF.get(outcome.reason.code, 422), say(outcome.reason)
        body: dict[str, Any] = {"ok": False, "code": outcome.reason.code, "message": text}
    else:
        status, text = 200, tongue(web, asking.lang).t(f"courier.done_{outcome.stop.status}")
        body = {"ok": True, "status": outcome.stop.status, "repeated": outcome.repeated, "message": text}
    if wants_json(request):
        return JSONResponse(body, status)
    page = page_of(request, web, token)
    shown = 200 if is_htmx(request) else status
    return show(request, web, asking, token, page, notice=text, bad=not body["ok"], status=shown)


@router.post("/courier/{token}/report")
def report_route(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """Late, full, out, or all well again: the route as a whole. The same id again is answered as before."""
    route, speech = page_of(request, web, token).route, tongue(web, asking.lang)
    what, minutes = field(form, "what", 20), field(form, "minutes", 4)
    if what not in set(Report):
        raise HTTPException(422, "what")
    outcome = web.house.store.write(
        report, route.id, Report(what), minutes=int(minutes) if minutes.isascii() and minutes.isdigit() else 0,
        key=field(form, "id", 80), now=web.house.now(), by=route.courier, channel="courier",
    )  # fmt: skip
    bad = isinstance(outcome, Refused)
    text = speech.words(outcome.reason) if isinstance(outcome, Refused) else speech.t(f"courier.said_{what}")
    if not bad:
        web.house.bus.publish("routes")
    if wants_json(request):
        return JSONResponse({"ok": not bad, "message": text}, 422 if bad else 200)
    page = page_of(request, web, token)
    return show(
        request, web, asking, token, page, notice=text, bad=bad, status=200 if is_htmx(request) or not bad else 422
    )


def read_act(form: FormData) -> Act | Words:
    """What the form says, or what is wrong with it. No items named: all."""
    kind = field(form, "action", 20)
    if kind not in set(ActKind):
        return Words("ui.courier.bad_action", {})
    items = read_items([str(value) for value in form.getlist("items")])
    if isinstance(items, Words):
        return items
    reason = field(form, "reason", 40)
    known = FailReason(reason) if reason in set(FailReason) else None
    proof = read_proof(form)
    if isinstance(proof, Words):
        return proof
    ago_s, tries = _number(field(form, "ago_s", 7)), _number(field(form, "tries", 3))
    act_id, code = field(form, "id", 80), field(form, "code", 20)
    return Act(ActKind(kind), act_id, code, items, known, proof, ago_s or 0, tries)


MAX_WEIGHT_KG = 200


def read_proof(form: FormData) -> dict[str, Any] | Words:
    """What is kept with the stop beside the code: a note, the weight, that identity and content were checked."""
    note, weight = field(form, "note", 500), field(form, "weight_kg", 10).replace(",", ".")
    proof: dict[str, Any] = {"note": note} if note else {}
    if weight:
        whole, _, part = weight.partition(".")
        if not (f"{whole}{part}".isascii() and f"{whole}{part}".isdigit() and 0 < float(weight) <= MAX_WEIGHT_KG):
            return Words("ui.courier.bad_weight", {})
        proof["weight_g"] = round(float(weight) * 1_000)
    return proof | {name: True for name in (IDENTITY, CONTENT) if field(form, name, 3) == "yes"}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def read_items(texts: list[str]) -> tuple[ReturnItem, ...] | Words | None:
    """``sku:qty`` each; ``sku:0`` is left out."""
    items: list[ReturnItem] = []
    for text in texts:
        sku, colon, qty = text.rpartition(":")
        if not colon or not sku or not (qty.isascii() and qty.isdigit()) or len(qty) > 4:
            return Words("ui.courier.bad_items", {})
        items.append(ReturnItem(sku, int(qty)))
    return tuple(item for item in items if item.qty) if items else None
