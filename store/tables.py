"""Every table. Facts are only ever appended; projections can be rebuilt from them; personal text stands apart.

Times are whole UTC seconds (``Instant``), JSON has sorted keys, money is integer cents.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from sqlalchemy import BigInteger, CursorResult, Index, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from store.row import Row


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole seconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> int | None:
        del dialect
        return None if value is None else to_seconds(value)

    def process_result_value(self, value: int | None, dialect: object) -> datetime | None:
        del dialect
        return None if value is None else from_seconds(value)


class Json(TypeDecorator[Any]):
    """A JSON value, written canonically: sorted keys, no spaces."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: object) -> str | None:
        del dialect
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: object) -> Any:
        del dialect
        return None if value is None else from_json(value)


def to_seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a stored time needs a zone: pass an aware datetime")
    return int(at.timestamp())


@lru_cache(maxsize=16_384)  # a turn meets the same moments again and again
def from_seconds(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso_of(at: datetime | None) -> str | None:
    """A time inside a fact's JSON: whole UTC seconds, as the columns keep it."""
    return None if at is None else from_seconds(to_seconds(at)).isoformat()


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def to_json(value: Any) -> str:
    """Raises ValueError where a number is none: it could be written, but not read again everywhere."""
    return _encode(value)


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)


# --- what the merchant told us -------------------------------------------------------------------------------------


