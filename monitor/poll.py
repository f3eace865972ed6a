"""Polling: due shipments, grouped per credential, inside its budget, asked, kept, rescheduled.

One credential's turn is: read what is due → ask (outside any transaction) → one transaction with the raw bodies, the
new events, the refolded parcels, the next deadlines and the findings.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

import structlog

from carriers.base import Carrier
from carriers.parts import may_be_kept
from carriers.sender import Answer, Line, answered
from config.policies import DetectionPolicy
from domain.errors import AccessDenied, OutsideError, RateLimited, UnreadableReply
from domain.privacy import NOBODY, Known, mask_text
from domain.shipment import ShipmentView
from domain.tracking import Ask, Failed, Found, NoData, NotFound, ParcelReading, Reading, ScanEvent
from monitor import look, spending
from monitor.bodies import raw_bodies, ready_bodies
from monitor.cadence import HELPLESS, next_poll
from store import asking, cases, intake, sources, subscriptions, tracking, turns
from store.asking import Due, Polled
from store.base import Db, Store
from store.sources import SourceState
from store.tracking import RawBody
from store.trouble import trouble_of
from store.turns import Turn

log = structlog.get_logger()
MAX_CALLS_A_TURN = 64
"""Calls of one credential between two commits: what a crash may cost in repeated questions."""
IN_FLIGHT = 8
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
DENIED_PAUSE = timedelta(hours=1)
RETRY_PARCEL = timedelta(hours=1)
"""A parcel whose own reply couldn't be used is asked again after this, and nothing of it is touched."""


@dataclass(frozen=True, slots=True)
class PollReport:
    asked: int = 0
    calls: int = 0
    failed: int = 0
    events: int = 0


Lines = Mapping[tuple[str, str], Line]


Asked = list[tuple[Sequence[Due], Answer]]


async def poll_due(
    store: Store,
    lines: Lines,
    policy: DetectionPolicy,
    *,
    now: datetime,
    nonce: Callable[[], str],
    claim: Callable[[Line], Turn] | None = None,
) -> PollReport:
    """Ask every configured credential about what is due; returns sums over all. ``claim``: where other processes may ask too, under
    which turn a line asks here.

    All ask at once, so that a slow source costs the others nothing but its own answer; what came is kept in the order
    of their names, so that the same world gives the same database.
    """
    in_order = [(line, claim(line) if claim else None) for _, line in sorted(lines.items())]
    turns = [(line, await store.awrite(take_turn, line, now=now, turn=turn)) for line, turn in in_order]
    asking_now = [(line, turn) for line, turn in turns if turn]
    asked = await asyncio.gather(*(ask_all(line, turn, nonce) for line, turn in asking_now))
    reports = [
        await keep_all(store, line, answers, policy, now=now, again=again)
        for (line, _), (answers, again) in zip(asking_now, asked, strict=True)
    ]
    return total(reports)


async def ask_all(line: Line, turn: Sequence[Due], nonce: Callable[[], str]) -> tuple[Asked, bool]:
    """What the source says to all of a turn, and whether a stale token had a call made twice."""
    token = None if line.needs_token else line.account.token
    answers = await _ask_all(line, turn, nonce)
    stale = token is not None and line.account.token is not token
    return answers, stale or (line.carrier.token is not None and all(denied(answer) for _, answer in answers))


async def keep_all(
    store: Store, line: Line, answers: Asked, policy: DetectionPolicy, *, now: datetime, again: bool
) -> PollReport:
    """Write down what a turn brought; ``again``: a call was made twice, and counts so."""
    if again:
        await store.awrite(spending.asked_again, line, now=now)
    return await _keep_turn(store, line, answers, policy, now=now)


async def _ask_all(line: Line, turn: Sequence[Due], nonce: Callable[[], str]) -> Asked:
    """All at once. Where a token is needed the first call goes alone: one token is fetched, and an account that is refused
    has been asked once; what isn't asked then keeps its place.
    """
    gate = asyncio.Semaphore(IN_FLIGHT)
    batches = [turn[i : i + line.carrier.batch_size] for i in range(0, len(turn), line.carrier.batch_size)]
    first = await _ask(line, batches.pop(0), gate, nonce()) if line.carrier.token else []
    if first and all(denied(answer) for _, answer in first):
        return first
    asked = await asyncio.gather(*(_ask(line, batch, gate, nonce()) for batch in batches))
    return [*first, *chain.from_iterable(asked)]


