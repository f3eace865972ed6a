"""What only a demo can do: set how fast simulated time runs, and act as another of its people."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from doorstep.web.auth import SESSION, start_session
from doorstep.web.context import SESSION_COOKIE, Form, Shared, SignedIn, field, go, set_cookie
from store import people

router = APIRouter()

SPEEDS = (0, 1, 60, 3_600)
"""Simulated seconds per real second; 0 pauses."""


@router.post("/demo/speed")
def set_speed(web: Shared, who: SignedIn, form: Form) -> Response:
    del who
    if web.speed is None:
        raise HTTPException(404, "demo")
    wanted = field(form, "speed", 10)
    if wanted not in {str(speed) for speed in SPEEDS}:
        raise HTTPException(422, f"speed: one of {', '.join(map(str, SPEEDS))}")
    web.speed(int(wanted))
    return go(field(form, "next") or "/")


@router.post("/demo/person")
def act_as(request: Request, web: Shared, who: SignedIn, form: Form) -> Response:
    """Sit down as a colleague, to show how cases are handed over."""
    if not web.demo:
        raise HTTPException(404, "demo")
    person = web.house.store.read(people.find_person, field(form, "person", 100))
    if person is None or not person.active:
        raise HTTPException(404, "person")
    web.house.store.write(people.end_session, who.session)
    session = start_session(web.house, person.id)
    response = go(field(form, "next") or "/")
    set_cookie(request, response, SESSION_COOKIE, session.token, int(SESSION.total_seconds()))
    return response
