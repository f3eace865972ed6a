"""Asking carriers: one text for each branch, one tick for all its cases, and a pasted reply seen before it is written."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from config.policies.enquiries import MEANS, Contact
from config.words import LANGS, knows
from domain.enquiry import ABOUT_CARRIER, MAX_REPLY, lines_of
from domain.words import Words
from doorstep.bookings import can_intercept
from doorstep.web.context import Acting, Desk, Form, Shared, SignedIn, Web, field, go, render, tongue
from doorstep.web.tongue import Tongue
from monitor import enquiries
from monitor.enquiries import Group, Preview
from store import cases
from store.base import Db
from store.tracking import views

router = APIRouter()
MAX_MAIL_LINK = 1_800
"""Characters of a mail link: longer ones are cut off by mail programs, the text is copied instead."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A group as the page shows it: its text, in the branch's language, and where it can go. ``intercepts``: its parcels can be
    called back through an interface.
    """

    group: Group
    text: str
    lang: str
    contact: Contact | None
    subject: str
    mail: str
    intercepts: bool


@router.get("/enquiries")
def due(request: Request, web: Shared, who: SignedIn) -> Response:
    found = web.house.store.read(enquiries.due, web.house.policy, now=web.house.now())
    formal = request.query_params.get("formal", "") == "1"
    sheets = [_sheet(web, group, request.query_params.get("lang", ""), formal=formal) for group in found.groups]
    toast = _told(request, tongue(web, who.lang))
    return render(
        request,
        who,
        "enquiries.html",
        sheets=sheets,
        waiting=found.waiting,
        means=MEANS,
        formal=formal,
        toast=toast,
        can_mail=web.house.settings.customers.mail is not None,
    )


def _told(request: Request, speech: Tongue) -> str:
    """What the last act did, by its figures: no link can put words into the page's mouth."""
    asked = request.query_params
    done, refused = asked.get("done", ""), asked.get("refused", "0")
    if asked.get("what") not in {"marked", "mailed", "done"} or not (done.isdigit() and refused.isdigit()):
        return ""
    said = speech.t(f"enquiry.{asked['what']}", n=done)
    return f"{said} · {speech.t('enquiry.refused', n=refused)}" if int(refused) else said


def _sheet(web: Web, group: Group, asked: str, *, formal: bool) -> Sheet:
    contact = web.house.policy.enquiries.contact(group.carrier, group.branch)
    usual = "zh" if group.asked[0].region == "cn" else "en"
    lang = asked if asked in LANGS else contact.lang if contact else usual
    text = text_of(group, tongue(web, lang), formal=formal)
    address = contact.mail if contact else ""
    subject = tongue(web, lang).words(Words("enquiry.text.subject", {"n": len(group.asked)}))
    link = f"mailto:{quote(address)}?subject={quote(subject)}&body={quote(text)}"
    short = link if len(link) <= MAX_MAIL_LINK else ""
    return Sheet(group, text, lang, contact, subject, short, can_intercept(web.house.settings, group.carrier))


def text_of(group: Group, speech: Tongue, *, formal: bool = False) -> str:
    """What is sent to the branch: greeting, each kind with its numbers (one a line), closing. ``formal``: as a complaint, to
    which the law sets a time in China.
    """
    parts = [speech.words(Words("enquiry.text.again" if group.again else "enquiry.text.hello", {}))]
    for kind, numbers in group.by_kind:
        own = f"enquiry.kind_of.{group.carrier}.{kind.value}"
        code = own if knows(own) else f"enquiry.kind.{kind.value}"
        parts += ["\n".join([speech.words(Words(code, {})), *numbers])]
    if formal and group.asked[0].region == "cn":
        parts.append(speech.words(Words("enquiry.text.complaint", {})))
    return "\n\n".join([*parts, speech.words(Words("enquiry.text.close", {}))])


@router.post("/enquiries/mail")
def send_mail(web: Shared, who: Acting, form: Form) -> Response:
    """Mail a branch from the shop's account, and mark its cases as asked; the text is the one that the page shows."""
    formal, lang = field(form, "formal", 1) == "1", field(form, "lang", 5)
    sent = web.house.store.write(
        _send, web, who, field(form, "cases", 8_000), lang, field(form, "key", 80), formal=formal
    )
    web.house.bus.publish("cases")
    return _back("mailed", sent)


