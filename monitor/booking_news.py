"""What carriers say of bookings, asked or calling: proven, taken once, written; and when each is looked after next."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from carriers.base import UNREADABLE, Account, Carrier
from domain.booking import BookingState, Refused
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError
from domain.privacy import scrub_body
from store import bookings, facts, mail, tracking
from store.base import Db
from store.bookings import OPEN_QUESTION, OVER, BookingRow, Stage
from store.tracking import RawBody

LOOK_SOON, LOOK_NEAR, LOOK_FAR = timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=6)
NEAR_AFTER, WATCHED_AFTER = timedelta(hours=6), timedelta(days=3)


def needed(db: Db, our_id: str) -> BookingRow:
    row = bookings.find(db, our_id)
    if row is None:
        raise RuleError(f"there is no pickup {our_id!r}: `doorstep pickups list` shows those that there are")
    return row


def retry_at(exc: Exception, now: datetime) -> datetime:
    if isinstance(exc, RateLimited) and exc.retry_after_s is not None:
        return now + timedelta(seconds=exc.retry_after_s)
    return now + (LOOK_FAR if isinstance(exc, AccessDenied) else LOOK_SOON)


def why(refused: Refused) -> str:
    return f"{refused.reason}: {refused.code} {refused.text}".strip().rstrip(":")


def next_look(carrier: Carrier, row: BookingRow, *, now: datetime, called: bool) -> datetime | None:
    """When to ask about a booking next; None: nothing more can be learned by asking."""
    pickup = carrier.pickup
    last = row.slot_to + WATCHED_AFTER
    if pickup is None or now >= last:
        return None
    if row.status in OPEN_QUESTION:
        return now + LOOK_NEAR if pickup.find else None
    settled = row.status is not Stage.COLLECTED or row.charge_cents is not None
    if pickup.state is None or (row.status in OVER and settled):
        return None
    if called or row.status is Stage.COLLECTED:
        return min(now + LOOK_FAR, last)
    near = row.slot_from <= now + LOOK_NEAR and now <= row.slot_to + NEAR_AFTER
    return now + LOOK_NEAR if near else min(max(row.slot_from, now + LOOK_NEAR), now + LOOK_FAR)


def looked_after(
    db: Db, carrier: Carrier, our_id: str, *, now: datetime, called: bool, error: str | None = None
) -> BookingRow:
    row = needed(db, our_id)
    return bookings.look_again(db, our_id, next_look(carrier, row, now=now, called=called), error=error)


def hear(
    db: Db, carrier: Carrier, our_id: str, said: BookingState, *, now: datetime, called: bool, calls: bool
) -> BookingRow:
    """Write down what the carrier said; the same as before is no news. ``called``: it called; ``calls``: it usually does."""
    bookings.meet_courier(db, our_id, said.courier_name, said.courier_phone)
    rows = bookings.heard(our_id, said, now, called=called)
    past = facts.history(db, bookings.SUBJECT, our_id)
    known = {row.event: row.data for row in past}
    bookings.record(db, our_id, [row for row in rows if called or known.get(row.event) != row.data])
    return looked_after(db, carrier, our_id, now=now, called=calls, error="")


# --- being called --------------------------------------------------------------------------------------------------


def take_call(
    db: Db, carrier: Carrier, account: Account, body: bytes, headers: Mapping[str, str], *, now: datetime
) -> bool:
    """Take in a carrier's call about a booking; False where it proves nothing: then nothing is written at all.

    The same proven bytes again change nothing. A call that can't be read is kept as it came.
    """
    callback = carrier.pickup.callback if carrier.pickup else None
    if callback is None or not callback.verify(body, headers, account):
        return False
    key = hashlib.blake2b(callback.proven(body), digest_size=16).hexdigest()
    if not mail.receive(db, f"pickup/{carrier.id}", account.name, key, at=now):
        return True
    try:
        news = callback.read(body)
    except (OutsideError, *UNREADABLE) as exc:
        _keep_unread(db, carrier, body, str(exc), now=now)
        return True
    our_id = bookings.known(db, carrier.id, account.name, news.known_as)
    if our_id is None:
        bookings.keep_stray(db, carrier.id, account.name, news.known_as, news.state, now=now)
    else:
        hear(db, carrier, our_id, news.state, now=now, called=True, calls=True)
    return True


PEOPLE_IN_CALLS = ("courierName", "courierMobile")


def _keep_unread(db: Db, carrier: Carrier, body: bytes, error: str, *, now: datetime) -> None:
    plain = unquote_plus(body.decode("utf-8", "replace")).encode()
    kept = scrub_body(plain, (*carrier.scrub, *PEOPLE_IN_CALLS))
    tracking.keep_raw(db, [RawBody(carrier.id, 200, kept, error)], at=now)
