"""Carriers' couriers: quoted, ordered once, looked after, cancelled; parcels called back.

That something is ordered is written before it is sent. An answer that got lost is looked for later, by the carrier's own
rule of repeating (carriers/booking_sender); nothing is ordered twice by guess.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from carriers import booking_sender
from carriers.base import Token
from carriers.booking import A, Call, Pickup, R
from carriers.pickup_hours import slot_refused
from carriers.sender import Line
from domain.booking import (
    Booking,
    BookingState,
    Cancelled,
    Intercept,
    Intercepted,
    PickupOrder,
    Quote,
    Refusal,
    Refused,
    Uncertain,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError
from monitor import spending
from monitor.booking_news import LOOK_FAR, LOOK_SOON, hear, looked_after, needed, retry_at, why
from store import bookings, budgets, facts, pickup_quotes
from store.base import Db, Store
from store.bookings import NEVER_BOOKED, NOBODY, OPEN_QUESTION, BookingEvent, BookingRow, Stage, Told

log = structlog.get_logger()
SENDING = timedelta(minutes=2)
"""How long the calls of one act may take together."""
BUSY = SENDING + timedelta(minutes=1)
"""For how long nobody else acts on a booking whose call is out; after that its sender is dead."""
AT_ONCE = 8
NOT_TAKEN = (AccessDenied, RateLimited)
"""Answers by which the carrier took nothing: it didn't let the call in."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one act needs: the open line of its credential (booking_sender.pickup_line), the moment, an id for its calls.
    ``called``: the carrier calls us about this credential's bookings, so that it is asked rarely.
    """

    store: Store
    line: Line
    now: datetime
    nonce: str
    called: bool = False
    told: Told = NOBODY

    @property
    def credential(self) -> tuple[str, str]:
        return self.line.carrier.id, self.line.account.name


# --- quoting -------------------------------------------------------------------------------------------------------


async def quote(turn: Turn, order: PickupOrder) -> tuple[Quote, ...] | Refused:
    """What it would cost: from what was quoted for the same, while that holds, else the carrier is asked. Raises
    OutsideError.
    """
    standing = await turn.store.aread(pickup_quotes.standing, *turn.credential, order, now=turn.now)
    if standing:
        return standing
    check(turn.line, pickup_of(turn.line).quote, order)
    await turn.store.awrite(spend, turn.line, now=turn.now)
    quotes = await booking_sender.quote(turn.line, order, turn.nonce)
    if not isinstance(quotes, Refused):
        await turn.store.awrite(pickup_quotes.keep, *turn.credential, order, quotes, now=turn.now, told=turn.told)
    return quotes


def pickup_of(line: Line) -> Pickup:
    if line.carrier.pickup is None:
        raise RuleError(f"{line.carrier.id}: pickups can't be booked through it: choose another carrier")
    return line.carrier.pickup


def check(line: Line, call: Call[A, R], asked: A) -> None:
    """Raises RuleError where it can't be put into the carrier's words, or a setting is missing; sends nothing."""
    token = Token("", line.now() + BUSY) if line.carrier.token else None
    call.request(asked, replace(line.account, token=token), line.now(), "0")


def spend(db: Db, line: Line, *, now: datetime, calls: int = 1) -> None:
    """Count an act's calls against its credential; where nothing is left it isn't begun. Raises RuleError."""
    carrier = line.carrier
    windows, name = spending.windows_of(carrier, line.account.settings), spending.credential(carrier, line.account.name)
    if budgets.take(db, name, windows, now=now, wanted=1, urgent=1) < 1:
        raise RuleError(f"{name}: its calls are used up now; `doorstep carriers list` says when they return")
    token = 1 if carrier.tokens_count and line.needs_token else 0
    budgets.spend(db, name, windows, calls - 1 + token, now=now)


# --- booking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking as it stands; ``new``: it is this call that ordered it."""

    row: BookingRow
    new: bool


