"""What the self-auditor found, as the program shows it: the outbox page, the desk's banner, /metrics."""

from datetime import datetime

from doorstep.house import House
from monitor.unheard import GRACE, channels_of, count
from store import unheard
from store.base import Db
from store.unheard import Unheard

SHOWN = 50


def unheard_cases(house: House) -> list[Unheard]:
    """The oldest of them."""
    return house.store.read(_shown, house.now())


def _shown(db: Db, now: datetime) -> list[Unheard]:
    return unheard.unheard(db, channels_of(db), before=now - GRACE, limit=SHOWN)


def count_unheard(house: House) -> int:
    return house.store.read(count, house.now())
