"""A source that calls us: proven, taken once, written before it is answered."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from carriers.base import UNREADABLE, Account, Carrier, failing_softly
from carriers.sender import answered
from config.policies import DetectionPolicy
from domain.errors import OutsideError
from domain.tracking import Ask
from monitor.bodies import keep_body
from monitor.poll import take_in
from monitor.subscriptions import ended
from net.http import HttpReply
from store import asking, mail, sources, subscriptions
from store.asking import ASK_GAP
from store.base import Db


def take(
    db: Db,
    carrier: Carrier,
    account: Account,
    body: bytes,
    headers: Mapping[str, str],
    policy: DetectionPolicy,
    *,
    now: datetime,
) -> bool:
    """Take in a push that must prove itself; False where it doesn't: then nothing is written at all.

    The same bytes again change nothing. A proven push that can't be read is kept as it came, and touches no parcel; the
    next poll brings what it held.
    """
    push = carrier.push
    if push is None or push.verify is None or not push.verify(body, headers, account):
        return False
    if not _is_new(db, carrier, account, body, now=now):
        return True
    reply = HttpReply(200, headers, push.unwrap(body))
    asks = [Ask(number) for number in _numbers(carrier, reply.body)]
    shipments = [asking.asked_of(db, carrier.id, account.name, ask.number) for ask in asks]
    if any(one is not None and asking.is_erased(db, one.shipment_id) for one in shipments):
        return True  # what it says of an erased customer isn't kept
    readings = failing_softly(carrier.id, lambda: push.read(reply, asks, now), asks)
    keep_body(db, carrier, reply, readings, now=now)
    told = zip(shipments, readings, strict=True)
    pairs = [(one, reading) for one, reading in told if one is not None and answered(reading)]
    subscriptions.called(db, carrier.id, [one.shipment_id for one, _ in pairs], now=now)
    _end(db, carrier, account, reply.body, now=now)
    take_in(db, carrier, pairs, sources.state(db, carrier.id, account.name), policy, now=now)
    return True


def hint(db: Db, carrier: Carrier, account: Account, body: bytes, *, now: datetime) -> int:
    """A push that nothing proves, come by a path that only its source was told: ask now about the numbers that it names.
    No event is written from it. Returns how many shipments of ours it named; the same bytes again ask nothing more.
    """
    push = carrier.push
    assert push is not None
    if not _is_new(db, carrier, account, body, now=now):
        return 0
    found = [asking.asked_of(db, carrier.id, account.name, n) for n in _numbers(carrier, push.unwrap(body))]
    named = [one.shipment_id for one in found if one is not None]
    for shipment_id in named:
        asking.ask_now(db, carrier.id, shipment_id, not_before=ASK_GAP, now=now)
    subscriptions.called(db, carrier.id, named, now=now)
    return len(named)


def _is_new(db: Db, carrier: Carrier, account: Account, body: bytes, *, now: datetime) -> bool:
    key = hashlib.blake2b(body, digest_size=16).hexdigest()
    return mail.receive(db, f"push/{carrier.id}", account.name, key, at=now)


def _numbers(carrier: Carrier, body: bytes) -> tuple[str, ...]:
    """The numbers that a push speaks of; none where it can't be read."""
    assert carrier.push is not None
    try:
        return carrier.push.numbers(body)
    except (OutsideError, *UNREADABLE):
        return ()


def _end(db: Db, carrier: Carrier, account: Account, body: bytes, *, now: datetime) -> None:
    """The subscriptions that this push ends."""
    assert carrier.push is not None
    try:
        over = carrier.push.ended(body)
    except (OutsideError, *UNREADABLE):
        return
    named = {number: asking.asked_of(db, carrier.id, account.name, number) for number in over}
    ended(db, carrier.id, {one.shipment_id: over[n] for n, one in named.items() if one is not None}, now=now)