async def book(turn: Turn, order: PickupOrder, *, order_ref: str | None = None) -> Booked | Refused:
    """Order the courier, once for each id of ours. An id that is known gives its booking as it stands, unless it was
    refused: then it is tried anew. Refused: the carrier's own rule of slots forbids it, nothing was written or sent.

    Raises RuleError before anything is written or sent where the order can't be sent at all.
    """
    known, pickup = await turn.store.aread(bookings.find, order.our_id), pickup_of(turn.line)
    if known is not None and known.status is not Stage.REFUSED:
        return Booked(known, new=False)
    refused = slot_refused(pickup.hours(order), order.slot, turn.line.now(), order.zone)
    if refused is not None:
        return refused
    check(turn.line, pickup.book, order)
    row, new = await turn.store.awrite(_begin, turn, order, order_ref)
    return Booked(await _send(turn, order, row, None) if new else row, new)


def _begin(db: Db, turn: Turn, order: PickupOrder, order_ref: str | None) -> tuple[BookingRow, bool]:
    row = bookings.find(db, order.our_id)
    if row is not None and row.status is not Stage.REFUSED:
        return row, False
    spend(db, turn.line, now=turn.now)
    source, account = turn.credential
    begun = bookings.begin(
        db, source, account, order, busy_until=turn.now + BUSY, now=turn.now, order_ref=order_ref, told=turn.told
    )
    return begun, True


async def resolve(turn: Turn, our_id: str) -> BookingRow:
    """Find out what became of an order whose answer got lost. While its call may still be out, nothing is done."""
    row, order = await turn.store.awrite(_again, turn, our_id)
    return row if order is None else await _send(turn, order, row, row.tried_at)


def _again(db: Db, turn: Turn, our_id: str) -> tuple[BookingRow, PickupOrder | None]:
    row = needed(db, our_id)
    if row.status not in OPEN_QUESTION or (row.busy_until and row.busy_until > turn.now):
        return row, None
    order = bookings.order_of(db, our_id)
    if order is None:
        erased = "its people were erased, it can't be looked for: look into the carrier's own console"
        return bookings.look_again(db, our_id, None, error=erased), None
    spend(db, turn.line, now=turn.now, calls=2 if pickup_of(turn.line).find else 1)
    facts.append(db, [bookings.event(our_id, BookingEvent.TRIED, turn.now, turn.told, again=True)])
    bookings.send_out(db, our_id, busy_until=turn.now + BUSY)
    return row, order


async def _send(turn: Turn, order: PickupOrder, row: BookingRow, tried_at: datetime | None) -> BookingRow:
    """Send and write down what came of it. Where we die in between, the row says that it was tried."""
    try:
        async with asyncio.timeout(SENDING.total_seconds()):
            outcome = await booking_sender.book(turn.line, order, turn.nonce, tried_at=tried_at)
    except (OutsideError, TimeoutError) as exc:
        return await turn.store.awrite(_unanswered, turn, row, exc, first=tried_at is None)
    except RuleError as exc:
        if tried_at is None:  # it couldn't be put into words: nothing was sent
            await turn.store.awrite(_answered, turn, row, Refused(Refusal.OTHER, "", str(exc)))
        raise
    return await turn.store.awrite(_answered, turn, row, outcome)


def _unanswered(db: Db, turn: Turn, row: BookingRow, exc: Exception, *, first: bool) -> BookingRow:
    if first and isinstance(exc, NOT_TAKEN):
        return _answered(db, turn, row, Refused(Refusal.OTHER, "", str(exc)))
    text = str(exc) or f"{turn.line.carrier.id}: no answer in {SENDING.seconds} s"
    lost = bookings.event(row.our_id, BookingEvent.UNANSWERED, turn.now, turn.told, error=text)
    bookings.record(db, row.our_id, [lost], error=text)
    return bookings.look_again(db, row.our_id, retry_at(exc, turn.now))


def _answered(db: Db, turn: Turn, row: BookingRow, outcome: Booking | Refused | Uncertain) -> BookingRow:
    if needed(db, row.our_id).status not in OPEN_QUESTION:  # somebody else found out meanwhile
        return needed(db, row.our_id)
    match outcome:
        case Booking():
            _booked(db, turn.line, outcome, now=turn.now, told=turn.told)
        case Refused():
            fact = bookings.refused(row.our_id, BookingEvent.REFUSED, outcome, turn.now, turn.told)
            bookings.record(db, row.our_id, [fact], error=why(outcome))
        case Uncertain():
            fact = bookings.event(row.our_id, BookingEvent.UNCERTAIN, turn.now, turn.told, text=outcome.text)
            bookings.record(db, row.our_id, [fact], error=outcome.text)
    return looked_after(db, turn.line.carrier, row.our_id, now=turn.now, called=turn.called)


