"""Carriers' couriers over HTTP: ``POST /api/pickups`` and its sisters for shop systems, and
``POST /pickup-callback/{source}/{account}/{secret}``, where carriers call about bookings.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from carriers.base import Account
from carriers.registry import CARRIERS
from domain.booking import Refused
from domain.errors import OutsideError, RuleError
from doorstep import bookings as house_bookings
from doorstep.bookings import Outcome, booking_json, intercept_json, offer_json, refusal_json
from doorstep.house import House
from doorstep.intake_fields import RowError
from doorstep.keys import PICKUPS
from doorstep.web.api import MAX_KEY, Problem, json_body, key_name
from doorstep.web.push import MAX_BODY_BYTES, limited_body, refused
from monitor import booking_news
from store import bookings
from store.bookings import OPEN_QUESTION, Told

MAX_LISTED = 200


def booking_router(house: House) -> APIRouter:
    """Quotes, bookings and intercepts, with the keys and errors of the other interfaces."""
    router = APIRouter(prefix="/api")

    @router.post("/pickups")
    async def book(request: Request) -> Response:
        return await _answered(house, request, lambda told: _book(house, request, told))

    @router.get("/pickups")
    async def listed(request: Request) -> Response:
        return await _answered(house, request, lambda _: _list(house))

    @router.post("/pickups/quotes")
    async def quote(request: Request) -> Response:
        return await _answered(house, request, lambda told: _quote(house, request, told))

    @router.get("/pickups/{our_id}")
    async def show(our_id: str, request: Request) -> Response:
        return await _answered(house, request, lambda _: _show(house, our_id))

    @router.post("/pickups/{our_id}/state")
    async def state(our_id: str, request: Request) -> Response:
        return await _answered(house, request, lambda told: _state(house, our_id, told))

    @router.post("/pickups/{our_id}/cancel")
    async def cancel(our_id: str, request: Request) -> Response:
        return await _answered(house, request, lambda told: _cancel(house, our_id, told))

    @router.post("/intercepts")
    async def intercept(request: Request) -> Response:
        return await _answered(house, request, lambda told: _intercept(house, request, told))

    return router


async def _answered(house: House, request: Request, act: Callable[[Told], Awaitable[Response]]) -> Response:
    """Do it for whoever has a key; what went wrong is said as a problem."""
    try:
        name = await run_in_threadpool(key_name, house, request, PICKUPS)
        return await act(Told(name, "api"))
    except Problem as problem:
        return problem.response()
    except RowError as exc:
        faults = [{"field": p.field, "problem": p.message} for p in exc.problems]
        return Problem(422, "Not taken", str(exc), errors=faults).response()
    except RuleError as exc:
        return Problem(422, "Not taken", str(exc)).response()
    except OutsideError as exc:
        return Problem(502, "The carrier failed", str(exc)).response()


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if len(key) > MAX_KEY:
        raise Problem(400, "Key too long", f"Idempotency-Key: at most {MAX_KEY} characters")
    return key


async def _book(house: House, request: Request, told: Told) -> Response:
    outcome = await house_bookings.book(house, await json_body(request), told, key=_key(request))
    if outcome.refused is not None:
        return _refused(house, outcome.refused, outcome)
    assert outcome.row is not None
    in_doubt = outcome.row.status in OPEN_QUESTION
    return JSONResponse(await _json(house, outcome.row), 202 if in_doubt else 201 if outcome.new else 200)


def _refused(house: House, why: Refused, outcome: Outcome, status: int = 422) -> Response:
    more = refusal_json(house, why, outcome.slots)
    return Problem(status, "Pickup refused", more.pop("detail"), **more).response()


async def _json(house: House, row: bookings.BookingRow) -> dict[str, Any]:
    return await run_in_threadpool(booking_json, house, row)


async def _list(house: House) -> Response:
    rows = await house.store.aread(bookings.listed, limit=MAX_LISTED)
    return JSONResponse({"pickups": [await _json(house, row) for row in rows]})


async def _quote(house: House, request: Request, told: Told) -> Response:
    offer = await house_bookings.quote(house, await json_body(request), told)
    if offer.refused is not None:
        return _refused(house, offer.refused, Outcome(None, slots=offer.slots))
    return JSONResponse(offer_json(offer))


async def _show(house: House, our_id: str) -> Response:
    return JSONResponse(await _json(house, await _known(house, our_id)))


async def _known(house: House, our_id: str) -> bookings.BookingRow:
    row = await house.store.aread(bookings.find, our_id)
    if row is None:
        raise Problem(404, "Not found", f"there is no pickup {our_id!r}: GET /api/pickups lists those that there are")
    return row


async def _state(house: House, our_id: str, told: Told) -> Response:
    await _known(house, our_id)
    return JSONResponse(await _json(house, await house_bookings.look(house, our_id, told)))


async def _cancel(house: House, our_id: str, told: Told) -> Response:
    row = await _known(house, our_id)
    outcome = await house_bookings.cancel(house, our_id, told)
    if isinstance(outcome, Refused):
        return _refused(house, outcome, Outcome(row), 409)
    return JSONResponse(await _json(house, outcome))


async def _intercept(house: House, request: Request, told: Told) -> Response:
    outcome = await house_bookings.intercept(house, await json_body(request), told, key=_key(request))
    if isinstance(outcome, Refused):
        return _refused(house, outcome, Outcome(None))
    return JSONResponse(intercept_json(outcome))


# --- being called --------------------------------------------------------------------------------------------------


def booking_callback_router(house: House) -> APIRouter:
    router = APIRouter(prefix="/pickup-callback")

    @router.post("/{source}/{account}/{secret}")
    async def called(source: str, account: str, secret: str, request: Request) -> Response:
        return await _called(house, source, account, secret, request)

    return router


async def _called(house: House, source: str, name: str, secret: str, request: Request) -> Response:
    """What is proven is written and committed, then answered; what isn't changes nothing."""
    settings, carrier = house.settings.carriers.get(source, {}).get(name), CARRIERS.get(source)
    callback = carrier.pickup.callback if carrier and carrier.pickup else None
    if carrier is None or callback is None or settings is None:
        return refused(404, "no such account")
    wanted = await run_in_threadpool(house_bookings.callback_secret, house, source, name)
    if not hmac.compare_digest(secret.encode(), wanted.encode()):
        return refused(404, "no such account")
    body = await limited_body(request)
    if body is None:
        return refused(413, f"a call may have at most {MAX_BODY_BYTES} bytes")
    taken = await house.store.awrite(
        booking_news.take_call, carrier, Account(source, name, settings), body, dict(request.headers), now=house.now()
    )
    if not taken:
        return refused(401, "the call proves nothing: check the salt that the account and the carrier share")
    return Response(callback.answer.body, callback.answer.status, dict(callback.answer.headers))
