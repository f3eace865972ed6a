"""The self-auditor: how many open cases went unheard for too long, in whichever channels the house has."""

from datetime import datetime, timedelta

from chat.registry import CHATS
from monitor.alerts import CHANNEL
from store import chat_queue, unheard
from store.base import Db

GRACE = timedelta(minutes=15)
"""How long an alert may take before its case counts as unheard."""


def channels_of(db: Db) -> list[str]:
    """Where an alert can be heard: the chats outside the house; where there is none but the last resort, which keeps still where
    somebody at the console took a case, there too.
    """
    rows = chat_queue.channels(db)
    first = [row for row in rows if not CHATS[row.adapter].last_resort]
    return [row.name for row in rows] + ([] if first else [CHANNEL])


def count(db: Db, now: datetime) -> int:
    return unheard.count(db, channels_of(db), before=now - GRACE)
