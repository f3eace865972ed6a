"""Inbox and outbox: what came in has one effect, what goes out is written before it is sent."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as insert_or  # SQLite took its ON CONFLICT over

from store import chat_tables, tables
from store.base import Db
from store.tables import table, to_json, to_seconds

_inbound, _outbox = table(tables.Inbound), table(tables.Outbox)
_channel = table(chat_tables.ChatChannel)
IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the outbox. ``reason`` names why it is said; ``id`` is the one id under which it is ever sent."""

    id: str
    channel: str
    kind: str
    reason: str
    subject_type: str
    subject_id: str
    payload: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    dead_at: datetime | None = None
    remote_id: str = ""
    error: str = ""
    priority: int = 0


def received_before(db: Db, adapter: str, account: str, key: str) -> str | None:
    """The answer that a delivery with this key got earlier, or None where it is new."""
    return db.execute(
        select(_inbound.c.answer).where(
            _inbound.c.adapter == adapter, _inbound.c.account == account, _inbound.c.key == key
        )
    ).scalar_one_or_none()


def receive(db: Db, adapter: str, account: str, key: str, *, at: datetime, answer: str = "") -> bool:
    """Note a delivery; False where it came before (then nothing else may be done with it)."""
    written = db.execute(
        insert_or(_inbound)
        .values(adapter=adapter, account=account, key=key, at=at, answer=answer)
        .on_conflict_do_nothing()
    )
    return written.rowcount == 1


def post(db: Db, letters: Iterable[Letter], *, now: datetime) -> None:
    """Write letters; they are sent after the commit."""
    written_at = to_seconds(now)
    rows = [
        (x.id, x.channel, x.kind, x.reason, x.subject_type, x.subject_id, to_json(x.payload), written_at,
         written_at if x.due_at is None else to_seconds(x.due_at), x.priority)
        for x in letters
    ]  # fmt: skip
    if rows:
        db.exec_driver_sql(
            "INSERT INTO outbox (id, channel, kind, reason, subject_type, subject_id, payload, created_at, due_at, priority,"
            " attempts, remote_id, error) VALUES (?,?,?,?,?,?,?,?,?,?,0,'','')",
            rows,
        )


