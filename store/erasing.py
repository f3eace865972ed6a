"""Erasing customers: who is meant, what is theirs, and taking them out of every table that ``store/personal`` names.

Ids and facts stay, so that figures and ``doorstep check`` stay right. Words of facts are rewritten under a recorded erasure, the only
one of which the append-only trigger knows.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Table, Text, and_, false, func, or_, select, type_coerce
from sqlalchemy.sql import ColumnElement
from sqlmodel import SQLModel

from domain.erasing import ERASED, Hooks, Personal, Rewrite, hooks, in_json, own_rewriter, personal, rewriter
from domain.place import Location, distance_m
from store import facts, packed, positions, privacy_tables, tables, tracking
from store.base import Db
from store.dialect import guard_of
from store.facts import FactRow
from store.personal import REACH, SUBJECT, How, columns_of
from store.tables import Json, from_json, table, to_json, to_seconds

_customer, _order, _fact = table(tables.Customer), table(tables.Order), table(tables.Fact)
_keeping, _erasure = table(privacy_tables.CustomerKeeping), table(privacy_tables.Erasure)
_erased_fact, _erasing = table(privacy_tables.ErasedFact), table(privacy_tables.Erasing)
NEAR_M = 1_000
"""Points of a route this near to an erased stop go with it."""
COARSE_DIGITS = 2
"""Digits of a coordinate that stay: about a kilometre."""
KEY_DIGITS = 12
"""Of a keyed hash, where what was erased is a key: two keys stay two."""
SAID_EVENTS = frozenset({"disputed", "customer_said", "opened"})
"""Facts of which the words are the customer's own."""
AGED = "kept_long_enough"
"""Why retention erases."""
Keyed = Callable[[str], str]
"""A hash that only this installation can make."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is one customer's: ids by kind (customer, order, shipment, parcel, case, return, pickup …)."""

    ids: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Any, ...]:
        return self.ids.get(kind, ())

    @property
    def subjects(self) -> dict[str, tuple[str, ...]]:
        """Ids as facts, letters and findings name them, by subject type."""
        kinds = ("order", "shipment", "case", "return", "pickup")
        return {kind: tuple(str(one) for one in self.of(kind)) for kind in kinds if self.of(kind)}


# --- who is meant --------------------------------------------------------------------------------------------------


def customers_of(db: Db, *, order: str = "", phone: str = "", email: str = "") -> tuple[int, ...]:
    """The records of one customer: of an order, a phone or a mail address, and those that share a phone or an address of mail
    with these. Empty where there is none.
    """
    wanted: list[ColumnElement[bool]] = []
    if order:
        wanted.append(_customer.c.id.in_(select(_order.c.customer_id).where(_order.c.ref == order)))
    if phone:
        wanted.append(_customer.c.phone == phone)
    if email:
        wanted.append(func.lower(_customer.c.email) == email.lower())
    first = select(_customer.c.id).where(or_(false(), *wanted))
    found = {row[0] for row in db.execute(first)}
    return tuple(sorted(found | sharing(db, found)))


def sharing(db: Db, ids: set[int]) -> set[int]:
    """The records that share a phone or mail address with these."""
    rows = db.execute(select(_customer.c.phone, _customer.c.email).where(_customer.c.id.in_(ids))).all()
    phones, emails = {row.phone for row in rows} - {""}, {row.email for row in rows} - {""}
    same = or_(_customer.c.phone.in_(phones), _customer.c.email.in_(emails))
    return {row[0] for row in db.execute(select(_customer.c.id).where(same))}


def known_as(db: Db, customers: Sequence[int]) -> Personal:
    """What these records say of a person."""
    who = Personal()
    for chunk in tracking.chunks(list(customers)):
        rows = db.execute(
            select(_customer.c.name, _customer.c.phone, _customer.c.email, _customer.c.address).where(
                _customer.c.id.in_(chunk)
            )
        )
        for row in rows:
            who |= personal(row.name, row.phone, row.email, row.address)
    return who


