"""A source that calls us: proven, taken once, written before it is answered."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from carriers.base import Account, Carrier, failing_softly
from config.policies import DetectionPolicy
from domain.errors import OutsideError
from domain.tracking import Ask
from monitor.poll import keep_body, take_in
from net.http import HttpReply
from store import due, mail
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
    """Take in a push; False where it proves nothing: then nothing is written at all.

    The same bytes again change nothing. A proven push that can't be read is kept as it came, and touches no parcel; the
    next poll brings what it held.
    """
    push = carrier.push
    if push is None or push.verify is None or not push.verify(body, headers, account):
        return False
    key = hashlib.blake2b(body, digest_size=16).hexdigest()
    if not mail.receive(db, f"push/{carrier.id}", account.name, key, at=now):
        return True
    reply = HttpReply(200, headers, push.unwrap(body))
    asks = _asks(carrier, reply.body)
    readings = failing_softly(carrier.id, lambda: push.read(reply, asks, now), asks)
    keep_body(db, carrier, reply, readings, now=now)
    shipments = [due.watched_number(db, carrier.id, account.name, ask.number, now=now) for ask in asks]
    pairs = [(one, reading) for one, reading in zip(shipments, readings, strict=True) if one is not None]
    take_in(db, carrier, pairs, due.source_state(db, carrier.id, account.name), policy, now=now)
    return True


def _asks(carrier: Carrier, body: bytes) -> list[Ask]:
    """The numbers that a push speaks of; none where it can't be read."""
    assert carrier.push is not None
    try:
        return [Ask(number) for number in carrier.push.numbers(body)]
    except OutsideError:
        return []
