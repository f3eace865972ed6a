"""Sending what was written: each letter at least once, under its one id, after the commit that wrote it.

These are the channels inside the house: an alert is delivered by being in the console's feed, an instruction by being on
the money page, a route by being on its courier's page. So sending is one transaction. What goes to a chat outside has a queue
of its own: doorstep/chats; what goes to the merchant's system, where its address is set: doorstep/merchant.
"""

from collections.abc import Collection
from datetime import datetime

from store import mail, said_letters
from store.base import Db, Store

BATCH = 500


async def send_due(store: Store, *, now: datetime, outside: Collection[str] = ()) -> int:
    """Deliver what is due, but for the channels that are ``outside``; returns how many letters were."""
    letters = await store.aread(mail.due_letters, now=now, limit=BATCH, outside=outside)
    if letters:
        await store.awrite(_deliver_in_house, [letter.id for letter in letters], now=now)
    return len(letters)


def _deliver_in_house(db: Db, letter_ids: list[str], *, now: datetime) -> None:
    for letter_id in letter_ids:
        mail.mark_sent(db, letter_id, now=now)
    said_letters.empty_shown(db, letter_ids)
