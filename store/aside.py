"""What was set aside: items that our own fault broke, with their error, for people to see and to have tried again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from domain.privacy import mask_text
from store import aside_tables
from store.base import Db
from store.tables import table

_aside = table(aside_tables.SetAside)
MAX_ERROR = 300


@dataclass(frozen=True, slots=True)
class Aside:
    topic: str
    item: str
    error: str
    tries: int
    first_at: datetime
    last_at: datetime


def put(db: Db, topic: str, item: str, error: Exception, *, now: datetime) -> None:
    """It failed (again)."""
    told = mask_text(f"{type(error).__name__}: {error}")[:MAX_ERROR]
    this = (_aside.c.topic == topic) & (_aside.c.item == item)
    again = {"error": told, "tries": _aside.c.tries + 1, "last_at": now}
    if db.execute(_aside.update().where(this).values(**again)).rowcount == 0:
        row = {"topic": topic, "item": item, "error": told, "tries": 1, "first_at": now, "last_at": now}
        db.execute(_aside.insert().values(**row))


def clear(db: Db, topic: str, items: Iterable[str]) -> None:
    """These went well; costs next to nothing where none was set aside."""
    known = {row[0] for row in db.execute(select(_aside.c.item).where(_aside.c.topic == topic))}
    for item in known & set(items) if known else ():
        db.execute(_aside.delete().where(_aside.c.topic == topic, _aside.c.item == item))


def everything(db: Db, *, limit: int = 200) -> list[Aside]:
    """The latest first."""
    rows = db.execute(select(_aside).order_by(_aside.c.last_at.desc(), _aside.c.topic, _aside.c.item).limit(limit))
    return [Aside(row.topic, row.item, row.error, row.tries, row.first_at, row.last_at) for row in rows]


def count(db: Db) -> int:
    return int(db.execute(select(func.count()).select_from(_aside)).scalar_one())
