"""The queue of each chat channel: what goes next, which message a case has there, what nobody got."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or  # SQLite took its ON CONFLICT over

from store import chat_tables, said_letters, tables
from store.base import Db
from store.mail import Letter
from store.tables import table

_outbox, _channel = table(tables.Outbox), table(chat_tables.ChatChannel)
_unplaced = table(chat_tables.ChatUnplaced)
_UNSENT = (_outbox.c.sent_at.is_(None), _outbox.c.dead_at.is_(None))
NOT_SET = "this channel is no longer in the settings"
OF_A_CASE = ("alert", "alert_edit")
NAMED = _outbox.c.remote_id != literal_column("''")
"""As the index of ids at the far side says it: a value that is bound would keep SQLite from it."""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """An open channel: how its readers read, and where the console is for them."""

    name: str
    adapter: str
    lang: str
    zone: str
    url: str


def set_channels(db: Db, wanted: Sequence[ChannelRow], *, now: datetime) -> None:
    """Make the open channels those of the settings. Letters to one that is gone are given up, for people to see."""
    known = {row.name for row in channels(db)}
    for row in wanted:
        values = {name: getattr(row, name) for name in ChannelRow.__dataclass_fields__}
        if row.name in known:
            db.execute(_channel.update().where(_channel.c.name == row.name).values(**values))
        else:
            db.execute(_channel.insert().values(cursor="", **values))
    for gone in sorted(known - {row.name for row in wanted}):
        db.execute(_outbox.update().where(_outbox.c.channel == gone, *_UNSENT).values(dead_at=now, error=NOT_SET))
        db.execute(_channel.delete().where(_channel.c.name == gone))


def channels(db: Db) -> list[ChannelRow]:
    rows = db.execute(select(_channel).order_by(_channel.c.name))
    return [ChannelRow(r.name, r.adapter, r.lang, r.zone, r.url) for r in rows]


def cursor(db: Db, channel: str) -> str:
    """How far a channel was read; "" where it never was."""
    found: str | None = db.execute(select(_channel.c.cursor).where(_channel.c.name == channel)).scalar_one_or_none()
    return found or ""


def move_cursor(db: Db, channel: str, to: str) -> None:
    """Everything before ``to`` has been committed."""
    db.execute(_channel.update().where(_channel.c.name == channel).values(cursor=to))


def due(db: Db, channel: str, *, now: datetime, limit: int) -> list[Letter]:
    """What goes to a channel now: the most urgent first, then the oldest."""
    rows = db.execute(
        select(_outbox)
        .where(_outbox.c.channel == channel, *_UNSENT, _outbox.c.due_at <= now)
        .order_by(_outbox.c.priority, _outbox.c.due_at, _outbox.c.created_at, func.length(_outbox.c.id), _outbox.c.id)
        .limit(limit)
    )
    return [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


@dataclass(frozen=True, slots=True)
class Told:
    """The message that a case has in a channel, since when."""

    remote_id: str
    sent_at: datetime


def message_of(db: Db, channel: str, about_id: str, about: str = "case") -> Told | None:
    """The latest message that stands for a case or incident in a channel: an edit keeps the id of what it edits."""
    row = db.execute(
        select(_outbox.c.remote_id, func.min(_outbox.c.sent_at).label("sent_at"))
        .where(_about(channel, about, about_id), _outbox.c.remote_id != "")
        .group_by(_outbox.c.remote_id)
        .order_by(func.min(_outbox.c.sent_at).desc())
        .limit(1)
    ).one_or_none()
    return Told(row.remote_id, row.sent_at) if row else None


def _about(channel: str, about: str, about_id: str) -> ColumnElement[bool]:
    return (
        (_outbox.c.channel == channel)
        & (_outbox.c.subject_type == about)
        & (_outbox.c.subject_id == about_id)
        & _outbox.c.kind.in_(OF_A_CASE)
    )


def is_coming(db: Db, channel: str, about_id: str, about: str = "case") -> bool:
    """Whether the first message about a case or incident still waits to be sent."""
    return (
        db.execute(
            select(_outbox.c.id).where(_about(channel, about, about_id), _outbox.c.kind == "alert", *_UNSENT).limit(1)
        ).first()
        is not None
    )


def is_newest(db: Db, letter: Letter, reasons: Collection[str] = ()) -> bool:
    """Whether no later edit of the same message was written (with one of the reasons, where some are given): only the last
    one is worth sending.
    """
    latest = _newest(db, letter.channel, letter.subject_type, letter.subject_id, reasons)
    return latest is not None and latest.id == letter.id


def newest_payload(db: Db, channel: str, about_id: str, about: str = "case") -> dict[str, Any] | None:
    """A case or incident as its latest message says it."""
    latest = _newest(db, channel, about, about_id)
    return dict(latest.payload) if latest else None


def _newest(db: Db, channel: str, about: str, about_id: str, reasons: Collection[str] = ()) -> Any:
    why = (_outbox.c.reason.in_(sorted(reasons)),) if reasons else ()
    return db.execute(
        select(_outbox.c.id, _outbox.c.payload)
        .where(_about(channel, about, about_id), *why)
        .order_by(_outbox.c.created_at.desc(), func.length(_outbox.c.id).desc(), _outbox.c.id.desc())
        .limit(1)
    ).one_or_none()


def was_told(db: Db, letter: Letter, channels: Collection[str]) -> bool:
    """Whether one of the channels delivered what a letter says, or something later that must be heard of the same case or incident."""
    heard = select(_outbox.c.id).where(
        _outbox.c.channel.in_(sorted(channels)),
        _outbox.c.subject_type == letter.subject_type,
        _outbox.c.subject_id == letter.subject_id,
        _outbox.c.kind.in_(("alert", "reminder")),
        _outbox.c.created_at >= letter.created_at,
        _outbox.c.remote_id != "",
    )
    return db.execute(heard.limit(1)).first() is not None


def case_of_message(db: Db, channel: str, remote_id: str) -> int | None:
    """The case that a message of ours is about; None where the message isn't ours, or is about something else."""
    found = about_message(db, channel, remote_id)
    return found[1] if found and found[0] == "case" else None


