"""``POST /push/{carrier}/{account}``: where sources call us. What is proven is committed before it is answered."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from carriers.base import Account
from carriers.registry import CARRIERS
from doorstep.house import House
from monitor import push

MAX_BODY_BYTES = 256 * 1024


def push_router(house: House) -> APIRouter:
    router = APIRouter(prefix="/push")

    @router.post("/{carrier_id}/{name}")
    async def receive(carrier_id: str, name: str, request: Request) -> Response:
        settings = house.settings.carriers.get(carrier_id, {}).get(name)
        carrier = CARRIERS.get(carrier_id)
        if carrier is None or carrier.push is None or settings is None:
            return refused(404, "no such account")
        body = await _body(request)
        if body is None:
            return refused(413, f"a push may have at most {MAX_BODY_BYTES} bytes")
        account = Account(carrier_id, name, settings)
        taken = await run_in_threadpool(
            house.store.write, push.take, carrier, account, body, dict(request.headers), house.policy, now=house.now()
        )
        if not taken:
            return refused(401, "the push proves nothing: check the salt of the account")
        house.bus.publish("parcels")
        house.bus.publish("cases")
        answer = carrier.push.answer(account, house.wall())
        return Response(answer.body, answer.status, dict(answer.headers))

    return router


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def refused(status: int, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": "Push refused", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")
