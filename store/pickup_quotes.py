"""What carriers said that a pickup would cost: kept as it was said, and good until it ends."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from domain.booking import PickupOrder, Quote, Slot
from store import facts, tables
from store.base import Db
from store.bookings import GOODS, NOBODY, BookingEvent, Told, event
from store.tables import iso_of, table, to_json

_quote = table(tables.PickupQuote)


def digest_of(order: PickupOrder) -> str:
    """What a price depends on, as a digest: the places, the day and the goods, none of the people."""
    places = [
        {k: v for k, v in asdict(p).items() if k not in {"name", "phone", "company"}}
        for p in (order.sender, order.recipient)
    ]
    goods = [order.carrier, order.service, *(getattr(order, name) for name in GOODS)]
    asked = to_json([places, goods, iso_of(order.slot.start), iso_of(order.slot.end)])
    return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def keep(
    db: Db,
    source: str,
    account: str,
    order: PickupOrder,
    quotes: Iterable[Quote],
    *,
    now: datetime,
    told: Told = NOBODY,
) -> None:
    asked = digest_of(order)
    for quote in quotes:
        slots = [[iso_of(slot.start), iso_of(slot.end)] for slot in quote.slots]
        priced = {
            "source": source, "account": account, "carrier": quote.carrier, "service": quote.service,
            "amount_cents": quote.amount_cents, "currency": quote.currency,
        }  # fmt: skip
        db.execute(
            _quote.insert().values(
                our_id=order.our_id, asked=asked, quoted_at=now, valid_until=quote.valid_until, slots=slots, **priced
            )
        )
        data = {**priced, "valid_until": iso_of(quote.valid_until)}
        facts.append(db, [event(order.our_id, BookingEvent.QUOTED, now, told, **data)])


def standing(db: Db, source: str, account: str, order: PickupOrder, *, now: datetime) -> tuple[Quote, ...]:
    """What was quoted for the same and still holds: the last price of each service."""
    rows = db.execute(
        select(_quote)
        .where(
            _quote.c.source == source,
            _quote.c.account == account,
            _quote.c.asked == digest_of(order),
            _quote.c.valid_until > now,
        )
        .order_by(_quote.c.id)
    )
    found = (
        Quote(row.carrier, row.amount_cents, row.currency, row.valid_until, row.service, tuple(map(_slot, row.slots)))
        for row in rows
    )
    return tuple({(quote.carrier, quote.service): quote for quote in found}.values())


def best(db: Db, our_ids: Sequence[str], *, currency: str, now: datetime) -> dict[str, Quote]:
    """The cheapest price that still holds of each id under which one was asked for, as far as there is one in this currency."""
    found: dict[str, Quote] = {}
    for start in range(0, len(our_ids), facts.IN_LIMIT):
        rows = db.execute(
            select(_quote)
            .where(
                _quote.c.our_id.in_(our_ids[start : start + facts.IN_LIMIT]),
                _quote.c.valid_until > now,
                _quote.c.amount_cents.is_not(None),
                _quote.c.currency == currency,
            )
            .order_by(_quote.c.amount_cents.desc(), _quote.c.id.desc())
        )
        for row in rows:  # the cheapest one comes last, of equal ones the first that was said
            slots = tuple(map(_slot, row.slots))
            found[row.our_id] = Quote(row.carrier, row.amount_cents, row.currency, row.valid_until, row.service, slots)
    return found


def _slot(pair: Sequence[str]) -> Slot:
    return Slot(datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1]))
