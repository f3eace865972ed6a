"""The table of turns under way: which shipments a process is asking about right now, where several processes may ask."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class PollTurn(Row, table=True):
    """The shipments that one credential is being asked about under one name, a job's or the daemon's: nobody else asks about them
    before ``until``. The row goes when the job does.
    """

    __tablename__ = "poll_turn"
    id: str = Field(primary_key=True)
    source: str
    account: str
    until: datetime = Field(sa_type=Instant)
    shipments: Any = Field(sa_column=Column(Json, nullable=False))
