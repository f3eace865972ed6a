"""The tables of the warehouse: which return is checked in, how it was found, with which parcel it travels."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant, Json


class Checkin(Row, table=True):
    """A return whose goods are at the warehouse (projection of the return's facts)."""

    __table_args__ = (
        Index("checkin_waiting", "checked_in_at", sqlite_where=text("decided_at IS NULL")),
        Index("checkin_decided", "decided_at"),
    )
    return_ref: str = Field(primary_key=True, foreign_key="returns.ref")
    checked_in_at: datetime = Field(sa_type=Instant)
    checked_in_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: str | None = None
    decision: str = ""  # ok | part | differs, '' until it is decided (domain/checkin.Look)
    accepted: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)


class ReturnParcel(Row, table=True):
    """A parcel in which a carrier brings a return's goods back (projection). ``scanned_at``: when a carrier first had it in hand."""

    __tablename__ = "return_parcel"
    __table_args__ = (Index("return_parcel_of", "return_ref"),)
    shipment_id: int = Field(primary_key=True, foreign_key="shipment.id")
    return_ref: str = Field(foreign_key="returns.ref")
    scanned_at: datetime | None = Field(default=None, sa_type=Instant)
