"""Being called by the sources that call: subscribed as soon as a shipment is watched, renewed before it runs out, taken up
again after the source gave up.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from carriers.base import Standing, Stands, Subscription
from carriers.sender import Line
from domain.errors import AccessDenied, OutsideError, RateLimited, UnreadableReply
from domain.privacy import mask_text
from domain.tracking import Failed, NotFound
from monitor import spending
from monitor.poll import ask_of
from store import asking, sources, subscriptions
from store.asking import Due, Polled
from store.base import Db, Store
from store.subscriptions import OVER, REFUSED, STANDS, WANTED, Outcome

log = structlog.get_logger()
CALLS_A_TICK = 16
RENEW_BEFORE = timedelta(days=1)
RETRY = timedelta(minutes=10)
RETRY_DENIED = timedelta(hours=6)
RETRY_UNKNOWN = timedelta(days=1)
"""A source that doesn't know a number yet may take it tomorrow."""

CallbackUrl = Callable[[str, str], str]
"""The address at which a source (id, account) reaches us."""


def offered(line: Line) -> Subscription | None:
    """How this credential can be subscribed to, None where its source never calls or its account isn't set up for it."""
    subscription = line.carrier.push.subscription if line.carrier.push else None
    return subscription if subscription and subscription.ready(line.account) else None


async def subscribe_due(store: Store, lines: Sequence[Line], callback_url: CallbackUrl, *, now: datetime) -> int:
    """Subscribe to what is due at every credential; returns how many shipments were asked for."""
    turns = [(line, await store.awrite(take_turn, line, now=now)) for line in lines if offered(line)]
    asking_now = [(line, turn) for line, turn in turns if turn]
    answers = await asyncio.gather(*(_ask(line, turn, callback_url) for line, turn in asking_now))
    for (line, turn), standings in zip(asking_now, answers, strict=True):
        await store.awrite(keep, line, turn, standings, now=now)
    return sum(len(turn) for _, turn in asking_now)


def take_turn(db: Db, line: Line, *, now: datetime) -> list[Due]:
    """What this credential may subscribe to now: nothing while its source is paused, never more than its budgets allow."""
    subscription = offered(line)
    assert subscription is not None
    state = sources.state(db, line.carrier.id, line.account.name)
    if state.paused_until and state.paused_until > now:
        return []
    limit = CALLS_A_TICK * subscription.batch
    wanted = subscriptions.due(db, line.carrier.id, line.account.name, now=now, limit=limit)
    return spending.payable(db, line, wanted, now=now) if wanted else []


async def _ask(line: Line, turn: Sequence[Due], callback_url: CallbackUrl) -> list[Standing]:
    subscription = offered(line)
    assert subscription is not None
    url = callback_url(line.carrier.id, line.account.name)
    batches = [turn[i : i + subscription.batch] for i in range(0, len(turn), subscription.batch)]
    answers = await asyncio.gather(*(_ask_batch(line, batch, url) for batch in batches))
    return [standing for answer in answers for standing in answer]


async def _ask_batch(line: Line, batch: Sequence[Due], url: str) -> list[Standing]:
    """Subscribe to a batch; where our own fault breaks it, to each alone, so that it costs one parcel only."""
    try:
        return list(await line.subscribe([ask_of(one) for one in batch], url))
    except Exception as exc:
        log.exception("our own fault in subscribing", source=line.carrier.id, shipments=[o.shipment_id for o in batch])
        if len(batch) == 1:
            return [Failed(exc)]
    return [standing for one in batch for standing in await _ask_batch(line, [one], url)]


def keep(db: Db, line: Line, turn: Sequence[Due], standings: Sequence[Standing], *, now: datetime) -> None:
    """Write down what became of the subscriptions; a source that must be subscribed to is asked once it stands. Where the
    source took none of them for a trouble of its own, it is left alone for a while.
    """
    subscription = offered(line)
    assert subscription is not None
    lasts = subscription.lasts
    outcomes = [outcome(one.shipment_id, told, lasts, now=now) for one, told in zip(turn, standings, strict=True)]
    subscriptions.settle(db, line.carrier.id, outcomes, now=now)
    trouble = _trouble(standings)
    if trouble:
        subscriptions.postpone(db, line.carrier.id, line.account.name, until=now + _pause(trouble))
    if subscription.needed:
        _judge_source(db, line, trouble, now=now)
        _begin(db, line.carrier.id, turn, standings, now=now)


def _begin(db: Db, source: str, turn: Sequence[Due], standings: Sequence[Standing], *, now: datetime) -> None:
    """Ask about what the source follows from now on; what it refuses is on record as its word of the number."""
    pairs = list(zip(turn, standings, strict=True))
    for one, told in pairs:
        if isinstance(told, Stands):
            asking.begin(db, source, one.shipment_id, now=now)
    refused = [Polled(one.shipment_id, None, told.kind) for one, told in pairs if isinstance(told, NotFound)]
    asking.reschedule(db, source, refused, now=now)


def _trouble(standings: Sequence[Standing]) -> OutsideError | None:
    """The source's own trouble that all of these failed for, None where any of them was taken or refused for itself."""
    errors = [told.error for told in standings if isinstance(told, Failed)]
    own = [error for error in errors if isinstance(error, OutsideError) and not isinstance(error, UnreadableReply)]
    return own[0] if own and len(own) == len(standings) else None


def _judge_source(db: Db, line: Line, trouble: OutsideError | None, *, now: datetime) -> None:
    """A source that takes no registration tells nothing of new parcels: it fails, though no question did."""
    state = sources.state(db, line.carrier.id, line.account.name)
    if trouble:
        error = mask_text(str(trouble))
        sources.save(db, replace(state, failing_since=state.failing_since or now, error=error))
    elif state.failing_since and not state.failures:
        sources.save(db, replace(state, failing_since=None, error=""))


def outcome(shipment_id: int, told: Standing, lasts: timedelta | None, *, now: datetime) -> Outcome:
    """What a standing makes of a subscription, and when it is due again."""
    if isinstance(told, Stands):
        return Outcome(shipment_id, STANDS, now + lasts - RENEW_BEFORE if lasts else None)
    if isinstance(told, NotFound):
        return Outcome(shipment_id, REFUSED, now + RETRY_UNKNOWN, mask_text(f"{told.kind}: {told.message}"))
    assert isinstance(told, Failed)
    return Outcome(shipment_id, WANTED, now + _pause(told.error), mask_text(str(told.error)))


def _pause(error: Exception) -> timedelta:
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return timedelta(seconds=error.retry_after_s)
    waits = isinstance(error, AccessDenied | UnreadableReply) or not isinstance(error, OutsideError)
    return RETRY_DENIED if waits else RETRY


def ended(db: Db, source: str, over: dict[int, timedelta | None], *, now: datetime) -> None:
    """The source ended these subscriptions: taken up again after the given time where it says so, else over. What is no
    longer watched is not taken up again.
    """
    watched = {i for i, told in asking.sources_of(db, sorted(over)).items() if any(s.next_poll_at for s in told)}
    outcomes = [
        Outcome(one, WANTED, now + after) if after is not None and one in watched else Outcome(one, OVER, None)
        for one, after in sorted(over.items())
    ]
    subscriptions.settle(db, source, outcomes, now=now)
