"""Money: what is instructed, sent and confirmed; what waits for somebody's word; making good on a case; the CSV for accounts."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from config.policies.enquiries import INTERCEPT
from domain.booking import Refused as Declined
from domain.case import CaseEvent, CaseFact
from domain.errors import OutsideError, RuleError
from domain.make_good import Cause
from domain.people import Right, may
from domain.proposal import Proposal
from domain.shipment import Shipment
from domain.words import Words
from doorstep import bookings, money
from doorstep.money_export import export
from doorstep.taking import Sender, take_shipment
from doorstep.web.context import (
    Acting,
    Desk,
    Form,
    Shared,
    SignedIn,
    Web,
    field,
    go,
    is_htmx,
    needs,
    render,
    tongue,
)
from doorstep.web.money_view import ask_of
from doorstep.web.pages.cases import show_case
from monitor import acts, enquiries, make_good
from monitor.make_good import Decision, Refused, Wish
from store import cases, facts, mail, money_views, people, proposals, reads, reships
from store.base import Db
from store.bookings import Told
from store.facts import FactRow

router = APIRouter()
SHOWN = 300
Approving = Annotated[Desk, Depends(needs(Right.APPROVE))]
Exporting = Annotated[Desk, Depends(needs(Right.EXPORT))]
CONSOLE = "console"


# --- the money page ------------------------------------------------------------------------------------------------


@router.get("/money")
def money_page(request: Request, web: Shared, who: SignedIn, show: str = "") -> Response:
    return _show_money(request, web, who, show)


def _show_money(request: Request, web: Web, who: Desk, show: str, **values: Any) -> Response:
    read = web.house.store.read
    wanted = show if show in {*money_views.FILTERS, "waiting"} else ""
    only_proposals = wanted == "waiting"
    return render(
        request, who, "money.html", show=wanted, counts=read(money_views.counts),
        lines=[] if only_proposals else read(money_views.lines, show=wanted, limit=SHOWN),
        totals=[] if only_proposals else read(money_views.totals, show=wanted),
        waiting=read(proposals.waiting) if wanted in {"", "waiting"} else [],
        names={one.id: one.name for one in read(people.people)}, **values,
    )  # fmt: skip


@router.post("/money/{instruction_id:path}/confirm")
def confirm(request: Request, web: Shared, who: Acting, form: Form, instruction_id: str) -> Response:
    """A person saw that the money went out."""
    del form
    found = web.house.store.write(money.confirm, instruction_id, now=web.house.now(), by=who.person.id, channel=CONSOLE)
    if found is None:
        raise HTTPException(404, "instruction")
    _tell(web)
    if not is_htmx(request):
        return go("/money")
    line = web.house.store.read(money_views.line, instruction_id)
    return render(request, who, "_money_row.html", line=line)


@router.get("/money.csv")
def money_csv(web: Shared, who: Exporting) -> Response:
    """Everything, for accounts; the download is on record."""
    text = web.house.store.write(export, by=who.person.id, lang=who.lang, now=web.house.now(), channel=CONSOLE)
    if text is None:
        raise HTTPException(403, "role")
    headers = {"content-disposition": f'attachment; filename="money-{web.house.now():%Y%m%d}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/outbox/{letter_id:path}/retry")
def retry(web: Shared, who: Acting, form: Form, letter_id: str) -> Response:
    """Send a dead letter once more, under the id that it had. One that is held needs the right to approve."""
    letter = web.house.store.read(mail.get, letter_id)
    if letter is None:
        raise HTTPException(404, "letter")
    if letter.error == money.HELD and not may(who.person.role, Right.APPROVE):
        raise HTTPException(403, "role")
    web.house.store.write(_retry, letter_id, who.person.id, now=web.house.now())
    for topic in ("outbox", "money"):
        web.house.bus.publish(topic)
    return go(field(form, "next") or "/outbox")


def _retry(db: Db, letter_id: str, by: str, *, now: Any) -> None:
    if mail.try_again(db, letter_id, now=now):
        facts.append(db, [FactRow("letter", letter_id, "retried", now, by, CONSOLE)])


# --- making good on a case -----------------------------------------------------------------------------------------


@router.post("/cases/{case_id}/make-good")
def propose(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """Propose a way; where its person may do it alone it goes out by itself in a moment."""
    get: Callable[[str], str] = lambda name: field(form, name)  # noqa: E731 - four fields, one form
    try:
        ask = ask_of(get("way"), get("sku"), get("qty"), get("amount"), _currency(web, case_id))
    except ValueError as exc:
        return _answer(request, web, who, case_id, str(exc), bad=True)
    cause = Cause(get("cause")) if get("cause") in set(Cause) else None
    wish = Wish(case_id, ask, who.person.id, get("key") or web.house.new_id(), cause, get("words"), CONSOLE)
    house = web.house
    found = house.store.write(make_good.propose, wish, house.settings.make_good, new_id=house.new_id(), now=house.now())
    return _proposal_answer(request, web, who, case_id, found)


def _currency(web: Web, case_id: int) -> str:
    def look(db: Db) -> str:
        case = cases.get(db, case_id)
        order = make_good.order_of(db, case) if case else None
        return order.currency if order else ""

    return web.house.store.read(look)


DECISIONS = {"approve": make_good.approve, "decline": make_good.decline, "withdraw": make_good.withdraw}


@router.post("/proposals/{proposal_id}/withdraw")
def withdraw(request: Request, web: Shared, who: Acting, form: Form, proposal_id: str) -> Response:
    return _decide(request, web, who, "withdraw", proposal_id, field(form, "words"), field(form, "view"))


@router.post("/proposals/{proposal_id}/approve")
def approve(request: Request, web: Shared, who: Approving, form: Form, proposal_id: str) -> Response:
    return _decide(request, web, who, "approve", proposal_id, field(form, "words"), field(form, "view"))


@router.post("/proposals/{proposal_id}/decline")
def decline(request: Request, web: Shared, who: Approving, form: Form, proposal_id: str) -> Response:
    return _decide(request, web, who, "decline", proposal_id, field(form, "words"), field(form, "view"))


def _decide(request: Request, web: Web, who: Desk, what: str, proposal_id: str, words: str, view: str) -> Response:
    known = web.house.store.read(proposals.find, proposal_id)
    if known is None:
        raise HTTPException(404, "proposal")
    decision = Decision(proposal_id, who.person.id, words, CONSOLE)
    found = web.house.store.write(DECISIONS[what], decision, web.house.settings.make_good, now=web.house.now())
    if view == "case":
        return _proposal_answer(request, web, who, known.case_id, found)
    _tell(web)
    if not is_htmx(request):
        return go("/money")
    toast = tongue(web, who.lang).words(found.why) if isinstance(found, Refused) else ""
    return _show_money(request, web, who, "", toast=toast)


def _tell(web: Web) -> None:
    for topic in ("cases", "money", "outbox"):
        web.house.bus.publish(topic)


def _proposal_answer(request: Request, web: Web, who: Desk, case_id: int, found: Proposal | Refused) -> Response:
    speech = tongue(web, who.lang)
    if isinstance(found, Refused):
        return _answer(request, web, who, case_id, speech.words(found.why), bad=True)
    _tell(web)
    return _answer(request, web, who, case_id, _said(web, who, found))


def _said(web: Web, who: Desk, found: Proposal) -> str:
    speech = tongue(web, who.lang)
    code = {"waiting": "waits", "approved": "goes", "instructed": "gone"}.get(found.status.value)
    if code is None:
        return speech.label("proposal_status", found.status)
    seconds = speech.t("source.seconds", n=web.house.settings.make_good.undo_s)
    return speech.t(f"make_good.{code}", span=seconds)


def _answer(request: Request, web: Web, who: Desk, case_id: int, said: str, *, bad: bool = False) -> Response:
    if not is_htmx(request) and not bad:
        return go(f"/cases/{case_id}")
    page = "_case_body.html" if is_htmx(request) else "case.html"
    return show_case(request, web, who, case_id, page, toast=said, toast_bad=bad)


# --- goods sent again ----------------------------------------------------------------------------------------------


@router.post("/cases/{case_id}/reship")
def reship_number(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """A person types the new parcel's number: it is watched, on this case."""
    instruction = field(form, "instruction", 200)
    row = {
        "number": field(form, "number", 80), "carrier": field(form, "carrier", 80), "instruction": instruction,
        "order": web.house.store.read(_order_of_reship, instruction),
    }  # fmt: skip
    try:
        web.house.store.write(_take_reship, web, row, who.person.id)
    except RuleError as exc:
        return _answer(request, web, who, case_id, str(exc), bad=True)
    web.house.bus.publish("parcels")
    _tell(web)
    return _answer(request, web, who, case_id, tongue(web, who.lang).t("reship.linked"))