def scope_of(db: Db, customers: Sequence[int]) -> Scope:
    """Everything that belongs to these records."""
    orders = _column(db, "SELECT ref FROM orders WHERE customer_id IN ({})", customers)
    shipments = _column(db, "SELECT id FROM shipment WHERE order_ref IN ({})", orders)
    parcels = _column(db, "SELECT id FROM parcel WHERE shipment_id IN ({})", shipments)
    returns = _column(db, "SELECT ref FROM returns WHERE order_ref IN ({})", orders)
    subjects = {"order": orders, "shipment": [str(one) for one in shipments], "return": returns}
    cases = {
        *_column(db, "SELECT id FROM cases WHERE order_ref IN ({})", orders),
        *(
            one
            for kind, ids in subjects.items()
            for one in _column(db, f"SELECT id FROM cases WHERE subject_type = '{kind}' AND subject_id IN ({{}})", ids)
        ),
    }
    return Scope(
        {
            "customer": tuple(customers),
            "order": tuple(orders),
            "shipment": tuple(shipments),
            "parcel": tuple(parcels),
            "return": tuple(returns),
            "case": tuple(sorted(cases)),
            "pickup": tuple(_column(db, "SELECT our_id FROM pickup_booking WHERE order_ref IN ({})", orders)),
            "phrase": tuple(_column(db, "SELECT DISTINCT phrase_id FROM scan WHERE parcel_id IN ({})", parcels)),
            "place": tuple(
                _column(
                    db,
                    "SELECT DISTINCT place_id FROM scan WHERE place_id IS NOT NULL AND parcel_id IN ({})",
                    parcels,
                )
            ),
        }
    )


def _column(db: Db, sql: str, ids: Sequence[Any]) -> list[Any]:
    """The first column of a query for each chunk of ids; every id and row once, in order."""
    found: dict[Any, None] = {}
    for chunk in tracking.chunks(list(ids)):
        rows = db.exec_driver_sql(sql.format(",".join("?" * len(chunk))), tuple(chunk))
        found.update(dict.fromkeys(row[0] for row in rows))
    return list(found)


def own_rows(db: Db, name: str, scope: Scope) -> Iterator[Any]:
    """A customer's own rows of a table, as ``REACH`` tells them."""
    reach, of = REACH[name], SQLModel.metadata.tables[name]
    wanted = scope.subjects if reach.kind == SUBJECT else {"": scope.of(reach.kind)}
    for kind, ids in wanted.items():
        for chunk in tracking.chunks(list(ids)):
            same = of.c[reach.by].in_(chunk)
            yield from db.execute(select(of).where(same & (of.c.subject_type == kind) if kind else same)).all()


# --- erasing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """An erasure: its id, when, who wants it and why (asked, kept_long_enough, restored). ``everywhere``: not only the
    customer's own rows, but every text in which they may be named.
    """

    id: str
    at: datetime
    by: str | None
    why: str
    channel: str = ""
    everywhere: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """How rows are rewritten now: ``own`` of the customer's own ones, where free texts go as a whole."""

    asked: Asked
    keyed: Keyed
    rewrite: Rewrite
    own: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """What an erased person was known by, and what of it nobody else is known by: only that can be looked for anywhere."""

    known_as: Personal
    alone: Personal