def denied(answer: Answer) -> bool:
    return all(isinstance(r, Failed) and isinstance(r.error, AccessDenied) for r in answer.readings)


async def _keep_turn(store: Store, line: Line, asked: Asked, policy: DetectionPolicy, *, now: datetime) -> PollReport:
    try:
        bodies = await asyncio.to_thread(ready_bodies, line.carrier, asked)
        return await store.awrite(keep, line.carrier, line.account.name, asked, policy, now=now, bodies=bodies)
    except Exception as exc:
        if trouble_of(exc):
            raise  # not theirs: all of them stay due
        log.exception("a turn could not be kept; one by one", source=line.carrier.id)
        return await _keep_singly(store, line, asked, policy, now=now)


async def _keep_singly(store: Store, line: Line, asked: Asked, policy: DetectionPolicy, *, now: datetime) -> PollReport:
    """Find the one that can't be kept: it moves an hour ahead and says so; the others are kept."""
    reports = []
    for batch, answer in asked:
        for one, alone_answer in zip(batch, answer.singly(), strict=True):
            alone = [((one,), alone_answer)]
            try:
                reports.append(await store.awrite(keep, line.carrier, line.account.name, alone, policy, now=now))
            except Exception as exc:
                log.exception("set aside", source=line.carrier.id, shipment=one.shipment_id)
                await store.awrite(
                    asking.set_aside, line.carrier.id, one.shipment_id, exc, until=now + RETRY_PARCEL, now=now
                )
    return total(reports)


def total(reports: Sequence[PollReport]) -> PollReport:
    return PollReport(*(sum(getattr(r, name) for r in reports) for name in PollReport.__dataclass_fields__))


async def _ask(line: Line, batch: Sequence[Due], gate: asyncio.Semaphore, nonce: str) -> Asked:
    """Ask about a batch; where our own fault breaks it, about each alone, so that it costs one parcel only."""
    asks = [ask_of(one) for one in batch]
    try:
        async with gate:
            return [(batch, await line.ask(asks, nonce, [one.told for one in batch]))]
    except Exception as exc:
        log.exception("our own fault in asking", source=line.carrier.id, shipments=[one.shipment_id for one in batch])
        if len(batch) == 1:
            return [(batch, Answer(tuple(asks), (Failed(exc),)))]
    alone = [await _ask(line, [one], gate, f"{nonce}-{n}") for n, one in enumerate(batch)]
    return list(chain.from_iterable(alone))


def ask_of(one: Due) -> Ask:
    return Ask(
        number=one.number,
        carrier=one.carrier,
        phone4=one.phone4 or None,
        destination=one.destination or None,
        shipped_on=one.shipped_on or None,
    )


def take_turn(db: Db, line: Line, *, now: datetime, turn: Turn | None = None) -> list[Due]:
    """What this credential may ask now: nothing while it is paused, one call where it has failed until it answers again,
    never more than its budgets and its money allow; what is worth most goes first. What others ask right now is left to
    them; what is taken is held as ``turn``.
    """
    name = line.carrier.id, line.account.name
    if turn:
        turns.let_go(db, turn.id)
    state, held = sources.state(db, *name), turns.held(db, *name, now=now)
    if (state.paused_until and state.paused_until > now) or (state.failures and held):
        return []
    asking.lift_overdue(db, *name, now=now)
    calls = 1 if state.failures else turn.calls if turn else MAX_CALLS_A_TURN
    possible = spending.possible(db, line, now=now)
    batch = line.carrier.batch_size  # one number more than can be asked tells that work waits
    limit = min(calls * batch, turn.numbers if turn else calls * batch)
    limit = limit if possible is None else min(limit, possible * batch + 1)
    due = asking.due_polls(db, *name, now=now, limit=limit + len(held))
    wanted = [one for one in due if one.shipment_id not in held][:limit]
    taken = spending.afford(db, line, wanted, now=now) if wanted else []
    if turn and taken:
        turns.hold(db, turn, *name, [one.shipment_id for one in taken], now=now)
    return taken


