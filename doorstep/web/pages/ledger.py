"""Money that was instructed, how the sources are doing, and letters that nobody got."""

from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from doorstep.credentials import credentials
from doorstep.web.context import Acting, Form, Shared, SignedIn, go, is_htmx, render
from scheduler import refund
from store import mail, overviews

router = APIRouter()


@router.get("/money")
def money(request: Request, web: Shared, who: SignedIn) -> Response:
    lines = web.house.store.read(overviews.money_lines)
    return render(request, who, "money.html", lines=lines)


@router.post("/money/{instruction_id}/confirm")
def confirm(request: Request, web: Shared, who: Acting, form: Form, instruction_id: str) -> Response:
    """A person saw that the money went out."""
    del form
    found = web.house.store.write(
        refund.settle, instruction_id, now=web.house.now(), by=who.person.id, channel="console"
    )
    if found is None:
        raise HTTPException(404, "instruction")
    web.house.bus.publish("money")
    if not is_htmx(request):
        return go("/money")
    line = next(one for one in web.house.store.read(overviews.money_lines) if one.instruction.id == instruction_id)
    return render(request, who, "_money_row.html", line=line)


@router.get("/sources")
def sources(request: Request, web: Shared, who: SignedIn) -> Response:
    lines = web.house.store.read(partial(credentials, web.house), now=web.house.now())
    return render(request, who, "sources.html", lines=lines)


@router.get("/outbox")
def outbox(request: Request, web: Shared, who: SignedIn) -> Response:
    letters = web.house.store.read(overviews.troubled_letters)
    return render(request, who, "outbox.html", letters=letters, counts=web.house.store.read(mail.counts))
