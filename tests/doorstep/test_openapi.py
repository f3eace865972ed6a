"""The OpenAPI document is complete and true: what it allows is sent to a real house, whatever is answered is in it.

``DOORSTEP_FAULTS=full`` sends more of it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import httpx
import pytest
import schemathesis
from api_support import DISPUTE, EVENT, RETURN, SHIPMENT, Client
from api_support import ORDER as SHOP_ORDER
from booking_desk import NOW, ORDER, desk
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode

from carriers import manual
from doorstep import booking_fields, case_intake, intake, intake_money, warehouse
from doorstep.daemon import Daemon, app_of
from doorstep.keys import SCOPES
from doorstep.operations import perform
from doorstep.solving import Here
from doorstep.web.auth import Attempts
from doorstep.web.openapi import CALLS, PATH, Call, document
from doorstep.web.openapi_bodies import BODIES, INTERCEPT, PARTY, PICKUP, PIECE, QUOTE, SHIPPED, Schema
from scheduler.router import Steps
from store import check

SENT = 150 if os.environ.get("DOORSTEP_FAULTS") == "full" else 8
SCHEMA = schemathesis.openapi.from_dict(document())
DEFINED = {(one.ok().method, one.ok().path): one.ok() for one in SCHEMA.get_all_operations()}
OURS: list[Call] = list(CALLS)
KNOWN = {
    "order": "O-1", "number": SHIPMENT["number"], "return": "O-1-R1", "code": "O-1-R1", "ref": "O-1-R1", "carrier": "中通快递",
    "instruction": "O-1-R1", "sku": "MUG", "source": "kuaidi100", "id": "R-1", "type": "damaged",
}  # fmt: skip
"""What this house knows: without it hardly anything would be taken."""


class At:
    """A house with an order on its way, a return, a case and a booking, and all of its doors."""

    def __init__(self, app: FastAPI, client: Client, keys: Mapping[str, str]) -> None:
        self.app, self.client, self.keys = app, client, keys

    def send(self, method: str, path: str, key: str, **kwargs: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return self.client._runner.run(self.client._client.request(method, path, headers=headers, **kwargs))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
    with desk(tmp_path_factory.mktemp("house")) as there:
        house = there.house
        there.wire.route().mock(return_value=httpx.Response(503))  # the other carriers are down
        keys = {one: perform(house, "key_create", {"name": one, "scopes": [one]})["key"] for one in SCOPES}
        app = app_of(Daemon(house, {}, Here(Steps(1)), rng=Random(0), before=_nothing), "token")
        client = Client(app)
        made = At(app, client, keys)
        bodies = {"orders": SHOP_ORDER, "shipments": SHIPMENT, "events": {**EVENT, "milestone": "delivered"}, "returns": {**RETURN, "ref": "O-1-R1"}, "disputes": DISPUTE}  # fmt: skip
        for kind, body in bodies.items():
            assert made.send("POST", f"/api/{kind}", keys["intake"], json=body).status_code == 201, kind
        assert made.send("POST", "/api/pickups", keys["pickups"], json=ORDER).status_code == 201
        yield made
        client.close()
        assert house.store.read(check.differences, now=NOW) == []


async def _nothing() -> None:
    """Nothing is imported before a beat."""


# --- complete -----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
def test_every_route_of_the_interface_is_in_it(at: At) -> None:
    """Paths and methods of the document are those of the application, and the kinds are those that are taken."""
    there = {
        (method, re.sub(r"\{\w+_id\}", "{id}", path))
        for path, methods in at.app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/")
    }
    kinds = {("post", f"/api/{kind}") for kind in BODIES}
    said = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert said == there - {("post", "/api/{kind}")} | kinds


READ = [
    (BODIES["orders"], intake.ORDER),
    (PIECE, intake.ITEM),
    (BODIES["shipments"], intake.SHIPMENT),
    (SHIPPED, set(intake.SHIPMENT) - {"order", "instruction"}),
    (BODIES["returns"], intake.RETURN),
    (BODIES["disputes"], intake.DISPUTE),
    (BODIES["cases"], case_intake.CASE),
    (BODIES["events"], manual.FIELDS),
    (BODIES["refunds"], intake_money.REFUND),
    (BODIES["checkins"], warehouse.FIELDS),
    (PICKUP, booking_fields.PICKUP),
    (QUOTE, booking_fields.PICKUP),
    (PARTY, booking_fields.PARTY),
    (INTERCEPT, booking_fields.INTERCEPT),
]


@pytest.mark.parametrize(("body", "fields"), READ)
def test_every_field_that_is_read_is_in_it(body: Schema, fields: tuple[str, ...]) -> None:
    """And none that isn't."""
    assert set(body["properties"]) == set(fields)


