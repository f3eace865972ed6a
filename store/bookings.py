"""Carriers' own pickups: what was booked. What happened to one is its facts; its row is what they
amount to. Names, phones and addresses stand in the row's ``people`` alone, which can be erased.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.booking import Booking, BookingState, BookingStatus, Party, PickupOrder, Refusal, Refused, Slot, step
from domain.privacy import mask_text
from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import iso_of, table

_booking = table(tables.PickupBooking)
SUBJECT, STRAY = "pickup", "pickup_stray"
MAX_TEXT = 500
KEEP_PEOPLE = timedelta(days=30)
"""How long after its slot a booking knows its people: for as long as somebody may ask what became of it."""


class Stage(StrEnum):
    """How a booking of ours stands: not known to be one yet, or as its carrier says (domain.booking.BookingStatus)."""

    TRIED = "tried"  # sent, or about to be; no answer yet
    UNCERTAIN = "uncertain"  # it may be booked, and trying again may book twice
    REFUSED = "refused"  # it wasn't booked
    PLACED = "placed"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_QUESTION = frozenset({Stage.TRIED, Stage.UNCERTAIN})
NEVER_BOOKED = frozenset({Stage.TRIED, Stage.UNCERTAIN, Stage.REFUSED})
OVER = frozenset({Stage.REFUSED, Stage.COLLECTED, Stage.FAILED, Stage.CANCELLED})


class BookingEvent(StrEnum):
    """The facts of a pickup. Quotes and intercepts change no booking."""

    QUOTED = "quoted"
    TRIED = "tried"
    UNANSWERED = "unanswered"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    BOOKED = "booked"
    STATE = "state"
    CHARGED = "charged"
    CANCELLED = "cancelled"
    CANCEL_REFUSED = "cancel_refused"
    INTERCEPT_TRIED = "intercept_tried"
    INTERCEPTED = "intercepted"
    INTERCEPT_REFUSED = "intercept_refused"


E = BookingEvent


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking without the people in it. ``error``: what went wrong last, '' where nothing did. ``charge_cents``: what
    the carrier takes by what it has said so far, None where it said nothing.
    """

    our_id: str
    source: str
    account: str
    carrier: str
    service: str
    order_ref: str | None
    status: Stage
    ref: str
    known_as: str
    number: str | None
    slot_from: datetime
    slot_to: datetime
    tried_at: datetime
    booked_at: datetime | None
    charge_cents: int | None
    currency: str
    error: str
    busy_until: datetime | None
    state_at: datetime | None


NAMES = tuple(BookingRow.__dataclass_fields__)
_COLUMNS = [_booking.c[name] for name in NAMES]


@dataclass(frozen=True, slots=True)
class Told:
    """Who did something, and through which channel."""

    by: str | None = None
    channel: str = ""


NOBODY = Told()


# --- reading -------------------------------------------------------------------------------------------------------


def find(db: Db, our_id: str) -> BookingRow | None:
    return _row(db.execute(select(*_COLUMNS).where(_booking.c.our_id == our_id)).one_or_none())


def _row(row: Any) -> BookingRow | None:
    return BookingRow(**{**row._mapping, "status": Stage(row.status)}) if row else None  # noqa: SLF001 - SQLAlchemy's


def in_hand(db: Db, our_ids: Sequence[str]) -> set[str]:
    """Those of the ids under which a carrier's courier is, or may be, booked and hasn't failed."""
    found: set[str] = set()
    gone = [stage.value for stage in (Stage.REFUSED, Stage.FAILED, Stage.CANCELLED)]
    for start in range(0, len(our_ids), facts.IN_LIMIT):
        asked = our_ids[start : start + facts.IN_LIMIT]
        rows = db.execute(select(_booking.c.our_id).where(_booking.c.our_id.in_(asked), _booking.c.status.not_in(gone)))
        found.update(row[0] for row in rows)
    return found