class Customer(Row, table=True):
    """Personal text, apart from the facts so that it can be erased without breaking them."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    phone: str = Field(default="", index=True)
    email: str = ""
    address: str = ""
    district: str = ""
    lat: float | None = None
    lon: float | None = None
    located: str = ""  # given | geocoded | district: how sure the coordinates are


class Order(Row, table=True):
    __tablename__ = "orders"
    ref: str = Field(primary_key=True)
    shop: str = ""
    currency: str = "CNY"
    items: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    ship_by: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)


class Shipment(Row, table=True):
    # migration 0007 adds an index over substr(number, -4), as over phones: Alembic can't compare those of an expression
    __table_args__ = (UniqueConstraint("carrier", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    order_ref: str | None = Field(default=None, foreign_key="orders.ref", index=True)
    carrier: str  # who moves it: fedex, sf, zhongtong …
    source: str  # who is asked: kuaidi100, fedex, sf …
    account: str = "main"
    service: str = ""
    number: str = Field(index=True)
    leg: str = "out"
    origin: str = ""
    destination: str = ""
    region: str = "cn"  # which calendar and thresholds apply
    promised_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)


# --- what carriers told us -----------------------------------------------------------------------------------------


class Phrase(Row, table=True):
    """A distinct (code, text) of a source and what it means: events refer to it."""

    id: int | None = Field(default=None, primary_key=True)
    key: int = Field(sa_type=BigInteger, unique=True)
    source: str
    code: str | None = None
    text: str = Field(sa_type=Text)
    milestone: str
    reason: str | None = None
    physical: bool | None = None
    manner: str | None = None


class Place(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class Scan(Row, table=True):
    """One scan event of one parcel: the hot, narrow fact table."""

    __table_args__: ClassVar = {"sqlite_with_rowid": False}
    parcel_id: int = Field(primary_key=True, foreign_key="parcel.id")
    key: int = Field(sa_type=BigInteger, primary_key=True)
    at: datetime | None = Field(default=None, sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    phrase_id: int = Field(foreign_key="phrase.id")
    place_id: int | None = Field(default=None, foreign_key="place.id")
    said: str = Field(sa_type=Text)  # the time in the carrier's own words (store/said_times)


class Parcel(Row, table=True):
    """A physical piece, and the state that its scan events amount to (projection)."""

    __table_args__ = (
        UniqueConstraint("shipment_id", "identity"),
        Index("parcel_refold", "refold_at", sqlite_where=text("refold_at IS NOT NULL")),
        Index("parcel_delivered", "id", "delivered", sqlite_where=text("delivered = 'yes'")),
    )
    id: int | None = Field(default=None, primary_key=True)
    shipment_id: int = Field(foreign_key="shipment.id", index=True)
    identity: str = ""
    number: str
    leg: str = "out"
    milestone: str | None = None
    reason: str | None = None
    manner: str | None = None
    delivered: str = "no"
    last_at: datetime | None = Field(default=None, sa_type=Instant)
    last_physical_at: datetime | None = Field(default=None, sa_type=Instant)
    last_physical_place: str | None = None
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)
    first_at: datetime | None = Field(default=None, sa_type=Instant)
    since: datetime | None = Field(default=None, sa_type=Instant)
    refold_at: datetime | None = Field(default=None, sa_type=Instant)  # when a future-dated event begins to count


class RawReply(Row, table=True):
    """A scrubbed reply body, compressed, once per content. ``again_at``: an open case held it when its time had come, and when
    to look again.
    """

    __tablename__ = "raw_reply"
    __table_args__ = (
        Index("raw_due", "at", sqlite_where=text("again_at IS NULL")),
        Index("raw_again", "again_at", sqlite_where=text("again_at IS NOT NULL")),
    )
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    source: str
    status: int
    at: datetime = Field(sa_type=Instant)
    body: bytes = Field(sa_type=LargeBinary)
    error: str = ""
    again_at: datetime | None = Field(default=None, sa_type=Instant)


class Watch(Row, table=True):
    """The stored deadlines of a shipment: a tick costs what is due, not what is watched."""

    __table_args__ = (
        Index("watch_alarm", "alarm_at", "shipment_id", sqlite_where=text("alarm_at IS NOT NULL")),
        Index("watch_going_on", "shipment_id", "ended", sqlite_where=text("ended = ''")),
    )
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    alarm_at: datetime | None = Field(default=None, sa_type=Instant)  # the earlier one of the next two
    rules_at: datetime | None = Field(default=None, sa_type=Instant)  # when a rule's clock runs out
    risk_at: datetime | None = Field(
        default=None, sa_type=Instant
    )  # when the learned risk will cross, if nothing moves
    note: str = ""  # what a person said of it against its scans: received | lost (store/marks)
    note_at: datetime | None = Field(default=None, sa_type=Instant)
    ended: str = ""  # why watching ended, '' while it goes on: monitor/cadence.Ended


class Asking(Row, table=True):
    """A shipment and a credential that can be asked about it. ``place`` 0 is asked first, the others stand by;
    ``next_poll_at`` None: not asked at present. ``worth`` puts what matters now first (monitor/cadence.Worth). ``told``: a
    digest of what it last told, where that is recorded (carriers/parts).
    """

    __table_args__ = (Index("asking_due", "source", "account", "worth", "next_poll_at", "shipment_id"),)
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    source: str = Field(primary_key=True)
    account: str = "main"
    place: int = 0
    worth: int = 1
    next_poll_at: datetime | None = Field(default=None, sa_type=Instant)
    polled_at: datetime | None = Field(default=None, sa_type=Instant)
    no_data: str | None = None
    failures: int = 0
    told: bytes | None = Field(default=None, sa_type=LargeBinary)


class Subscribed(Row, table=True):
    """A shipment's subscription at a source that calls. ``due_at``: when to subscribe, or to do it again; None: not."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("subscription_due", "source", "account", "due_at", sqlite_where=text("due_at IS NOT NULL")),
    )
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    source: str = Field(primary_key=True)
    account: str = "main"
    state: str = "wanted"  # wanted | stands | refused | over
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    since: datetime | None = Field(default=None, sa_type=Instant)
    called_at: datetime | None = Field(default=None, sa_type=Instant)
    error: str = ""


class Unidentified(Row, table=True):
    """A shipment without a known carrier: what it may be, and when a source is asked whose it is; None: a person is."""

    __table_args__ = (Index("unidentified_due", "due_at", sqlite_where=text("due_at IS NOT NULL")),)
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    guesses: list[str] = Field(default_factory=list, sa_type=Json)
    due_at: datetime | None = Field(default=None, sa_type=Instant)


class Source(Row, table=True):
    """How each credential of each source is doing."""

    source: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
    failures: int = 0
    paused_until: datetime | None = Field(default=None, sa_type=Instant)
    error: str = ""
    used_up_until: datetime | None = Field(default=None, sa_type=Instant)  # a long budget or the money is spent
    stood_in: bool = False


