"""The web console as one application: pages, static files, live events; the API's routers are handed in."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.policies import Types
from domain.pickup import ReturnStatus
from domain.shipment import Order
from doorstep.house import House
from doorstep.web import live
from doorstep.web.auth import Attempts
from doorstep.web.case_parts import type_name
from doorstep.web.context import SignInFirst, Web, is_htmx, render, visitor, wants_json
from doorstep.web.pages import (
    bulk,
    by_hand,
    cases,
    chat_link,
    claims,
    collector,
    collector_statement,
    courier,
    courier_position,
    couriers,
    customer_data,
    customers,
    demo,
    desk,
    disputes,
    enquiries,
    evidence,
    figures,
    handovers,
    incidents,
    ledger,
    life,
    money,
    parcels,
    people,
    return_requests,
    returns,
    route_sheets,
    routes,
    sign_in,
    status,
    warehouse,
)
from doorstep.web.pmtiles import Archive, open_archive
from store.trouble import DatabaseError, trouble_of

HERE = Path(__file__).parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
PAGES = (
    sign_in,
    desk,
    bulk,
    by_hand,
    evidence,
    handovers,
    customers,
    customer_data,
    cases,
    life,
    incidents,
    chat_link,
    parcels,
    return_requests,
    warehouse,
    returns,
    disputes,
    route_sheets,
    routes,
    courier,
    courier_position,
    couriers,
    collector,
    collector_statement,
    status,
    ledger,
    money,
    claims,
    enquiries,
    figures,
    people,
    demo,
    live,
)
STATIC_MAX_AGE_S = 3_600
RETRY_AFTER_S = "30"
NO_CACHE = "no-store"
"""Pages hold customers' data: they stay out of every cache."""


def create_app(
    house: House, *, extra_routers: Iterable[APIRouter] = (), speed: Callable[[int], None] | None = None
) -> FastAPI:
    """The console of a house. ``speed`` sets how fast the simulated time of a demo runs (0 pauses it).

    Raises RuleError where the map archive that the settings name can't be used.
    """
    app = FastAPI(title="Doorstep", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.web = Web(house, environment(house.policy.case_types), Attempts(), tiles_of(house), speed)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/favicon.ico", lambda: FileResponse(STATIC / "mark.svg", media_type="image/svg+xml"))
    for router in (*extra_routers, *(page.router for page in PAGES)):
        app.include_router(router)
    app.add_middleware(Headers, house=house)
    app.add_exception_handler(SignInFirst, to_sign_in)
    app.add_exception_handler(HTTPException, told)
    app.add_exception_handler(RequestValidationError, told)
    app.add_exception_handler(DatabaseError, not_now)
    return app


def tiles_of(house: House) -> Archive | None:
    """The map archive that the operator names. Raises RuleError where it can't be used."""
    named = house.settings.map.pmtiles
    return open_archive(house.settings.path(named)) if named else None


def environment(types: Types) -> Environment:
    """Templates that escape everything, and fail loudly where a name is missing."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    env.filters["instant"] = instant
    env.filters["path"] = lambda text: quote(str(text), safe="")
    env.globals |= {"asset": asset, "order_total": order_total, "return_tone": RETURN_TONE.get}
    env.globals["type_name"] = partial(type_name, types)
    env.globals |= incidents.SAYINGS
    return env


def instant(text: object) -> datetime | None:
    """A time inside a fact's data; None where it can't be read."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


RETURN_TONE = {
    ReturnStatus.FAILED: "bad",
    ReturnStatus.REFUSED: "bad",
    ReturnStatus.REQUESTED: "warn",
    ReturnStatus.COLLECTED: "ok",
    ReturnStatus.PARTLY_COLLECTED: "ok",
    ReturnStatus.INSTRUCTED: "ok",
    ReturnStatus.SETTLED: "ok",
}
"""Which colour a return's status has; the others have none."""


def order_total(order: Order) -> int:
    """What an order's items cost, in cents."""
    return sum(item.price_cents * item.qty for item in order.items)


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with its content, so that an upgrade is seen at once."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


def policy_of(house: House) -> str:
    """The content security policy: this house only, no inline script or style; the tile server where one is named."""
    tiles = urlsplit(house.settings.map.tiles_url.replace("{s}", "*"))
    images = f" {tiles.scheme}://{tiles.netloc}" if tiles.netloc else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{images}; connect-src 'self';"
        " font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )


class Headers:
    """Adds the headers of safety to every answer; streams pass through as they come."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy_of(house),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }
        self.where = house.settings.returns.courier_positions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_static = scope.get("path", "").startswith("/static/")
        asks_where = self.where and scope.get("path", "").startswith("/courier/")
        may = {"Permissions-Policy": "camera=(), microphone=(), geolocation=(self)"} if asks_where else {}
        added = {**self.headers, **may, "Cache-Control": f"max-age={STATIC_MAX_AGE_S}" if is_static else NO_CACHE}

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with)


def to_sign_in(request: Request, _exc: Exception) -> Response:
    """Where nobody is signed in: a page leads to the sign-in and back, a fragment takes its page there."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    url = f"/sign-in?next={quote(here if request.method == 'GET' and not is_htmx(request) else '/', safe='')}"
    if is_htmx(request):
        return Response(status_code=401, headers={"HX-Redirect": url})
    if wants_json(request) or request.url.path == "/events":
        return problem(401, "sign in first")
    return Response(status_code=303, headers={"Location": url})


def told(request: Request, exc: Exception) -> Response:
    """An error as the asker can read it: a page for people, problem+json for programs."""
    status = exc.status_code if isinstance(exc, HTTPException) else 422
    detail = str(exc.detail) if isinstance(exc, HTTPException) else "the request isn't in the form that is expected"
    if wants_json(request) or request.url.path.startswith("/api/"):
        return problem(status, detail)
    what = str(status) if str(status) in {"403", "404", "405", "410", "422", "429"} else "other"
    if is_htmx(request):
        return render(request, visitor(request), "_toast.html", status=200, what=what, headers={"HX-Reswap": "none"})
    return render(request, visitor(request), "error.html", status=status, what=what, code=status)


def not_now(request: Request, exc: Exception) -> Response:
    """The database can't take it, or say it: nothing was done, and the same call may be made again. Anything else is our bug."""
    trouble = trouble_of(exc)
    if not trouble:
        raise exc
    again = {"Retry-After": RETRY_AFTER_S}
    if is_htmx(request) or wants_json(request) or request.url.path.startswith(("/api/", "/push/", "/control/")):
        answer: Response = problem(503, trouble)
        answer.headers.update(again)
        return answer
    try:
        return render(request, visitor(request), "error.html", status=503, what="503", code=503, headers=again)
    except DatabaseError:
        return Response(trouble, 503, again, media_type="text/plain; charset=utf-8")


def problem(status: int, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": detail, "status": status, "detail": detail, "fix": ""}
    return JSONResponse(body, status, media_type="application/problem+json")
