"""The customer's return, behind their signed link: items and reason, what it costs, a slot that can be kept, the handover code,
change, cancel, a dated receipt. No script; a signed-in agent who opens the link acts as themselves, on the phone.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from domain.errors import RuleError
from domain.people import Right, may
from domain.pickup import ReturnReason, Want
from domain.returns import ReturnItem
from domain.shipment import Order
from domain.words import Words
from doorstep import return_requests as requests
from doorstep.pdf import Cell, Pdf
from doorstep.return_requests import PHONE, Chosen, Standing, Terms, WayBack, Who, Wish
from doorstep.web.context import Acting, Asking, Shared, Visitor, Web, files_of, render, small_form, tongue
from doorstep.web.context import field as field_of
from doorstep.web.pages.status import MAX_PHOTO_BYTES, gone, not_too_often, order_of
from scheduler.plan_types import Refused
from store import cases, intake, telling
from store.base import Db

router = APIRouter()
MAX_PHOTOS = 3
MAX_BODY_BYTES = MAX_PHOTOS * MAX_PHOTO_BYTES + 64 * 1024
REASONS = (
    ReturnReason.NO_REASON, ReturnReason.QUALITY, ReturnReason.WRONG_ITEM, ReturnReason.DAMAGED,
    ReturnReason.NOT_AS_DESCRIBED, ReturnReason.LATE,
)  # fmt: skip
"""What a customer may choose; who broke it on the way is found out by us."""


async def photo_form(request: Request) -> FormData:
    return await small_form(request, most_bytes=MAX_BODY_BYTES, files=MAX_PHOTOS)


PlainForm = Annotated[FormData, Depends(small_form)]
PhotoForm = Annotated[FormData, Depends(photo_form)]


def who_of(asking: Visitor) -> Who:
    """An agent who is signed in acts as themselves; 403 where they may not work on cases."""
    if asking.person is None:
        return Who()
    if not may(asking.person.role, Right.ACT):
        raise HTTPException(403, "role")
    return Who(asking.person.id, PHONE)


def customers_order(request: Request, web: Web, token: str) -> Order:
    """The order of a link. 410 where the link is forged or too old, 429 after too many looks."""
    order = web.house.store.read(intake.find_order, order_of(request, web, token))
    if order is None:
        raise HTTPException(410, "link")
    return order


@router.get("/cases/{case_id}/return")
def on_the_phone(web: Shared, who: Acting, case_id: int) -> Response:
    """From a case to its customer's return: the agent asks, reads the code out, and is on record with it."""
    del who
    order_ref = web.house.store.read(_order_of_case, case_id)
    if order_ref is None:
        raise HTTPException(404, "case")
    token = web.house.status_link(order_ref).rpartition("/")[2]
    return Response(status_code=303, headers={"Location": f"/s/{token}/return"})


def _order_of_case(db: Db, case_id: int) -> str | None:
    case = cases.get(db, case_id)
    return telling.order_of(db, case) if case else None


# --- asking ----------------------------------------------------------------------------------------------------------


@router.get("/s/{token}/return")
def ask(request: Request, web: Shared, asking: Asking, token: str) -> Response:
    try:
        order = customers_order(request, web, token)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    return _first(request, web, asking, token, order)


def _first(
    request: Request, web: Web, asking: Visitor, token: str, order: Order, *, notice: str = "", status: int = 200
) -> Response:
    values = web.house.store.read(requests.of_order, order.ref)
    return render(
        request, asking, "return_ask.html", status=status, order=order, token=token, values=values, reasons=REASONS,
        notice=notice,
    )  # fmt: skip


