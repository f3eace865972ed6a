"""Looks at the whole for pages, reports and the simulated world: reading only."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from domain.case import Subject, SubjectType
from domain.merge import Told, merge
from domain.parcel import order_key
from domain.privacy import NOBODY, Known
from domain.shipment import Order, ShipmentView
from domain.tracking import Milestone, ScanEvent
from store import cases, facts, intake, ledger, mail, masking, reships, returns, tables, tracking
from store.base import Db
from store.cases import CaseRow, Watched
from store.facts import FactRow
from store.ledger import Instruction
from store.mail import Letter
from store.tables import from_seconds, table
from store.tracking import _event as scan_event

_shipment, _order, _fact = table(tables.Shipment), table(tables.Order), table(tables.Fact)
_case = table(tables.Case)
_customer, _return = table(tables.Customer), table(tables.Return)
_instruction = table(tables.Instruction)

DUE_SOON = timedelta(hours=4)
"""A promise with less than this left counts as due soon."""


def subject_number(db: Db, subject: Subject) -> str:
    """What people call a subject: a shipment's tracking number, else its own reference."""
    if subject.type is not SubjectType.SHIPMENT:
        return subject.id
    number = db.execute(select(_shipment.c.number).where(_shipment.c.id == int(subject.id))).scalar_one_or_none()
    return number or subject.id


