"""Claims: the queue by deadline, one claim with its evidence, and the pack for the carrier."""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from config.words import WITHOUT_CENTS, knows
from domain.claim import LIVE, ClaimEvent, ClaimFact, ClaimReason, ClaimState, EvidenceItem, ways_on
from domain.claim_clock import deadline
from domain.errors import RuleError
from domain.files import MAX_FILE_BYTES, FileKind
from domain.words import Words
from doorstep.claim_pack import (
    MAX_PACK_BYTES,
    Attachment,
    Pack,
    dates_in_words,
    file_name,
    pdf_of,
    rule_in_words,
    zipped,
)
from doorstep.intake_values import cents_of_text
from doorstep.web.context import (
    MAX_FIELDS,
    MAX_FORM_BYTES,
    Acting,
    Asking,
    Desk,
    Form,
    Shared,
    SignedIn,
    Web,
    field,
    go,
    names_of,
    render,
    tongue,
)
from doorstep.web.tongue import LANGS, Tongue
from monitor import claim_evidence
from monitor import claims as acts
from store import cases, claims, files, people, tracking
from store.base import Db
from store.claims import ClaimRow

router = APIRouter()
FILTERS = ("live", *(state.value for state in ClaimState))
MEDIA = {"zip": "application/zip", "pdf": "application/pdf"}
SUFFIX = {FileKind.JPEG: "jpg", FileKind.TEXT: "txt"}


# --- the queue -----------------------------------------------------------------------------------------------------


@router.get("/claims")
def queue(request: Request, web: Shared, who: SignedIn) -> Response:
    asked = request.query_params.get("state", "live")
    chosen = asked if asked in FILTERS else "live"
    states = LIVE if chosen == "live" else (ClaimState(chosen),)
    rows, counts, totals = web.house.store.read(_queue, states)
    return render(
        request, who, "claims.html", rows=rows, counts=counts, totals=totals, chosen=chosen, states=list(ClaimState),
        live=sum(counts.get(state, 0) for state in LIVE), deadline=deadline, tier=tier(web),
        toast=_toast(request, tongue(web, who.lang)),
    )  # fmt: skip


def _queue(db: Db, states: tuple[ClaimState, ...]) -> tuple[list[ClaimRow], dict[ClaimState, int], list[claims.Totals]]:
    return claims.queue(db, states), claims.counts(db), claims.totals(db)


def tier(web: Web) -> Any:
    """How near a deadline is, as a colour and a shape."""
    now, days = web.house.now(), web.house.policy.claims.remind_d
    near, soon = (min(days, default=1), 3), max(days, default=14)

    def of(at: Any) -> str:
        left = (at - now).total_seconds() / 86_400
        return "over" if left <= 0 else "urgent" if left <= max(near) else "soon" if left <= soon else "ok"

    return of


@router.get("/claims/pressing")
def pressing(request: Request, web: Shared, who: SignedIn) -> Response:
    """A line for the desk: what is to be filed soon, whose answer is overdue. Empty where nothing presses."""
    by = web.house.now() + SOON
    return render(request, who, "_claims_pressing.html", found=web.house.store.read(claims.pressing, by=by))


SOON = timedelta(days=1)


# --- one claim -----------------------------------------------------------------------------------------------------


@router.get("/claims/{claim_id}")
def claim_page(request: Request, web: Shared, who: SignedIn, claim_id: int) -> Response:
    pack = web.house.store.read(_pack, web, claim_id, with_files=False)
    speech = tongue(web, who.lang)
    policy = web.house.policy.claims
    shipment = pack.known.view.shipment
    return render(
        request, who, "claim.html", row=pack.row, claim=pack.row.claim, exhibits=pack.exhibits, known=pack.known,
        score=claim_evidence.score(pack.exhibits), history=list(reversed(pack.known.history)), names=pack.names,
        compensated=pack.compensated_cents, ways=ways_on(pack.row.claim.state), ladder=policy.ladder(shipment.region),
        dates=dates_in_words(pack.row.claim, speech), rule=rule_in_words(pack.row.claim, speech),
        items=list(EvidenceItem), deadline=deadline(pack.row.claim), tier=tier(web), toast=_toast(request, speech),
        plain=_plain,
    )  # fmt: skip


def _plain(cents: int | None, currency: str) -> str:
    """An amount as it is typed into a form."""
    if cents is None:
        return ""
    return str(cents) if currency in WITHOUT_CENTS else f"{cents / 100:.2f}"