def erase(db: Db, customers: Sequence[int], asked: Asked, keyed: Keyed) -> Gone:
    """Take these records' person out of the database, in one transaction. The bytes on the disk are the caller's:
    ``Store.checkpoint`` and ``Store.shred``.
    """
    who, scope = known_as(db, customers), scope_of(db, customers)
    alone = _nobody_elses(db, who, customers)
    db.execute(_erasing.insert().values(erasure_id=asked.id))
    _record(db, who, scope, asked, keyed)
    own = Job(asked, keyed, own_rewriter(who), own=True)
    for name in REACH:
        for row in list(own_rows(db, name, scope)):
            _rewrite(db, name, row, own)
    if asked.everywhere:
        job = Job(asked, keyed, rewriter(alone), own=False)
        for name in SQLModel.metadata.tables:
            for row in _named_in(db, name, hooks(alone)):
                _rewrite(db, name, row, job)
    _stop_watching(db, scope)
    _hold_back(db, scope, asked)
    _said_so(db, scope, asked)
    db.execute(_erasing.delete().where(_erasing.c.erasure_id == asked.id))
    return Gone(who, alone)


def _nobody_elses(db: Db, who: Personal, customers: Sequence[int]) -> Personal:
    """What only this person is known by: a name or address that another customer or a colleague has too isn't looked for in
    other people's records.
    """
    team = table(tables.Person)
    others = _customer.c.id.not_in(customers)

    def taken(column: str, values: frozenset[str]) -> set[str]:
        found = db.execute(select(_customer.c[column]).where(_customer.c[column].in_(values), others))
        return {row[0] for row in found}

    colleagues = {row[0] for row in db.execute(select(team.c.name).where(team.c.name.in_(who.names)))}
    return Personal(
        who.names - taken("name", who.names) - colleagues,
        who.phones - taken("phone", who.phones),
        who.emails - taken("email", who.emails),
        who.addresses - taken("address", who.addresses),
    )


def _record(db: Db, who: Personal, scope: Scope, asked: Asked, keyed: Keyed) -> None:
    orders = list(scope.of("order"))
    found_by = digests(who, keyed) if asked.everywhere else []
    values = {"id": asked.id, "at": asked.at, "by": asked.by, "why": asked.why, "digests": found_by}
    db.execute(_erasure.insert().values(customers=list(scope.of("customer")), orders=orders, **values))
    for one in scope.of("customer"):
        kept = {"look_at": None, "hold": "", "held_by": None, "erased_at": asked.at}
        if db.execute(_keeping.update().where(_keeping.c.customer_id == one).values(**kept)).rowcount == 0:
            db.execute(_keeping.insert().values(customer_id=one, **kept))


def digests(who: Personal, keyed: Keyed) -> list[str]:
    """Keyed hashes of a person's phones and mail addresses: names and doors are shared with others."""
    values = [*(f"phone/{one}" for one in who.phones), *(f"email/{one.lower()}" for one in who.emails)]
    return sorted(keyed(value) for value in values)


def _stop_watching(db: Db, scope: Scope) -> None:
    """Nothing more is asked about an erased customer's parcels: the answers would bring their data back."""
    for one in scope.of("shipment"):
        db.exec_driver_sql("UPDATE watch SET ended = 'erased', alarm_at = NULL WHERE shipment_id = ?", (one,))
        db.exec_driver_sql("UPDATE asking SET next_poll_at = NULL WHERE shipment_id = ?", (one,))
        db.exec_driver_sql("UPDATE subscription SET due_at = NULL WHERE shipment_id = ?", (one,))


def _hold_back(db: Db, scope: Scope, asked: Asked) -> None:
    """Letters to the customer that are still to go have nobody to go to."""
    for kind, ids in scope.subjects.items():
        for one in ids:
            db.exec_driver_sql(
                "UPDATE outbox SET dead_at = ?, error = 'erased' WHERE subject_type = ? AND subject_id = ?"
                " AND channel LIKE 'customer%' AND sent_at IS NULL AND dead_at IS NULL",
                (to_seconds(asked.at), kind, one),
            )


def _said_so(db: Db, scope: Scope, asked: Asked) -> None:
    """On record, by whom and how many orders; and at each order, where its figures are looked at."""
    data = {"erasure": asked.id, "why": asked.why}
    rows = [FactRow("order", ref, "erased", asked.at, asked.by, asked.channel, data=data) for ref in scope.of("order")]
    whole = {**data, "customers": len(scope.of("customer")), "orders": len(rows)}
    who = asked.by or "doorstep"
    facts.append(db, [*rows, FactRow("person", who, "erased", asked.at, asked.by, asked.channel, data=whole)])


