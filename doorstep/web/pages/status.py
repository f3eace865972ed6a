"""The customer's own page: where their parcel is, what they were told, what they want to say. Behind a signed link; no script."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from config.words import LANGS
from domain.case import CLOSED, CaseEvent, CaseFact
from domain.contact import greeted_name
from domain.errors import RuleError
from domain.files import FileKind, sniff
from domain.privacy import mask_name
from domain.shipment import Order, ShipmentView
from domain.telling import Step, may_state
from domain.tracking import Leg
from doorstep.customers import rules_of
from doorstep.web.context import (
    LANG_COOKIE,
    YEAR_S,
    Asking,
    Shared,
    Visitor,
    Web,
    render,
    set_cookie,
    small_form,
    tongue,
)
from doorstep.web.context import field as field_of
from doorstep.web.pages.parcels import WAY, step_of
from monitor.customer_says import Heard, Said, Word, answer_by_customer, say
from scheduler.arrivals import Arrival, arrival_of
from scheduler.plan_types import Fleet
from store import cases, customers, facts, intake, returns, telling, tracking
from store.base import Db
from store.cases import CaseRow

router = APIRouter()
MAX_PHOTO_BYTES = 8 * 1024 * 1024
MAX_UPLOAD_BYTES = MAX_PHOTO_BYTES + 64 * 1024
SHOWN = 40
"""Messages to and fro that the page shows."""
TOLD = frozenset({CaseEvent.CUSTOMER_TOLD, CaseEvent.CUSTOMER_SAID, CaseEvent.FOLLOWED_UP})


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A trouble that the customer may know of: until when they hear from us, the date that a person gave, what the last
    word was.
    """

    case: CaseRow
    answer_by: datetime | None
    next_at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class StatusPage:
    """``received``: shipment id → who said so (``by_you``, ``by_hand``); ``asked``: closed cases with an open question."""

    order: Order
    views: list[ShipmentView]
    received: dict[int, str]
    open: list[OpenCase]
    asked: list[CaseRow]
    history: list[CaseFact]
    pickups: list[tuple[str, Arrival]] = field(default_factory=list)
    way: Sequence[object] = field(default=WAY)

    @property
    def choices(self) -> list[Word]:
        all_in = bool(self.views) and len(self.received) == len(self.views)
        return [w for w in Word if w is not Word.WORDS and not (all_in and w is Word.RECEIVED)] + [Word.WORDS]

    def step(self, view: ShipmentView) -> int:
        """Where on the bar a parcel stands."""
        return len(WAY) - 1 if view.shipment.id in self.received else step_of(view.state.milestone)


def status_page(db: Db, order_ref: str, fleet: Fleet, *, now: datetime) -> StatusPage | None:
    order = intake.find_order(db, order_ref)
    if order is None:
        return None
    views = [v for v in tracking.views(db, telling.shipments_of(db, order_ref)).values() if v.shipment.leg == Leg.OUT]
    found = [case for one in telling.cases_of(db, order_ref) if (case := cases.get(db, one)) is not None]
    histories = {case.id: cases.history_of(db, case.id) for case in found}
    said = [fact for case in found for fact in histories[case.id] if fact.event in TOLD and _is_theirs(fact)]
    return StatusPage(
        order, views, {v.shipment.id: _who(db, v) for v in views if v.received_by_hand},
        [_open(case, histories[case.id], now) for case in found if case.is_open and _may_know(db, case, histories)],
        [case for case in found if _is_asked(db, case, histories[case.id])],
        sorted(said, key=lambda fact: fact.at)[-SHOWN:],
        [(v.ref, to_come) for v in returns.of_order(db, order_ref) if (to_come := arrival_of(db, v.ref, fleet, now=now))],
    )  # fmt: skip


def _is_theirs(fact: CaseFact) -> bool:
    """What a person noted of a follow-up is the desk's own."""
    return fact.event is not CaseEvent.FOLLOWED_UP or fact.by is None


