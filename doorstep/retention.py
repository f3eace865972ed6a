"""What is kept no longer than the privacy policy says: customers' data, carriers' replies, couriers' positions, imported files. A slice at each beat."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from doorstep import erasures
from doorstep.house import House
from doorstep.traces import drop_leftovers
from store import erasing, keeping, positions, raw_keeping
from store.base import Db
from store.erasing import Asked, Keyed

log = structlog.get_logger()
NEW_A_BEAT, LOOKS_A_BEAT, RAW_A_BEAT = 500, 20, 200
OPEN_AGAIN = timedelta(days=7)
"""When to look again at a customer of whom something is open."""


async def keep_no_longer(house: House, *, now: datetime) -> int:
    """Do a slice of what is due at ``now``; returns how many customers were erased."""
    shared = house.settings.returns.courier_positions
    before = Before(now - house.settings.privacy.raw, now - house.settings.privacy.positions if shared else now)
    if not await house.store.aread(anything_due, now=now, before=before):
        return 0
    asked = Asked(house.new_id(), now, None, erasing.AGED, everywhere=False)
    erased = await house.store.awrite(
        run_slice, house.settings.privacy.after_settled, asked, erasures.hash_of(house), before
    )
    drop_leftovers(house.settings.import_folder, before=(house.wall() - house.settings.privacy.imports).timestamp())
    if erased:
        house.store.checkpoint()
        log.info("kept long enough", customers=erased)
    return erased


@dataclass(frozen=True, slots=True)
class Before:
    """Until when carriers' replies and couriers' positions are too old."""

    raw: datetime
    positions: datetime


def anything_due(db: Db, *, now: datetime, before: Before) -> bool:
    known = keeping.anything_due(db, now=now) or raw_keeping.is_due(db, before=before.raw, now=now)
    return known or positions.is_due(db, before=before.positions)


def run_slice(db: Db, after: timedelta, asked: Asked, keyed: Keyed, before: Before) -> int:
    """Deadlines for new records, looks at those that are due, old replies and positions, all in one transaction."""
    keeping.begin(db, after=after, now=asked.at, limit=NEW_A_BEAT)
    raw_keeping.drop(db, before=before.raw, now=asked.at, limit=RAW_A_BEAT)
    positions.drop(db, before=before.positions)
    erased = 0
    for customer in keeping.due(db, now=asked.at, limit=LOOKS_A_BEAT):
        erased += look_at(db, customer, after, replace(asked, id=f"{asked.id}-{customer}"), keyed)
    return erased


def look_at(db: Db, customer: int, after: timedelta, asked: Asked, keyed: Keyed) -> int:
    """Erase a customer whose time has come; else store when to look again. Returns how many records were erased."""
    customers = _together(db, customer)
    scope = erasing.scope_of(db, customers)
    if keeping.held(db, customers):
        keeping.look_again(db, [customer], asked.at + OPEN_AGAIN)
        return 0
    ends = (keeping.last_deed(db, scope) or asked.at) + after
    again = asked.at + OPEN_AGAIN if keeping.still_open(db, scope) else ends
    if again > asked.at:
        keeping.look_again(db, customers, again)
        return 0
    erasing.erase(db, customers, asked, keyed)
    return len(customers)


def _together(db: Db, customer: int) -> tuple[int, ...]:
    """All records of one person; those that were erased before have nothing left to share."""
    return tuple(sorted({customer, *erasing.sharing(db, {customer})}))
