"""The tables of incidents: one cause behind many cases, what the cases have in common, how many parcels each cause could hit."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class Incident(Row, table=True):
    """An incident (projection of its facts; its members are the cases that name it). ``changed_at``: since when its message
    doesn't say what is so any more; None while it does.
    """

    __table_args__ = (
        Index(
            "incident_one_open", "cause", unique=True, sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("incident_changed", "changed_at", sqlite_where=text("changed_at IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    cause: str
    opened_at: datetime = Field(sa_type=Instant)
    found: int
    expected: float
    owner: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    close_reason: str = ""
    into_id: int | None = None
    changed_at: datetime | None = Field(default=None, sa_type=Instant)


class CaseCause(Row, table=True):
    """What a case that rests on silence could have in common with others, since when."""

    __tablename__ = "case_cause"
    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    cause: str = Field(primary_key=True)


class CauseWatch(Row, table=True):
    """How many watched parcels a cause could hit, as last counted."""

    __tablename__ = "cause_watch"
    cause: str = Field(primary_key=True)
    watched: int


class IncidentAct(Row, table=True):
    """What a person did to all members of an incident, while it is being written to each: ``done`` is the last case that has
    it, ``upto`` the last that was a member then.
    """

    __tablename__ = "incident_act"
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    event: str
    at: datetime = Field(sa_type=Instant)
    by: str
    channel: str = ""
    words: str = Field(default="", sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    done: int = 0
    upto: int
