"""At start: parcels whose account was taken out of the settings are asked about elsewhere, or said to have nobody."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from config.settings import Settings
from doorstep.sources import way_of
from store import orphans, subscriptions
from store.base import Db

log = structlog.get_logger()


def adopt_orphans(db: Db, settings: Settings, *, now: datetime) -> tuple[int, int]:
    """Give every watched parcel whose account is no longer set the sources that a new parcel of its carrier would have.

    Returns how many were adopted, and how many are left because no account that is set could ask about their carriers.
    """
    gone = {pair for pair in orphans.credentials_in_use(db) if not is_set(settings.carriers, *pair)}
    adopted, left = 0, 0
    for shipment_id, carrier in orphans.orphans_of(db, gone):
        way = way_of(settings, carrier)
        if way is None:
            left += 1
            continue
        orphans.adopt(db, shipment_id, way.sources, begin=way.begin, region=way.region, now=now)
        if way.subscribe:
            subscriptions.want(db, shipment_id, *way.sources[0], now=now)
        adopted += 1
    names = sorted(f"{source}/{account}" for source, account in gone)
    if adopted:
        log.info("parcels are asked about elsewhere: their account is no longer set", accounts=names, parcels=adopted)
    if left:
        fix = "put the account back, or set another that knows their carriers: see `doorstep carriers list`"
        log.warning("nobody can be asked about parcels", accounts=names, parcels=left, fix=fix)
    return adopted, left


def is_set(accounts: Mapping[str, Mapping[str, object]], source: str, account: str) -> bool:
    return account in accounts.get(source, {})