def _send(db: Db, web: Web, who: Desk, asked: str, lang: str, key: str, *, formal: bool) -> enquiries.Marked:
    groups = enquiries.due(db, web.house.policy, now=web.house.now()).groups
    group = next((one for one in groups if ",".join(map(str, one.case_ids)) == asked), None)
    if group is None:
        return enquiries.Marked(0)  # asked meanwhile, or there are more now: the page shows how it stands
    sheet = _sheet(web, group, lang, formal=formal)
    if web.house.settings.customers.mail is None or not (sheet.contact and sheet.contact.mail):
        raise HTTPException(422, "enquiry")
    wanted = enquiries.Enquiry(
        group.case_ids,
        group.carrier,
        _region(db, group.case_ids[0]),
        sheet.contact.mail,
        sheet.subject,
        sheet.text,
        sheet.lang,
    )
    return enquiries.send(
        db,
        wanted,
        web.house.policy,
        now=web.house.now(),
        by=who.person.id,
        channel="console",
        key=key or web.house.new_id(),
    )


@router.post("/enquiries/contacted")
def contacted(web: Shared, who: Acting, form: Form) -> Response:
    """One tick: all cases of a group say that their carrier was asked."""
    case_ids = [int(part) for part in field(form, "cases", 8_000).split(",") if part.isascii() and part.isdigit()]
    means, carrier = field(form, "means"), field(form, "carrier")
    if means not in MEANS or not case_ids:
        raise HTTPException(422, "enquiry")
    marked = web.house.store.write(_contacted, web, who, case_ids, means, carrier, field(form, "key", 80))
    web.house.bus.publish("cases")
    return _back("marked", marked)


def _back(what: str, marked: enquiries.Marked) -> Response:
    return go(f"/enquiries?what={what}&done={marked.done}&refused={len(marked.refused)}")


def _contacted(
    db: Db, web: Web, who: Desk, case_ids: list[int], means: str, carrier: str, key: str
) -> enquiries.Marked:
    region = _region(db, case_ids[0])
    return enquiries.contacted(
        db, case_ids, web.house.policy, means=means, carrier=carrier, region=region, now=web.house.now(),
        by=who.person.id, channel="console", key=key or web.house.new_id(),
    )  # fmt: skip


def _region(db: Db, case_id: int) -> str:
    """Whose rules a case's parcel is under."""
    case = cases.get(db, case_id)
    if case is None:
        raise HTTPException(404, "case")
    found = views(db, cases.shipments_of(db, case.subject))
    return next((view.shipment.region for view in found.values()), "")


@router.post("/enquiries/preview")
def preview(request: Request, web: Shared, who: Acting, form: Form) -> Response:
    """Take a pasted reply apart; nothing is written."""
    text = str(form.get("text") or "")
    seen = web.house.store.read(_seen, web, text)
    means = field(form, "means") if field(form, "means") in MEANS else MEANS[0]
    return render(
        request, who, "enquiry_preview.html", text=text, seen=seen, means=means, too_long=len(text) > MAX_REPLY
    )


@router.post("/enquiries/apply")
def apply(web: Shared, who: Acting, form: Form) -> Response:
    """Write a reply, as it was seen, on its cases."""
    text, means = str(form.get("text") or ""), field(form, "means")
    if means not in MEANS or len(text) > MAX_REPLY:
        raise HTTPException(422, "enquiry")
    marked = web.house.store.write(_apply, web, who, text, means, field(form, "key", 80))
    web.house.bus.publish("cases")
    return _back("done", marked)


def _apply(db: Db, web: Web, who: Desk, text: str, means: str, key: str) -> enquiries.Marked:
    seen = _seen(db, web, text)
    return enquiries.answered(
        db, seen, means=means, now=web.house.now(), by=who.person.id, channel="console", key=key or web.house.new_id()
    )


def _seen(db: Db, web: Web, text: str) -> Preview:
    return enquiries.preview(db, text, web.house.policy, now=web.house.now(), ours=our_lines(web))


def our_lines(web: Web) -> list[str]:
    """Every line that our own questions are made of, in both languages: people paste them along with the answer."""
    found = []
    for lang in LANGS:
        speech = tongue(web, lang)
        codes = [f"enquiry.kind.{kind.value}" for kind in ABOUT_CARRIER]
        codes += [f"enquiry.text.{name}" for name in ("hello", "again", "close", "complaint")]
        found += [line for code in codes for line in lines_of(speech.words(Words(code, {})))]
    return found
