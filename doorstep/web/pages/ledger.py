"""How the sources are doing, and letters that nobody got."""

from contextlib import suppress
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.errors import RuleError
from doorstep.credentials import credentials
from doorstep.money import HELD
from doorstep.stuck import of_aside, retry
from doorstep.unheard import unheard_cases
from doorstep.web.context import Acting, Form, Shared, SignedIn, field, go, render
from store import aside, mail, overviews

router = APIRouter()


@router.get("/sources")
def sources(request: Request, web: Shared, who: SignedIn) -> Response:
    lines = web.house.store.read(partial(credentials, web.house), now=web.house.now())
    return render(request, who, "sources.html", lines=lines)


@router.get("/outbox")
def outbox(request: Request, web: Shared, who: SignedIn) -> Response:
    letters = web.house.store.read(overviews.troubled_letters)
    counts, silent = web.house.store.read(mail.counts), unheard_cases(web.house)
    broken = [of_aside(one) for one in web.house.store.read(aside.everything)]
    return render(request, who, "outbox.html", letters=letters, counts=counts, unheard=silent, broken=broken, held=HELD)


@router.post("/stuck/retry")
def again(web: Shared, who: Acting, form: Form) -> Response:
    """Have something that got stuck tried again now."""
    house = web.house
    with suppress(RuleError):  # it went well meanwhile
        house.store.write(retry, field(form, "key"), by=who.person.id, channel="console", now=house.now())
    house.bus.publish("outbox")
    return go("/outbox")