class Budget(Row, table=True):
    """What a credential spent of a budget at ``at_ms`` (milliseconds since the epoch), kept while its window lasts."""

    credential: str = Field(primary_key=True)
    per_s: int = Field(primary_key=True)
    at_ms: int = Field(sa_type=BigInteger, primary_key=True)
    used: int = 0


# --- what we found and did -----------------------------------------------------------------------------------------


class Fact(Row, table=True):
    """The append-only log of everything that isn't a scan: of cases, returns, routes, stops, people, sources."""

    __table_args__ = (
        Index("fact_subject", "subject_type", "subject_id", "id"),
        Index("fact_missed", "id", sqlite_where=text("event = 'pickup_missed'")),
        Index(
            "fact_audit",
            "id",
            sqlite_where=text(
                "subject_type = 'person' OR event IN ('revealed', 'act_refused', 'linked', 'unlinked', 'released')"
            ),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_type: str
    subject_id: str
    event: str
    at: datetime = Field(sa_type=Instant)
    by: str | None = None
    channel: str = ""
    words: str = Field(default="", sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Case(Row, table=True):
    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "case_one_open",
            "subject_type",
            "subject_id",
            "kind",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("case_timer", "timer_at", sqlite_where=text("timer_at IS NOT NULL")),
        Index("case_status", "status", "promise_by"),
        Index("case_untold", "promise_by", "id", sqlite_where=text("untold AND closed_at IS NOT NULL")),
        Index("case_member", "incident_id", "closed_at", sqlite_where=text("incident_id IS NOT NULL")),
        Index("case_subject", "subject_type", "subject_id"),
        Index("case_opened", "opened_at"),
        # closed_at, though always NULL here: only so does SQLite count a queue without looking at its rows
        Index("case_queue_due", "promise_by", "id", "told_at", "closed_at", sqlite_where=text("closed_at IS NULL")),
        Index("case_queue_owner", "owner", "promise_by", "id", "closed_at", sqlite_where=text("closed_at IS NULL")),
        Index("case_queue_status", "status", "promise_by", "id", "closed_at", sqlite_where=text("closed_at IS NULL")),
        Index("case_queue_morning", "rank", "promise_by", "id", "closed_at", sqlite_where=text("closed_at IS NULL")),
        Index("case_queue_kind", "kind", "promise_by", "id", "closed_at", sqlite_where=text("closed_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject_type: str
    subject_id: str
    severity: str = "warn"
    status: str = "open"
    opened_at: datetime = Field(sa_type=Instant)
    promise_by: datetime | None = Field(default=None, sa_type=Instant)
    owner: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    warned: bool = False
    breached: bool = False
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    untold: bool = False  # the customer waits for a person's word, the case closed or not
    next_at: datetime | None = Field(default=None, sa_type=Instant)  # the date that the customer was given
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    close_reason: str = ""
    since: datetime = Field(sa_type=Instant)
    probability: float | None = None
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    next_step: dict[str, Any] | None = Field(default=None, sa_type=Json)
    timer_at: datetime | None = Field(default=None, sa_type=Instant)  # when to look at its deadlines again
    step: str = ""  # the next step by the desk's policy (domain/steps.Step), and when it is due
    step_due_at: datetime | None = Field(default=None, sa_type=Instant)
    order_ref: str | None = Field(default=None, index=True)
    incident_id: int | None = None  # the incident that it is a member of: one message and one set of steps for all
    rank: int = 2  # its place in the morning list: disputes, refunds, the rest (domain/case_types.Rank)
    type: str = ""  # of a case that a person opened: config/policies/case_types.toml; '' where a detector did


UNRANKED = 1 << 40
"""Behind everything that is ranked."""


class WatchItem(Row, table=True):
    """The watch list: findings that page nobody and promise nothing. ``rank``: what acting is worth in cents, below zero so that
    the most comes first; UNRANKED where that isn't known.
    """

    __tablename__ = "watch_item"
    __table_args__ = (Index("watch_item_rank", "rank", "since", "subject_id", "kind"),)
    subject_type: str = Field(primary_key=True)
    subject_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)
    found_at: datetime = Field(sa_type=Instant)
    probability: float | None = None
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    rank: int = Field(default=UNRANKED, sa_type=BigInteger)


class Return(Row, table=True):
    __tablename__ = "returns"
    ref: str = Field(primary_key=True)
    order_ref: str = Field(foreign_key="orders.ref", index=True)
    items: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    reason: str
    want: str = "refund"
    status: str = Field(default="requested", index=True)
    payer: str = ""
    rule: str = ""
    refund_cents: int = 0
    freight_cents: int = 0
    currency: str = "CNY"
    slot_from: datetime | None = Field(default=None, sa_type=Instant)
    slot_to: datetime | None = Field(default=None, sa_type=Instant)
    code: str = ""  # what the customer shows at the door
    depot: str = ""
    requested_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    collected: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    unserved_code: str = ""
    unserved_reason: str = ""


class Route(Row, table=True):
    id: str = Field(primary_key=True)
    day: str = Field(index=True)  # local date, ISO
    depot: str
    collector: str
    courier: str
    status: str = "dispatched"  # dispatched | under_way | done | declined
    depart_at: datetime = Field(sa_type=Instant)
    return_at: datetime = Field(sa_type=Instant)
    distance_m: int = 0
    drive_s: int = 0
    cost_cents: int = 0
    engine: str = ""
    path: list[list[float]] = Field(default_factory=list, sa_type=Json)  # [lat, lon] along the way
    dispatched_at: datetime = Field(sa_type=Instant)


class Stop(Row, table=True):
    __table_args__ = (UniqueConstraint("route_id", "position"),)
    id: str = Field(primary_key=True)
    route_id: str = Field(foreign_key="route.id", index=True)
    return_ref: str = Field(foreign_key="returns.ref", index=True)
    position: int
    lat: float
    lon: float
    arrive_at: datetime = Field(sa_type=Instant)
    start_at: datetime = Field(sa_type=Instant)
    leave_at: datetime = Field(sa_type=Instant)
    status: str = "planned"  # planned | arrived | collected | partly_collected | failed | cancelled | unplanned
    arrived_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    fail_reason: str = ""
    fault: str = ""
    proof: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Instruction(Row, table=True):
    """The one door through which money leaves. The constraint refuses a second payment for the same thing."""

    __table_args__ = (
        Index(
            "instruction_once",
            "order_ref",
            "item",
            unique=True,
            sqlite_where=text("approval = ''"),
            postgresql_where=text("approval = ''"),
        ),
        Index("instruction_order", "order_ref"),
        Index("instruction_case", "case_id", sqlite_where=text("case_id IS NOT NULL")),
        Index("instruction_unconfirmed", "written_at", sqlite_where=text("confirmed_at IS NULL")),
    )
    id: str = Field(primary_key=True)
    order_ref: str = Field(foreign_key="orders.ref")
    item: str
    kind: str  # refund | reship | compensation | freight
    amount_cents: int
    currency: str
    return_ref: str | None = Field(default=None, index=True)
    case_id: int | None = None
    approval: str = ""
    why: str = ""
    written_at: datetime = Field(sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    qty: int = 1  # how many pieces from the item's first on
    proposal: str = ""  # the proposal that it comes from
    origin: str = "house"  # house | platform: paid there, and only recorded here
    carrier: str = ""  # of a reship: with whom, where it matters


# --- carriers' own pickups -----------------------------------------------------------------------------------------


class PickupQuote(Row, table=True):
    """What a carrier said that a pickup would cost: good until ``valid_until``, asked for again after that. ``asked`` is
    the digest of what was asked; it knows no people.
    """

    __tablename__ = "pickup_quote"
    __table_args__ = (Index("pickup_quote_asked", "source", "account", "asked", "valid_until"),)
    id: int | None = Field(default=None, primary_key=True)
    our_id: str
    source: str
    account: str
    asked: str
    carrier: str
    service: str = ""
    amount_cents: int | None = None
    currency: str = ""
    quoted_at: datetime = Field(sa_type=Instant)
    valid_until: datetime = Field(sa_type=Instant)
    slots: list[list[str]] = Field(default_factory=list, sa_type=Json)  # [from, to] in ISO 8601, UTC


class PickupBooking(Row, table=True):
    """A carrier's courier that was ordered (projection of its facts). ``people`` are the parties and the courier, apart so
    that they can be erased; ``busy_until``: a call about it is out, nobody else sends one before; ``state_at``: when to
    look after it next.
    """

    __tablename__ = "pickup_booking"
    __table_args__ = (
        Index("pickup_booking_due", "state_at", sqlite_where=text("state_at IS NOT NULL")),
        Index("pickup_booking_erase", "erase_at", sqlite_where=text("erase_at IS NOT NULL")),
        Index("pickup_booking_known", "source", "account", "known_as"),
    )
    our_id: str = Field(primary_key=True)
    source: str
    account: str
    carrier: str = ""
    service: str = ""
    order_ref: str | None = Field(default=None, index=True)
    status: str
    ref: str = ""
    known_as: str = ""
    number: str | None = None
    slot_from: datetime = Field(sa_type=Instant)
    slot_to: datetime = Field(sa_type=Instant)
    tried_at: datetime = Field(sa_type=Instant)
    booked_at: datetime | None = Field(default=None, sa_type=Instant)
    charge_cents: int | None = None
    currency: str = ""
    error: str = ""
    goods: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    people: dict[str, Any] | None = Field(default=None, sa_type=Json)
    busy_until: datetime | None = Field(default=None, sa_type=Instant)
    state_at: datetime | None = Field(default=None, sa_type=Instant)
    erase_at: datetime | None = Field(default=None, sa_type=Instant)


# --- mail ----------------------------------------------------------------------------------------------------------


class Inbound(Row, table=True):
    """Inward exactly one effect: a delivery whose key is already here is answered and changes nothing."""

    __table_args__: ClassVar = {"sqlite_with_rowid": False}
    adapter: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    answer: str = Field(default="", sa_type=Text)


class Outbox(Row, table=True):
    """Write, commit, then send: a row is written once and sent at least once under its one id."""

    __table_args__ = (
        Index("outbox_due", "due_at", sqlite_where=text("sent_at IS NULL AND dead_at IS NULL")),
        Index("outbox_channel", "channel", "created_at"),
        Index("outbox_remote", "channel", "remote_id", sqlite_where=text("remote_id <> ''")),
        Index("outbox_subject", "subject_type", "subject_id", "created_at"),
        Index(
            "outbox_queue", "channel", "priority", "due_at", sqlite_where=text("sent_at IS NULL AND dead_at IS NULL")
        ),
    )
    id: str = Field(primary_key=True)
    channel: str  # console | courier:<id> | merchant | customer:<order> | carrier:<id> | a chat's: matrix:<account>
    kind: str  # alert | alert_edit | reminder | reply | private | route | instruction
    reason: str  # why it is said: opened, warned, breached, acknowledged …
    subject_type: str
    subject_id: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    dead_at: datetime | None = Field(default=None, sa_type=Instant)
    remote_id: str = ""
    error: str = ""
    priority: int = 0  # of a chat's letters: the lowest goes first


# --- people --------------------------------------------------------------------------------------------------------


class Person(Row, table=True):
    id: str = Field(primary_key=True)
    name: str
    role: str = "agent"  # viewer | agent | lead | admin
    lang: str = ""
    password_hash: str = ""
    active: bool = True


class Session(Row, table=True):
    """A signed-in browser; only the hash of its cookie is kept."""

    digest: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    csrf: str
    expires_at: datetime = Field(sa_type=Instant)


class ApiKey(Row, table=True):
    """``scopes``: what it may do, with spaces between; '' is everything."""

    __tablename__ = "api_key"
    name: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    scopes: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class OneTimeLink(Row, table=True):
    """Used once, then spent: sign-in links."""

    __tablename__ = "one_time_link"
    digest: str = Field(primary_key=True)
    person_id: str
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class Meta(Row, table=True):
    """What the installation remembers of itself: its signing key, its clock in a demo."""

    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


def maybe_to_seconds(at: datetime | None) -> int | None:
    return None if at is None else to_seconds(at)


def maybe_from_seconds(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_seconds(seconds)


def maybe_from_json(text: str | None) -> Any:
    return None if text is None else from_json(text)


def table(model: type[Row]) -> Table:
    """The Core table of a model, for hot reads and writes."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def new_id(written: CursorResult[Any]) -> int:
    """The integer key that an INSERT was given."""
    key = written.inserted_primary_key
    assert key is not None
    return int(key[0])
