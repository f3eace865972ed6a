"""Instructions over HTTP, for the merchant's system: what is open, what was done, which parcel went out again.

``GET /api/instructions`` lists those that wait; ``POST /api/instructions/{id}/confirmed`` and ``/shipped`` answer to them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from domain.errors import RuleError
from doorstep import money
from doorstep.house import House
from doorstep.intake_fields import RowError
from doorstep.keys import MONEY
from doorstep.money import instruction_json
from doorstep.taking import Sender, take_shipment
from doorstep.web.api import Problem, json_body, key_name
from store import ledger, money_views
from store.base import Db
from store.ledger import Instruction

MAX_LISTED = 500


def money_router(house: House) -> APIRouter:
    """With the keys and errors of the other interfaces."""
    router = APIRouter(prefix="/api/instructions")

    @router.get("")
    async def listed(request: Request) -> Response:
        return await _answered(house, request, lambda _name, _body: _listed(house), body=False)

    @router.post("/{instruction_id:path}/confirmed")
    async def confirmed(instruction_id: str, request: Request) -> Response:
        return await _answered(house, request, lambda name, _body: _confirmed(house, instruction_id, name), body=False)

    @router.post("/{instruction_id:path}/shipped")
    async def shipped(instruction_id: str, request: Request) -> Response:
        return await _answered(house, request, lambda name, body: _shipped(house, instruction_id, body, name))

    return router


async def _answered(
    house: House, request: Request, act: Callable[[str, Mapping[str, Any]], Response], *, body: bool = True
) -> Response:
    """Do it for whoever has a key; what went wrong is said as a problem."""
    try:
        name = await run_in_threadpool(key_name, house, request, MONEY)
        return await run_in_threadpool(act, name, await json_body(request) if body else {})
    except Problem as problem:
        return problem.response()
    except RowError as exc:
        faults = [{"field": p.field, "problem": p.message} for p in exc.problems]
        return Problem(422, "Not taken", str(exc), errors=faults).response()
    except RuleError as exc:
        return Problem(422, "Not taken", str(exc)).response()


def _listed(house: House) -> Response:
    found = house.store.read(money_views.lines, show="unconfirmed", limit=MAX_LISTED)
    return JSONResponse({"instructions": [dict(instruction_json(one.instruction)) for one in found]})


def _known(found: Instruction | None, instruction_id: str) -> Instruction:
    if found is None:
        raise Problem(404, "Not found", f"there is no instruction {instruction_id!r}")
    return found


def _confirmed(house: House, instruction_id: str, name: str) -> Response:
    """Done; saying it again changes nothing."""
    found = house.store.write(money.confirm, instruction_id, now=house.now(), by=name, channel="api")
    answer = JSONResponse(dict(instruction_json(_known(found, instruction_id))))
    for topic in ("cases", "money"):
        house.bus.publish(topic)
    return answer


def _shipped(house: House, instruction_id: str, body: Mapping[str, Any], name: str) -> Response:
    """The goods went out again, under this number: it is watched on the case, and the instruction is done."""
    instruction = _known(house.store.read(ledger.get, instruction_id), instruction_id)
    row = {**body, "order": instruction.order_ref, "instruction": instruction_id}

    def take(db: Db) -> Instruction:
        take_shipment(house, db, row, Sender(name, "api"), house.now())
        return _known(ledger.get(db, instruction_id), instruction_id)

    found = house.store.write(take)
    for topic in ("parcels", "cases", "money"):
        house.bus.publish(topic)
    return JSONResponse(dict(instruction_json(found)))
