"""What the self-auditor found, as the program shows it: the outbox page, the desk's banner, /metrics.

With a hundred thousand open cases counting takes a quarter of a second: the beat does it once a minute, and no page waits for it.
"""

from datetime import datetime, timedelta

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


EVERY, GOOD_FOR = timedelta(minutes=1), timedelta(minutes=3)
"""How often the beat counts, and for how long pages go by that: a case is unheard after a quarter of an hour at the earliest."""


async def recount(house: House, *, now: datetime) -> None:
    """Count anew, on a reading connection, where the last count is a minute old."""
    if not is_fresh(house, now, EVERY):
        house.unheard.count = await house.store.aread(count, now)
        house.unheard.at = now


def count_unheard(house: House) -> int:
    """How many there are: by the beat's last count, by a new one where no beat counted lately."""
    now = house.now()
    return house.unheard.count if is_fresh(house, now, GOOD_FOR) else house.store.read(count, now)


def is_fresh(house: House, now: datetime, good_for: timedelta) -> bool:
    at = house.unheard.at
    return at is not None and timedelta() <= now - at < good_for
