"""Handing over: one case or a shift is offered, read, said again and confirmed, declined or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.words import Words
from doorstep.web.context import (
    Acting,
    Desk,
    Form,
    LongForm,
    Shared,
    SignedIn,
    Web,
    field,
    go,
    names_of,
    numbers,
    render,
)
from monitor import handover
from monitor.acts import Done
from monitor.handover import Offer, Outcomes
from monitor.summary import summary
from store import cases, handovers, people, queues
from store.base import Db
from store.handovers import Item
from store.people import Person
from store.reads import CaseLine

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Taking:
    """A case of a handover as its taker reads it. ``must``: a customer waits, it needs a sentence of its own."""

    item: Item
    line: CaseLine
    told: list[Words]
    note: str
    must: bool


@dataclass(frozen=True, slots=True)
class Shift:
    mine: list[CaseLine]
    for_me: list[Item]
    offered: list[Item]
    late: list[Item]
    team: list[Person]


@router.get("/handover")
def shift(request: Request, web: Shared, who: SignedIn) -> Response:
    """What one has, what waits for one, what one has offered."""
    return _shift(request, web, who)


def _shift(request: Request, web: Web, who: Desk, outcomes: Outcomes | None = None, to: str = "") -> Response:
    found = web.house.store.read(_shift_of, who.person.id, web.house.now())
    names = names_of(web, found.team)
    return render(
        request, who, "handover.html", shift=found, outcomes=outcomes or {}, done=_done(outcomes), to=to, names=names,
        most=handover.MOST, status=422 if outcomes and not _done(outcomes) else 200,
    )  # fmt: skip


def _done(outcomes: Outcomes | None) -> list[int]:
    return [case_id for case_id, one in (outcomes or {}).items() if isinstance(one, Done)]


def _shift_of(db: Db, me: str, now: datetime) -> Shift:
    offered = handovers.offered_by(db, me)
    waiting = {item.case_id for item in offered}
    mine = [line for line in queues.open_of(db, me, limit=handover.MOST + len(waiting)) if line.case.id not in waiting]
    team = [person for person in people.people(db) if person.active]
    return Shift(mine[: handover.MOST], handovers.waiting_for(db, me), offered, handovers.late(db, now=now), team)


@router.post("/handover")
def offer(request: Request, web: Shared, who: Acting, form: LongForm) -> Response:
    """Offer the picked cases to a colleague."""
    wanted = Offer(web.house.new_id(), who.person.id, field(form, "to", 80), field(form, "note"))
    outcomes = web.house.store.write(handover.offer, numbers(form, "case"), wanted, now=web.house.now())
    web.house.bus.publish("cases")
    return _shift(request, web, who, outcomes, wanted.to)


@router.post("/cases/{case_id}/handover")
def offer_one(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """Offer one case from its own page."""
    wanted = Offer(web.house.new_id(), who.person.id, field(form, "to", 80), field(form, "note"))
    outcomes = web.house.store.write(handover.offer, [case_id], wanted, now=web.house.now())
    web.house.bus.publish("cases")
    return go(f"/cases/{case_id}") if _done(outcomes) else _shift(request, web, who, outcomes, wanted.to)


@router.post("/handover/{handover_id}/withdraw")
def withdraw(request: Request, web: Shared, who: Acting, form: LongForm, handover_id: str) -> Response:
    outcomes = web.house.store.write(
        handover.withdraw, handover_id, numbers(form, "case"), by=who.person.id, now=web.house.now()
    )
    web.house.bus.publish("cases")
    return go(field(form, "next", 200) or "/handover") if _done(outcomes) else _shift(request, web, who, outcomes)


# --- taking over ---------------------------------------------------------------------------------------------------


@router.get("/handover/{handover_id}")
def take(request: Request, web: Shared, who: SignedIn, handover_id: str) -> Response:
    """What happened in each case, and a place to say it again."""
    return _take(request, web, who, handover_id, {}, {})


@router.post("/handover/{handover_id}")
def answer(request: Request, web: Shared, who: Acting, form: LongForm, handover_id: str) -> Response:
    """Confirm or decline the picked cases; what was typed for those that are refused isn't lost."""
    picked, now = numbers(form, "case"), web.house.now()
    said = {case_id: field(form, f"say-{case_id}") for case_id in picked}
    if field(form, "act", 20) == "decline":
        reason = field(form, "reason", 500)
        outcomes = web.house.store.write(
            handover.decline, handover_id, picked, by=who.person.id, reason=reason, now=now
        )
    else:
        outcomes = web.house.store.write(
            handover.confirm, handover_id, said, by=who.person.id, common=field(form, "say"), now=now
        )
    web.house.bus.publish("cases")
    return _take(request, web, who, handover_id, outcomes, said | {0: field(form, "say")})


def _take(
    request: Request, web: Web, who: Desk, handover_id: str, outcomes: Outcomes, said: dict[int, str]
) -> Response:
    team = web.house.store.read(people.people)
    names = names_of(web, team)
    found = web.house.store.read(_taking, handover_id, names, web.house.now())
    if not found:
        raise HTTPException(404, "handover")
    mine = found[0].item.to_person == who.person.id
    waiting = [one for one in found if one.item.state == "waiting"]
    refused = {case_id: one.why for case_id, one in outcomes.items() if not isinstance(one, Done)}
    return render(
        request, who, "take.html", all=found, waiting=waiting, mine=mine, names=names, refused=refused,
        done=_done(outcomes), typed=said, handover_id=handover_id, status=422 if refused else 200,
    )  # fmt: skip


def _taking(db: Db, handover_id: str, names: dict[str, str], now: datetime) -> Sequence[Taking]:
    items = {item.case_id: item for item in handovers.items(db, handover_id)}
    waiting = handovers.waiting_cases(db, [i for i, item in items.items() if item.state == "waiting"])
    found = []
    for line in queues.lines_of(db, list(items)):
        case, item = line.case, items[line.case.id]
        if item.state == "waiting" and item.case_id not in waiting:
            continue  # the case has gone on since: it waits for nobody
        told = summary(case, cases.history_of(db, case.id), line.about.number, names, now=now)
        note = handover.note_of(db, handover_id, case.id)
        found.append(Taking(item, line, told, note, handover.runs(case)))
    return found
