"""The tables of the risk model: what was learned each night, and from what."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class RiskModel(Row, table=True):
    """A fitted model. ``version``: of the format of ``body``; ``why_not``: why it isn't relied on, a code, '' where it is;
    ``learned``: from how many parcels, how many of them late, over which days.
    """

    __tablename__ = "risk_model"
    id: int | None = Field(default=None, primary_key=True)
    fitted_at: datetime = Field(sa_type=Instant, index=True)
    version: int
    why_not: str = ""
    learned: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    body: bytes = Field(sa_type=LargeBinary)