def _booked(db: Db, line: Line, booking: Booking, *, now: datetime, told: Told) -> None:
    """With what the carrier called out about it before its answer was here."""
    early = bookings.strays(db, booking.our_id, line.carrier.id, line.account.name, booking.known_as)
    bookings.record(db, booking.our_id, [bookings.booked(booking, now, told), *early])


# --- looking after it ----------------------------------------------------------------------------------------------


async def look(turn: Turn, our_id: str) -> BookingRow:
    """Ask how a booking stands; where it isn't known whether it is one, find that out. What failed is in its ``error``."""
    row = await turn.store.aread(needed, our_id)
    if row.status in OPEN_QUESTION:
        return await resolve(turn, our_id)
    pickup = turn.line.carrier.pickup
    if row.status is Stage.REFUSED or pickup is None or pickup.state is None:
        return await turn.store.awrite(looked_after, turn.line.carrier, our_id, now=turn.now, called=turn.called)
    await turn.store.awrite(spend, turn.line, now=turn.now)
    try:
        said = await booking_sender.state(turn.line, row.ref, turn.nonce)
    except OutsideError as exc:
        return await turn.store.awrite(bookings.look_again, our_id, retry_at(exc, turn.now), error=str(exc))
    return await turn.store.awrite(_told, turn, our_id, said)


def _told(db: Db, turn: Turn, our_id: str, said: BookingState | Refused) -> BookingRow:
    if isinstance(said, Refused):
        error = why(said)
        return looked_after(db, turn.line.carrier, our_id, now=turn.now, called=turn.called, error=error)
    return hear(db, turn.line.carrier, our_id, said, now=turn.now, called=False, calls=turn.called)


def found(
    db: Db, line: Line, our_id: str, booking: Booking | None, *, called: bool, now: datetime, told: Told = NOBODY
) -> BookingRow:
    """What a person saw in the carrier's own console of an order that nobody knows the fate of; None: it isn't there.

    Raises RuleError where that is known already, or where the booking's ref isn't one of this carrier's.
    """
    row = needed(db, our_id)
    if row.status not in OPEN_QUESTION or (row.busy_until and row.busy_until > now):
        raise RuleError(
            f"pickup {our_id} is {row.status}: only one that may or may not be booked can be settled by hand"
        )
    if booking is None:
        none = Refused(Refusal.NOT_FOUND)
        bookings.record(db, our_id, [bookings.refused(our_id, BookingEvent.REFUSED, none, now, told)], error=why(none))
    else:
        check(line, pickup_of(line).cancel, booking.ref)
        _booked(db, line, booking, now=now, told=told)
    return looked_after(db, line.carrier, our_id, now=now, called=called)


OpenTurn = Callable[[BookingRow], Turn | None]
"""Opens the line of a booking's credential; None where it isn't set up any more."""


async def look_after_due(store: Store, open_turn: OpenTurn, *, now: datetime) -> int:
    """Look after every booking that is due, and erase the people of those long over; returns how many were due."""
    due = await store.aread(bookings.due, now=now, limit=AT_ONCE)
    await asyncio.gather(*(_look_after(store, open_turn, row, now=now) for row in due))
    if await store.aread(bookings.anybody_to_erase, now=now):
        await store.awrite(bookings.erase_people, now=now)
    return len(due)


async def _look_after(store: Store, open_turn: OpenTurn, row: BookingRow, *, now: datetime) -> None:
    turn = open_turn(row)
    if turn is None:
        missing = f"{row.source}: no account {row.account!r} is set any more: nobody can ask about it"
        await store.awrite(bookings.look_again, row.our_id, now + LOOK_FAR, error=missing)
        return
    try:
        await look(turn, row.our_id)
    except Exception as exc:  # our own fault, or no call is left: this one waits, the others go on
        if not isinstance(exc, RuleError):
            log.exception("a booking could not be looked after", booking=row.our_id)
        await store.awrite(bookings.look_again, row.our_id, now + LOOK_SOON, error=str(exc))
    finally:
        await turn.line.close()


# --- cancelling and calling back -----------------------------------------------------------------------------------