def about_message(db: Db, channel: str, remote_id: str) -> tuple[str, int] | None:
    """What a message of ours is about: ``case`` or ``incident``, and which; None where the message isn't ours."""
    of_ours = _outbox.c.subject_type.in_(("case", "incident"))
    found = db.execute(
        select(_outbox.c.subject_type, _outbox.c.subject_id)
        .where(_outbox.c.channel == channel, _outbox.c.remote_id == remote_id, NAMED, of_ours)
        .limit(1)
    ).one_or_none()
    return (found[0], int(found[1])) if found else None


KEPT_FOR = timedelta(days=3)
"""How long something waits for the message that it was done to."""


def keep_unplaced(
    db: Db, channel: str, key: str, about: str, heard: dict[str, Any], *, now: datetime, wanted: bool = False
) -> None:
    """Keep what was done to a message that we may have sent without having noted its id; only while some are unsent, or
    where somebody waits for it (``wanted``).
    """
    sending = db.execute(select(_outbox.c.id).where(_outbox.c.channel == channel, *_UNSENT).limit(1)).first()
    if sending is None and not wanted:
        return
    db.execute(_unplaced.delete().where(_unplaced.c.at < now - KEPT_FOR))
    row = {"channel": channel, "key": key, "about": about, "heard": heard, "at": now}
    db.execute(insert_or(_unplaced).values(**row).on_conflict_do_nothing())


def take_unplaced(db: Db, channel: str, about: str) -> list[dict[str, Any]]:
    """What was done to a message before its id was noted, in the order in which it was heard."""
    same = (_unplaced.c.channel == channel, _unplaced.c.about == about)
    found = [dict(row.heard) for row in db.execute(select(_unplaced.c.heard).where(*same).order_by(text("rowid")))]
    if found:
        db.execute(_unplaced.delete().where(*same))
    return found


def put_off(db: Db, letter_id: str, *, until: datetime, error: str) -> None:
    """The chat can't take it now; that isn't the letter's fault and counts as no try."""
    db.execute(_outbox.update().where(_outbox.c.id == letter_id).values(due_at=until, error=error[:500]))


def pass_over(db: Db, letter: Letter, *, now: datetime, why: str) -> None:
    """A later letter says it all, or its case is closed: it needs no sending any more."""
    db.execute(_outbox.update().where(_outbox.c.id == letter.id, *_UNSENT).values(sent_at=now, error=why))
    empty_older(db, letter)


def empty_older(db: Db, letter: Letter) -> None:
    """A letter went out: what was sent to its chat before about the same case or incident need say it no more."""
    if letter.kind in said_letters.SHOWING:
        about = (letter.channel, letter.subject_type, letter.subject_id)
        newest = _newest(db, *about)
        said_letters.empty_older(db, *about, newest=newest.id if newest else letter.id)


def counts(db: Db) -> dict[str, dict[str, int]]:
    """For each open channel how many letters wait, and how many were given up."""
    found = {row.name: {"waiting": 0, "dead": 0} for row in channels(db)}
    rows = db.execute(
        select(_outbox.c.channel, _outbox.c.dead_at.is_not(None).label("dead"), func.count().label("n"))
        .where(_outbox.c.channel.in_(list(found)), _outbox.c.sent_at.is_(None))
        .group_by(_outbox.c.channel, "dead")
    )
    for row in rows:
        found[row.channel]["dead" if row.dead else "waiting"] = row.n
    return found
