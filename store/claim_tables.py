"""The tables of claims and carrier enquiries: projections of their facts."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant, Json


class Claim(Row, table=True):
    """What we ask of a carrier (projection of its facts): one for each shipment, piece and reason. ``next_at``: when its
    clocks say something next; ``deadline_at``: what a queue sorts it by.
    """

    __tablename__ = "claim"
    __table_args__ = (
        Index("claim_once", "shipment_id", "parcel", "reason", unique=True),
        Index("claim_due", "next_at", sqlite_where=text("next_at IS NOT NULL")),
        Index("claim_state", "state", "deadline_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    shipment_id: int = Field(foreign_key="shipment.id")
    parcel: str = ""
    reason: str
    case_id: int | None = Field(default=None, index=True)
    order_ref: str | None = None
    carrier: str
    number: str
    state: str
    opened_at: datetime = Field(sa_type=Instant)
    currency: str
    dates: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    opens_at: datetime | None = Field(default=None, sa_type=Instant)
    last_at: datetime | None = Field(default=None, sa_type=Instant)
    goods_cents: int | None = None
    freight_cents: int = 0
    claimed_cents: int | None = None
    recovered_cents: int = 0
    filed_at: datetime | None = Field(default=None, sa_type=Instant)
    reference: str = ""
    answer_by: datetime | None = Field(default=None, sa_type=Instant)
    overdue: bool = False
    appeal_by: datetime | None = Field(default=None, sa_type=Instant)
    appealed_to: str = ""
    window_said: bool = False
    reminded: list[str] = Field(default_factory=list, sa_type=Json)
    lapsed: bool = False
    valued: bool = False
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    deadline_at: datetime | None = Field(default=None, sa_type=Instant)


class Enquiry(Row, table=True):
    """How a case stands with its carrier (projection of the case's facts): asked last at ``asked_at``, an answer due at
    ``answer_by``; ``answered_at`` None: none came since.
    """

    __tablename__ = "enquiry"
    __table_args__ = (Index("enquiry_due", "answer_by", sqlite_where=text("answered_at IS NULL")),)
    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    asked_at: datetime = Field(sa_type=Instant)
    times: int = 1
    means: str = ""
    basis: str = ""
    answer_by: datetime | None = Field(default=None, sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
