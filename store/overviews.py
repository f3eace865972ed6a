"""Looks over many things at once for the lists of the web console: parcels, money, letters, sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select

from domain.case import Subject, SubjectType
from domain.privacy import NOBODY, mask_text
from domain.returns import Return
from domain.shipment import Order, ShipmentView
from domain.tracking import Milestone, NoData
from store import (
    asking,
    cases,
    facts,
    intake,
    ledger,
    marks,
    masking,
    reads,
    returns,
    sources,
    subscriptions,
    tables,
    tracking,
)
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow
from store.ledger import Instruction
from store.mail import Letter
from store.reads import ScanSeen
from store.sources import SourceState
from store.subscriptions import Subscription
from store.tables import table

_shipment, _order, _customer = table(tables.Shipment), table(tables.Order), table(tables.Customer)
_parcel, _watch, _return = table(tables.Parcel), table(tables.Watch), table(tables.Return)
_outbox, _route = table(tables.Outbox), table(tables.Route)


# --- parcels -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParcelPage:
    """Every shipment with this number (numbers are reused), newest first; the details are the newest's."""

    view: ShipmentView
    scans: list[ScanSeen]
    sources: list[asking.Source]
    subscriptions: list[Subscription]
    alarm_at: datetime | None
    cases: list[CaseRow]
    order: Order | None
    older: list[ShipmentView]
    mark: FactRow | None = None

    @property
    def next_poll_at(self) -> datetime | None:
        """When any of its sources is asked next."""
        return min((s.next_poll_at for s in self.sources if s.next_poll_at), default=None)


def parcel_page(db: Db, number: str) -> ParcelPage | None:
    ids = tracking.shipment_ids_by_number(db, number) or _shipments_by_parcel(db, number)
    if not ids:
        return None
    views = tracking.views(db, ids)
    view = views[ids[0]]
    alarm_at = db.execute(select(_watch.c.alarm_at).where(_watch.c.shipment_id == ids[0])).scalar_one_or_none()
    order_ref = view.shipment.order_ref
    order = intake.find_order(db, order_ref) if order_ref else None
    return ParcelPage(
        view=_without_door(view, order),
        scans=reads.scans(db, [view]),
        sources=asking.sources_of(db, ids[:1]).get(ids[0], []),
        subscriptions=subscriptions.of_shipment(db, ids[0]),
        alarm_at=alarm_at,
        cases=_cases_of_shipment(db, ids[0]),
        order=masking.goods(order) if order else None,
        older=[views[i] for i in ids[1:]],
        mark=marks.last(db, ids[0]),
    )


def _without_door(view: ShipmentView, order: Order | None) -> ShipmentView:
    """Where it goes, without the customer's own door."""
    hide, sent = (order.customer.known if order else NOBODY).hide, view.shipment
    return replace(view, shipment=replace(sent, origin=hide(sent.origin), destination=hide(sent.destination)))


def _shipments_by_parcel(db: Db, number: str) -> list[int]:
    """A parcel of a shipment of several has its own number."""
    rows = db.execute(
        select(_parcel.c.shipment_id).where(_parcel.c.number == number).order_by(_parcel.c.shipment_id.desc()).limit(20)
    )
    return [row[0] for row in rows]


def _cases_of_shipment(db: Db, shipment_id: int) -> list[CaseRow]:
    case = table(tables.Case)
    rows = db.execute(
        select(case)
        .where(case.c.subject_type == SubjectType.SHIPMENT.value, case.c.subject_id == str(shipment_id))
        .order_by(case.c.id.desc())
    )
    return [cases.case_of(row) for row in rows]


def parcel_counts(db: Db) -> dict[Milestone | None, int]:
    """How many parcels stand at each milestone; None: never scanned."""
    rows = db.execute(select(_parcel.c.milestone, func.count()).group_by(_parcel.c.milestone))
    return {Milestone(row[0]) if row[0] else None: row[1] for row in rows}


def recent_shipments(db: Db, *, milestone: str = "", limit: int = 100) -> list[ShipmentView]:
    """The shipments heard of last; ``milestone`` narrows to one, ``none`` to those never scanned."""
    query = (
        select(_parcel.c.shipment_id).order_by(_parcel.c.last_at.desc().nulls_last(), _parcel.c.id.desc()).limit(limit)
    )
    if milestone:
        query = query.where(_parcel.c.milestone == (None if milestone == "none" else milestone))
    ids = list(dict.fromkeys(row[0] for row in db.execute(query)))
    views = tracking.views(db, ids)
    return [views[i] for i in ids]


@dataclass(frozen=True, slots=True)
class Helpless:
    """A shipment of which its source can't tell until a person corrects something."""

    shipment_id: int
    number: str
    carrier: str
    source: str
    no_data: NoData


def helpless(db: Db, *, limit: int = 50) -> list[Helpless]:
    """Watched shipments with a refused phone or the wrong carrier, the newest first; those that another source knows
    are in no need.
    """
    rows = db.exec_driver_sql(
        "SELECT s.id, s.number, s.carrier, a.source, a.no_data FROM asking a JOIN shipment s ON s.id = a.shipment_id"
        " JOIN watch w ON w.shipment_id = s.id WHERE a.place = 0 AND w.ended = ''"
        " AND a.no_data IN ('bad_credential', 'wrong_carrier') AND NOT EXISTS (SELECT 1 FROM asking other"
        "  WHERE other.shipment_id = s.id AND other.place > 0 AND other.polled_at IS NOT NULL AND other.no_data IS NULL)"
        " ORDER BY s.id DESC LIMIT ?",
        (limit,),
    )
    return [Helpless(r[0], r[1], r[2], r[3], NoData(r[4])) for r in rows]