def keep(
    db: Db,
    carrier: Carrier,
    account: str,
    asked: Sequence[tuple[Sequence[Due], Answer]],
    policy: DetectionPolicy,
    *,
    now: datetime,
    bodies: Sequence[RawBody] | None = None,
) -> PollReport:
    """Write down everything that one turn brought; ``bodies``: its replies, where they were made ready beforehand."""
    pairs = [(one, reading) for batch, answer in asked for one, reading in zip(batch, answer.readings, strict=True)]
    tracking.keep_raw(db, raw_bodies(carrier, asked) if bodies is None else bodies, at=now)
    before = sources.state(db, carrier.id, account)
    earlier = before.paused_until is not None and before.paused_until > now
    # what another turn was asking already when the source was paused tells nothing new of it
    state = before if earlier else health_after(before, [r for _, r in pairs], now=now)
    if state.failing_since is None and before.failing_since and now - before.failing_since >= policy.source_silent:
        sources.note_outage(db, state, before.failing_since, now=now)
    state = stand_in(db, state, pairs, policy, now=now)
    sources.save(db, state)
    limited = any(isinstance(r, Failed) and isinstance(r.error, RateLimited) for _, r in pairs)
    if limited and state.paused_until and state.paused_until - now >= spending.LONG:
        spending.used_up(db, state, state.paused_until, now=now)
    gained = take_in(db, carrier, pairs, state, policy, now=now)
    asking.remember(db, carrier.id, told_by(asked))
    asking.taken(db, carrier.id, [one.shipment_id for one, r in pairs if not is_our_fault(r)])
    failed = sum(isinstance(r, Failed) for _, r in pairs)
    return PollReport(len(pairs), len(asked), failed, sum(gained.values()))


def is_our_fault(reading: Reading) -> bool:
    return isinstance(reading, Failed) and not isinstance(reading.error, OutsideError)


def told_by(asked: Sequence[tuple[Sequence[Due], Answer]]) -> dict[int, bytes]:
    """The digests, by shipment, of what was told and is recorded now."""
    return {
        one.shipment_id: digest
        for batch, answer in asked
        for one, reading, digest in zip(batch, answer.readings, answer.digests, strict=False)
        if digest is not None and may_be_kept(reading)
    }


def stand_in(
    db: Db, state: SourceState, pairs: Sequence[tuple[Due, Reading]], policy: DetectionPolicy, *, now: datetime
) -> SourceState:
    """Have others asked where this source can't tell: about everything while it is down or wants to be left alone for long,
    about single shipments that it refuses or has forgotten.
    """
    down = is_down(state, policy, now=now)
    if state.stood_in and state.failing_since is None and not down:
        asking.stand_back(db, state.source, state.account)
    helpless = [d.shipment_id for d, r in pairs if isinstance(r, NotFound) and r.kind in HELPLESS]
    if down:
        helpless += [d.shipment_id for d, r in pairs if isinstance(r, Failed)]
    asking.stand_in_for(db, state.source, helpless, now=now)
    if down:  # every time: shipments are added meanwhile
        asking.stand_in(db, state.source, state.account, now=now)
    return replace(state, stood_in=down)


def is_down(state: SourceState, policy: DetectionPolicy, *, now: datetime) -> bool:
    """It has failed for the policy's span, or is known to be of no use for as long: its quota is used up, or it refuses us."""
    span = policy.polling.failover_after
    failing = state.failing_since is not None and now - state.failing_since >= span
    return failing or (state.paused_until or now) - now >= span


def take_in(
    db: Db,
    carrier: Carrier,
    pairs: Sequence[tuple[Due, Reading]],
    state: SourceState,
    policy: DetectionPolicy,
    *,
    now: datetime,
) -> dict[int, int]:
    """Write what was read of each shipment, polled or pushed: events, next deadlines, carriers corrected, findings."""
    read = [(d.shipment_id, r) for d, r in pairs if isinstance(r, Found) and r.parcels]
    known = intake.known_of(db, [shipment_id for shipment_id, _ in read]) if read else {}
    found = [(one, carrier.id, masked(r.parcels, known.get(one, NOBODY))) for one, r in read]
    gained = tracking.record(db, found, now=now)
    views = _reschedule(db, carrier, pairs, state, policy, now)
    for one, reading in pairs:
        moved_to = reading.moved_to if isinstance(reading, Found | NotFound) else None
        if moved_to and moved_to != one.carrier:
            intake.move_shipment(db, one.shipment_id, moved_to, now=now)
    heard = [d.shipment_id for d, r in pairs if answered(r)]
    told = {d.shipment_id: views[d.shipment_id] for d, r in pairs if isinstance(r, Found) and not r.moved_to}
    look.after_poll(db, heard, gained, policy, now=now, told=told)
    return gained