# --- one row -------------------------------------------------------------------------------------------------------


def _rewrite(db: Db, name: str, row: Any, job: Job) -> None:
    of = SQLModel.metadata.tables[name]
    changed = {
        column: value
        for column, how in columns_of(name).items()
        if (value := _erased(of, column, how, row, job)) != getattr(row, column)
    }
    if name == "stop" and job.own:
        _shorten_path(db, row)
        positions.forget_of(db, [row.route_id])
    if changed and name == "place":
        _rename_place(db, row, changed["name"], job.asked)
    elif changed:
        db.execute(of.update().where(_same(of, row)).values(**changed))
    if changed and name == "fact":
        _note_rewritten(db, row, changed, job.asked)


def _same(of: Table, row: Any) -> ColumnElement[bool]:
    return and_(*(column == getattr(row, column.name) for column in of.primary_key))


def _erased(of: Table, column: str, how: How, row: Any, job: Job) -> Any:
    """What a column's value becomes."""
    value = getattr(row, column)
    if value is None or (how in {How.BLANK, How.COARSE} and not job.own):
        return value
    if how is How.BLANK:
        return None if of.c[column].nullable else ""
    if how is How.COARSE:
        return round(value, COARSE_DIGITS)
    if how is How.RAW:
        return _in_body(row.source, value, job.rewrite)
    if isinstance(of.c[column].type, Json):
        return in_json(value, job.rewrite, own=job.own)
    if job.own and of.name == "fact" and row.event in SAID_EVENTS and value:
        return ERASED
    new = in_json(value, job.rewrite)
    return f"{new} {job.keyed(value)[:KEY_DIGITS]}" if of.c[column].primary_key and new != value else new


def _in_body(source: str, body: bytes, rewrite: Rewrite) -> bytes:
    """A compressed body; what JSON wrote as escapes is read before it is rewritten."""
    text = packed.unpack(body).decode("utf-8", "replace")
    new = rewrite(text)
    if "\\u" in text:
        try:
            new = to_json(in_json(from_json(text), rewrite))
        except ValueError:
            new = rewrite(text.encode().decode("unicode_escape", "replace"))
    return packed.pack(source, new.encode()) if new != text else body


def _note_rewritten(db: Db, row: Any, changed: Mapping[str, Any], asked: Asked) -> None:
    digest = fact_digest(changed.get("words", row.words), changed.get("data", row.data))
    db.execute(_erased_fact.delete().where(_erased_fact.c.fact_id == row.id))
    db.execute(_erased_fact.insert().values(fact_id=row.id, erasure_id=asked.id, digest=digest))


def fact_digest(words: str, data: Any) -> str:
    return hashlib.sha256(f"{words}\x00{to_json(data)}".encode()).hexdigest()


def _rename_place(db: Db, row: Any, name: str, asked: Asked) -> None:
    """Two places that lost their names stay two; parcels follow what their places are called."""
    db.exec_driver_sql("UPDATE place SET name = ? WHERE id = ?", (f"{name} #{row.id}", row.id))
    parcels = [r[0] for r in db.exec_driver_sql("SELECT DISTINCT parcel_id FROM scan WHERE place_id = ?", (row.id,))]
    tracking.refold(db, parcels, now=asked.at)


def _shorten_path(db: Db, stop: Any) -> None:
    """Take the points of its route around a stop out."""
    found = db.execute(select(table(tables.Route).c.path).where(table(tables.Route).c.id == stop.route_id))
    here = Location(lat=stop.lat, lon=stop.lon)
    path = found.scalar_one()
    far = [[lat, lon] for lat, lon in path if distance_m(here, Location(lat=lat, lon=lon)) > NEAR_M]
    if far != path:
        route = table(tables.Route)
        db.execute(route.update().where(route.c.id == stop.route_id).values(path=far))