def subject_numbers(db: Db, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """``subject_number`` of many."""
    ids = sorted({int(one.id) for one in subjects if one.type is SubjectType.SHIPMENT})
    numbers: dict[str, str] = {}
    for chunk in tracking.chunks(ids):
        rows = db.execute(select(_shipment.c.id, _shipment.c.number).where(_shipment.c.id.in_(chunk))).all()
        numbers.update({str(row.id): row.number for row in rows})
    return {one: numbers.get(one.id) or one.id if one.type is SubjectType.SHIPMENT else one.id for one in subjects}


def courier_letters(db: Db, since: datetime) -> list[dict[str, Any]]:
    """The route messages that couriers were sent: payloads with ``courier`` added."""
    letters = mail.sent_letters(db, "courier:", "route", since=since)
    return [{**letter.payload, "courier": letter.channel.removeprefix("courier:")} for letter in letters]


# --- the desk ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """What people know a subject by. ``district`` is all that a list shows of where the customer lives."""

    number: str
    carrier: str = ""
    district: str = ""
    order_ref: str | None = None
    milestone: Milestone | None = None
    known: Known = field(default=NOBODY, repr=False)


@dataclass(frozen=True, slots=True)
class CaseLine:
    case: CaseRow
    about: About


@dataclass(frozen=True, slots=True)
class WatchLine:
    item: Watched
    about: About


def lines_of(db: Db, found: Sequence[CaseRow]) -> list[CaseLine]:
    about = abouts(db, [(case.subject, case.order_ref) for case in found])
    return [CaseLine(masking.case(case, about[case.subject].known), about[case.subject]) for case in found]


def untold_lines(db: Db, *, limit: int = 200) -> list[CaseLine]:
    """Closed cases whose customer waits for a person's word."""
    return lines_of(db, cases.untold(db, limit=limit))


def watch_line(item: Watched, about: About) -> WatchLine:
    return WatchLine(replace(item, evidence=masking.sentences(item.evidence, about.known)), about)


def abouts(db: Db, subjects: Iterable[tuple[Subject, str | None]]) -> dict[Subject, About]:
    """What these subjects are known by; each comes with its case's order reference, where it has one."""
    wanted = dict(subjects)
    shipment_ids = [int(s.id) for s in wanted if s.type is SubjectType.SHIPMENT]
    views: dict[int, ShipmentView] = tracking.views(db, shipment_ids) if shipment_ids else {}
    of_returns = _orders_of_returns(db, [s.id for s in wanted if s.type is SubjectType.RETURN])
    orders = {s: ref or _order_ref(s, views, of_returns) for s, ref in wanted.items()}
    refs = sorted({ref for ref in orders.values() if ref})
    districts, known = _districts(db, refs), masking.known_by_order(db, refs)
    return {s: _about(s, orders[s], views, districts, known.get(orders[s] or "", NOBODY)) for s in wanted}


def _order_ref(subject: Subject, views: Mapping[int, ShipmentView], of_returns: Mapping[str, str]) -> str | None:
    if subject.type is SubjectType.SHIPMENT:
        view = views.get(int(subject.id))
        return view.shipment.order_ref if view else None
    return {SubjectType.ORDER: subject.id, SubjectType.RETURN: of_returns.get(subject.id)}.get(subject.type)


def _about(
    subject: Subject,
    order_ref: str | None,
    views: Mapping[int, ShipmentView],
    districts: Mapping[str, str],
    known: Known,
) -> About:
    district = districts.get(order_ref or "", "")
    view = views.get(int(subject.id)) if subject.type is SubjectType.SHIPMENT else None
    if view is None:
        return About(subject.id, district=district, order_ref=order_ref, known=known)
    sent, milestone = view.shipment, view.state.milestone
    return About(sent.number, sent.carrier, district or known.hide(sent.destination), order_ref, milestone, known)


def _orders_of_returns(db: Db, refs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in tracking.chunks(refs):
        rows = db.execute(select(_return.c.ref, _return.c.order_ref).where(_return.c.ref.in_(chunk)))
        found.update({row[0]: row[1] for row in rows})
    return found


def _districts(db: Db, order_refs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in tracking.chunks(order_refs):
        rows = db.execute(
            select(_order.c.ref, _customer.c.district)
            .join(_customer, _customer.c.id == _order.c.customer_id)
            .where(_order.c.ref.in_(chunk))
        )
        found.update({row[0]: row[1] for row in rows})
    return found


# --- one case ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """A scan event with the parcel that it belongs to, the source that told it (and which others told the same), and when
    it was heard first.
    """

    number: str
    event: ScanEvent
    source: str
    received_at: datetime
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePage:
    """All that is known around a case: its facts and letters, its order's parcels, returns and money."""

    line: CaseLine
    facts: list[FactRow]
    letters: list[Letter]
    order: Order | None
    views: list[ShipmentView]
    scans: list[ScanSeen]
    other_facts: list[FactRow]
    instructions: list[Instruction]
    others: list[CaseRow]


def case_page(db: Db, case_id: int) -> CasePage | None:
    case = cases.get(db, case_id)
    if case is None:
        return None
    about = abouts(db, [(case.subject, case.order_ref)])[case.subject]
    views = _views_around(db, case, about.order_ref)
    order = intake.find_order(db, about.order_ref) if about.order_ref else None
    return CasePage(
        line=CaseLine(masking.case(case, about.known), about),
        facts=[masking.fact(row, about.known) for row in facts.history(db, "case", str(case_id))],
        letters=[masking.letter(one, about.known) for one in mail.letters_about(db, "case", str(case_id))],
        order=masking.goods(order) if order else None,
        views=views,
        scans=scans(db, views),
        other_facts=[masking.fact(row, about.known) for row in _facts_around(db, case.subject, about.order_ref, views)],
        instructions=_instructions_of(db, about.order_ref) if about.order_ref else [],
        others=[c for c in _cases_around(db, case.subject, about.order_ref) if c.id != case_id],
    )


def _views_around(db: Db, case: CaseRow, order_ref: str | None) -> list[ShipmentView]:
    """The shipment itself with what was sent again for it, or all that its order or return was sent with."""
    if case.subject.type is SubjectType.SHIPMENT:
        again = (one.shipment_id for one in reships.of_case(db, case.id))
        ids = [int(case.subject.id), *(one for one in again if one)]
    elif order_ref:
        ids = [row[0] for row in db.execute(select(_shipment.c.id).where(_shipment.c.order_ref == order_ref))]
    else:
        return []
    return list(tracking.views(db, sorted(ids)).values())


def _facts_around(db: Db, subject: Subject, order_ref: str | None, views: Sequence[ShipmentView]) -> list[FactRow]:
    subjects = [("shipment", str(view.shipment.id)) for view in views]
    if order_ref:
        subjects.append(("order", order_ref))
        subjects.extend(("return", value.ref) for value in returns.of_order(db, order_ref))
    elif subject.type is SubjectType.SOURCE:
        subjects.append(("source", subject.id))
    return [fact for kind, ref in subjects for fact in facts.history(db, kind, ref)]


def _instructions_of(db: Db, order_ref: str) -> list[Instruction]:
    rows = db.execute(
        select(_instruction.c.id).where(_instruction.c.order_ref == order_ref).order_by(_instruction.c.written_at)
    ).all()
    found = (ledger.get(db, row[0]) for row in rows)
    return [one for one in found if one is not None]


def _cases_around(db: Db, subject: Subject, order_ref: str | None) -> list[CaseRow]:
    """Other cases of the subject or of its order, newest first."""
    same = (_case.c.subject_type == subject.type.value) & (_case.c.subject_id == subject.id)
    wanted = same | (_case.c.order_ref == order_ref) if order_ref else same
    rows = db.execute(select(_case).where(wanted).order_by(_case.c.id.desc()).limit(50))
    return [cases.case_of(row) for row in rows]


def scans(db: Db, views: Iterable[ShipmentView]) -> list[ScanSeen]:
    """All scan events of these shipments, in time order; what several sources told of one happening stands once."""
    parcels = {parcel.id: parcel.number for view in views for parcel in view.parcels}
    found: dict[int, list[tuple[Told, datetime]]] = defaultdict(list)
    for chunk in tracking.chunks(list(parcels)):
        rows = db.exec_driver_sql(
            f"SELECT {tracking.EVENT_COLUMNS} FROM scan s JOIN phrase p ON p.id = s.phrase_id"
            f" LEFT JOIN place l ON l.id = s.place_id WHERE s.parcel_id IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        )
        for row in rows:
            found[row[0]].append((Told(row[10], scan_event(row)), from_seconds(row[11])))
    seen = [one for parcel_id, told in found.items() for one in _seen(parcels[parcel_id], told)]
    return sorted(seen, key=lambda one: order_key(one.event))


def told_of(db: Db, order_ref: str) -> list[FactRow]:
    """What was said and written about an order and its cases, unmasked: the facts in which masking hides something."""
    known = masking.known_by_order(db, [order_ref]).get(order_ref, NOBODY)
    ids = db.execute(select(_case.c.id).where(_case.c.order_ref == order_ref).order_by(_case.c.id))
    subjects = [("order", order_ref), *(("case", str(row[0])) for row in ids)]
    rows = [row for kind, ref in subjects for row in facts.history(db, kind, ref)]
    return [row for row in rows if row.words and known.hide(row.words) != row.words]


def _seen(number: str, told: Sequence[tuple[Told, datetime]]) -> Iterator[ScanSeen]:
    heard = {id(one): at for one, at in told}
    for happening in merge(one for one, _ in told):
        first, *others = happening.told
        at = min(heard[id(one)] for one in happening.told)
        yield ScanSeen(number, happening.event, first.source, at, tuple(one.source for one in others))
