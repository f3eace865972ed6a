"""The tables of privacy: until when a customer's data is kept, what was erased, and which facts were rewritten for it."""

from datetime import datetime

from sqlalchemy import Text, text
from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant, Json


class CustomerKeeping(Row, table=True):
    """How long a customer's data is kept. ``look_at``: when to see whether its time has come, None: not by itself;
    ``hold``: why it must be kept whatever its age (a legal hold), '' where nothing asks for that.
    """

    __tablename__ = "customer_keeping"
    __table_args__ = (Index("customer_keeping_due", "look_at", sqlite_where=text("look_at IS NOT NULL")),)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id")
    look_at: datetime | None = Field(default=None, sa_type=Instant)
    hold: str = ""
    held_by: str | None = None
    erased_at: datetime | None = Field(default=None, sa_type=Instant)


class Erasure(Row, table=True):
    """That a customer was erased, without saying who it was. ``digests``: keyed hashes of what was erased, by which the same
    people are found again in a restored backup; their key is the installation's own.
    """

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    by: str | None = None
    why: str  # asked | kept_long_enough | restored
    customers: list[int] = Field(default_factory=list, sa_type=Json)
    orders: list[str] = Field(default_factory=list, sa_type=Json)
    digests: list[str] = Field(default_factory=list, sa_type=Json)


class ErasedFact(Row, table=True):
    """A fact whose words were rewritten by an erasure, and the hash of what they are since: nothing else may change them."""

    __tablename__ = "erased_fact"
    fact_id: int = Field(primary_key=True, foreign_key="fact.id")
    erasure_id: str = Field(foreign_key="erasure.id")
    digest: str = Field(sa_type=Text)


class Erasing(Row, table=True):
    """A row stands here only inside the transaction of an erasure: while it does, the words of facts may be rewritten."""

    erasure_id: str = Field(primary_key=True)
