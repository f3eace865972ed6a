"""The warehouse's page: one field to scan into, how the goods are, and a board of what comes, waits and is decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from domain.checkin import LINE, Look, Looked
from domain.errors import RuleError
from domain.people import Right
from domain.returns import Return, ReturnItem
from domain.words import Words
from doorstep.handing_over import hand_over
from doorstep.warehouse import MAX_PHOTOS, decide
from doorstep.web.context import (
    Acting,
    Desk,
    Form,
    Shared,
    SignedIn,
    Upload,
    Web,
    field,
    files_of,
    names_of,
    needs,
    render,
)
from doorstep.web.context import go as go_to
from doorstep.web.pages.evidence import refusal_of
from scheduler import warehouse
from scheduler.plan_types import Refused
from store import checkins, intake, people, returns
from store.base import Db
from store.checkins import Checkin, Expected

router = APIRouter()
Receiving = Annotated[Desk, Depends(needs(Right.RECEIVE))]
TOPICS = ("returns", "money", "cases", "outbox")


@dataclass(frozen=True, slots=True)
class Card:
    """A return at the warehouse with what should be in its box, and what the order calls that."""

    value: Return
    there: Checkin | None
    items: tuple[ReturnItem, ...]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Board:
    waiting: list[Card]
    expected: list[Expected]
    decided: list[Card]


def card_of(db: Db, ref: str, there: Checkin | None = None) -> Card | None:
    value = returns.find(db, ref)
    if value is None:
        return None
    order = intake.find_order(db, value.order_ref)
    names = {item.sku: item.name for item in order.items} if order else {}
    return Card(value, there or checkins.find(db, ref), warehouse.expected_of(value), names)


def board_of(db: Db, since: datetime, until: datetime) -> Board:
    """``since`` and ``until``: the beginning and the end of the day."""

    def cards(found: list[Checkin]) -> list[Card]:
        return [card for one in found if (card := card_of(db, one.return_ref, one))]

    return Board(
        cards(checkins.waiting(db)), checkins.expected(db, until=until), cards(checkins.decided(db, since=since))
    )


@router.get("/warehouse")
def page(request: Request, web: Shared, who: SignedIn, ref: str = "", said: str = "") -> Response:
    notice = Words(f"ui.warehouse.{said}", {"return": ref}) if said in SAYS and ref else None
    return _show(request, web, who, ref[:80], notice=notice)


SAYS = frozenset({"in", "again", "back", "said_ok", "said_part", "said_differs"})


def _show(
    request: Request, web: Web, who: Desk, ref: str = "", *, notice: Words | None = None, wrong: Words | str | None = None
) -> Response:  # fmt: skip
    now, read = web.house.now(), web.house.store.read
    since = now.astimezone(web.house.settings.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return render(
        request, who, "warehouse.html", status=422 if wrong else 200, board=read(board_of, since, since + timedelta(days=1)),
        card=read(card_of, ref) if ref else None, notice=notice, wrong=wrong, line=LINE, names=names_of(web, read(people.people)),
    )  # fmt: skip


def _to(ref: str, said: str) -> Response:
    return go_to(f"/warehouse?{urlencode({'ref': ref, 'said': said})}")


def _told(web: Web) -> None:
    for topic in TOPICS:
        web.house.bus.publish(topic)


@router.post("/warehouse/scan")
def scan(request: Request, web: Shared, who: Receiving, form: Form) -> Response:
    """A scanner types and presses Enter; the next scan goes into the same field."""
    outcome = web.house.store.write(
        warehouse.scan, field(form, "code", 80), now=web.house.now(), by=who.person.id, channel="warehouse"
    )
    if isinstance(outcome, Refused):
        return _show(request, web, who, wrong=outcome.reason)
    _told(web)
    return _to(outcome.value.ref, "again" if outcome.repeated else "in")


@router.post("/warehouse/undo")
def undo(request: Request, web: Shared, who: Receiving, form: Form) -> Response:
    ref = field(form, "return", 80)
    outcome = web.house.store.write(warehouse.undo, ref, now=web.house.now(), by=who.person.id, channel="warehouse")
    if isinstance(outcome, Refused):
        return _show(request, web, who, ref, wrong=outcome.reason)
    _told(web)
    return _to(ref, "back")


@router.post("/warehouse/decide")
async def decided(request: Request, web: Shared, who: Receiving, form: Upload) -> Response:
    """How each item was found, with photos; what differs needs one."""
    ref, photos, looked = field(form, "return", 80), await files_of(form, "photo"), read_looked(form)
    if any(one.look is Look.DIFFERS for one in looked) and not photos:
        return _show(request, web, who, ref, wrong=Words("ui.warehouse.photo_missing", {}))
    try:
        outcome = await web.house.store.awrite(
            decide, web.house, ref, looked, now=web.house.now(), by=who.person.id, channel="warehouse",
            note=field(form, "note", 500), photos=photos[:MAX_PHOTOS],
        )  # fmt: skip
    except RuleError as exc:
        return _show(request, web, who, ref, wrong=refusal_of(exc))
    if isinstance(outcome, Refused):
        return _show(request, web, who, ref, wrong=outcome.reason)
    _told(web)
    found = outcome.checkin.decision
    return _to(ref, f"said_{found.value if found else Look.OK.value}")


def read_looked(form: FormData) -> tuple[Looked, ...]:
    """``look`` fields as ``sku:look:qty``; what can't be read is left out, so that the items don't fit and are refused."""
    found = []
    for text in (str(value) for value in form.getlist("look")):
        rest, _, qty = text.rpartition(":")
        sku, _, look = rest.rpartition(":")
        if sku and look in set(Look) and qty.isascii() and qty.isdigit() and len(qty) <= 6:
            found.append(Looked(sku, Look(look), int(qty)))
    return tuple(found)


@router.post("/warehouse/handover")
def handed(request: Request, web: Shared, who: Acting, form: Form) -> Response:
    """A carrier takes the goods to the warehouse: the parcel is watched, and back to the return's page."""
    ref = field(form, "return", 80)
    try:
        web.house.store.write(
            hand_over, web.house, ref, field(form, "carrier", 60), field(form, "number", 60), now=web.house.now(),
            by=who.person.id, channel="console",
        )  # fmt: skip
    except RuleError as exc:
        return render(request, who, "not_done.html", status=422, why=str(exc), back=f"/returns/{ref}")
    for topic in ("returns", "parcels"):
        web.house.bus.publish(topic)
    return go_to(f"/returns/{ref}")
