"""The self-auditor: how many open cases went unheard for too long, in whichever channels the house has."""

from datetime import datetime, timedelta

from monitor.alerts import CHANNEL
from store import chat_queue, unheard
from store.base import Db

GRACE = timedelta(minutes=15)
"""How long an alert may take before its case counts as unheard."""


def channels_of(db: Db) -> list[str]:
    """Where an alert can be heard: the chats outside the house; where there is none, the console."""
    return [row.name for row in chat_queue.channels(db)] or [CHANNEL]


def count(db: Db, now: datetime) -> int:
    return unheard.count(db, channels_of(db), before=now - GRACE)
