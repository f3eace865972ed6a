"""One incident: what it is, how its parcels stand, all of them listed, and one act for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from chat import console
from chat.text import NEXT_OF, usual
from domain.errors import RuleError
from domain.incident import CauseKind
from domain.words import Words
from doorstep.web.context import Acting, Desk, Form, Shared, SignedIn, Web, field, go, names_of, render, tongue
from doorstep.web.timeline import in_order, of_facts, of_letter
from monitor.acts import Refused
from monitor.incident_acts import perform
from monitor.incident_alerts import cause_words, why_over
from store import incident_reads, people
from store.base import Db
from store.incident_reads import PAGE, IncidentPage
from store.incidents import IncidentRow, Slice

router = APIRouter()
WIDTH, HEIGHT = 480, 120
"""The picture's own units; it is as wide as its card."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Members over time, as the points of an SVG: the area of those that joined, and of those that are done."""

    joined: str
    closed: str
    most: int
    began: datetime
    ended: datetime


def graph_of(slices: Sequence[Slice]) -> Graph | None:
    """None where there is nothing to show."""
    most = max((one.joined for one in slices), default=0)
    if len(slices) < 2 or not most:
        return None
    joined, closed = ([one.joined for one in slices], [one.closed for one in slices])
    return Graph(_area(joined, most), _area(closed, most), most, slices[0].at, slices[-1].at)


def _area(counts: Sequence[int], most: int) -> str:
    step = WIDTH / (len(counts) - 1)
    points = [f"{n * step:.1f},{HEIGHT - HEIGHT * count / most:.1f}" for n, count in enumerate(counts)]
    return " ".join((f"0,{HEIGHT}", *points, f"{WIDTH},{HEIGHT}"))


def why(one: IncidentRow) -> Words:
    """Why it was taken for an incident."""
    if one.cause.kind is CauseKind.MANY:
        return Words("incident.why_many", {})
    return Words("incident.why", {"n": one.found, "expected": usual(one.expected)})


def next_of(one: IncidentRow) -> Words:
    return Words(NEXT_OF.get(one.cause.kind, "incident.next"), {})


SAYINGS: dict[str, Any] = {"cause_words": cause_words, "why": why, "next_of": next_of, "why_over": why_over}
"""What templates say of incidents."""


@router.get("/incidents/{incident_id}")
def incident(
    request: Request, web: Shared, who: SignedIn, incident_id: int, state: str = "open", page: int = 0
) -> Response:
    return _show(request, web, who, incident_id, state, min(page, 10_000))


def _show(request: Request, web: Web, who: Desk, incident_id: int, state: str, page: int, **toast: Any) -> Response:
    now = web.house.now()
    found, team = web.house.store.read(_page_and_team, incident_id, state != "all", page, now)
    if found is None:
        raise HTTPException(404, "incident")
    entries = in_order([*of_facts(found.facts), *(of_letter(letter) for letter in found.letters)])
    return render(
        request, who, "incident.html", page=found, graph=graph_of(found.slices), names=names_of(web, team), entries=entries,
        team=[person for person in team if person.active], state="all" if state == "all" else "open", size=PAGE,
        **{"toast": "", "toast_bad": False, **toast},
    )  # fmt: skip


def _page_and_team(
    db: Db, incident_id: int, only_open: bool, page: int, now: datetime
) -> tuple[IncidentPage | None, list[people.Person]]:
    found = incident_reads.incident_page(db, incident_id, only_open=only_open, page=page, now=now)
    return found, people.people(db)


@router.post("/incidents/{incident_id}/acts")
def act(request: Request, web: Shared, who: Acting, form: Form, incident_id: int) -> Response:
    """Acknowledge, assign, comment, resolve: for all of its open cases at once, once confirmed."""
    fields = {name: field(form, name) for name in ("act", "words", "to")} | {"incident": str(incident_id)}
    why = _perform(web, who, fields, field(form, "key", 80) or web.house.new_id(), field(form, "sure"))
    if why is None:
        return go(f"/incidents/{incident_id}")
    speech = tongue(web, who.lang)
    return _show(request, web, who, incident_id, "open", 0, toast=speech.words(why), toast_bad=True)


def _perform(web: Web, who: Desk, fields: dict[str, str], key: str, sure: str) -> Words | None:
    """None where it was done, else why it wasn't."""
    if not sure:
        return Words("ui.incident.not_sure", {})
    try:
        wanted = console.read(fields, who.person.id, key)
    except RuleError:
        return Words("ui.act.empty", {})
    outcome = web.house.store.write(perform, wanted, now=web.house.now())
    web.house.bus.publish("cases")
    return outcome.why if isinstance(outcome, Refused) else None