def due_letters(db: Db, *, now: datetime, limit: int, outside: Collection[str] = ()) -> list[Letter]:
    """What is due inside the house; what goes to a chat waits in that chat's own queue (store/chat_queue), what goes to a
    customer or a carrier in their posts, and what goes to the channels of ``outside`` in their own.
    """
    rows = db.execute(
        select(_outbox)
        .where(
            _outbox.c.sent_at.is_(None),
            _outbox.c.dead_at.is_(None),
            _outbox.c.due_at <= now,
            _outbox.c.channel.not_in(select(_channel.c.name)),
            _outbox.c.channel.not_in(list(outside)),
            ~_outbox.c.channel.startswith("customer:"),
            ~_outbox.c.channel.startswith("carrier:"),
        )
        .order_by(_outbox.c.due_at, _outbox.c.created_at, _outbox.c.id)
        .limit(limit)
    )
    return [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def due_with(db: Db, prefix: str, *, now: datetime, limit: int) -> list[Letter]:
    """What is due in the channels that begin with ``prefix``, the oldest first."""
    rows = db.execute(
        select(_outbox)
        .where(
            _outbox.c.sent_at.is_(None), _outbox.c.dead_at.is_(None), _outbox.c.due_at <= now,
            _outbox.c.channel.startswith(prefix),
        )
        .order_by(_outbox.c.due_at, _outbox.c.created_at, _outbox.c.id)
        .limit(limit)
    )  # fmt: skip
    return [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def mark_sent(db: Db, letter_id: str, *, now: datetime, remote_id: str = "") -> None:
    db.execute(
        _outbox.update()
        .where(_outbox.c.id == letter_id, _outbox.c.sent_at.is_(None))
        .values(sent_at=now, remote_id=remote_id, attempts=_outbox.c.attempts + 1, error="")
    )


def mark_failed(db: Db, letter_id: str, *, error: str, retry_at: datetime | None, now: datetime) -> None:
    """The sending failed: again at ``retry_at``, or never (a dead letter, for a person to see)."""
    values = {"attempts": _outbox.c.attempts + 1, "error": error[:500]}
    moved = {"due_at": retry_at} if retry_at else {"dead_at": now}
    db.execute(_outbox.update().where(_outbox.c.id == letter_id).values(**values, **moved))


def get(db: Db, letter_id: str) -> Letter | None:
    row = db.execute(select(_outbox).where(_outbox.c.id == letter_id)).one_or_none()
    return Letter(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name begins with _


def try_again(db: Db, letter_id: str, *, now: datetime) -> bool:
    """A person wants a dead letter to be sent once more, under the id that it had; False where it isn't dead."""
    dead = (_outbox.c.id == letter_id) & _outbox.c.sent_at.is_(None) & _outbox.c.dead_at.is_not(None)
    values = {"dead_at": None, "due_at": now, "attempts": 0}
    return db.execute(_outbox.update().where(dead).values(**values)).rowcount == 1


def hold(db: Db, letter_id: str, *, now: datetime, why: str) -> bool:
    """Don't send it unless a person says so; False where it went out already."""
    unsent = (_outbox.c.id == letter_id) & _outbox.c.sent_at.is_(None)
    return db.execute(_outbox.update().where(unsent).values(dead_at=now, error=why[:500])).rowcount == 1


def needless(db: Db, letter_id: str, *, now: datetime, why: str) -> bool:
    """What it says is done already: it counts as sent; False where it went out before."""
    unsent = (_outbox.c.id == letter_id) & _outbox.c.sent_at.is_(None)
    return db.execute(_outbox.update().where(unsent).values(sent_at=now, dead_at=None, error=why)).rowcount == 1


def letters_about(db: Db, subject_type: str, subject_id: str) -> list[Letter]:
    rows = db.execute(
        select(_outbox)
        .where(_outbox.c.subject_type == subject_type, _outbox.c.subject_id == subject_id)
        .order_by(_outbox.c.created_at, func.length(_outbox.c.id), _outbox.c.id)
    )
    return [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def counts_about(db: Db, subject_type: str, subject_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many letters were written about each of these subjects, by channel; those without any are left out."""
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(subject_ids), IN_LIMIT):
        chunk = subject_ids[start : start + IN_LIMIT]
        rows = db.exec_driver_sql(
            "SELECT subject_id, channel, count(*) FROM outbox WHERE subject_type = ? AND subject_id IN"
            f" ({','.join('?' * len(chunk))}) GROUP BY subject_id, channel",
            (subject_type, *chunk),
        ).all()
        for subject_id, channel, count in rows:
            found.setdefault(subject_id, {})[channel] = count
    return found


def sent_letters(db: Db, channel_prefix: str, kind: str, *, since: datetime) -> list[Letter]:
    """What was sent to channels that begin with ``channel_prefix``, oldest first."""
    rows = db.execute(
        select(_outbox)
        .where(
            _outbox.c.channel.startswith(channel_prefix),
            _outbox.c.kind == kind,
            _outbox.c.sent_at.is_not(None),
            _outbox.c.created_at >= since,
        )
        .order_by(_outbox.c.created_at, _outbox.c.id)
    )
    return [Letter(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def counts_of(db: Db, channel: str) -> dict[str, int]:
    """How many letters to a channel wait, and how many are dead."""
    rows = db.execute(
        select(_outbox.c.dead_at.is_not(None).label("dead"), func.count().label("n"))
        .where(_outbox.c.channel == channel, _outbox.c.sent_at.is_(None))
        .group_by("dead")
    )
    return {"waiting": 0, "dead": 0} | {("dead" if row.dead else "waiting"): row.n for row in rows}


def counts(db: Db) -> dict[str, int]:
    """How many letters wait, were sent, and are dead."""
    waiting, sent, dead = (
        db.execute(select(func.count()).select_from(_outbox).where(*condition)).scalar_one()
        for condition in (
            (_outbox.c.sent_at.is_(None), _outbox.c.dead_at.is_(None)),
            (_outbox.c.sent_at.is_not(None),),
            (_outbox.c.dead_at.is_not(None),),
        )
    )
    return {"waiting": waiting, "sent": sent, "dead": dead}
