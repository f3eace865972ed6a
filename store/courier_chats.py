"""Couriers in chats: where each is written to (facts of the courier, and their row), codes that link them, their open routes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.returns import Route
from store import chat_queue, courier_chat_tables, facts, returns, tables
from store.base import Db
from store.comparing import Difference, compare, histories
from store.facts import FactRow
from store.tables import table

_chat, _code = table(courier_chat_tables.CourierChat), table(courier_chat_tables.CourierCode)
_route, _outbox = table(tables.Route), table(tables.Outbox)
SUBJECT = "courier"
LINKED, UNLINKED, SPEAKS = "linked", "unlinked", "speaks"
"""Facts of a courier: written to in a chat from then on, no longer, in which language."""


@dataclass(frozen=True, slots=True)
class CourierChat:
    """Where a courier is written to, and in which language ("": the channel's)."""

    courier: str
    channel: str
    identity: str
    lang: str
    linked_at: datetime


def of_courier(db: Db, courier: str) -> CourierChat | None:
    return _one(db, _chat.c.courier == courier)


def of_identity(db: Db, channel: str, identity: str) -> CourierChat | None:
    """Who somebody in a channel is; None where they are no courier of ours."""
    return _one(db, (_chat.c.channel == channel) & (_chat.c.identity == identity))


def _one(db: Db, wanted: Any) -> CourierChat | None:
    row = db.execute(select(_chat).where(wanted)).one_or_none()
    return CourierChat(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name begins with _


def all_of_them(db: Db) -> list[CourierChat]:
    rows = db.execute(select(_chat).order_by(_chat.c.courier))
    return [CourierChat(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def link(db: Db, chat: CourierChat, *, by: str | None, via: str) -> None:
    """Write to a courier there from now on. An earlier place of theirs, and another courier's at this identity, end."""
    other = of_identity(db, chat.channel, chat.identity)
    if other is not None and other.courier != chat.courier:
        unlink(db, other.courier, now=chat.linked_at, by=by, via=via)
    data = {"channel": chat.channel, "identity": chat.identity, "lang": chat.lang}
    facts.append(db, [FactRow(SUBJECT, chat.courier, LINKED, chat.linked_at, by, via, data=data)])
    db.execute(_chat.delete().where(_chat.c.courier == chat.courier))
    db.execute(_chat.insert().values(courier=chat.courier, linked_at=chat.linked_at, **data))


def unlink(db: Db, courier: str, *, now: datetime, by: str | None, via: str) -> bool:
    """Write to them there no more; False where nobody did."""
    found = of_courier(db, courier)
    if found is None:
        return False
    data = {"channel": found.channel, "identity": found.identity}
    facts.append(db, [FactRow(SUBJECT, courier, UNLINKED, now, by, via, data=data)])
    db.execute(_chat.delete().where(_chat.c.courier == courier))
    return True


def set_lang(db: Db, courier: str, lang: str, *, now: datetime, via: str) -> None:
    facts.append(db, [FactRow(SUBJECT, courier, SPEAKS, now, courier, via, data={"lang": lang})])
    db.execute(_chat.update().where(_chat.c.courier == courier).values(lang=lang))


def columns_of(history: Sequence[FactRow]) -> dict[str, Any] | None:
    """The row that a courier's facts amount to; None for no chat."""
    row: dict[str, Any] | None = None
    for fact in history:
        if fact.event == LINKED:
            row = {**fact.data, "linked_at": fact.at}
        elif fact.event == UNLINKED:
            row = None
        elif fact.event == SPEAKS and row is not None:
            row = {**row, "lang": fact.data["lang"]}
    return row


def faults(db: Db) -> Iterator[Difference]:
    """Rows that differ from what their couriers' facts amount to."""
    rebuilt = {one: columns_of(history) for one, history in histories(db, SUBJECT).items()}
    for row in db.execute(select(_chat).order_by(_chat.c.courier)):
        due = rebuilt.pop(row.courier, None)
        if due is None:
            yield Difference(f"courier {row.courier}", "chat", row.identity, "none")
        else:
            yield from compare(f"courier {row.courier}", row, due)
    yield from (Difference(f"courier {one}", "chat", "none", due) for one, due in rebuilt.items() if due is not None)


# --- codes ---------------------------------------------------------------------------------------------------------


def new_code(db: Db, digest: str, courier: str, *, now: datetime, expires_at: datetime) -> None:
    """Keep a code's hash; earlier codes of the courier end."""
    unused = (_code.c.courier == courier) & _code.c.used_at.is_(None)
    db.execute(_code.update().where(unused).values(used_at=now))
    db.execute(_code.insert().values(digest=digest, courier=courier, expires_at=expires_at, used_by=""))


def use_code(db: Db, digest: str, who: str, *, now: datetime) -> str | None:
    """Spend a code: whose it is; None where it is unknown, spent or too old."""
    good = (_code.c.digest == digest) & (_code.c.expires_at > now) & _code.c.used_at.is_(None)
    courier: str | None = db.execute(select(_code.c.courier).where(good)).scalar_one_or_none()
    if courier is not None:
        db.execute(_code.update().where(_code.c.digest == digest).values(used_at=now, used_by=who))
    return courier


def waiting_codes(db: Db, *, now: datetime) -> dict[str, datetime]:
    """Until when the unused code of each courier who has one is good."""
    good = (_code.c.expires_at > now) & _code.c.used_at.is_(None)
    return {row.courier: row.expires_at for row in db.execute(select(_code.c.courier, _code.c.expires_at).where(good))}


def was_used_by(db: Db, digest: str, who: str) -> bool:
    """Whether somebody says again what linked them."""
    found = select(_code.c.digest).where(_code.c.digest == digest, _code.c.used_by == who)
    return db.execute(found).first() is not None


# --- routes --------------------------------------------------------------------------------------------------------


def open_routes(db: Db, courier: str, *, after: datetime) -> list[Route]:
    """A courier's routes that are neither done nor declined and end after then, the earliest first."""
    mine = (_route.c.courier == courier) & _route.c.status.in_(["dispatched", "under_way"])
    rows = db.execute(select(_route.c.id).where(mine, _route.c.return_at > after).order_by(_route.c.depart_at))
    found = (returns.find_route(db, row.id) for row in rows)
    return [route for route in found if route is not None]


def route_of_message(db: Db, channel: str, identity: str, remote_id: str) -> str | None:
    """The route that our message to this person is about. Who it went to is asked, too: ids may be a place's own."""
    rows = db.execute(
        select(_outbox.c.subject_id, _outbox.c.payload).where(
            _outbox.c.channel == channel,
            _outbox.c.remote_id == remote_id,
            chat_queue.NAMED,
            _outbox.c.subject_type == "route",
        )
    )
    return next((str(row.subject_id) for row in rows if row.payload.get("who") == identity), None)
