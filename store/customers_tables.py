"""The tables of customers: who is the same person across orders, and which message of a case is due when."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant


class CustomerRecord(Row, table=True):
    """One customer, whatever they ordered. ``lang``: the language that they chose, empty for the shop's."""

    __tablename__ = "customer_record"
    id: int | None = Field(default=None, primary_key=True)
    lang: str = ""


class CustomerKey(Row, table=True):
    """What a customer is known again by: the keyed hash of a normalised phone or mail address."""

    __tablename__ = "customer_key"
    digest: str = Field(primary_key=True)
    record_id: int = Field(foreign_key="customer_record.id", index=True)


class CustomerOrder(Row, table=True):
    __tablename__ = "customer_order"
    order_ref: str = Field(primary_key=True, foreign_key="orders.ref")
    record_id: int = Field(foreign_key="customer_record.id", index=True)


class CustomerStep(Row, table=True):
    """A message of a case: when it is due, and what became of it. ``round`` counts how often the case was opened.

    ``state``: waiting | sent | dropped | todo (a person must tell or ask them) | answered.
    """

    __tablename__ = "customer_step"
    __table_args__ = (
        Index("customer_step_due", "due_at", sqlite_where=text("due_at IS NOT NULL")),
        Index("customer_step_todo", "state", sqlite_where=text("state = 'todo'")),
    )
    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    state: str = "waiting"
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    why: str = ""
    letter: str = ""
    since: datetime = Field(sa_type=Instant)
