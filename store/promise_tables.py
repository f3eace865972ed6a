"""The table of promises: one narrow row each, so that figures can be counted from it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from store.row import Row
from store.tables import Instant


class PromiseGiven(Row, table=True):
    """A promise of a case (projection). ``outcome``: kept, breached, void; '' while it runs. ``told_at``: when a person first
    gave an outcome or a dated next step after it was given, in time or late.
    """

    __tablename__ = "promise"
    __table_args__ = (Index("promise_by", "promise_by", "outcome"),)
    case_id: int = Field(primary_key=True, foreign_key="cases.id", ondelete="CASCADE")
    n: int = Field(primary_key=True)
    opened_at: datetime = Field(sa_type=Instant)
    promise_by: datetime = Field(sa_type=Instant)
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str = ""
