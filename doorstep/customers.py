"""The house's part of telling customers: its rules as values, and the beat's look at what is due."""

from datetime import datetime

from doorstep.house import LINK_KEY, House, make_link_key
from monitor.customer_words import Rules
from monitor.telling import tell_due
from store import people, telling


def rules_of(house: House) -> Rules:
    """How this shop writes to its customers."""
    settings = house.settings
    secret = house.store.read(people.meta, LINK_KEY) or house.store.write(make_link_key)
    return Rules(
        settings.customers,
        settings.customer_texts,
        settings.doorstep.lang,
        settings.zone,
        settings.doorstep.shop,
        secret,
    )


async def look_after_due(house: House, *, now: datetime) -> int:
    """The beat's part: messages whose time has come. Returns how many were looked at."""
    if not await house.store.aread(telling.has_work, now=now):
        return 0
    return await house.store.awrite(tell_due, rules_of(house), now=now)
