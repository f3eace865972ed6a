"""The table of handovers: which case was offered by whom to whom, and what became of it."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant

_WAITING = text("state = 'waiting'")


class HandoverItem(Row, table=True):
    """One case of a handover (projection of the case's facts). It stays with ``from_person`` until ``to_person`` confirms."""

    __tablename__ = "handover_item"
    __table_args__ = (
        Index("handover_one_waiting", "case_id", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("handover_to", "to_person", sqlite_where=_WAITING),
        Index("handover_from", "from_person", sqlite_where=_WAITING),
        Index("handover_due", "due_at", sqlite_where=_WAITING),
    )
    handover: str = Field(primary_key=True)
    case_id: int = Field(primary_key=True)
    from_person: str
    to_person: str
    state: str = "waiting"  # waiting | confirmed | declined | withdrawn
    offered_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