def listed(db: Db, *, limit: int = 200) -> list[BookingRow]:
    """The newest first."""
    rows = db.execute(select(*_COLUMNS).order_by(_booking.c.tried_at.desc(), _booking.c.our_id).limit(limit))
    return [found for row in rows if (found := _row(row))]


def due(db: Db, *, now: datetime, limit: int) -> list[BookingRow]:
    """Bookings to look after now, longest due first."""
    rows = db.execute(
        select(*_COLUMNS)
        .where(_booking.c.state_at <= now)
        .order_by(_booking.c.state_at, _booking.c.our_id)
        .limit(limit)
    )
    return [found for row in rows if (found := _row(row))]


def known(db: Db, source: str, account: str, known_as: str) -> str | None:
    """Our id of the booking that a carrier's callbacks call ``known_as``; of several the newest."""
    return db.execute(
        select(_booking.c.our_id)
        .where(_booking.c.source == source, _booking.c.account == account, _booking.c.known_as == known_as)
        .order_by(_booking.c.tried_at.desc())
        .limit(1)
    ).scalar_one_or_none()


def sharing(db: Db, row: BookingRow) -> list[str]:
    """Our ids of all bookings that are one pickup at the carrier (UPS gives an address one)."""
    same = (_booking.c.source == row.source, _booking.c.account == row.account, _booking.c.ref == row.ref)
    return list(db.execute(select(_booking.c.our_id).where(*same).order_by(_booking.c.our_id)).scalars())


def order_of(db: Db, our_id: str) -> PickupOrder | None:
    """The order as it was given; None where its people were erased."""
    row = db.execute(select(_booking).where(_booking.c.our_id == our_id)).one()
    if row.people is None:
        return None
    goods, people = row.goods, row.people
    return PickupOrder(
        row.our_id,
        Party(**people["sender"]),
        Party(**people["recipient"]),
        Slot(row.slot_from, row.slot_to),
        ZoneInfo(goods["zone"]),
        remark=people["remark"],
        carrier=row.carrier,
        service=row.service,
        callback_url=goods["callback_url"],
        **{name: goods[name] for name in GOODS},
    )


GOODS = ("goods", "weight_g", "parcels", "declared_cents")


def courier_of(db: Db, our_id: str) -> Mapping[str, str] | None:
    """Name and phone of the courier, where the carrier said who comes."""
    people = db.execute(select(_booking.c.people).where(_booking.c.our_id == our_id)).scalar_one()
    return people.get("courier") if people else None


# --- writing -------------------------------------------------------------------------------------------------------


def begin(
    db: Db, source: str, account: str, order: PickupOrder, *, busy_until: datetime, now: datetime,
    order_ref: str | None = None, told: Told = NOBODY,
) -> BookingRow:  # fmt: skip
    """Write that this is about to be ordered, before it is. A refused booking of this id is tried anew."""
    zone = str(order.zone)
    goods = {**{name: getattr(order, name) for name in GOODS}, "zone": zone, "callback_url": order.callback_url}
    people = {"sender": asdict(order.sender), "recipient": asdict(order.recipient), "remark": order.remark}
    data = {
        "source": source, "account": account, "carrier": order.carrier, "service": order.service, "order_ref": order_ref,
        "slot_from": iso_of(order.slot.start), "slot_to": iso_of(order.slot.end),
    }  # fmt: skip
    facts.append(db, [FactRow(SUBJECT, order.our_id, E.TRIED, now, told.by, told.channel, data=data)])
    values = projected(facts.history(db, SUBJECT, order.our_id)) | {
        "goods": goods, "people": people, "busy_until": busy_until, "state_at": busy_until, "error": "",
        "erase_at": order.slot.end + KEEP_PEOPLE,
    }  # fmt: skip
    if find(db, order.our_id) is None:
        db.execute(_booking.insert().values(our_id=order.our_id, **values))
    else:
        db.execute(_booking.update().where(_booking.c.our_id == order.our_id).values(**values))
    return _kept(db, order.our_id)


