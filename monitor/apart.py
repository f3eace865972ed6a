"""Working items off so that one that our own fault breaks costs itself only: within the change that works them all off.

All are tried at once; where that raises, each half is, down to the one. That one is set aside with its error and put off, the
others are done. A database in trouble is nobody's fault here: the whole change raises, and nothing of it is kept.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from store import aside
from store.base import Db
from store.trouble import trouble_of

log = structlog.get_logger()
K = TypeVar("K")
AGAIN = timedelta(hours=1)
"""When an item that was set aside is tried again by itself."""


def work_off(
    db: Db,
    topic: str,
    items: Sequence[K],
    work: Callable[[Sequence[K]], int],
    *,
    now: datetime,
    name: Callable[[K], str] = str,
    put_off: Callable[[K, datetime], None] = lambda _item, _until: None,
) -> int:
    """Have ``work`` done on the items; returns the sum of what it returned. ``name`` names an item, ``put_off`` moves its stored
    deadline.
    """
    if not items:
        return 0
    try:
        with db.begin_nested():
            done = work(items)
    except Exception as exc:
        if trouble_of(exc):
            raise
        error = exc
    else:
        aside.clear(db, topic, [name(item) for item in items])
        return done
    if len(items) > 1:
        middle = len(items) // 2
        halves = (items[:middle], items[middle:])
        return sum(work_off(db, topic, half, work, now=now, name=name, put_off=put_off) for half in halves)
    log.error("set aside", topic=topic, item=name(items[0]), exc_info=error)
    aside.put(db, topic, name(items[0]), error, now=now)
    put_off(items[0], now + AGAIN)
    return 0
