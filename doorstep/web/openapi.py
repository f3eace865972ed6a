"""The JSON interface as an OpenAPI document, ``GET /api/openapi.json``: every route, what it takes, what it answers.

A test holds it against the routes that there are and the fields that they read; another sends what it allows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from doorstep.keys import INTAKE, MONEY, PICKUPS
from doorstep.web import openapi_answers as answers
from doorstep.web import openapi_bodies as bodies
from doorstep.web.api import MAX_KEY
from doorstep.web.openapi_bodies import Schema, record

PATH = "/api/openapi.json"


@dataclass(frozen=True, slots=True)
class Call:
    """One route: who may, what is sent (None: nothing), what is answered by status, which problems beside those of keys."""

    method: str
    path: str
    scope: str
    about: str
    answers: Mapping[int, Schema]
    problems: tuple[int, ...] = ()
    body: Schema | None = None
    once: bool = False


NEW_OR_KNOWN = {201: answers.TAKEN, 200: answers.TAKEN}
BAD_BODY = (400, 413, 422)
ABOUT = {
    "orders": "An order; again with news of it",
    "shipments": "A parcel: it is watched from now on",
    "returns": "A return: `status` says whether it is accepted, `message` why not",
    "disputes": "A customer says that something is wrong",
    "cases": "A case of a type of the table",
    "events": "What you know of a parcel",
    "refunds": "Money that the platform gave back",
    "checkins": "Goods that came back",
}
CALLS = (
    *(
        Call("post", f"/api/{kind}", INTAKE, ABOUT[kind], NEW_OR_KNOWN, BAD_BODY, body, once=True)
        for kind, body in bodies.BODIES.items()
    ),
    Call("get", "/api/instructions", MONEY, "Instructions that wait", {200: record(("instructions",), instructions=answers.listed(answers.INSTRUCTION))}),
    Call("post", "/api/instructions/{id}/confirmed", MONEY, "It is done", {200: answers.INSTRUCTION}, (404, 422)),
    Call("post", "/api/instructions/{id}/shipped", MONEY, "The goods went out again under this number", {200: answers.INSTRUCTION}, (404, *BAD_BODY), bodies.SHIPPED),
    Call("get", "/api/pickups", PICKUPS, "Bookings, the newest first", {200: record(("pickups",), pickups=answers.listed(answers.BOOKING))}),
    Call("post", "/api/pickups", PICKUPS, "A carrier's courier is booked, once for each id; 202: it isn't known whether", dict.fromkeys((200, 201, 202), answers.BOOKING), (*BAD_BODY, 502), bodies.PICKUP, once=True),
    Call("post", "/api/pickups/quotes", PICKUPS, "What it would cost, and when they could come", {200: answers.OFFER}, (*BAD_BODY, 502), bodies.QUOTE),
    Call("get", "/api/pickups/{id}", PICKUPS, "A booking as it stands", {200: answers.BOOKING}, (404,)),
    Call("post", "/api/pickups/{id}/state", PICKUPS, "A booking, by asking its carrier", {200: answers.BOOKING}, (404, 422, 502)),
    Call("post", "/api/pickups/{id}/cancel", PICKUPS, "The courier is called off", {200: answers.BOOKING}, (404, 409, 422, 502)),
    Call("post", "/api/intercepts", PICKUPS, "A parcel is called back", {200: answers.CAUGHT}, (*BAD_BODY, 502), bodies.INTERCEPT, once=True),
)  # fmt: skip
OF_ALL = (401, 403, 429, 503)


def document() -> dict[str, Any]:
    """OpenAPI 3.1, as a value of JSON."""
    paths: dict[str, dict[str, Any]] = {PATH: {"get": _itself()}}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Doorstep", "version": version("doorstep"), "description": "Fields: docs/import.md, docs/formats.md, docs/money.md"},
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "From `doorstep keys create NAME --scope …`"}},
            "schemas": {"Problem": answers.PROBLEM},
        },
        "security": [{"key": []}],
    }  # fmt: skip


def _itself() -> dict[str, Any]:
    return {
        "operationId": "document",
        "summary": "This document",
        "security": [],
        "responses": {"200": _answer("The document", {"type": "object"})},
    }


def _operation(call: Call) -> dict[str, Any]:
    told = {str(status): _answer(call.about, schema) for status, schema in call.answers.items()}
    told |= {str(status): _problem(status) for status in (*call.problems, *OF_ALL)}
    body = {"requestBody": {"required": True, "content": _content(call.body)}} if call.body is not None else {}
    return {
        "operationId": "_".join([call.method, *_words(call.path)]),
        "summary": call.about,
        "description": f"Needs a key of the scope `{call.scope}`.",
        "parameters": list(_parameters(call)),
        "responses": told,
        **body,
    }


def _words(path: str) -> Iterable[str]:
    return [part.strip("{}") for part in path.removeprefix("/api/").split("/")]


def _parameters(call: Call) -> Iterable[dict[str, Any]]:
    if "{id}" in call.path:
        yield {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if call.once:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key is the same request: it is answered as the first time, and changes nothing",
            "schema": {"type": "string", "maxLength": MAX_KEY},
        }


def _answer(about: str, schema: Schema, media: str = "application/json") -> dict[str, Any]:
    return {"description": about, "content": _content(schema, media)}


def _problem(status: int) -> dict[str, Any]:
    return _answer(answers.PROBLEMS[status], {"$ref": "#/components/schemas/Problem"}, "application/problem+json")


def _content(schema: Schema, media: str = "application/json") -> dict[str, Any]:
    return {media: {"schema": schema}}


def openapi_router() -> APIRouter:
    """The document is no secret: it says what this release understands, nothing of this house."""
    router = APIRouter()

    @router.get(PATH)
    def openapi() -> Response:
        return JSONResponse(document())

    return router
