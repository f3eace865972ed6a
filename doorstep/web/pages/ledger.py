"""How the sources are doing, and letters that nobody got."""

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from doorstep.credentials import credentials
from doorstep.unheard import unheard_cases
from doorstep.web.context import Shared, SignedIn, render
from store import mail, overviews

router = APIRouter()


@router.get("/sources")
def sources(request: Request, web: Shared, who: SignedIn) -> Response:
    lines = web.house.store.read(partial(credentials, web.house), now=web.house.now())
    return render(request, who, "sources.html", lines=lines)


@router.get("/outbox")
def outbox(request: Request, web: Shared, who: SignedIn) -> Response:
    letters = web.house.store.read(overviews.troubled_letters)
    counts, silent = web.house.store.read(mail.counts), unheard_cases(web.house)
    return render(request, who, "outbox.html", letters=letters, counts=counts, unheard=silent)
