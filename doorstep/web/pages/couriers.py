"""Couriers' chats: which courier gets their routes in which chat, a one-time code to give to one of them, and the end of a link."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from chat.registry import CHATS
from config.settings import Courier
from doorstep import courier_chat
from doorstep.house import House
from doorstep.web.context import Acting, Desk, Form, Shared, Web, names_of, render, tongue
from store import chat_queue, courier_chats, facts, people
from store.base import Db
from store.courier_chats import CourierChat

router = APIRouter()
CHANNEL = "console"


@dataclass(frozen=True, slots=True)
class Line:
    """A courier, their chat if they have one, who linked it, and until when a code of theirs is good. ``set_up``: whether the settings
    still have them: a link outlives that.
    """

    courier: str
    name: str
    firm: str
    chat: CourierChat | None
    by: str | None
    code_until: datetime | None
    set_up: bool = True


@router.get("/couriers")
def everybody(request: Request, web: Shared, who: Acting) -> Response:
    return _show(request, web, who)


def _show(request: Request, web: Web, who: Desk, **values: Any) -> Response:
    shown: dict[str, Any] = {"notice": "", "code": "", "whose": ""} | values
    lines, channels = web.house.store.read(_lines, web.house), web.house.store.read(_channels)
    team = names_of(web, web.house.store.read(people.people))
    names = {chat.id: chat.name[who.lang] for chat in CHATS.values()}
    return render(
        request, who, "couriers.html", lines=lines, channels=channels, team=team, chats=names,
        minutes=int(courier_chat.CODE_FOR.total_seconds() // 60), **shown,
    )  # fmt: skip


def _lines(db: Db, house: House) -> list[Line]:
    """Who has no chat comes first: that is what somebody looks for here."""
    chats = {one.courier: one for one in courier_chats.all_of_them(db)}
    waiting, by = courier_chats.waiting_codes(db, now=house.wall()), {one: _linked_by(db, one) for one in chats}
    firms = {one.id: one.name for one in house.settings.collectors}
    found = [
        Line(
            one.id,
            one.name or one.id,
            firms.get(one.collector, one.collector),
            chats.get(one.id),
            by.get(one.id),
            waiting.get(one.id),
        )
        for one in house.settings.couriers
    ]
    gone = chats.keys() - {line.courier for line in found}
    found += [Line(one, one, "", chats[one], by[one], None, set_up=False) for one in gone]
    return sorted(found, key=lambda line: (line.chat is not None, line.courier))


def _linked_by(db: Db, courier: str) -> str | None:
    """The colleague who set it; the courier's own id where they linked themselves."""
    history = facts.history(db, courier_chats.SUBJECT, courier)
    return next((fact.by for fact in reversed(history) if fact.event == courier_chats.LINKED), None)


def _channels(db: Db) -> list[str]:
    """Where a courier can write to us."""
    return [row.name for row in chat_queue.channels(db) if not CHATS[row.adapter].last_resort]


@router.post("/couriers/{courier}/code")
def code(request: Request, web: Shared, who: Acting, form: Form, courier: str) -> Response:
    """A code for them, shown on this answer alone; an earlier one ends."""
    del form
    known = _known(web, courier)
    made = courier_chat.new_code(web.house, courier, by=who.person.id, via=CHANNEL)
    return _show(request, web, who, code=made, whose=known.name)


@router.post("/couriers/{courier}/unlink")
def unlink(request: Request, web: Shared, who: Acting, form: Form, courier: str) -> Response:
    """Nothing is written to them there any more, and nothing heard from them."""
    del form
    known = web.house.store.read(courier_chats.of_courier, courier)
    was = web.house.store.write(courier_chats.unlink, courier, now=web.house.now(), by=who.person.id, via=CHANNEL)
    if known is None or not was:
        raise HTTPException(404, "courier")
    name = next((one.name for one in web.house.settings.couriers if one.id == courier), courier)
    return _show(request, web, who, notice=tongue(web, who.lang).t("couriers.unlinked", name=name))


def _known(web: Web, courier: str) -> Courier:
    found = next((one for one in web.house.settings.couriers if one.id == courier), None)
    if found is None:
        raise HTTPException(404, "courier")
    return found
