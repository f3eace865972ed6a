"""One case: everything that happened around it on one timeline, and the forms to act on it."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from chat import console
from chat.acts import ChatAct
from domain.errors import RuleError
from domain.shipment import Order
from domain.words import Words
from doorstep.web.case_parts import case_parts
from doorstep.web.context import (
    Acting,
    Desk,
    Form,
    Revealing,
    Shared,
    SignedIn,
    Web,
    field,
    go,
    is_htmx,
    names_of,
    render,
    tongue,
)
from doorstep.web.customer_panel import panel_of
from doorstep.web.life import life_of
from doorstep.web.money_view import case_money
from doorstep.web.timeline import timeline
from monitor.acts import Refused, perform
from monitor.explaining import explain
from store import cases, claims, facts, intake, people, reads
from store.base import Db
from store.facts import FactRow
from store.reads import CasePage

router = APIRouter()


@router.get("/cases/{case_id}")
def case_page(request: Request, web: Shared, who: SignedIn, case_id: int, cause: str = "") -> Response:
    return show_case(request, web, who, case_id, "case.html", cause=cause)


def show_case(
    request: Request, web: Web, who: Desk, case_id: int, page: str, *, cause: str = "", **values: Any
) -> Response:
    """A case's page, or its changing part; ``cause`` is why it went wrong, where a person chose it."""
    found, team = web.house.store.read(_case_and_team, case_id)
    if found is None:
        raise HTTPException(404, "case")
    names = names_of(web, team)
    made_good = web.house.store.read(case_money, case_id, web.house, role=who.person.role, cause=cause)
    return render(
        request, who, page, page=found, entries=timeline(found), names=names, mg=made_good,
        life=life_of(found.line.case.kind, found.facts, web.house.policy, now=web.house.now()),
        customer=panel_of(web, case_id), claims=web.house.store.read(_claims_of, found),
        why=web.house.store.read(_why, found, web),
        parts=web.house.store.read(case_parts, case_id), team=[person for person in team if person.active], **values,
    )  # fmt: skip


def _case_and_team(db: Db, case_id: int) -> tuple[CasePage | None, list[people.Person]]:
    return reads.case_page(db, case_id), people.people(db)


def _why(db: Db, page: CasePage, web: Web) -> list[list[Words]]:
    """The whole reasoning about each of the case's parcels, while it is open."""
    if not page.line.case.is_open:
        return []
    now = web.house.now()
    return [explain(db, view.shipment.id, web.house.policy, now=now) for view in page.views]


def _claims_of(db: Db, page: CasePage) -> list[claims.ClaimRow]:
    return claims.of_shipments(db, [view.shipment.id for view in page.views])


@router.get("/cases/{case_id}/forms")
def forms(request: Request, web: Shared, who: Acting, case_id: int) -> Response:
    """What can be done to a case from its row, fetched when the row is opened."""
    case = web.house.store.read(cases.get, case_id)
    if case is None:
        raise HTTPException(404, "case")
    team = [person for person in web.house.store.read(people.people) if person.active]
    return render(request, who, "_forms.html", case=case, team=team)


@router.post("/cases/{case_id}/acts")
def act(request: Request, web: Shared, who: SignedIn, form: Form, case_id: int) -> Response:
    """Acknowledge, assign, comment, resolve: from the desk's row or from the case itself."""
    fields = {name: field(form, name) for name in ("act", "words", "to")} | {"case": str(case_id)}
    why = _perform(web, who, fields, field(form, "key", 80) or web.house.new_id())
    speech = tongue(web, who.lang)
    if not is_htmx(request):
        return go(field(form, "next") or f"/cases/{case_id}")
    toast: dict[str, Any] = {"toast": speech.words(why) if why else "", "toast_bad": bool(why)}
    if field(form, "view") == "case":
        return show_case(request, web, who, case_id, "_case_body.html", **toast)
    line = web.house.store.read(_line, case_id)
    team = web.house.store.read(people.people)
    names = names_of(web, team)
    return render(request, who, "_row.html", line=line, team=team, names=names, **toast)


def _perform(web: Web, who: Desk, fields: dict[str, str], key: str) -> Words | None:
    """None where it was done, else why it wasn't."""
    try:
        wanted: ChatAct = console.read(fields, who.person.id, key)
    except RuleError:
        return Words("ui.act.empty", {})
    outcome = web.house.store.write(perform, wanted, now=web.house.now())
    web.house.bus.publish("cases")
    return outcome.why if isinstance(outcome, Refused) else None


def _line(db: Db, case_id: int) -> reads.CaseLine:
    page = reads.case_page(db, case_id)
    if page is None:
        raise HTTPException(404, "case")
    return page.line


@router.post("/orders/{ref:path}/reveal")
def reveal(request: Request, web: Shared, who: Revealing, form: Form, ref: str) -> Response:
    """Show a customer's data to one person, and keep on record that they saw it."""
    del form
    seen = FactRow("order", ref, "revealed", web.house.now(), who.person.id, "console")
    found = web.house.store.write(_reveal, ref, seen)
    if found is None:
        raise HTTPException(404, "order")
    order, told = found
    return render(request, who, "_customer.html", order=order, told=told, revealed=True)


def _reveal(db: Db, ref: str, seen: FactRow) -> tuple[Order, list[FactRow]] | None:
    order = intake.find_order(db, ref)
    if order is None:
        return None
    facts.append(db, [seen])
    return order, reads.told_of(db, ref)
