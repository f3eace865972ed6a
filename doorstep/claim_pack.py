"""A claim's evidence as one file for the carrier: a ZIP (manifest, history, timeline, attachments) and a PDF, in one language.

The same facts give the same bytes. Personal text is masked; what people wrote is data, never a formula, a path or markup.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.claim import Claim, ClaimEvent
from domain.parcel import is_physical
from domain.privacy import mask_name, mask_text
from domain.words import Words
from doorstep.pdf import SMALL, TITLE, Cell, Pdf
from doorstep.web.tongue import Tongue
from monitor.claim_evidence import Exhibit, Held, Known
from store.claims import ClaimRow

MAX_PACK_BYTES = 100 * 1024 * 1024
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|")
"""How a cell begins that a spreadsheet may run (OWASP: CSV injection)."""
NOT_OF_THE_PACK = frozenset({ClaimEvent.EXPORTED.value, "evidence_added", "revealed", "member_joined"})
"""Facts that say nothing to the carrier: a case's own text refreshed, who looked at what."""
OLDEST = (1980, 1, 1, 0, 0, 0)  # what a ZIP can say at least: contents are told by their hash, not by a clock


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a person added, and what it shows. ``suffix`` comes from its own bytes, its name from what it shows."""

    item: str
    suffix: str
    at: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that a pack is made of."""

    row: ClaimRow
    known: Known
    exhibits: Sequence[Exhibit]
    attachments: Sequence[Attachment]
    compensated_cents: int
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A moment of the story."""

    at: datetime
    what: str
    by: str
    words: str


def zipped(pack: Pack, speech: Tongue) -> bytes:
    """The whole pack."""
    files = [
        (f"claim.{speech.lang}.pdf", pdf_of(pack, speech)),
        ("history.csv", history_csv(pack, speech)),
        ("timeline.txt", timeline_text(pack, speech).encode()),
        *((name, one.data) for name, one in zip(names_of(pack), pack.attachments, strict=True)),
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, data in [("manifest.json", manifest(pack, files)), *files]:
            info = zipfile.ZipInfo(name, OLDEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            packed.writestr(info, data)
    return out.getvalue()


def names_of(pack: Pack) -> list[str]:
    """What attachments are called inside: by number and by what they show, never by a name from outside."""
    return [f"files/{n:02d}-{one.item}.{one.suffix}" for n, one in enumerate(pack.attachments, 1)]


def file_name(pack: Pack, suffix: str) -> str:
    """What the pack is saved as."""
    number = "".join(char for char in pack.row.claim.number if char.isascii() and char.isalnum())[:40]
    return f"claim-{pack.row.id}-{number or 'x'}-{pack.row.claim.reason.value}.{suffix}"


def manifest(pack: Pack, files: Iterable[tuple[str, bytes]]) -> bytes:
    claim = pack.row.claim
    told: dict[str, Any] = {
        "claim": pack.row.id,
        "carrier": claim.carrier,
        "number": claim.number,
        "order": claim.order_ref,
        "reason": claim.reason.value,
        "state": claim.state.value,
        "currency": claim.currency,
        "goods_cents": claim.goods_cents,
        "freight_cents": claim.freight_cents,
        "compensated_cents": pack.compensated_cents,
        "claimed_cents": claim.claimed_cents,
        "recovered_cents": claim.recovered_cents,
        "dates": dict(claim.dates),
        "evidence": {one.item.value: one.held.value for one in pack.exhibits},
        "files": [
            {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files
        ],
    }
    return (json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


# --- what happened -------------------------------------------------------------------------------------------------


def history_csv(pack: Pack, speech: Tongue) -> bytes:
    """The tracking history, for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    heads = ("time", "event", "tracking", "place", "physical", "number", "source")
    writer.writerow([_say(speech, head) for head in heads])
    for row in _scans(pack, speech):
        writer.writerow([plain_cell(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # a mark, or spreadsheets read Chinese as something else


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    flat = " ".join(text.split())
    return f"'{flat}" if flat.startswith(FORMULA) or text[:1] in FORMULA else flat


def _scans(pack: Pack, speech: Tongue) -> Iterable[tuple[str, ...]]:
    for seen in pack.known.scans:
        event = seen.event
        held = _say(speech, "yes" if is_physical(event) else "no")
        when = _when(event.time.at, speech) if event.time.at else event.time.raw
        step = speech.label("milestone", event.milestone)
        yield when, step, mask_text(event.text), event.place or "", held, seen.number, seen.source


def _when(at: datetime, speech: Tongue) -> str:
    return at.astimezone(speech.zone).strftime("%Y-%m-%d %H:%M")


def timeline_text(pack: Pack, speech: Tongue) -> str:
    lines = [
        " | ".join(part for part in (_when(one.at, speech), one.what, one.by, one.words) if part)
        for one in story(pack, speech)
    ]
    return "\n".join([_say(speech, "note", zone=str(speech.zone)), "", *lines, ""])


def story(pack: Pack, speech: Tongue) -> list[Line]:
    """Facts of the case, the order and the claim in time order."""
    around = [
        Line(
            fact.at,
            speech.event(f"{_table(fact.subject_type)}.{fact.event}"),
            _by(pack, fact.by),
            _words(fact.words, speech),
        )
        for fact in pack.known.facts
        if fact.event not in NOT_OF_THE_PACK
    ]
    own = [
        Line(fact.at, speech.label("claim_event", fact.event), _by(pack, fact.by), _words(fact.words, speech))
        for fact in pack.known.history
        if fact.event is not ClaimEvent.EXPORTED
    ]
    return sorted([*around, *own], key=lambda line: line.at)


def _table(subject: str) -> str:
    return {"case": "case_event", "return": "return_event"}.get(subject, subject)


def _by(pack: Pack, by: str | None) -> str:
    return pack.names.get(by, by) if by else "Doorstep"


def _words(text: str, speech: Tongue) -> str:
    return " / ".join(part for part in mask_text(speech.said(text)).split("\n") if part.strip())


# --- the PDF -------------------------------------------------------------------------------------------------------


def pdf_of(pack: Pack, speech: Tongue) -> bytes:
    """The pack's cover and its contents, to be read by people."""
    title = f"{_say(speech, 'title')} · {pack.row.claim.number}"
    pdf = Pdf(title, f"{pack.row.claim.number} · {_say(speech, 'page', n='{n}', of='{of}')}")
    pdf.heading(title, size=TITLE)
    pdf.text(_say(speech, "note", zone=str(speech.zone)), size=SMALL)
    pdf.gap()
    for name, value in _about(pack, speech):
        pdf.row(Cell(_say(speech, name), 0.26, bold=True), Cell(value, 0.74))
    if pack.known.view.shipment.region == "cn":
        pdf.gap()
        pdf.text(_say(speech, "value_basis"), size=SMALL)
    pdf.heading(_say(speech, "evidence"))
    for one in pack.exhibits:
        item, held = speech.label("evidence_item", one.item), speech.label("evidence_held", one.held)
        pdf.row(Cell(item, 0.42), Cell(held, 0.14, bold=one.held is not Held.HAVE), Cell(_says(one, speech), 0.44))
    for name, shares, rows in _tables(pack, speech):
        pdf.heading(_say(speech, name))
        for row in rows or [(_say(speech, "none"),)]:
            pdf.row(*(Cell(text, share) for text, share in zip(row, shares, strict=False)), size=SMALL)
    return pdf.data()


def _say(speech: Tongue, key: str, **params: Any) -> str:
    return speech.words(Words(f"pack.{key}", params))


def _says(one: Exhibit, speech: Tongue) -> str:
    files = speech.t("claim.files", n=one.files) if one.files else ""
    return " · ".join(part for part in (speech.words(one.says), files) if part)


def _about(pack: Pack, speech: Tongue) -> list[tuple[str, str]]:
    claim, known = pack.row.claim, pack.known
    sent = known.view.shipment
    customer = known.order.customer if known.order else None
    return [
        ("number", claim.number),
        ("carrier", f"{speech.carrier(claim.carrier)} {speech.service(sent)}".strip()),
        ("order", claim.order_ref or "—"),
        ("recipient", mask_name(customer.name) if customer and customer.name else "—"),
        ("reason", speech.label("claim_reason", claim.reason)),
        ("state", speech.label("claim_state", claim.state)),
        ("shipped", _when(sent.created_at, speech)),
        ("promised", _when(sent.promised_at, speech) if sent.promised_at else "—"),
        ("window", dates_in_words(claim, speech)),
        ("rule", rule_in_words(claim, speech)),
        ("amounts", _amounts(pack, speech)),
    ]


def dates_in_words(claim: Claim, speech: Tongue) -> str:
    """From when and until when it can be filed."""
    dates = claim.dates
    if not dates:
        return speech.t("claim.no_rule")
    opens = (
        speech.t("claim.opens", day=dates["opens_on"]) if dates.get("opens_on") else speech.t("claim.opens_confirmed")
    )
    last = speech.t("claim.last_day", day=dates["last_on"]) if dates.get("last_on") else speech.t("claim.no_last_day")
    return f"{opens} · {last}"


def rule_in_words(claim: Claim, speech: Tongue) -> str:
    """The rule with its source, how sure it is and when it was read."""
    dates = claim.dates
    if not dates:
        return "—"
    sure = speech.label("claim_certainty", dates["certainty"])
    return f"{dates['source']} · {sure} · {speech.t('claim.checked', day=dates['checked_on'])}"


def _amounts(pack: Pack, speech: Tongue) -> str:
    claim = pack.row.claim
    amounts = (
        ("goods", claim.goods_cents),
        ("freight", claim.freight_cents),
        ("claimed", claim.claimed_cents),
        ("recovered", claim.recovered_cents),
    )
    said = [f"{speech.t(f'claim.{name}')} {speech.money(cents, claim.currency)}" for name, cents in amounts if cents]
    return " · ".join(said) or "—"


Rows = list[tuple[str, ...]]


def _tables(pack: Pack, speech: Tongue) -> list[tuple[str, tuple[float, ...], Rows]]:
    order = pack.known.order
    currency = pack.row.claim.currency
    goods: Rows = [
        (item.name, item.sku, f"x {item.qty}", speech.money(item.price_cents * item.qty, currency))
        for item in (order.items if order else ())
    ]
    scans: Rows = [row[:5] for row in _scans(pack, speech)]
    told: Rows = [(_when(one.at, speech), one.what, one.by, one.words) for one in story(pack, speech)]
    attached: Rows = [
        (name, f"{len(one.data):,} B", hashlib.sha256(one.data).hexdigest()[:32])
        for name, one in zip(names_of(pack), pack.attachments, strict=True)
    ]
    return [
        ("items", (0.5, 0.2, 0.1, 0.2), goods),
        ("tracking", (0.18, 0.15, 0.4, 0.19, 0.08), scans),
        ("timeline", (0.18, 0.26, 0.14, 0.42), told),
        ("files", (0.45, 0.15, 0.4), attached),
    ]