def _kept(db: Db, our_id: str) -> BookingRow:
    row = find(db, our_id)
    assert row is not None
    return row


def record(db: Db, our_id: str, events: Iterable[FactRow], *, error: str = "") -> BookingRow:
    """Append what happened; the call that was out is back with it."""
    facts.append(db, events)
    values = projected(facts.history(db, SUBJECT, our_id)) | {"busy_until": None, "error": mask_text(error)[:MAX_TEXT]}
    db.execute(_booking.update().where(_booking.c.our_id == our_id).values(**values))
    return _kept(db, our_id)


def send_out(db: Db, our_id: str, *, busy_until: datetime) -> None:
    """A call about it goes out; whoever finds it later than that may send another."""
    values = {"busy_until": busy_until, "state_at": busy_until}
    db.execute(_booking.update().where(_booking.c.our_id == our_id).values(**values))


def look_again(db: Db, our_id: str, at: datetime | None, *, error: str | None = None) -> BookingRow:
    """Look after it at ``at``, None: no more. ``error`` replaces what went wrong last."""
    values: dict[str, Any] = {"state_at": at, "busy_until": None}
    if error is not None:
        values["error"] = mask_text(error)[:MAX_TEXT]
    db.execute(_booking.update().where(_booking.c.our_id == our_id).values(**values))
    return _kept(db, our_id)


def event(our_id: str, what: BookingEvent, now: datetime, told: Told = NOBODY, **data: Any) -> FactRow:
    return FactRow(SUBJECT, our_id, what, now, told.by, told.channel, data=data)


def booked(booking: Booking, now: datetime, told: Told = NOBODY) -> FactRow:
    data = {k: v for k, v in asdict(booking).items() if k != "our_id"}
    return event(booking.our_id, E.BOOKED, now, told, **data)


def refused(our_id: str, what: BookingEvent, refusal: Refused, now: datetime, told: Told = NOBODY) -> FactRow:
    text = mask_text(refusal.text)[:MAX_TEXT]
    return event(our_id, what, now, told, reason=refusal.reason.value, code=refusal.code, text=text)


def refusal_of(db: Db, our_id: str) -> Refused:
    """Why a booking was refused last."""
    data = next(f.data for f in reversed(facts.history(db, SUBJECT, our_id)) if f.event == E.REFUSED)
    return Refused(Refusal(data["reason"]), data["code"], data["text"])


def heard(our_id: str, state: BookingState, now: datetime, *, called: bool, told: Told = NOBODY) -> list[FactRow]:
    """What a carrier said of a booking, when it was asked or when it ``called``, as facts without people."""
    said = {"status": state.status.value, "code": state.code, "text": mask_text(state.text)[:MAX_TEXT]}
    rows = [event(our_id, E.STATE, now, told, **said, number=state.number, weight_g=state.weight_g)]
    if state.charge_cents is not None:
        rows.append(event(our_id, E.CHARGED, now, told, cents=state.charge_cents, called=called))
    return rows


def meet_courier(db: Db, our_id: str, name: str, phone: str) -> None:
    """Remember who comes, among the people of the booking."""
    people = db.execute(select(_booking.c.people).where(_booking.c.our_id == our_id)).scalar_one()
    if people is not None and (name or phone):
        people["courier"] = {"name": name, "phone": phone}
        db.execute(_booking.update().where(_booking.c.our_id == our_id).values(people=people))


def anybody_to_erase(db: Db, *, now: datetime) -> bool:
    return db.execute(select(_booking.c.our_id).where(_booking.c.erase_at <= now).limit(1)).first() is not None


def erase_people(db: Db, *, now: datetime) -> int:
    """Erase the people of bookings whose time for it has come; returns of how many."""
    gone = _booking.update().where(_booking.c.erase_at <= now).values(people=None, erase_at=None)
    return db.execute(gone).rowcount