async def cancel(turn: Turn, our_id: str) -> BookingRow | Refused:
    """Call the courier off. Cancelling twice is the same; once the goods are gone it is refused. Raises OutsideError:
    then cancelling again is safe.
    """
    row = await turn.store.aread(needed, our_id)
    if row.status in NEVER_BOOKED:
        raise RuleError(f"pickup {our_id}: {NOT_CANCELLABLE[row.status]}")
    if row.status is Stage.CANCELLED:
        return row
    if row.status is Stage.COLLECTED:
        return Refused(Refusal.TOO_LATE)
    await turn.store.awrite(spend, turn.line, now=turn.now)
    outcome = await booking_sender.cancel(turn.line, row.ref, turn.nonce)
    return await turn.store.awrite(_off, turn, row, outcome)


NOT_CANCELLABLE = {
    Stage.TRIED: "it isn't known yet whether it was booked: ask for its state first, then cancel",
    Stage.UNCERTAIN: "nobody knows whether it was booked: cancel it in the carrier's own console",
    Stage.REFUSED: "it was never booked, there is nothing to cancel",
}


def _off(db: Db, turn: Turn, row: BookingRow, outcome: Cancelled | Refused) -> BookingRow | Refused:
    if isinstance(outcome, Refused):
        fact = bookings.refused(row.our_id, BookingEvent.CANCEL_REFUSED, outcome, turn.now, turn.told)
        bookings.record(db, row.our_id, [fact], error=why(outcome))
        return outcome
    for our_id in bookings.sharing(db, row):
        fact = bookings.event(our_id, BookingEvent.CANCELLED, turn.now, turn.told, already=outcome.already)
        bookings.record(db, our_id, [fact])
        looked_after(db, turn.line.carrier, our_id, now=turn.now, called=turn.called)
    return needed(db, row.our_id)


async def intercept(turn: Turn, order: Intercept) -> Intercepted | Refused:
    """Call a parcel back, once for each id of ours. Raises OutsideError: then the answer got lost, and only the parcel's
    scans or the carrier's console tell.
    """
    call = turn.line.carrier.intercept
    if call is None:
        raise RuleError(f"{turn.line.carrier.id}: parcels can't be intercepted through it: call the carrier")
    check(turn.line, call, order)
    known = await turn.store.awrite(_begin_intercept, turn, order)
    if known is not None:
        return known
    try:
        outcome = await booking_sender.intercept(turn.line, order, turn.nonce)
    except NOT_TAKEN as exc:
        await turn.store.awrite(_intercepted, turn, order, Refused(Refusal.OTHER, "", str(exc)))
        raise
    await turn.store.awrite(_intercepted, turn, order, outcome)
    return outcome


def _begin_intercept(db: Db, turn: Turn, order: Intercept) -> Intercepted | None:
    last = next(
        (f for f in reversed(facts.history(db, bookings.SUBJECT, order.our_id)) if "intercept" in f.event), None
    )
    if last is not None and last.event == BookingEvent.INTERCEPTED:
        return Intercepted(last.data["number"], last.data["ref"], last.data["charge_cents"])
    if last is not None and last.event == BookingEvent.INTERCEPT_TRIED:
        raise RuleError(
            f"intercept {order.our_id}: its answer got lost or is still to come; see the parcel's scans or the carrier's "
            "own console, and give another id to ask again"
        )
    spend(db, turn.line, now=turn.now)
    data = {
        "number": order.number,
        "kind": order.kind.value,
        "source": turn.credential[0],
        "account": turn.credential[1],
    }
    facts.append(db, [bookings.event(order.our_id, BookingEvent.INTERCEPT_TRIED, turn.now, turn.told, **data)])
    return None


def _intercepted(db: Db, turn: Turn, order: Intercept, outcome: Intercepted | Refused) -> None:
    if isinstance(outcome, Refused):
        refusal = bookings.refused(order.our_id, BookingEvent.INTERCEPT_REFUSED, outcome, turn.now, turn.told)
        facts.append(db, [refusal])
        return
    data = {"number": outcome.number, "ref": outcome.ref, "charge_cents": outcome.charge_cents}
    facts.append(db, [bookings.event(order.our_id, BookingEvent.INTERCEPTED, turn.now, turn.told, **data)])
