"""Customers for the desk: writing to one about a case, what is to be done for them, and one record for all their orders."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from config.words import LANGS
from domain.case import CaseEvent
from domain.contact import plain
from domain.privacy import mask_name
from domain.repeat_claims import WINDOW, signal
from domain.shipment import Order
from domain.telling import BY_HAND, Step
from doorstep.customers import rules_of
from doorstep.web.context import (
    Acting,
    Desk,
    Form,
    Revealing,
    Shared,
    SignedIn,
    Web,
    field,
    go,
    names_of,
    render,
    tongue,
)
from doorstep.web.life import told_at
from monitor import acts, telling
from monitor.customer_says import answer_by_desk
from monitor.customer_words import Message, Rules, compose, language, ways_to, whole
from monitor.telling import Word
from store import cases, customers, facts, intake, people
from store import telling as kept
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow

router = APIRouter()
MEANS = ("wangwang", "phone", "sms", "mail", "other")
"""By what a person may have told a customer themselves."""
MAX_TEXT = 1_500
MAX_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is about to say. ``why`` is what is wrong with it, as a key of ``ui.customer``."""

    step: Step
    lang: str
    subject: str
    text: str
    next_at: datetime | None = None
    next_text: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class About:
    case: CaseRow
    order: Order
    ways: list[str]


def _about(db: Db, case_id: int, rules: Rules) -> About | None:
    case = cases.get(db, case_id)
    order_ref = kept.order_of(db, case) if case else None
    order = intake.find_order(db, order_ref) if order_ref else None
    return About(case, order, ways_to(rules, order)) if case and order else None


def about_of(web: Web, case_id: int) -> About:
    """404 where there is no such case, or it has no customer."""
    found = web.house.store.read(_about, case_id, rules_of(web.house))
    if found is None:
        raise HTTPException(404, "case")
    return found


# --- writing ---------------------------------------------------------------------------------------------------------


@router.get("/cases/{case_id}/customer")
def write(
    request: Request, web: Shared, who: SignedIn, case_id: int, step: str = "", lang: str = "", next_at: str = ""
) -> Response:
    """The words of a template, to be edited."""
    about = about_of(web, case_id)
    chosen = Step(step) if step in set(BY_HAND) else Step.PROGRESS
    at = _local(web, next_at)
    draft = web.house.store.read(partial(_drafted, rules_of(web.house), about, chosen, lang, at, web.house.now()))
    return _show(request, web, who, about, draft)


def _drafted(
    rules: Rules, about: About, step: Step, lang: str, next_at: datetime | None, now: datetime, db: Db
) -> Draft:
    wanted = lang if lang in LANGS else language(db, rules, about.order)
    made = compose(db, rules, about.case, step, about.order, now=now, lang=wanted, next_at=next_at)
    return Draft(step, made.lang, made.subject, made.text, next_at)


