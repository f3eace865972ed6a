"""The JSON interface: intake for shop systems, health for operators, control for the command line."""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from config.words import say
from domain.errors import MESSAGE_LIMIT, RuleError
from doorstep.house import House
from doorstep.intake_fields import RowError
from doorstep.keys import INTAKE, key_digest
from doorstep.metrics import Metrics
from doorstep.operations import perform
from doorstep.taking import TAKE, Sender, Taken
from doorstep.unheard import count_unheard
from doorstep.web.context import web_of
from store import aside, cases, chat_queue, jobs, mail, people
from store.base import Db
from store.ledger import CHANNEL
from store.trouble import DatabaseError, trouble_of

MAX_BODY_BYTES = 1024 * 1024
MAX_KEY = 200
CHANGED = {"disputes": ("cases",), "refunds": ("cases", "money")}
"""Which pages show what a kind of row changed; the others' are named like the kind."""


class Problem(Exception):
    """An answer of RFC 9457: what is wrong, and what to do about it."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, media_type="application/problem+json")


# --- intake --------------------------------------------------------------------------------------------------------


def intake_router(house: House) -> APIRouter:
    """``POST /api/orders|shipments|returns|disputes|cases|refunds|events``: 201 first, 200 again, {id}."""
    router = APIRouter(prefix="/api")

    @router.post("/{kind}")
    async def take(kind: str, request: Request) -> Response:
        try:
            name = await run_in_threadpool(key_name, house, request, INTAKE)
            body = await json_body(request)
            key = request.headers.get("idempotency-key", "")
            return await run_in_threadpool(_take, house, kind, body, name, key)
        except Problem as problem:
            return problem.response()

    return router


def key_name(house: House, request: Request, scope: str) -> str:
    """Whose key it is. Raises Problem where it is none, or may not do this; who shows many wrong ones is asked to wait."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    key = house.store.read(people.api_key, key_digest(shown)) if scheme.lower() == "bearer" and shown else None
    if key is None:
        attempts, who = web_of(request).attempts, (f"key from {request.client.host if request.client else ''}",)
        if attempts.too_many(who, house.wall()):
            raise Problem(429, "Too many", "too many wrong keys came from there: wait ten minutes")
        attempts.failed(who, house.wall())
        raise Problem(
            401, "Unauthorized", "this needs a key: `Authorization: Bearer KEY`, from `doorstep keys create NAME`"
        )
    if not key.may(scope):
        raise Problem(
            403,
            "Forbidden",
            f"the key {key.name!r} may only do {', '.join(key.scopes)}: make one with `--scope {scope}`",
        )
    return key.name


async def json_body(request: Request) -> Mapping[str, Any]:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_BODY_BYTES:
            raise Problem(413, "Too large", f"a body may have at most {MAX_BODY_BYTES} bytes: send fewer at a time")
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # half a character (\ud800) can't be stored or said again
    except (ValueError, RecursionError) as exc:
        raise Problem(400, "Not JSON", f"the body must be a JSON object: {exc}"[:300]) from exc
    if not isinstance(body, dict):
        raise Problem(400, "Not an object", "the body must be one JSON object; send rows one by one, or import a file")
    return body


def _take(house: House, kind: str, body: Mapping[str, Any], name: str, key: str) -> Response:
    if kind not in TAKE:
        raise Problem(404, "Not found", f"there is no /api/{kind}: use {', '.join(f'/api/{k}' for k in TAKE)}")
    if len(key) > MAX_KEY:
        raise Problem(400, "Key too long", f"Idempotency-Key: at most {MAX_KEY} characters")
    try:
        taken = house.store.write(take_once, house, kind, body, Sender(name, "api"), key)
    except RowError as exc:
        faults = [{"field": p.field, "problem": p.message} for p in exc.problems]
        raise Problem(422, "Row not taken", str(exc), errors=faults) from exc
    except RuleError as exc:
        raise Problem(422, "Row not taken", str(exc)) from exc
    for topic in CHANGED.get(kind, (kind,)):
        house.bus.publish(topic)
    return JSONResponse(_answer(house, taken), 201 if taken.created else 200)


def take_once(db: Db, house: House, kind: str, body: Mapping[str, Any], sender: Sender, key: str) -> Taken:
    """Take a row; under a key that came before, answer as then and change nothing."""
    account = f"{sender.by}/{kind}"
    earlier = mail.received_before(db, "api", account, key) if key else None
    if earlier is not None:
        return Taken(**{**json.loads(earlier), "created": False})
    taken = TAKE[kind](house, db, body, sender, house.now())
    if key:
        kept = json.dumps({"id": taken.id, "status": taken.status})
        mail.receive(db, "api", account, key, at=house.now(), answer=kept)
    return taken


def _answer(house: House, taken: Taken) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": taken.id}
    if taken.status:
        answer["status"] = taken.status
    if taken.words:
        answer["message"] = say(taken.words, house.settings.doorstep.lang, house.settings.zone)
    return answer


# --- health --------------------------------------------------------------------------------------------------------


def health_router(house: House, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    def readyz() -> Response:
        """Ready when the database takes what is written and the beat beats."""
        trouble = house.store.trouble or metrics.trouble(house.wall())
        try:
            letters = house.store.read(mail.counts)
        except DatabaseError as exc:
            trouble, letters = trouble_of(exc) or f"the database can't be read: {exc.orig}"[:MESSAGE_LIMIT], {}
        body = {"status": trouble or "ready", "letters": letters, "backup": metrics.backup()}
        return JSONResponse(body, 503 if trouble else 200)

    @router.get("/metrics")
    def metrics_text() -> Response:
        metrics.open_cases.set(len(house.store.read(cases.list_cases)))
        metrics.unheard.set(count_unheard(house))
        metrics.set_aside.set(house.store.read(aside.count))
        metrics.chats(house.store.read(chat_queue.counts) | {CHANNEL: house.store.read(mail.counts_of, CHANNEL)})
        metrics.queue(house.store.read(jobs.counts))
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


# --- control -------------------------------------------------------------------------------------------------------


def control_router(house: House, token: str) -> APIRouter:
    """Operations of the command line, for whoever can read the control file's token."""
    router = APIRouter(prefix="/control")

    @router.post("/{name}")
    async def operate(name: str, request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            return Problem(401, "Unauthorized", "the control token is wrong").response()
        try:
            params = await json_body(request)
            return JSONResponse(await run_in_threadpool(perform, house, name, params))
        except Problem as problem:
            return problem.response()
        except KeyError as exc:
            return Problem(422, "Refused", f"{exc.args[0]}: is missing").response()
        except RuleError as exc:
            return Problem(422, "Refused", str(exc)).response()

    return router
