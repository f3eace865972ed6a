"""A simulated Apprise API server (github.com/caronc/apprise-api; ours, not Apprise's): it keeps what was to be passed on, and passes on nothing.

What it keeps to: services are kept under a key (named in the path, or since its second version in a header), each with its tags; a text goes to those that have one of the tags that were named; 204 where
nothing is kept under the key, 424 where a service fails (some may have taken it), 400 where there is no body or a word it doesn't know.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

TYPES = frozenset({"info", "success", "warning", "failure"})
FORMATS = frozenset({"text", "markdown", "html"})


@dataclass(slots=True)
class Service:
    """A service under a key; ``fails``: it takes nothing."""

    tags: frozenset[str] = frozenset()
    fails: bool = False
    said: list[dict[str, Any]] = field(default_factory=list)


class AppriseGateway:
    """One server. ``loses_answers``: to how many texts the answer gets lost on its way."""

    def __init__(self, services: Mapping[str, list[Service]], *, user: str = "", password: str = "") -> None:
        self.services = services
        self.loses_answers = 0
        self._proof = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if password else ""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/status", self._status, methods=["GET"]),
                Route("/notify", self._notify, methods=["POST"]),
                Route("/notify/{key}", self._notify, methods=["POST"]),
            ]
        )

    def said(self, key: str) -> list[dict[str, Any]]:
        """What the first service under a key took, in its order."""
        return self.services[key][0].said

    def _may(self, request: Request) -> bool:
        return not self._proof or request.headers.get("authorization") == self._proof

    async def _status(self, request: Request) -> Response:
        return PlainTextResponse("OK") if self._may(request) else _no(401, "Access Denied")

    async def _notify(self, request: Request) -> Response:
        if not self._may(request):
            return _no(401, "Access Denied")
        told = await _content(request)
        wrong = _wrong(told)
        if wrong:
            return _no(400, wrong)
        services = self.services.get(request.path_params.get("key") or request.headers.get("x-apprise-config-id", ""))
        if services is None:
            return Response(status_code=204)
        named = told.get("tag", "")
        tags = named if isinstance(named, list) else str(named).replace(",", " ").split()
        wanted = {tag for tag in tags if tag != "all"}
        meant = [one for one in services if not wanted or wanted & one.tags]
        for one in meant:
            if not one.fails:
                one.said.append(told)
        if self.loses_answers:
            self.loses_answers -= 1
            return Response(status_code=504)
        if not meant or any(one.fails for one in meant):
            return _no(424, "One or more notification could not be sent")
        return JSONResponse({"error": None, "details": []})

    async def drop(self) -> None:
        """There is no connection that stays."""


async def _content(request: Request) -> dict[str, Any]:
    if "json" not in request.headers.get("content-type", ""):
        return {name: str(value) for name, value in (await request.form()).items()}
    try:
        told = json.loads(await request.body())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _wrong(told: Mapping[str, Any]) -> str:
    texts = all(isinstance(told.get(name, ""), str) for name in ("title", "body", "type", "format"))
    if not texts or not told.get("body") or told.get("type", "info") not in TYPES:
        return "Payload lacks minimum requirements"
    return "" if told.get("format", "text") in FORMATS else "An invalid body input format was specified"


def _no(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)