def _may_know(db: Db, case: CaseRow, histories: dict[int, list[CaseFact]]) -> bool:
    return case.promise_by is not None and may_state(telling.heard_of(db, case, histories[case.id]))


def _open(case: CaseRow, history: list[CaseFact], now: datetime) -> OpenCase:
    told = [fact for fact in history if fact.event is CaseEvent.CUSTOMER_TOLD]
    dates = [fact.data["next_at"] for fact in told if fact.by and fact.data.get("next_at")]
    next_at = datetime.fromisoformat(dates[-1]) if dates else None
    answer_by = case.promise_by if case.promise_by and case.promise_by > now else None
    return OpenCase(case, answer_by, next_at if next_at and next_at > now else None, told[-1].words if told else "")


def _is_asked(db: Db, case: CaseRow, history: list[CaseFact]) -> bool:
    round_ = telling.round_of(history)
    return case.status in CLOSED and any(
        row.step is Step.FOLLOW_UP and row.round == round_ and row.state in {"sent", "todo"}
        for row in telling.of_case(db, case.id)
    )


def _who(db: Db, view: ShipmentView) -> str:
    told = [f for f in facts.history(db, "shipment", str(view.shipment.id)) if f.event == "marked_received"]
    return "by_hand" if told and told[-1].by else "by_you"


# --- the page --------------------------------------------------------------------------------------------------------


def order_of(request: Request, web: Web, token: str) -> str:
    """The order of a link. 410 where it is forged or too old; 429 after too many of these, or too many looks at one."""
    address = request.client.host if request.client else ""
    wall = web.house.wall()
    if web.attempts.too_many((f"status link from {address}",), wall):
        raise HTTPException(429, "attempts")
    order_ref = web.house.order_of_link(token)
    if order_ref is None:
        web.attempts.failed((f"status link from {address}",), wall)
        raise HTTPException(410, "link")
    if web.looks.too_many((order_ref,), wall):
        raise HTTPException(429, "attempts")
    web.looks.failed((order_ref,), wall)
    return order_ref


@router.get("/s/{token}")
def status(request: Request, web: Shared, asking: Asking, token: str, said: str = "") -> Response:
    try:
        order_ref = order_of(request, web, token)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    code = said if said in THANKS else ""
    return _show(request, web, asking, token, order_ref, code=code)


THANKS = frozenset(
    {"thanks", "thanks_received", "thanks_problem", "thanks_on_way", "thanks_solved", "thanks_unsolved", "again"}
)


def gone(request: Request, asking: Visitor, status_code: int) -> Response:
    what = "too_often" if status_code == 429 else "gone"
    return render(request, asking, "status_gone.html", status=status_code, what=what)


def _show(
    request: Request, web: Web, asking: Visitor, token: str, order_ref: str, *, code: str = "", bad: bool = False,
    status_code: int = 200,
) -> Response:  # fmt: skip
    page = web.house.store.read(status_page, order_ref, web.house.pickups.fleet, now=web.house.now())
    if page is None:
        return gone(request, asking, 410)
    answer_by = min((one.answer_by for one in page.open if one.answer_by), default=None)
    notice = tongue(web, asking.lang).t(f"status.{code}", answer_by_at=answer_by) if code else ""
    name = greeted_name(page.order.customer.name)
    return render(
        request, asking, "status.html", status=status_code, page=page, token=token, notice=notice, bad=bad,
        greeted=mask_name(name),
    )  # fmt: skip


# --- what customers do -----------------------------------------------------------------------------------------------


async def plain_form(request: Request) -> FormData:
    """A form that needs no token beside the link's own: nothing else lets its sender in."""
    return await small_form(request)


