"""Whose number is it? What the number alone doesn't say for sure is asked of a source that knows many carriers, then of a
person.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from carriers.sender import Line
from domain.errors import OutsideError, RuleError
from monitor import spending
from store import budgets, sources, subscriptions, unidentified
from store.base import Db, Store
from store.unidentified import Unidentified

log = structlog.get_logger()
AT_ONCE = 16
RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Way:
    """Who is asked about a carrier's parcels: (source, account) pairs, the first one first. ``begin`` False: it is asked
    only once subscribed to; ``subscribe``: it is asked to call us. ``region``: whose thresholds the parcels live by.
    """

    sources: tuple[tuple[str, str], ...]
    begin: bool
    subscribe: bool
    region: str = "default"


WayOf = Callable[[str], Way | None]
"""The way of a carrier code; None where no account could ask about it."""


async def identify_due(store: Store, lines: Sequence[Line], way_of: WayOf, *, now: datetime) -> int:
    """Ask the first source that detects carriers about the numbers that are due; returns how many it named."""
    line = next((line for line in lines if line.carrier.detect), None)
    if line is None:
        return 0
    turn = await store.awrite(take_turn, line, now=now)
    answers = await asyncio.gather(*(_detect(line, one) for one in turn))
    return await store.awrite(keep, turn, answers, way_of, now=now) if turn else 0


def take_turn(db: Db, line: Line, *, now: datetime) -> list[Unidentified]:
    """As many as the credential's calls allow now; nothing while it is paused."""
    state = sources.state(db, line.carrier.id, line.account.name)
    if state.paused_until and state.paused_until > now:
        return []
    wanted = unidentified.due(db, now=now, limit=AT_ONCE)
    if not wanted:
        return []
    name = spending.credential(line.carrier, line.account.name)
    windows = spending.windows_of(line.carrier, line.account.settings)
    return wanted[: budgets.take(db, name, windows, now=now, wanted=len(wanted))]


async def _detect(line: Line, one: Unidentified) -> tuple[str, ...] | None:
    """The carriers that the source names; None where it couldn't be asked now."""
    try:
        return await line.detect(one.number)
    except RuleError:
        return ()
    except OutsideError:
        return None
    except Exception:
        log.exception("our own fault in detecting", source=line.carrier.id, shipment=one.shipment_id)
        return None


def keep(
    db: Db, turn: Sequence[Unidentified], answers: Sequence[tuple[str, ...] | None], way_of: WayOf, *, now: datetime
) -> int:
    named = 0
    for one, answer in zip(turn, answers, strict=True):
        if answer is None:
            unidentified.postpone(db, [one.shipment_id], until=now + RETRY)
            continue
        carrier = choose(one.guesses, answer)
        way = way_of(carrier) if carrier else None
        if carrier and way:
            named += settle(db, one.shipment_id, carrier, way, now=now)
        else:
            unidentified.guessed(db, one.shipment_id, merged(one.guesses, answer))
    return named


def choose(guesses: Sequence[str], detected: Sequence[str]) -> str | None:
    """The carrier that the source and the number's form agree on; where the form says nothing, the only one that the
    source names. Anything else is a question for a person.
    """
    agreed = [code for code in detected if code in guesses]
    if len(agreed) == 1:
        return agreed[0]
    return detected[0] if not guesses and len(detected) == 1 else None


def merged(guesses: Sequence[str], detected: Sequence[str]) -> tuple[str, ...]:
    """What a person is shown: first what both name, then what the source names, then the rest."""
    return tuple(dict.fromkeys([*(c for c in detected if c in guesses), *detected, *guesses]))


def settle(
    db: Db,
    shipment_id: int,
    carrier: str,
    way: Way,
    *,
    now: datetime,
    correcting: bool = False,
    by: str | None = None,
    channel: str = "",
) -> bool:
    """Watch an identified shipment like any other; False where there was nothing more to say."""
    new = unidentified.identified(
        db, shipment_id, carrier, way.sources,
        now=now, begin=way.begin, region=way.region, correcting=correcting, by=by, channel=channel,
    )  # fmt: skip
    if new and way.subscribe:
        subscriptions.want(db, shipment_id, *way.sources[0], now=now)
    return new