def _toast(request: Request, speech: Tongue) -> str:
    """Why the last act wasn't done: a code of ours, so that no link can put words into the page's mouth."""
    code = request.query_params.get("why", "")
    return speech.words(Words(code, {})) if code.startswith(WHYS) and knows(code) else ""


WHYS = ("claim.refused.", "refused.", "ui.claim.bad_")


def _pack(db: Db, web: Web, claim_id: int, *, with_files: bool) -> Pack:
    row = claims.get(db, claim_id)
    if row is None:
        raise HTTPException(404, "claim")
    known = claim_evidence.known_of(db, row)
    exhibits = claim_evidence.completeness(known, web.house.policy.claims.wanted(row.claim.carrier, row.claim.reason))
    attachments = attachments_of(db, row, known.history) if with_files else []
    compensated = claims.compensated_cents(db, row.claim.order_ref, row.claim.currency)
    return Pack(row, known, exhibits, attachments, compensated, names_of(web, people.people(db)))


def attachments_of(db: Db, row: ClaimRow, history: tuple[ClaimFact, ...]) -> list[Attachment]:
    """The files of a claim, in the order in which they came; erased ones are left out."""
    kept = {one.digest: one for one in files.of_subject(db, claims.SUBJECT, str(row.id))}
    found, size = [], 0
    for fact in history:
        file = kept.pop(fact.data["digest"], None) if fact.event is ClaimEvent.EVIDENCE_ADDED else None
        data = files.content(db, file) if file else None
        if file is None or data is None:
            continue
        size += len(data)
        if size > MAX_PACK_BYTES:
            break
        found.append(Attachment(fact.data["item"], SUFFIX.get(file.kind, file.kind.value), fact.at, data))
    return found


# --- acts ----------------------------------------------------------------------------------------------------------


@router.post("/claims")
def open_one(request: Request, web: Shared, who: Acting, form: Form) -> Response:
    """Draft a claim by hand: for a case's parcel, or a parcel alone."""
    del request
    reason, shipment = field(form, "reason"), field(form, "shipment")
    if reason not in {one.value for one in ClaimReason} or not (shipment.isascii() and shipment.isdigit()):
        raise HTTPException(422, "claim")
    case_id = field(form, "case")
    made = web.house.store.write(
        _open_one, web, who, int(shipment), ClaimReason(reason), int(case_id) if case_id.isdigit() else None,
        field(form, "parcel"),
    )  # fmt: skip
    return _after(web, made.why if isinstance(made, acts.Refused) else None, "/claims", made)


def _open_one(
    db: Db, web: Web, who: Desk, shipment_id: int, reason: ClaimReason, case_id: int | None, parcel: str
) -> ClaimRow | acts.Refused:
    view = tracking.views(db, [shipment_id]).get(shipment_id)
    if view is None:
        raise HTTPException(404, "shipment")
    return acts.open_by_hand(
        db, view, reason, web.house.policy, now=web.house.now(), by=who.person.id, channel="console",
        case=cases.get(db, case_id) if case_id else None, parcel=parcel,
    )  # fmt: skip


@router.post("/claims/{claim_id}/acts")
def act(web: Shared, who: Acting, form: Form, claim_id: int) -> Response:
    """File, reply, pay, refuse, appeal, write off, value, note."""
    event = field(form, "event")
    if event not in BY_PEOPLE:
        raise HTTPException(422, "event")
    row = web.house.store.read(claims.get, claim_id)
    if row is None:
        raise HTTPException(404, "claim")
    try:
        data = _data(form, row.claim.currency)
    except RuleError:
        return _back(web, claim_id, Words("ui.claim.bad_amount", {}))
    fact = ClaimFact(ClaimEvent(event), web.house.now(), who.person.id, "console", field(form, "words"), data)
    return _do(web, claim_id, fact, field(form, "key", 80))


BY_PEOPLE = frozenset(
    {
        *(event.value for state in ClaimState for event in ways_on(state)),
        ClaimEvent.VALUED.value,
        ClaimEvent.COMMENTED.value,
    }
)
AMOUNTS = ("goods_cents", "freight_cents", "claimed_cents", "amount_cents")