# --- what the facts amount to --------------------------------------------------------------------------------------

Columns = dict[str, Any]
FOLDED = (
    "source", "account", "carrier", "service", "order_ref", "status", "ref", "known_as", "number", "slot_from", "slot_to",
    "tried_at", "booked_at", "charge_cents", "currency",
)  # fmt: skip
"""The columns that the facts amount to."""


def _tried(columns: Columns, fact: FactRow) -> Columns:
    """The first try, or the first after a refusal; a later one of the same order keeps when it was tried first."""
    if fact.data.get("again"):
        return {**columns, "status": Stage.TRIED.value}
    slot = {name: datetime.fromisoformat(fact.data[name]) for name in ("slot_from", "slot_to")}
    blank = {"ref": "", "known_as": "", "number": None, "booked_at": None, "charge_cents": None, "currency": ""}
    return {**fact.data, **slot, **blank, "status": Stage.TRIED.value, "tried_at": fact.at}


def _booked(columns: Columns, fact: FactRow) -> Columns:
    return {**columns, **fact.data, "status": Stage.PLACED.value, "booked_at": fact.at}


def _stage(stage: Stage) -> Callable[[Columns, FactRow], Columns]:
    return lambda columns, _: {**columns, "status": stage.value}


def _moved(columns: Columns, news: BookingStatus) -> str:
    if columns["status"] in NEVER_BOOKED:
        return str(columns["status"])
    return step(BookingStatus(columns["status"]), news).value


def _heard(columns: Columns, fact: FactRow) -> Columns:
    status = _moved(columns, BookingStatus(fact.data["status"]))
    return {**columns, "status": status, "number": fact.data["number"] or columns["number"]}


def _charged(columns: Columns, fact: FactRow) -> Columns:
    """Settlements that the carrier calls about add up; what it says when it is asked is the whole, until it calls."""
    cents, by_call = fact.data["cents"], columns.get("called_cents")
    if fact.data["called"]:
        total = cents + (by_call or 0)
        return {**columns, "called_cents": total, "charge_cents": total}
    return columns if by_call is not None else {**columns, "charge_cents": cents}


def _cancelled(columns: Columns, _: FactRow) -> Columns:
    return {**columns, "status": _moved(columns, BookingStatus.CANCELLED)}


RULES: Mapping[str, Callable[[Columns, FactRow], Columns]] = {
    E.TRIED: _tried,
    E.UNCERTAIN: _stage(Stage.UNCERTAIN),
    E.REFUSED: _stage(Stage.REFUSED),
    E.BOOKED: _booked,
    E.STATE: _heard,
    E.CHARGED: _charged,
    E.CANCELLED: _cancelled,
}
"""What each fact makes of a booking; the others change nothing."""


def projected(history: Sequence[FactRow]) -> Columns:
    """The columns of a booking that its facts amount to; {} where it was never tried."""
    columns: Columns = {}
    for fact in history:
        if fact.event in RULES and (columns or fact.event == E.TRIED):
            columns = RULES[fact.event](columns, fact)
    return {name: columns[name] for name in FOLDED} if columns else {}


# --- calls about what isn't known yet ------------------------------------------------------------------------------


def keep_stray(db: Db, source: str, account: str, known_as: str, state: BookingState, *, now: datetime) -> None:
    """A call about a booking that we don't know (yet): it may have been faster than the answer to the order."""
    rows = heard(f"{source}/{account}/{known_as}", state, now, called=True)
    facts.append(db, [replace(row, subject_type=STRAY) for row in rows])


def strays(db: Db, our_id: str, source: str, account: str, known_as: str) -> list[FactRow]:
    """What was called out about a booking before we knew it, as its own facts."""
    rows = facts.history(db, STRAY, f"{source}/{account}/{known_as}") if known_as else []
    return [replace(row, subject_type=SUBJECT, subject_id=our_id) for row in rows]