@router.post("/s/{token}/return/terms")
def weigh(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """What it costs and when it can be fetched, before anything is confirmed."""
    try:
        order = customers_order(request, web, token)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    return _weigh(request, web, asking, token, order, form)


def _weigh(
    request: Request, web: Web, asking: Visitor, token: str, order: Order, form: FormData, *, code: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    speech = tongue(web, asking.lang)
    wish = read_wish(form, order)
    if isinstance(wish, str):
        return _first(request, web, asking, token, order, notice=speech.t(f"ask_return.{wish}"), status=422)
    found = web.house.store.read(requests.terms, web.house, order.ref, wish, now=web.house.now())
    notice = speech.t(f"ask_return.{code}") if code else ""
    return render(
        request, asking, "return_terms.html", status=status, order=order, token=token, wish=wish, terms=found,
        notice=notice, names={item.sku: item.name for item in order.items}, days=_days(web, found), ways=list(WayBack),
    )  # fmt: skip


def _days(web: Web, found: Terms) -> list[tuple[Any, list[Any]]]:
    """The slots by local day."""
    by_day: dict[Any, list[Any]] = {}
    for quote in found.slots:
        by_day.setdefault(quote.slot.start.astimezone(web.house.settings.zone).date(), []).append(quote.slot)
    return list(by_day.items())


def read_wish(form: FormData, order: Order) -> Wish | str:
    """What the form asks for, or which text says what is missing."""
    quantities = {item.sku: field_of(form, f"qty:{item.sku}", 4) for item in order.items}
    items = tuple(
        ReturnItem(item.sku, int(said))
        for item in order.items
        if (said := quantities[item.sku]).isascii() and said.isdigit() and 0 < int(said) <= item.qty
    )
    reason, want = field_of(form, "reason", 30), field_of(form, "want", 10)
    key = field_of(form, "id", 80)
    if not items:
        return "no_items"
    if reason not in set(ReturnReason) or want not in set(Want) or not key:
        return "no_reason"
    return Wish(items, ReturnReason(reason), Want(want), field_of(form, "sealed", 3) == "yes", key)


@router.post("/s/{token}/return")
async def confirm(request: Request, web: Shared, asking: Asking, form: PhotoForm, token: str) -> Response:
    """Write it; the same form again leads to the same return."""
    try:
        order = customers_order(request, web, token)
        not_too_often(web, order.ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    wish = read_wish(form, order)
    if isinstance(wish, str):
        return _weigh(request, web, asking, token, order, form)
    way = field_of(form, "way", 80)
    try:
        slot = requests.slot_of(web.house, way)
    except RuleError:
        slot = None
    if slot is None and way not in {WayBack.CARRIER, WayBack.DROP_OFF}:
        return _weigh(request, web, asking, token, order, form, code="no_slot", status=422)
    chosen = Chosen(WayBack.COURIER if slot else WayBack(way), slot, tuple(await files_of(form, "photo")))
    try:
        made = await web.house.store.awrite(
            requests.confirm, web.house, order.ref, wish, chosen, who_of(asking), now=web.house.now()
        )
    except RuleError:
        return _weigh(request, web, asking, token, order, form, code="bad_photo", status=422)
    if isinstance(made, Refused):
        code = "slot_gone" if made.reason.code == "slot_gone" else ""
        return _weigh(request, web, asking, token, order, form, code=code, status=409)
    _tell(web)
    return Response(status_code=303, headers={"Location": f"/s/{token}/return/{made.ref}"})


def _tell(web: Web) -> None:
    for topic in ("returns", "routes"):
        web.house.bus.publish(topic)


# --- afterwards ------------------------------------------------------------------------------------------------------


def _standing(request: Request, web: Web, token: str, ref: str) -> Standing:
    order = customers_order(request, web, token)
    found = web.house.store.read(requests.standing, web.house, order.ref, ref, now=web.house.now())
    if found is None:
        raise HTTPException(410, "link")
    return found


@router.get("/s/{token}/return/{ref}")
def one(request: Request, web: Shared, asking: Asking, token: str, ref: str, said: str = "") -> Response:
    try:
        found = _standing(request, web, token, ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    notice = tongue(web, asking.lang).t(f"ask_return.{said}") if said in {"changed", "cancelled", "slot_gone"} else ""
    if said == "over":
        status = found.value.status.value
        notice = tongue(web, asking.lang).words(Words("return_not_cancellable", {"return": ref, "status": status}))
    return render(
        request, asking, "return_mine.html", found=found, value=found.value, order=found.order, token=token,
        notice=notice, bad=said in {"slot_gone", "over"}, days=_days(web, Terms({}, found.slots)),
        names={item.sku: item.name for item in found.order.items},
    )  # fmt: skip


@router.post("/s/{token}/return/{ref}/slot")
def change(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str, ref: str) -> Response:
    try:
        found = _standing(request, web, token, ref)
        not_too_often(web, found.order.ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    said = "slot_gone"
    try:
        slot = requests.slot_of(web.house, field_of(form, "way", 80))
    except RuleError:
        slot = None
    if slot is not None:
        made = web.house.store.write(requests.change, web.house, found.value, slot, who_of(asking), now=web.house.now())
        said = "slot_gone" if isinstance(made, Refused) else "changed"
    _tell(web)
    return Response(status_code=303, headers={"Location": f"/s/{token}/return/{ref}?said={said}"})


@router.post("/s/{token}/return/{ref}/cancel")
def cancel(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str, ref: str) -> Response:
    del form
    try:
        found = _standing(request, web, token, ref)
        not_too_often(web, found.order.ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    made = web.house.store.write(requests.cancel, web.house, found.value, who_of(asking), now=web.house.now())
    _tell(web)
    said = "over" if isinstance(made, Refused) else "cancelled"
    return Response(status_code=303, headers={"Location": f"/s/{token}/return/{ref}?said={said}"})


@router.get("/s/{token}/return/{ref}/receipt.pdf")
def receipt(request: Request, web: Shared, asking: Asking, token: str, ref: str) -> Response:
    """A dated paper: what goes back, why, what comes back, by which rule, how it stands."""
    try:
        found = _standing(request, web, token, ref)
    except HTTPException as exc:
        return gone(request, asking, exc.status_code)
    data = receipt_of(web, asking, found)
    headers = {"Content-Disposition": f'inline; filename="{ref.encode("ascii", "ignore").decode()}.pdf"'}
    return Response(data, media_type="application/pdf", headers=headers)


def receipt_of(web: Web, asking: Visitor, found: Standing) -> bytes:
    speech, value = tongue(web, asking.lang), found.value
    zone = web.house.settings.zone

    def at(moment: Any) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    paper = Pdf(speech.t("ask_return.receipt"), foot=f"{value.ref} · {at(web.house.now())} · {{n}}/{{of}}")
    paper.heading(f"{speech.t('ask_return.receipt')} {value.ref}", size=18)
    rows = [
        (speech.t("ask_return.order"), value.order_ref),
        (speech.t("ask_return.asked_at"), at(value.requested_at)),
        (speech.t("ask_return.printed_at"), at(web.house.now())),
        (speech.t("ask_return.status"), speech.label("return_status", value.status)),
        (speech.t("ask_return.reason"), speech.label("return_reason", value.reason)),
        (speech.t("ask_return.want"), speech.label("want", value.want)),
        (speech.t("ask_return.rule"), value.rule),
        (speech.t("ask_return.back"), speech.money(value.refund_cents, value.currency)),
    ]
    if value.slot_from and value.slot_to:
        rows.append((speech.t("ask_return.slot"), f"{at(value.slot_from)} - {value.slot_to.astimezone(zone):%H:%M}"))
    for name, text in rows:
        paper.row(Cell(name, 0.35, bold=True), Cell(text, 0.65))
    names = {item.sku: item.name for item in found.order.items}
    paper.heading(speech.t("ask_return.items"))
    taken = {item.sku: item.qty for item in value.collected}
    for item in value.items:
        got = f" ({speech.t('ask_return.collected', n=taken[item.sku])})" if item.sku in taken else ""
        paper.row(Cell(names.get(item.sku, item.sku), 0.7), Cell(f"× {item.qty}{got}", 0.3))
    return paper.data()