def _data(form: FormData, currency: str) -> dict[str, Any]:
    """What an act carries. Raises RuleError where an amount can't be read."""
    texts = {name: field(form, name, 120) for name in ("reference", "to") if field(form, name)}
    amounts = {name: _cents(field(form, name, 40), currency) for name in AMOUNTS if field(form, name)}
    return {**texts, **amounts}


def _cents(text: str, currency: str) -> int:
    cents = cents_of_text(text)
    return cents // 100 if currency in WITHOUT_CENTS else cents


def _do(web: Web, claim_id: int, fact: ClaimFact, key: str) -> Response:
    outcome = web.house.store.write(acts.act, claim_id, fact, web.house.policy, key=key or web.house.new_id())
    return _back(web, claim_id, outcome.why if isinstance(outcome, acts.Refused) else None)


def _back(web: Web, claim_id: int, why: Words | None) -> Response:
    return _after(web, why, f"/claims/{claim_id}", None)


def _after(web: Web, why: Words | None, url: str, made: ClaimRow | acts.Refused | None) -> Response:
    """Back to the page; why something wasn't done is said there."""
    web.house.bus.publish("claims")
    if isinstance(made, ClaimRow):
        url = f"/claims/{made.id}"
    return go(f"{url}?why={why.code}" if why else url)


# --- files and the pack --------------------------------------------------------------------------------------------


async def upload_form(request: Request, asking: Asking) -> FormData:
    """A form with one file, as large as evidence may be. 413 where it is larger, 403 without its visitor's token."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length[:12]) <= MAX_FILE_BYTES + MAX_FORM_BYTES):
        raise HTTPException(413, "form")
    form = await request.form(max_files=1, max_fields=MAX_FIELDS)
    sent = str(form.get("csrf") or "")
    if not asking.csrf or not secrets.compare_digest(sent.encode(), asking.csrf.encode()):
        raise HTTPException(403, "csrf")
    return form


@router.post("/claims/{claim_id}/files")
async def add_file(
    web: Shared, who: Acting, form: Annotated[FormData, Depends(upload_form)], claim_id: int
) -> Response:
    """Evidence from a person: kept by its bytes; its name is not."""
    item, file = field(form, "item"), form.get("file")
    if item not in {one.value for one in EvidenceItem} or not isinstance(file, UploadFile):
        raise HTTPException(422, "file")
    data = await file.read()
    try:
        outcome = await web.house.store.awrite(_add_file, web, who, claim_id, item, data, field(form, "key", 80))
    except RuleError:
        return _back(web, claim_id, Words("ui.claim.bad_file", {}))
    return _back(web, claim_id, outcome.why if isinstance(outcome, acts.Refused) else None)


def _add_file(db: Db, web: Web, who: Desk, claim_id: int, item: str, data: bytes, key: str) -> acts.Done | acts.Refused:
    if claims.get(db, claim_id) is None:
        raise HTTPException(404, "claim")
    now = web.house.now()
    file = files.add(db, data, subject_type=claims.SUBJECT, subject_id=str(claim_id), by=who.person.id, at=now)
    kept = {"item": item, "digest": file.digest, "kind": file.kind.value, "size": file.size}
    fact = ClaimFact(ClaimEvent.EVIDENCE_ADDED, now, who.person.id, "console", data=kept)
    return acts.act(db, claim_id, fact, web.house.policy, key=key or web.house.new_id())


@router.post("/claims/{claim_id}/pack")
def export(web: Shared, who: Acting, form: Form, claim_id: int) -> Response:
    """The pack for the carrier; that it left the house is on record, with its hash."""
    kind = field(form, "kind") if field(form, "kind") in MEDIA else "zip"
    lang = field(form, "lang") if field(form, "lang") in LANGS else who.lang
    data, name = web.house.store.write(_export, web, who, claim_id, kind, lang)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=MEDIA[kind], headers=headers)


def _export(db: Db, web: Web, who: Desk, claim_id: int, kind: str, lang: str) -> tuple[bytes, str]:
    pack = _pack(db, web, claim_id, with_files=True)
    speech = tongue(web, lang)
    data = zipped(pack, speech) if kind == "zip" else pdf_of(pack, speech)
    told = {"kind": kind, "lang": lang, "sha256": sha256(data).hexdigest(), "size": len(data)}
    fact = ClaimFact(ClaimEvent.EXPORTED, web.house.now(), who.person.id, "console", data=told)
    claims.add(db, claim_id, fact)
    return data, file_name(pack, kind)