def test_anybody_may_read_it(at: At) -> None:
    """It is served as it is, without a key."""
    assert at.client.get(PATH).json() == document()


# --- true ---------------------------------------------------------------------------------------------------------


def operation(call: Call) -> Any:
    return DEFINED[call.method, call.path]


def named(call: Call) -> str:
    return f"{call.method} {call.path}"


@pytest.mark.parametrize("call", OURS, ids=named)
def test_without_a_key_nothing_is_answered(at: At, call: Call) -> None:
    """401 without one, 403 with one that was made for something else: before the body is looked at."""
    path = call.path.replace("{id}", "R-1")
    at.app.state.web = replace(at.app.state.web, attempts=Attempts())
    refused = at.send(call.method.upper(), path, "")
    assert refused.status_code == 401
    operation(call).validate_response(refused)
    for scope, key in at.keys.items():
        if scope != call.scope:
            other = at.send(call.method.upper(), path, key)
            assert other.status_code == 403, other.text
            operation(call).validate_response(other)


def sent_to(at: At, case: Case, call: Call) -> None:
    """Whatever it is, the answer is one of the document, and never an error of ours."""
    headers = {name: value for name, value in (case.headers or {}).items() if name.lower() == "idempotency-key"}
    case.headers = CaseInsensitiveDict({**headers, "Authorization": f"Bearer {at.keys[call.scope]}"})
    reply = case.call(app=at.app)
    assert reply.status_code not in {401, 403}
    assert reply.status_code < 500 or reply.status_code == 502, reply.text
    case.operation.validate_response(reply, case=case)


def known_instead(body: Any, drawn: st.DataObject) -> Any:
    """The same with some of its words replaced by such as this house knows."""
    if isinstance(body, list):
        return [known_instead(one, drawn) for one in body]
    if not isinstance(body, dict):
        return body
    told = {name: known_instead(value, drawn) for name, value in body.items()}
    return {name: KNOWN[name] if name in KNOWN and drawn.draw(st.booleans()) else value for name, value in told.items()}


@pytest.mark.parametrize("call", OURS, ids=named)
def test_what_it_allows_is_answered_as_it_says(at: At, call: Call) -> None:
    """Taken or refused with its reason; half of the references are of things that are there."""

    @seed(8)
    @settings(max_examples=SENT, deadline=None, database=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation(call).as_strategy(), drawn=st.data())
    def send(case: Case, drawn: st.DataObject) -> None:
        if call.body is not None:
            case.body = known_instead(case.body, drawn)
        if "id" in case.path_parameters and drawn.draw(st.booleans()):
            case.path_parameters["id"] = "R-1"
        sent_to(at, case, call)

    send()


@pytest.mark.parametrize("call", [call for call in OURS if call.body is not None], ids=named)
def test_what_it_forbids_breaks_nothing(at: At, call: Call) -> None:
    """Bodies of the wrong shape and fields of the wrong kind are refused or understood, never an error of ours."""

    @seed(8)
    @settings(max_examples=SENT, deadline=None, database=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation(call).as_strategy(generation_mode=GenerationMode.NEGATIVE), drawn=st.data())
    def send(case: Case, drawn: st.DataObject) -> None:
        case.body = known_instead(case.body, drawn)
        sent_to(at, case, call)

    send()
