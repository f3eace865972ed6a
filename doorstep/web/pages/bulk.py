"""One deed done to many cases: picked on the desk, approved in one dialog, told with who couldn't and why, taken back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from domain.case import CaseEvent, Told
from domain.words import Words
from doorstep.web.context import Acting, Desk, LongForm, Shared, Web, field, go, names_of, numbers, render
from monitor import bulk
from monitor.bulk import DEEDS, Deed, Result
from store import people, queues
from store.base import Db
from store.people import Person
from store.reads import CaseLine

router = APIRouter()
MEANS = ("wangwang", "phone", "sms", "mail", "group")
"""By what a customer or a carrier was reached."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of it needs: the cases by id, what becomes of them, the team. ``members``: how many members of an incident it is
    for, where it is for all of them.
    """

    lines: dict[int, CaseLine]
    result: Result
    team: list[Person]
    members: int = 0


@router.post("/desk/bulk")
def approve(request: Request, web: Shared, who: Acting, form: LongForm) -> Response:
    """What would happen to how many, and what is still needed for it; nothing is done yet."""
    ids, event = numbers(form, "case"), event_of(form)
    if incident := incident_of(form, event):
        return _approval_of_members(request, web, who, form, incident, event)
    if not ids:
        return go(field(form, "next", 300) or "/")
    return _approval(request, web, who, form, ids, event)


def _approval(
    request: Request, web: Web, who: Desk, form: FormData, ids: list[int], event: CaseEvent, wrong: Words | None = None
) -> Response:
    likely = Deed(event, who.person.id, "", field(form, "words"), {"to": who.person.id, "told": Told.PROGRESS.value})
    shown = web.house.store.read(_foresee, ids, likely, web.house.now())
    return _asked(request, web, who, form, shown, event, wrong)


def _approval_of_members(
    request: Request, web: Web, who: Desk, form: FormData, incident: int, event: CaseEvent, wrong: Words | None = None
) -> Response:
    likely = Deed(event, who.person.id, "", field(form, "words"))
    shown, refused = web.house.store.read(_foresee_members, incident, likely, web.house.now())
    return _asked(request, web, who, form, shown, event, wrong or refused, incident)


def _asked(
    request: Request,
    web: Web,
    who: Desk,
    form: FormData,
    shown: Shown,
    event: CaseEvent,
    wrong: Words | None,
    incident: int = 0,
) -> Response:
    return render(
        request, who, "bulk.html", status=422 if wrong else 200, shown=shown, event_=event, stage="approve", wrong=wrong,
        key=field(form, "key", 80) or web.house.new_id(), next=field(form, "next", 300) or "/", means=MEANS, told=Told,
        names=names_of(web, shown.team), form={name: field(form, name) for name in FIELDS}, incident=incident,
        n=shown.members if incident else len(shown.result.done),
    )  # fmt: skip


FIELDS = ("to", "words", "means", "told", "next_at", "until")


@router.post("/desk/bulk/do")
def do(request: Request, web: Shared, who: Acting, form: LongForm) -> Response:
    """Do it to each, and tell what became of each."""
    ids, event = numbers(form, "case"), event_of(form)
    data, wrong = data_of(web, form, event)
    if incident := incident_of(form, event):
        return _do_members(request, web, who, form, incident, event, data, wrong)
    if wrong:
        return _approval(request, web, who, form, ids, event, wrong)
    deed = Deed(event, who.person.id, field(form, "key", 80) or web.house.new_id(), field(form, "words"), data)
    shown = web.house.store.write(_do, ids, deed, web.house.now())
    web.house.bus.publish("cases")
    return _told(request, web, who, form, shown, event, deed.key, str(data.get("to", "")))


def _do_members(
    request: Request, web: Web, who: Desk, form: FormData, incident: int, event: CaseEvent, data: dict[str, Any],
    wrong: Words | None,
) -> Response:  # fmt: skip
    deed = Deed(event, who.person.id, field(form, "key", 80) or web.house.new_id(), field(form, "words"), data)
    wrong = wrong or web.house.store.write(bulk.do_members, incident, deed, now=web.house.now())
    if wrong:
        return _approval_of_members(request, web, who, form, incident, event, wrong)
    web.house.bus.publish("cases")
    return go(f"/incidents/{incident}")


@router.post("/desk/bulk/undo")
def undo(request: Request, web: Shared, who: Acting, form: LongForm) -> Response:
    """Take an assignment back: each to whom it had before."""
    had = [value.partition(":") for value in form.getlist("had") if isinstance(value, str)]
    owners = {
        int(case): owner or None for case, _, owner in had if case.isascii() and case.isdigit() and len(case) < 10
    }
    shown = web.house.store.write(
        _undo, owners, field(form, "to", 80), who.person.id, field(form, "key", 80), web.house.now()
    )
    web.house.bus.publish("cases")
    return _told(request, web, who, form, shown, "undone", "", "")


def _told(
    request: Request, web: Web, who: Desk, form: FormData, shown: Shown, event: str, key: str, to: str
) -> Response:
    return render(
        request, who, "bulk.html", shown=shown, event_=event, stage="told", key=key, to=to, wrong=None,
        next=field(form, "next", 300) or "/", names=names_of(web, shown.team),
    )  # fmt: skip


def event_of(form: FormData) -> CaseEvent:
    found = field(form, "act", 40)
    if found not in {event.value for event in DEEDS}:
        raise HTTPException(422, "act")
    return CaseEvent(found)


def incident_of(form: FormData, event: CaseEvent) -> int:
    """The incident whose members it is for; 0 where it is for the cases that were picked."""
    found = field(form, "incident", 9)
    return int(found) if event in bulk.ON_INCIDENT and found.isascii() and found.isdigit() else 0


def data_of(web: Web, form: FormData, event: CaseEvent) -> tuple[dict[str, Any], Words | None]:
    """What the deed needs besides its words, and what is missing of it."""
    words, means, told = field(form, "words"), field(form, "means", 40), field(form, "told", 40)
    by = {"means": means} if means in MEANS else {}
    if event is CaseEvent.COMMENTED and not words:
        return {}, Words("ui.act.empty", {})
    if event is CaseEvent.ASSIGNED:
        return {"to": field(form, "to", 80)}, None if field(form, "to", 80) else Words("ui.bulk.needs_to", {})
    if event is CaseEvent.SNOOZED:
        until = _moment(web, field(form, "until", 40))
        ahead = until is not None and until > web.house.now()
        return ({"until": until.isoformat()}, None) if until and ahead else ({}, Words("ui.bulk.needs_until", {}))
    if event is not CaseEvent.CUSTOMER_TOLD:
        return by if event is CaseEvent.CARRIER_CONTACTED else {}, None
    next_at = _moment(web, field(form, "next_at", 40))
    if told not in set(Told) or not words:
        return {}, Words("ui.bulk.needs_told", {})
    if told == Told.NEXT_STEP and (next_at is None or next_at <= web.house.now()):
        return {}, Words("ui.bulk.needs_date", {})
    return {**by, "told": told, **({"next_at": next_at.isoformat()} if next_at else {})}, None


def _moment(web: Web, text: str) -> datetime | None:
    """A form's local time in the shop's zone; None where it is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=web.house.settings.zone)


def _foresee(db: Db, ids: list[int], deed: Deed, now: datetime) -> Shown:
    return _shown(db, ids, bulk.foreseen(db, ids, deed, now=now))


def _foresee_members(db: Db, incident: int, deed: Deed, now: datetime) -> tuple[Shown, Words | None]:
    members, refused = bulk.foreseen_of_members(db, incident, deed, now=now)
    return replace(_shown(db, [], Result((), (), {})), members=members), refused


def _do(db: Db, ids: list[int], deed: Deed, now: datetime) -> Shown:
    return _shown(db, ids, bulk.do_all(db, ids, deed, now=now))


def _undo(db: Db, owners: dict[int, str | None], to: str, by: str, key: str, now: datetime) -> Shown:
    return _shown(db, list(owners), bulk.give_back(db, owners, assigned_to=to, by=by, key=key, now=now))


def _shown(db: Db, ids: list[int], result: Result) -> Shown:
    team = [person for person in people.people(db) if person.active]
    return Shown({line.case.id: line for line in queues.lines_of(db, ids[: bulk.MOST])}, result, team)