# --- every text ----------------------------------------------------------------------------------------------------


def _named_in(db: Db, name: str, wanted: Hooks) -> Iterator[Any]:
    """The rows of a table in which somebody may be named; compressed bodies are all read."""
    of, columns = SQLModel.metadata.tables[name], columns_of(name)
    texts = [of.c[column] for column, how in columns.items() if how in {How.WORDS, How.PLACE}]
    bodies = [column for column in columns if isinstance(of.c[column].type, LargeBinary)]
    if bodies:
        keys = [row[0] for row in db.execute(select(*of.primary_key))]
        for key in keys:  # one by one: together they may be larger than the memory
            yield db.execute(select(of).where(next(iter(of.primary_key)) == key)).one()
    elif texts and (wanted.texts or wanted.digits):
        yield from db.execute(select(of).where(or_(*(c for text in texts for c in _mentions(text, wanted))))).all()


def _mentions(column: ColumnElement[Any], wanted: Hooks) -> Iterator[ColumnElement[bool]]:
    plain = type_coerce(column, Text)
    small = func.lower(plain)
    bare = func.replace(func.replace(func.replace(plain, " ", ""), "-", ""), ".", "")
    yield from (func.instr(small, text) > 0 for text in wanted.texts)
    yield from (func.instr(bare, digits) > 0 for digits in wanted.digits)


# --- what was erased -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErasureRow:
    id: str
    at: datetime
    by: str | None
    why: str
    customers: tuple[int, ...]
    orders: tuple[str, ...]
    digests: tuple[str, ...]


def erasures(db: Db) -> list[ErasureRow]:
    """Those that somebody asked for; the others come of themselves again where a backup is restored."""
    rows = db.execute(select(_erasure).where(_erasure.c.why != AGED).order_by(_erasure.c.at, _erasure.c.id))
    return [ErasureRow(r.id, r.at, r.by, r.why, tuple(r.customers), tuple(r.orders), tuple(r.digests)) for r in rows]


def back_again(db: Db, erased: Sequence[ErasureRow], keyed: Keyed) -> dict[str, tuple[int, ...]]:
    """The records that these erasures mean, by the erasures' ids: of their orders, or with a phone or mail address of theirs."""
    found: dict[str, set[int | None]] = {row.id: set() for row in erased}
    by_digest: dict[str, str] = {digest: row.id for row in erased for digest in row.digests}
    for row in erased:
        found[row.id].update(_column(db, "SELECT customer_id FROM orders WHERE ref IN ({})", row.orders))
    for one in db.execute(select(_customer.c.id, _customer.c.phone, _customer.c.email)):
        for digest in digests(personal("", one.phone, one.email), keyed):
            if digest in by_digest:
                found[by_digest[digest]].add(one.id)
    return {name: tuple(sorted(i for i in ids if i is not None)) for name, ids in found.items()}


def faults(db: Db) -> Iterator[tuple[str, str, str]]:
    """What isn't as the erasures left it, as (subject, what is stored, what it should be)."""
    rows = db.execute(select(_erased_fact.c.digest, _fact).join(_fact, _fact.c.id == _erased_fact.c.fact_id))
    for row in rows:
        if fact_digest(row.words, row.data) != row.digest:
            yield f"fact {row.id}", "rewritten by hand", "as its erasure left it"
    if db.execute(select(_erasing.c.erasure_id)).first():
        yield "erasing", "open", "closed with its transaction"
    if "erasing" not in guard_of(db, "fact_append_only"):
        yield "fact", "no guard", "the trigger that keeps facts as they are"


def personal_rows(db: Db, scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Everything about a customer, table by table: for the export."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in REACH:
        found[name] = [dict(row._mapping) for row in own_rows(db, name, scope)]  # noqa: SLF001 - SQLAlchemy's public name
    return dict(found)
