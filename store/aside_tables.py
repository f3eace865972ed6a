"""The table of what was set aside: single items that our own fault broke, so that they hold up nobody else."""

from datetime import datetime

from sqlmodel import Field

from store.row import Row
from store.tables import Instant


class SetAside(Row, table=True):
    """An item whose handling raised. ``topic``: what was done with it; ``item``: which one; ``tries``: how often it failed so far.
    The row goes when it goes well.
    """

    __tablename__ = "set_aside"
    topic: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    error: str
    tries: int
    first_at: datetime = Field(sa_type=Instant)
    last_at: datetime = Field(sa_type=Instant)
