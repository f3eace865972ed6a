"""The tables of make-goods: what is proposed and agreed to, which parcels were sent again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class ProposalRow(Row, table=True):
    """A make-good on its way (projection of its facts). ``go_at``: when it becomes an instruction; None: it doesn't."""

    __tablename__ = "proposal"
    __table_args__ = (
        Index("proposal_go", "go_at", sqlite_where=text("go_at IS NOT NULL")),
        Index("proposal_waiting", "proposed_at", sqlite_where=text("status = 'waiting'")),
    )
    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    order_ref: str = Field(foreign_key="orders.ref", index=True)
    way: str
    kind: str
    item: str
    qty: int = 1
    amount_cents: int
    cost_cents: int
    currency: str
    cause: str
    carrier: str = ""
    rule: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    needs: list[str] = Field(default_factory=list, sa_type=Json)
    why: str = Field(default="", sa_type=Text)
    channel: str = ""
    status: str
    proposed_by: str
    proposed_at: datetime = Field(sa_type=Instant)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision: str = Field(default="", sa_type=Text)
    seen: int = 0
    go_at: datetime | None = Field(default=None, sa_type=Instant)


class ReshipRow(Row, table=True):
    """Goods that are sent again (projection of its facts): the new parcel, once its number is known."""

    __tablename__ = "reship"
    instruction_id: str = Field(primary_key=True, foreign_key="instruction.id")
    case_id: int | None = Field(default=None, foreign_key="cases.id", index=True)
    order_ref: str = Field(foreign_key="orders.ref", index=True)
    instructed_at: datetime = Field(sa_type=Instant)
    shipment_id: int | None = Field(default=None, foreign_key="shipment.id", index=True)
    arrived_at: datetime | None = Field(default=None, sa_type=Instant)


class ReshipOriginal(Row, table=True):
    """A first parcel of goods that are sent again: if it turns up, somebody must know."""

    __tablename__ = "reship_original"
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    instruction_id: str = Field(primary_key=True, foreign_key="instruction.id", index=True)
    known_at: datetime | None = Field(default=None, sa_type=Instant)  # its last scan in hand when that was instructed
    turned_up_at: datetime | None = Field(default=None, sa_type=Instant)