# --- returns -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnLine:
    value: Return
    district: str


@dataclass(frozen=True, slots=True)
class ReturnPage:
    value: Return
    order: Order | None
    facts: list[FactRow]
    instructions: list[Instruction]
    cases: list[CaseRow]
    routes: dict[str, str]
    """Day by route id, of the routes that its history names."""


def return_lines(db: Db, *, status: str = "", limit: int = 300) -> list[ReturnLine]:
    query = select(_return, _customer.c.district).select_from(
        _return.join(_order, _order.c.ref == _return.c.order_ref).outerjoin(
            _customer, _customer.c.id == _order.c.customer_id
        )
    )
    if status:
        query = query.where(_return.c.status == status)
    rows = db.execute(query.order_by(_return.c.requested_at.desc(), _return.c.ref).limit(limit))
    return [ReturnLine(returns.return_of(row), row.district or "") for row in rows]


def return_counts(db: Db) -> dict[str, int]:
    rows = db.execute(select(_return.c.status, func.count()).group_by(_return.c.status))
    return {row[0]: row[1] for row in rows}


def return_page(db: Db, ref: str) -> ReturnPage | None:
    value = returns.find(db, ref)
    if value is None:
        return None
    history = facts.history(db, "return", ref)
    case = table(tables.Case)
    about = (case.c.subject_type == SubjectType.RETURN.value) & (case.c.subject_id == ref)
    rows = db.execute(select(case).where(about).order_by(case.c.id.desc()))
    order = intake.find_order(db, value.order_ref)
    known = order.customer.known if order else NOBODY
    return ReturnPage(
        value=value,
        order=masking.goods(order) if order else None,
        facts=[masking.fact(row, known) for row in history],
        instructions=ledger.of_return(db, ref),
        cases=[cases.case_of(row) for row in rows],
        routes=_days(db, sorted({str(f.data["route"]) for f in history if f.data.get("route")})),
    )


def _days(db: Db, route_ids: Sequence[str]) -> dict[str, str]:
    rows = db.execute(select(_route.c.id, _route.c.day).where(_route.c.id.in_(route_ids)))
    return {row[0]: row[1] for row in rows}


def unserved(db: Db, *, limit: int = 200) -> list[ReturnLine]:
    """Returns that the last plan left out, with its reason."""
    return [line for line in return_lines(db, limit=limit) if line.value.unserved_code]


@dataclass(frozen=True, slots=True)
class Visit:
    """Whom a stop visits: the return and its order (with the customer's name, address and phone)."""

    value: Return
    order: Order | None


def visits(db: Db, refs: Sequence[str]) -> Mapping[str, Visit]:
    """By return reference."""
    found = {ref: returns.find(db, ref) for ref in refs}
    return {
        ref: Visit(value, intake.find_order(db, value.order_ref)) for ref, value in found.items() if value is not None
    }


# --- money, letters, sources ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """An instruction and the letter that carries it to the merchant's system."""

    instruction: Instruction
    letter: Letter | None


def money_lines(db: Db, *, limit: int = 300) -> list[MoneyLine]:
    found = ledger.instructions(db, limit=limit)
    letters: dict[str, Letter] = {}
    for chunk in tracking.chunks([f"instruction-{one.id}" for one in found]):
        rows = db.execute(select(_outbox).where(_outbox.c.id.in_(chunk)))
        letters.update({row.id: Letter(**row._mapping) for row in rows})  # noqa: SLF001 - SQLAlchemy's public name
    return [MoneyLine(one, letters.get(f"instruction-{one.id}")) for one in found]


def troubled_letters(db: Db, *, limit: int = 200) -> list[Letter]:
    """Letters that nobody got: dead ones first, then those that failed and wait for another try."""
    rows = db.execute(
        select(_outbox)
        .where(_outbox.c.sent_at.is_(None), or_(_outbox.c.dead_at.is_not(None), _outbox.c.attempts > 0))
        .order_by(_outbox.c.dead_at.is_(None), _outbox.c.created_at.desc(), _outbox.c.id)
        .limit(limit)
    )
    found = [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _
    return [replace(letter, error=mask_text(letter.error)) for letter in found]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A credential: how it does, how many shipments wait for it, and how many it is subscribed to."""

    state: SourceState
    watched: int
    subscribed: int
    cases: list[CaseRow]


def source_lines(db: Db) -> list[SourceLine]:
    """Every credential that anything is watched through or that was ever asked."""
    known = {(s.source, s.account): s for s in sources.states(db)}
    pairs = sorted(set(known) | set(asking.credentials(db)))
    return [
        SourceLine(
            known.get(pair, SourceState(*pair)),
            asking.watched(db, *pair),
            subscriptions.standing_count(db, *pair),
            cases.open_for(db, Subject(SubjectType.SOURCE, "/".join(pair))),
        )
        for pair in pairs
    ]
