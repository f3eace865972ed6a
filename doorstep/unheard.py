"""The self-auditor: which open cases went unheard for too long, in whichever channels the house has."""

from datetime import datetime, timedelta

from chat.console import CHAT
from doorstep.house import House
from store import chat_queue, unheard
from store.base import Db
from store.unheard import Unheard

GRACE = timedelta(minutes=15)
"""How long an alert may take before its case counts as unheard."""
SHOWN = 50


def channels_of(db: Db) -> list[str]:
    """Where an alert can be heard: the chats outside the house; where there is none, the console."""
    return [row.name for row in chat_queue.channels(db)] or [CHAT.id]


def unheard_cases(house: House) -> list[Unheard]:
    """The oldest of them."""
    return house.store.read(_shown, house.now())


def _shown(db: Db, now: datetime) -> list[Unheard]:
    return unheard.unheard(db, channels_of(db), before=now - GRACE, limit=SHOWN)


def count_unheard(house: House) -> int:
    return house.store.read(_count, house.now())


def _count(db: Db, now: datetime) -> int:
    return unheard.count(db, channels_of(db), before=now - GRACE)