async def photo_form(request: Request) -> FormData:
    """The same with one photo. 413 where it is longer than a photo may be, or doesn't say how long it is."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length[:12]) <= MAX_UPLOAD_BYTES):
        raise HTTPException(413, "form")
    return await request.form(max_files=1, max_fields=20, max_part_size=64 * 1024)


PlainForm = Annotated[FormData, Depends(plain_form)]
PhotoForm = Annotated[FormData, Depends(photo_form)]


@router.post("/s/{token}/language")
def choose_language(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """The page's language, and from now on that of the messages."""
    try:
        order_ref = order_of(request, web, token)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    lang = field_of(form, "lang")
    response = Response(status_code=303, headers={"Location": f"/s/{token}"})
    if lang in LANGS:
        set_cookie(request, response, LANG_COOKIE, lang, YEAR_S)
        web.house.store.write(_keep_language, order_ref, lang, rules_of(web.house).secret)
    return response


def _keep_language(db: Db, order_ref: str, lang: str, secret: str) -> None:
    order = intake.find_order(db, order_ref)
    if order is not None:
        customers.set_lang(db, customers.place(db, order_ref, order.customer, secret=secret), lang)


@router.post("/s/{token}/say")
async def tell_us(request: Request, web: Shared, asking: Asking, form: PhotoForm, token: str) -> Response:
    """Received, not received, damaged, wrong, or just words; each form once."""
    try:
        order_ref = order_of(request, web, token)
        not_too_often(web, order_ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    said = await _said(form)
    if isinstance(said, str):
        return _show(request, web, asking, token, order_ref, code=said, bad=True, status_code=422)
    mine = await web.house.store.aread(telling.shipments_of, order_ref)
    if said.shipment_id is not None and said.shipment_id not in mine:
        return _show(request, web, asking, token, order_ref, code="bad_choice", bad=True, status_code=422)
    try:
        heard = await web.house.store.awrite(say, order_ref, said, web.house.policy, now=web.house.now())
    except RuleError:
        return _show(request, web, asking, token, order_ref, code="bad_photo", bad=True, status_code=422)
    return _thanks(web, token, heard)


def not_too_often(web: Web, order_ref: str) -> None:
    """429 after ten forms in ten minutes: nobody has so much to say."""
    key = (f"status said of {order_ref}",)
    if web.attempts.too_many(key, web.house.wall()):
        raise HTTPException(429, "attempts")
    web.attempts.failed(key, web.house.wall())


async def _said(form: FormData) -> Said | str:
    """What the form says, or what is wrong with it."""
    word, key, shipment = field_of(form, "word", 20), field_of(form, "id", 80), field_of(form, "shipment", 12)
    words = field_of(form, "words", 1_000)
    if word not in set(Word) or not key or (word == Word.WORDS and not words):
        return "bad_choice"
    upload = form.get("photo")
    photo = await upload.read(MAX_PHOTO_BYTES + 1) if isinstance(upload, UploadFile) else b""
    if len(photo) > MAX_PHOTO_BYTES or (photo and sniff(photo) in {None, FileKind.PDF}):
        return "bad_photo"
    return Said(Word(word), int(shipment) if shipment.isascii() and shipment.isdigit() else None, words, photo, key)


def _thanks(web: Web, token: str, heard: Heard) -> Response:
    for topic in ("cases", "parcels"):
        web.house.bus.publish(topic)
    return Response(status_code=303, headers={"Location": f"/s/{token}?said={heard.code}"})


@router.post("/s/{token}/solved")
def solved(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """The answer to the follow-up."""
    try:
        order_ref = order_of(request, web, token)
        not_too_often(web, order_ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    answer, case, key = field_of(form, "solved", 5), field_of(form, "case", 12), field_of(form, "id", 80)
    page = web.house.store.read(status_page, order_ref, web.house.pickups.fleet, now=web.house.now())
    asked = {str(one.id) for one in page.asked} if page else set()
    if answer not in {"yes", "no"} or not key:
        return _show(request, web, asking, token, order_ref, code="bad_choice", bad=True, status_code=422)
    if case not in asked:
        return _thanks(web, token, Heard("again"))
    heard = web.house.store.write(
        answer_by_customer, int(case), solved=answer == "yes", key=key, policy=web.house.policy, now=web.house.now()
    )
    return _thanks(web, token, heard)
