"""Codes that chats gave for one edit of a message, where an edit needs one: each is kept until it is spent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from store import chat_tables
from store.base import Db
from store.tables import table

_code = table(chat_tables.ChatCode)
KEPT_FOR = timedelta(days=7)
"""Longer than any code is good for."""


@dataclass(frozen=True, slots=True)
class Code:
    """What lets one message be edited once, and when the chat gave it."""

    remote_id: str
    value: str
    got_at: datetime


def keep(db: Db, channel: str, remote_id: str, about: tuple[str, str], code: str, *, now: datetime) -> None:
    """Keep a message's code. ``about``: what the message is about, as (type, id)."""
    db.execute(_code.delete().where(_code.c.got_at < now - KEPT_FOR))
    spend(db, channel, code)
    row = {"channel": channel, "remote_id": remote_id, "subject_type": about[0], "subject_id": about[1]}
    db.execute(_code.insert().values(code=code, got_at=now, **row))


def newest(db: Db, channel: str, about: tuple[str, str], *, since: datetime) -> Code | None:
    """The newest code for any message about that, given since then; None where there is none."""
    row = db.execute(
        select(_code)
        .where(
            _code.c.channel == channel, _code.c.subject_type == about[0], _code.c.subject_id == about[1], _code.c.got_at >= since
        )
        .order_by(_code.c.got_at.desc(), _code.c.code)
        .limit(1)
    ).one_or_none()  # fmt: skip
    return Code(row.remote_id, row.code, row.got_at) if row else None


def spend(db: Db, channel: str, code: str) -> None:
    """It was used, or the chat doesn't take it."""
    db.execute(_code.delete().where(_code.c.channel == channel, _code.c.code == code))
