"""Somebody in a chat says who they are at the desk: a one-time link, confirmed by the person who is signed in."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from chat.registry import CHATS
from doorstep.web.auth import digest
from doorstep.web.context import Form, Shared, SignedIn, Web, render
from store import chat_people, facts
from store.base import Db
from store.facts import FactRow
from store.people import Person

router = APIRouter()


@router.get("/chat/link/{token}")
def link_page(request: Request, web: Shared, who: SignedIn, token: str) -> Response:
    """Asks before it links: a link that was opened says nothing, and a preview of it must not spend it."""
    if web.attempts.too_many(_keys(request), web.house.wall()):
        raise HTTPException(429, "attempts")
    found = web.house.store.read(chat_people.invited, digest(token), now=web.house.wall())
    if found is None:
        web.attempts.failed(_keys(request), web.house.wall())
    return render(
        request, who, "chat_link.html", status=200 if found else 410, token=token, done=False,
        identity=found[1] if found else "", chat=CHATS[found[0]].name[who.lang] if found else "",
    )  # fmt: skip


@router.post("/chat/link/{token}")
def link(request: Request, web: Shared, who: SignedIn, form: Form, token: str) -> Response:
    del form
    if web.attempts.too_many(_keys(request), web.house.wall()):
        raise HTTPException(429, "attempts")
    found = web.house.store.write(_accept, web, digest(token), who.person)
    if found is None:
        web.attempts.failed(_keys(request), web.house.wall())
    return render(
        request, who, "chat_link.html", status=200 if found else 410, token=token, done=found is not None,
        identity=found[1] if found else "", chat=CHATS[found[0]].name[who.lang] if found else "",
    )  # fmt: skip


def _keys(request: Request) -> tuple[str]:
    return (f"chat link from {request.client.host if request.client else ''}",)


def _accept(db: Db, web: Web, token_digest: str, person: Person) -> tuple[str, str] | None:
    """Link, spend the invitation, and keep on record who did."""
    now = web.house.now()
    found = chat_people.accept(db, token_digest, person.id, now=web.house.wall(), linked_at=now)
    if found is not None:
        adapter, identity = found
        data = {"adapter": adapter, "identity": identity}
        facts.append(db, [FactRow("chat", adapter, "linked", now, person.id, "console", data=data)])
    return found
