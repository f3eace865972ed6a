"""The table of work in hand: what one process does right now and no other may begin, where several processes may do it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class Hold(Row, table=True):
    """Work by its name: nobody else begins it before ``until``. ``holder`` is '' where it was let go of; ``state`` is what whoever
    does it next must know.
    """

    __tablename__ = "hold"
    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=Instant)
    state: Any = Field(sa_column=Column(Json, nullable=False))
