"""``POST /push/{carrier}/{account}[/{secret}]``: where sources call us. What is taken is committed before it is answered.

A source that signs its calls is believed by its signature, with the secret in the address or without. One that signs
nothing is only a hint to ask now, and only from an address that has the secret in it (and, where the account names
some, from its addresses). What proves nothing is refused, and changes nothing.
"""

import hmac
from ipaddress import ip_address, ip_network

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from carriers.base import Account, AccountSettings, Carrier
from carriers.registry import CARRIERS
from doorstep.house import House
from monitor import push

MAX_BODY_BYTES = 256 * 1024


def push_router(house: House) -> APIRouter:
    router = APIRouter(prefix="/push")

    @router.post("/{carrier_id}/{name}")
    async def receive_signed(carrier_id: str, name: str, request: Request) -> Response:
        return await _receive(house, carrier_id, name, "", request)

    @router.post("/{carrier_id}/{name}/{secret}")
    async def receive(carrier_id: str, name: str, secret: str, request: Request) -> Response:
        return await _receive(house, carrier_id, name, secret, request)

    return router


async def _receive(house: House, carrier_id: str, name: str, secret: str, request: Request) -> Response:
    settings = house.settings.carriers.get(carrier_id, {}).get(name)
    carrier = CARRIERS.get(carrier_id)
    if carrier is None or carrier.push is None or settings is None:
        return refused(404, "no such account")
    if secret and not hmac.compare_digest(secret.encode(), house.callback_secret(carrier_id, name).encode()):
        return refused(404, "no such account")
    body = await limited_body(request)
    if body is None:
        return refused(413, f"a push may have at most {MAX_BODY_BYTES} bytes")
    account = Account(carrier_id, name, settings)
    if carrier.push.verify is None:
        return await _hinted(house, carrier, account, body, secret, request)
    taken = await run_in_threadpool(
        house.store.write, push.take, carrier, account, body, dict(request.headers), house.policy, now=house.now()
    )
    if not taken:
        return refused(401, "the push proves nothing: check the secret that the account and the source share")
    return _answered(house, carrier, account)


async def _hinted(
    house: House, carrier: Carrier, account: Account, body: bytes, secret: str, request: Request
) -> Response:
    if not secret or not may_come_from(account.settings, request.client.host if request.client else ""):
        return refused(401, "this source signs nothing: it must call the address that `doorstep carriers list` shows")
    await run_in_threadpool(house.store.write, push.hint, carrier, account, body, now=house.now())
    return _answered(house, carrier, account)


def _answered(house: House, carrier: Carrier, account: Account) -> Response:
    assert carrier.push is not None
    house.bus.publish("parcels")
    house.bus.publish("cases")
    answer = carrier.push.answer(account, house.wall())
    return Response(answer.body, answer.status, dict(answer.headers))


def may_come_from(settings: AccountSettings, address: str) -> bool:
    """Whether a push may come from an address: from any where the account names none."""
    try:
        return not settings.push_ips or any(ip_address(address) in ip_network(net) for net in settings.push_ips)
    except ValueError:
        return False


async def limited_body(request: Request) -> bytes | None:
    """The body; None where it is longer than any push."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def refused(status: int, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": "Push refused", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")
