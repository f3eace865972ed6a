"""Colleagues: who may sign in and as what; and the record of what they did with data and rights."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.people import Role
from domain.words import Words
from doorstep import team
from doorstep.team import Deed
from doorstep.web.auth import sign_in_link
from doorstep.web.context import Desk, Form, Managing, Shared, Web, field, names_of, render, tongue
from doorstep.web.tongue import Tongue
from store import audit, people
from store.audit import Entry
from store.base import Db
from store.people import Person

router = APIRouter()
CHANNEL = "console"
PAGE = 50
DETAILS = ("role", "was", "right", "path", "act", "case", "identity", "what", "count", "orders", "why")
"""Members of an entry's data that are shown, in this order."""
LABELLED = {"role": "role", "was": "role"}


@router.get("/people")
def everybody(request: Request, web: Shared, who: Managing) -> Response:
    return _show(request, web, who)


def _show(request: Request, web: Web, who: Desk, *, status: int = 200, **values: Any) -> Response:
    shown: dict[str, Any] = {"notice": "", "bad": False, "link": "", "whose": ""} | values
    found = web.house.store.read(people.people)
    team_ = sorted(found, key=lambda one: (not one.active, one.id))
    return render(request, who, "people.html", status=status, team=team_, roles=list(Role), **shown)


@router.post("/people")
def add(request: Request, web: Shared, who: Managing, form: Form) -> Response:
    """A new colleague, with a one-time link to hand over."""
    person = Person(field(form, "id", 80), field(form, "name", 80), field(form, "role", 20), who.lang)
    person = replace(person, lang=field(form, "lang", 2) if field(form, "lang", 2) in {"zh", "en"} else "")
    return _done(request, web, who, lambda db, deed: team.add(db, person, deed), person.id, link=True)


@router.post("/people/{person_id}/role")
def set_role(request: Request, web: Shared, who: Managing, form: Form, person_id: str) -> Response:
    role = field(form, "role", 20)
    return _done(request, web, who, lambda db, deed: team.set_role(db, person_id, role, deed), person_id)


@router.post("/people/{person_id}/active")
def set_active(request: Request, web: Shared, who: Managing, form: Form, person_id: str) -> Response:
    active = field(form, "active", 1) == "1"
    return _done(
        request, web, who, lambda db, deed: team.set_active(db, person_id, deed, active=active), person_id
    )  # fmt: skip


@router.post("/people/{person_id}/link")
def link(request: Request, web: Shared, who: Managing, form: Form, person_id: str) -> Response:
    del form
    return _done(request, web, who, lambda db, deed: team.linked(db, person_id, deed), person_id, link=True)


Change = Callable[[Db, Deed], Words | None]


def _done(request: Request, web: Web, who: Desk, change: Change, person_id: str, *, link: bool = False) -> Response:
    """Do it and show everybody again, with what was refused, or the new link: it is shown this once."""
    why = web.house.store.write(change, Deed(who.person.id, web.house.now(), CHANNEL))
    if why is not None:
        return _show(request, web, who, status=422, notice=tongue(web, who.lang).words(why), bad=True)
    if not link:
        return _show(request, web, who, notice=tongue(web, who.lang).t("people.changed"))
    found = web.house.store.read(people.find_person, person_id)
    return _show(request, web, who, link=sign_in_link(web.house, person_id), whose=found.name if found else person_id)


# --- the record ----------------------------------------------------------------------------------------------------


@router.get("/audit")
def record(
    request: Request, web: Shared, who: Managing, person: str = "", day: str = "", before: int | None = None
) -> Response:
    since, until = _day(web, day)
    found = web.house.store.read(audit.page, person=person[:80], since=since, until=until, before=before, limit=PAGE)
    team_ = web.house.store.read(people.people)
    speech = tongue(web, who.lang)
    lines = [(entry, about(entry, speech), details(entry, speech)) for entry in found.entries]
    return render(
        request, who, "audit.html", lines=lines, older=found.older, person=person, day=day, before=before, team=team_,
        names=names_of(web, team_),
    )  # fmt: skip


def _day(web: Web, text: str) -> tuple[datetime | None, datetime | None]:
    """A local day's beginning and end; 422 where it is no day."""
    if not text:
        return None, None
    try:
        begins = datetime.combine(date.fromisoformat(text), time(), web.house.settings.zone)
        return begins, begins + timedelta(days=1)
    except (ValueError, OverflowError) as exc:
        raise HTTPException(422, "day") from exc


def about(entry: Entry, speech: Tongue) -> str:
    """Whom or what an entry is about: a colleague's id, an order, a chat."""
    fact = entry.fact
    known = {"order": "audit_word.order", "chat": "audit_word.chat"}
    return speech.t(known[fact.subject_type], id=fact.subject_id) if fact.subject_type in known else fact.subject_id


def details(entry: Entry, speech: Tongue) -> str:
    return " · ".join(
        speech.t(f"audit_detail.{name}", value=_said(name, value, speech))
        for name in DETAILS
        if (value := entry.fact.data.get(name)) not in (None, "")
    )


def _said(name: str, value: Any, speech: Tongue) -> str:
    if name in LABELLED:
        return speech.label(LABELLED[name], value)
    return speech.label("ui.audit_word", value)