def masked(parcels: Iterable[ParcelReading], known: Known = NOBODY) -> tuple[ParcelReading, ...]:
    """Readings as they are stored: without names and phone numbers in the texts, of the customer or of anybody."""
    hide = known.hider()
    return tuple(parcel.telling(tuple([_masked(event, hide) for event in parcel.events])) for parcel in parcels)


def _masked(event: ScanEvent, hide: Callable[[str], str]) -> ScanEvent:
    text, place = hide(event.text), event.place and hide(event.place)
    return event if text == event.text and place == event.place else event.saying(text, place)


def _reschedule(
    db: Db,
    carrier: Carrier,
    pairs: Sequence[tuple[Due, Reading]],
    state: SourceState,
    policy: DetectionPolicy,
    now: datetime,
) -> dict[int, ShipmentView]:
    """Say when to ask about each next; returns what is known of them."""
    ids = sorted({d.shipment_id for d, _ in pairs})
    views = tracking.views(db, ids)
    pushed, worked_on = subscriptions.states(db, carrier.id, ids), cases.worked_on(db, ids)
    too_old = [d.shipment_id for d, r in pairs if isinstance(r, NotFound) and r.kind is NoData.AGED_OUT]
    elsewhere = asking.may_know(db, carrier.id, too_old)
    polled: list[Polled] = []
    for one, reading in pairs:
        if isinstance(reading, Failed):
            polled.append(Polled(one.shipment_id, _retry_at(reading, carrier, state, now), failed=True))
            if is_our_fault(reading):
                asking.set_aside(db, carrier.id, one.shipment_id, reading.error, until=now + RETRY_PARCEL, now=now)
            continue
        no_data = reading.kind if isinstance(reading, NotFound) else None
        following = next_poll(
            views[one.shipment_id],
            no_data,
            carrier,
            policy,
            now=now,
            pushed=pushed.get(one.shipment_id) == subscriptions.STANDS,
            under_case=one.shipment_id in worked_on,
            elsewhere=one.shipment_id in elsewhere,
        )
        polled.append(Polled(one.shipment_id, following.at, no_data, worth=following.worth, ended=following.ended))
    asking.reschedule(db, carrier.id, polled, now=now)
    going_on = [
        p.shipment_id for p in polled if p.next_poll_at and not p.failed and views[p.shipment_id].watching_ended
    ]
    asking.watch_again(db, going_on, now=now)  # a push told more of what was over
    return views


def _retry_at(reading: Failed, carrier: Carrier, state: SourceState, now: datetime) -> datetime:
    """The parcel's fault, or ours: later. The source's: as soon as its pause is over, all keep their places; where it
    answers about others, not before this one may be asked again, for the trouble may be with this one alone.
    """
    if isinstance(reading.error, UnreadableReply) or not isinstance(reading.error, OutsideError):
        return now + RETRY_PARCEL
    paused = max(now, state.paused_until or now)
    alone = state.failing_since is None and not isinstance(reading.error, RateLimited)
    return max(paused, now + carrier.min_interval) if alone else paused


def health_after(state: SourceState, readings: Sequence[Reading], *, now: datetime) -> SourceState:
    """How a credential stands after a turn. One usable answer shows that the source works."""
    errors = [r.error for r in readings if isinstance(r, Failed) and isinstance(r.error, OutsideError)]
    if any(answered(r) for r in readings):
        limited = [e for e in errors if isinstance(e, RateLimited)]
        pause = pause_after(limited[0], 1, now) if limited else None
        return replace(state, last_ok_at=now, failing_since=None, failures=0, paused_until=pause, error="")
    if not errors:
        return state
    failures = state.failures + 1
    return replace(
        state,
        failing_since=state.failing_since or now,
        failures=failures,
        paused_until=pause_after(errors[0], failures, now),
        error=mask_text(str(errors[0])),
    )


def pause_after(error: OutsideError, failures: int, now: datetime) -> datetime:
    """When to ask again: when the source says so, else doubling from a minute to half an hour; a refused account
    waits an hour, since only a person can help it.
    """
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return now + timedelta(seconds=error.retry_after_s)
    if isinstance(error, AccessDenied):
        return now + DENIED_PAUSE
    doubled = FIRST_PAUSE * int(2 ** min(failures - 1, 10))
    return now + min(doubled, LONGEST_PAUSE)