def _take_reship(db: Db, web: Web, row: dict[str, Any], by: str) -> None:
    take_shipment(web.house, db, row, Sender(by, CONSOLE), web.house.now())


def _order_of_reship(db: Db, instruction: str) -> str:
    found = reships.find(db, instruction)
    return found.order_ref if found else ""


@router.post("/cases/{case_id}/intercept")
async def intercept(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """Have a first parcel called back, once for each number."""
    number, speech = field(form, "number", 80), tongue(web, who.lang)
    page = await web.house.store.aread(reads.case_page, case_id)
    if page is None or number not in {view.shipment.number for view in page.views}:
        return _answer(request, web, who, case_id, speech.words(Words("make_good_no.parcel", {})), bad=True)
    try:
        body = {"number": number, "what": "return", "id": f"turned-up-{case_id}-{number}"}
        found = await bookings.intercept(web.house, body, Told(who.person.id, CONSOLE))
    except (RuleError, OutsideError) as exc:
        return _answer(request, web, who, case_id, str(exc), bad=True)
    if isinstance(found, Declined):
        said = bookings.refusal_json(web.house, found)["detail"]
        return _answer(request, web, who, case_id, said, bad=True)
    view = next(view for view in page.views if view.shipment.number == number)
    await web.house.store.awrite(_note_intercept, web, case_id, view.shipment, who.person.id, now=web.house.now())
    _tell(web)
    return _answer(request, web, who, case_id, speech.t("reship.intercepted", number=number))


def _note_intercept(db: Db, web: Web, case_id: int, parcel: Shipment, by: str, *, now: datetime) -> None:
    """What was asked, and that the carrier was asked with it."""
    key = f"intercept-{case_id}-{parcel.number}"
    enquiries.contacted(
        db, [case_id], web.house.policy, means=INTERCEPT, carrier=parcel.carrier, region=parcel.region, now=now, by=by,
        channel=CONSOLE, key=f"asked-{key}",
    )  # fmt: skip
    fact = CaseFact(CaseEvent.INTERCEPT_ASKED, now, by, CONSOLE, data={"number": parcel.number})
    acts.do(db, case_id, fact, key=key)
