"""What people say by hand: a case of a type from the table, a parcel received or lost, and that taken back."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.errors import RuleError
from domain.words import Words
from doorstep.case_intake import parse_case, reference_fields, subject_of
from doorstep.house import House
from doorstep.web.context import (
    Acting,
    Form,
    Shared,
    Upload,
    field,
    files_of,
    go,
    is_htmx,
    render,
    tongue,
)
from doorstep.web.pages.evidence import refusal_of
from monitor import evidence, marks
from monitor.by_hand import open_by_hand
from store import mail
from store.base import Db
from store.marks import UNMARKED, Mark

router = APIRouter()


@router.get("/cases/new")
def new_case(request: Request, web: Shared, who: Acting, ref: str = "", type: str = "") -> Response:  # noqa: A002 - an address's own word
    types = web.house.policy.case_types
    return render(request, who, "new_case.html", types=types, ref=ref[:64], type_=type, text="", wrong="")


@router.post("/cases/new")
async def open_case(request: Request, web: Shared, who: Acting, form: Upload) -> Response:
    """Open it, with its photos, in one transaction; what is wrong is said beside what was typed."""
    asked = {"ref": field(form, "ref", 64), "type": field(form, "type", 40), "text": field(form, "text")}
    photos = await files_of(form, "photo")
    try:
        case_id = await web.house.store.awrite(
            _open, web.house, asked, photos, by=who.person.id, key=field(form, "key", 80)
        )
    except RuleError as exc:
        said = tongue(web, who.lang).words(refusal_of(exc)) if str(exc).startswith("file:") else str(exc)
        return render(
            request, who, "new_case.html", status=422, types=web.house.policy.case_types, ref=asked["ref"], type_=asked["type"],
            text=asked["text"], wrong=said,
        )  # fmt: skip
    web.house.bus.publish("cases")
    return go(f"/cases/{case_id}")


def _open(db: Db, house: House, asked: dict[str, str], photos: list[bytes], *, by: str, key: str) -> int:
    """The case's id; the form sent again is answered with the case that it opened."""
    known = mail.received_before(db, "console", "new_case", key) if key else None
    if known:
        return int(known)
    fields = {**reference_fields(db, asked["ref"]), "type": asked["type"], "text": asked["text"]}
    said = parse_case(fields, house.policy.case_types)
    about, order = subject_of(db, said)
    now = house.now()
    case_id, _ = open_by_hand(
        db, about, said.type, said.text, house.policy, order_ref=order, now=now, by=by, channel="console"
    )
    if photos:
        evidence.add(db, case_id, photos=photos, by=by, now=now)
    if key:
        mail.receive(db, "console", "new_case", key, at=now, answer=str(case_id))
    return case_id


@router.post("/parcels/{shipment_id}/mark")
def mark(request: Request, web: Shared, who: Acting, form: Form, shipment_id: int) -> Response:
    """Received, lost, or neither any more, with how one knows."""
    what, words = field(form, "mark", 20), field(form, "words", 500)
    if what not in {*Mark, UNMARKED}:
        raise HTTPException(422, "mark")
    why = web.house.store.write(_mark, web.house, shipment_id, what, who.person.id, words)
    back = field(form, "next", 200) or "/parcels"
    if why:
        said = tongue(web, who.lang).words(why)
        return render(request, who, "not_done.html", status=200 if is_htmx(request) else 422, why=said, back=back)
    web.house.bus.publish("cases")
    web.house.bus.publish("parcels")
    return go(back)


def _mark(db: Db, house: House, shipment_id: int, what: str, by: str, words: str) -> Words | None:
    now, policy = house.now(), house.policy
    if what == UNMARKED:
        return marks.unmark(db, shipment_id, policy, by=by, words=words, channel="console", now=now)
    return marks.mark(db, shipment_id, Mark(what), policy, by=by, words=words, channel="console", now=now)