def _show(
    request: Request, web: Web, who: Desk, about: About, draft: Draft, *, preview: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    rules = rules_of(web.house)
    names = names_of(web, web.house.store.read(people.people))
    told = [f for f in web.house.store.read(cases.history_of, about.case.id) if f.event in
            {CaseEvent.CUSTOMER_TOLD, CaseEvent.CUSTOMER_SAID}]  # fmt: skip
    local = draft.next_at.astimezone(web.house.settings.zone).strftime("%Y-%m-%dT%H:%M") if draft.next_at else ""
    return render(
        request, who, "customer_write.html", status=status, about=about, draft=draft, steps=BY_HAND, means=MEANS,
        next_local=local, names=names, told=told, sample=_sample(web, rules, about, draft) if preview else {},
        error=tongue(web, who.lang).t(f"customer.{draft.why}", way="") if draft.why else "",
        clock_now=web.house.now().astimezone(web.house.settings.zone).strftime("%H:%M"),
    )  # fmt: skip


def _sample(web: Web, rules: Rules, about: About, draft: Draft) -> dict[str, str]:
    """The whole message as it is mailed, and as a text message where it can be one; the name masked as everywhere."""
    masked = replace(about.order, customer=replace(about.order.customer, name=mask_name(about.order.customer.name)))
    link = web.house.status_link(about.order.ref)
    ways = ("mail", "sms") if "sms" in about.ways else ("mail",)
    return {way: whole(rules, {"lang": draft.lang, "text": draft.text, "way": way}, masked, link) for way in ways}


def _local(web: Web, text: str) -> datetime | None:
    """A time of a ``datetime-local`` field, in the shop's zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=web.house.settings.zone).astimezone(UTC)
    except ValueError:
        return None


@router.post("/cases/{case_id}/customer")
def say(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """Look at a message once more, send it, or note that it was told another way."""
    about = about_of(web, case_id)
    draft = _read(web, form)
    do, _, way = field(form, "do", 30).partition(":")
    if draft.why or do not in {"send", "mark"}:
        return _show(request, web, who, about, draft, preview=not draft.why, status=422 if draft.why else 200)
    word = _word(web, about, draft, form, way)
    if isinstance(word, str):
        bad = Draft(draft.step, draft.lang, draft.subject, draft.text, draft.next_at, why=word)
        return _show(request, web, who, about, bad, preview=True, status=422)
    outcome = web.house.store.write(telling.tell, case_id, word, by=who.person.id, now=web.house.now())
    web.house.bus.publish("cases")
    if isinstance(outcome, acts.Refused):
        raise HTTPException(409, outcome.why.code)
    return go(f"/cases/{case_id}")


def _read(web: Web, form: FormData) -> Draft:
    step, lang = field(form, "step", 20), field(form, "lang", 5)
    text, subject = field(form, "words", MAX_TEXT), plain(field(form, "subject", 150))
    next_at = _local(web, field(form, "next_at", 30))
    draft = Draft(
        Step(step) if step in set(BY_HAND) else Step.PROGRESS, lang if lang in LANGS else "zh", subject, text, next_at
    )
    why = _fault(draft, step, now=web.house.now())
    return Draft(draft.step, draft.lang, draft.subject, draft.text, draft.next_at, why=why) if why else draft


def _fault(draft: Draft, step: str, *, now: datetime) -> str:
    if step not in set(BY_HAND):
        return "bad_step"
    if not draft.text or not draft.subject:
        return "need_words"
    ahead = draft.next_at is not None and now < draft.next_at <= now + MAX_AHEAD
    return "need_date" if draft.step is Step.NEXT_STEP and not ahead else ""


def _word(web: Web, about: About, draft: Draft, form: FormData, way: str) -> Word | str:
    """The message with how it is told, sent by ``way`` or noted; or the key of what is wrong."""
    now, key = web.house.now(), field(form, "key", 80) or web.house.new_id()
    message = Message(draft.subject, draft.text, draft.lang)
    if field(form, "do", 30) != "mark":
        if way not in about.ways:
            return "no_address"
        return Word(draft.step, message, way, now, key, way, draft.next_at)
    means = field(form, "means", 20)
    if means not in MEANS:
        return "bad_means"
    at = told_at(field(form, "told_at", 5), about.case.opened_at, now, web.house.settings.zone)
    return Word(draft.step, message, means, at, key, "", draft.next_at) if at else "bad_time"


# --- what is to be done ----------------------------------------------------------------------------------------------


@router.get("/customers")
def todo(request: Request, web: Shared, who: SignedIn) -> Response:
    names = names_of(web, web.house.store.read(people.people))
    return render(request, who, "customer_todo.html", todos=web.house.store.read(kept.todos), names=names)


@router.post("/cases/{case_id}/follow-up")
def follow_up(web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """The customer's answer, as they told it to the desk."""
    about_of(web, case_id)
    outcome = web.house.store.write(
        answer_by_desk, case_id, solved=field(form, "solved", 5) == "yes",
        key=field(form, "key", 80) or web.house.new_id(), policy=web.house.policy, now=web.house.now(),
        by=who.person.id, words=field(form, "words", 500),
    )  # fmt: skip
    if isinstance(outcome, acts.Refused):
        raise HTTPException(409, outcome.why.code)
    web.house.bus.publish("cases")
    return go(f"/cases/{case_id}")


# --- the record ------------------------------------------------------------------------------------------------------


@router.get("/orders/{ref:path}/customer")
def record_of(web: Shared, who: SignedIn, ref: str) -> Response:
    """To the record that an order belongs to."""
    del who
    known = web.house.store.read(customers.record_of, ref)
    if known is None:
        order = web.house.store.read(intake.find_order, ref)
        if order is None:
            raise HTTPException(404, "order")
        known = web.house.store.write(customers.place, ref, order.customer, secret=rules_of(web.house).secret)
    return go(f"/customers/{known}")


@router.get("/customers/{record_id}")
def record(request: Request, web: Shared, who: SignedIn, record_id: int) -> Response:
    return _record(request, web, who, record_id, revealed=False)


def _record(request: Request, web: Web, who: Desk, record_id: int, *, revealed: bool) -> Response:
    page = web.house.store.read(customers.page, record_id, since=web.house.now() - WINDOW)
    if page is None:
        raise HTTPException(404, "customer")
    names = names_of(web, web.house.store.read(people.people))
    return render(
        request, who, "customer_record.html", page=page, names=names, revealed=revealed,
        signal=signal(page.counts, page.shop),
    )  # fmt: skip


@router.post("/customers/{record_id}/reveal")
def reveal(request: Request, web: Shared, who: Revealing, form: Form, record_id: int) -> Response:
    """Show a customer's data to one person, and keep on record, with each order, that they saw it."""
    del form
    web.house.store.write(_revealed, record_id, who.person.id, now=web.house.now())
    return _record(request, web, who, record_id, revealed=True)


def _revealed(db: Db, record_id: int, by: str, *, now: datetime) -> None:
    seen = [FactRow("order", ref, "revealed", now, by, "console") for ref in customers.orders_of(db, record_id)]
    facts.append(db, seen)


@router.post("/customers/{record_id}/language")
def choose_language(web: Shared, who: Acting, form: Form, record_id: int) -> Response:
    del who
    lang = field(form, "lang", 5)
    web.house.store.write(customers.set_lang, record_id, lang if lang in LANGS else "")
    return go(f"/customers/{quote(str(record_id))}")
