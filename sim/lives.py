"""The lives of parcels: what truly happens to each, step by step, and where an ordinary twin goes on otherwise.

A plot has a trunk that the troubled parcel and its twin share; then one goes wrong and the other goes on. So no detector
can tell them apart by their last scan, only by what follows. Lives know nothing of wire formats.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType

from domain.case import Kind
from sim.shop import ZONE


class Step(StrEnum):
    """What truly happened. ELECTRONIC ones are lines that a computer wrote."""

    ANNOUNCED = "announced"
    COLLECTED = "collected"
    LEFT_ORIGIN = "left_origin"
    AT_HUB = "at_hub"
    LEFT_HUB = "left_hub"
    AT_MIDDLE = "at_middle"
    LEFT_MIDDLE = "left_middle"
    AT_PORT = "at_port"
    IN_CUSTOMS = "in_customs"
    HELD = "held"
    RELEASED = "released"
    AT_CITY = "at_city"
    LEFT_CITY = "left_city"
    AT_BRANCH = "at_branch"
    ASSIGNED = "assigned"
    OUT = "out"
    FAILED = "failed"
    BAD_ADDRESS = "bad_address"
    REFUSED = "refused"
    DAMAGED = "damaged"
    LOST = "lost"
    RETURNING = "returning"
    RETURNED = "returned"
    LOCKER = "locker"
    STATION = "station"
    TAKEN_LOCKER = "taken_locker"
    TAKEN_STATION = "taken_station"
    SIGNED = "signed"
    SIGNED_OTHER = "signed_other"
    SIGNED_LATE = "signed_late"


ELECTRONIC = frozenset({Step.ANNOUNCED, Step.ASSIGNED, Step.LOST})
DELIVERED = frozenset({Step.SIGNED, Step.SIGNED_OTHER, Step.SIGNED_LATE, Step.TAKEN_LOCKER, Step.TAKEN_STATION})


class Spot(StrEnum):
    """Where a step happens; who tells the life says which city that is."""

    ORIGIN = "origin"
    HUB = "hub"
    MIDDLE = "middle"
    PORT = "port"
    CITY = "city"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True)
class Beat:
    """A step some hours after the one before. ``round`` moves it to the next round of the couriers' day."""

    step: Step
    spot: Spot
    least_h: float
    most_h: float
    round: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    step: Step
    spot: Spot
    at: datetime


class Promise(StrEnum):
    """How the promised date lies to what happens."""

    KEPT = "kept"
    CLOSE = "close"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Plot:
    """A way in which things go wrong (``kind`` None: they don't). ``wrong`` and ``twin`` follow the shared ``trunk``.

    ``disputes``: the customer says that it never came. ``late_upload``: the trouble is before there is a number.
    """

    name: str
    kind: Kind | None
    trunk: tuple[Beat, ...]
    wrong: tuple[Beat, ...] = ()
    twin: tuple[Beat, ...] = ()
    promise: Promise = Promise.KEPT
    twin_promise: Promise = Promise.KEPT
    disputes: bool = False
    late_upload: bool = False


# --- the ordinary way ---

_B, _S = Beat, Spot
DOMESTIC = (
    _B(Step.ANNOUNCED, _S.ORIGIN, 0.02, 0.3),
    _B(Step.COLLECTED, _S.ORIGIN, 1, 8),
    _B(Step.LEFT_ORIGIN, _S.ORIGIN, 0.5, 4),
    _B(Step.AT_HUB, _S.HUB, 1, 4),
    _B(Step.LEFT_HUB, _S.HUB, 1, 5),
    _B(Step.AT_MIDDLE, _S.MIDDLE, 6, 14),
    _B(Step.LEFT_MIDDLE, _S.MIDDLE, 1, 5),
    _B(Step.AT_CITY, _S.CITY, 6, 14),
    _B(Step.LEFT_CITY, _S.CITY, 1, 4),
    _B(Step.AT_BRANCH, _S.BRANCH, 1, 3),
    _B(Step.OUT, _S.BRANCH, 0.4, 1, round=True),
    _B(Step.SIGNED, _S.BRANCH, 0.7, 5),
)
ABROAD = (
    _B(Step.ANNOUNCED, _S.ORIGIN, 0.02, 0.3),
    _B(Step.COLLECTED, _S.ORIGIN, 2, 12),
    _B(Step.LEFT_ORIGIN, _S.ORIGIN, 1, 5),
    _B(Step.AT_HUB, _S.HUB, 5, 12),
    _B(Step.LEFT_HUB, _S.HUB, 2, 6),
    _B(Step.AT_MIDDLE, _S.MIDDLE, 6, 10),
    _B(Step.LEFT_MIDDLE, _S.MIDDLE, 2, 6),
    _B(Step.AT_PORT, _S.PORT, 10, 16),
    _B(Step.IN_CUSTOMS, _S.PORT, 1, 4),
    _B(Step.RELEASED, _S.PORT, 6, 26),
    _B(Step.AT_CITY, _S.CITY, 8, 16),
    _B(Step.AT_BRANCH, _S.BRANCH, 1, 4),
    _B(Step.OUT, _S.BRANCH, 0.4, 1, round=True),
    _B(Step.SIGNED, _S.BRANCH, 0.7, 5),
)

ENDINGS: tuple[tuple[int, tuple[Beat, ...]], ...] = (
    (45, (_B(Step.SIGNED, _S.BRANCH, 0.7, 5),)),
    (15, (_B(Step.SIGNED_OTHER, _S.BRANCH, 0.7, 5),)),
    (20, (_B(Step.LOCKER, _S.BRANCH, 0.7, 5), _B(Step.TAKEN_LOCKER, _S.BRANCH, 1, 30))),
    (20, (_B(Step.STATION, _S.BRANCH, 0.7, 5), _B(Step.TAKEN_STATION, _S.BRANCH, 1, 30))),
)
"""How Chinese deliveries end, by weight: lockers, stations and third persons are ordinary, about half of them."""


def _until(way: tuple[Beat, ...], step: Step) -> tuple[Beat, ...]:
    return way[: _index(way, step) + 1]


def _after(way: tuple[Beat, ...], step: Step, least_h: float, most_h: float) -> tuple[Beat, ...]:
    """The rest of the way, its first beat only after so many hours."""
    first, *rest = way[_index(way, step) + 1 :]
    return (Beat(first.step, first.spot, least_h, most_h, first.round), *rest)


def _rest(way: tuple[Beat, ...], step: Step) -> tuple[Beat, ...]:
    return way[_index(way, step) + 1 :]


def _index(way: tuple[Beat, ...], step: Step) -> int:
    return next(n for n, beat in enumerate(way) if beat.step is step)


# --- the plots ---

Way = tuple[Beat, ...]
_AGAIN = (_B(Step.OUT, _S.BRANCH, 40, 60, round=True), _B(Step.SIGNED_LATE, _S.BRANCH, 1, 5))
_NEXT_DAY = (_B(Step.OUT, _S.BRANCH, 10, 14, round=True), _B(Step.SIGNED, _S.BRANCH, 0.7, 5))


def _stall_h(way: Way) -> tuple[float, float]:
    """Silence that nobody should bear: abroad patience is longer (5 business days against 48 h)."""
    return (150, 210) if way is DOMESTIC else (230, 290)


def _plain(way: Way) -> Plot:
    return Plot("plain", None, way)


def _unshipped(way: Way) -> Plot:
    return Plot("unshipped", Kind.UNSHIPPED, (), way, way, late_upload=True)


def _never_collected(way: Way) -> Plot:
    trunk = _until(way, Step.ANNOUNCED)
    least, most = (45, 60) if way is DOMESTIC else (125, 150)
    return Plot(
        "never_collected",
        Kind.NEVER_COLLECTED,
        trunk,
        _after(way, Step.ANNOUNCED, least, most),
        _after(way, Step.ANNOUNCED, 12.5, 15),
    )


def _stalled(way: Way) -> Plot:
    trunk = _until(way, Step.AT_MIDDLE)
    wrong = _after(way, Step.AT_MIDDLE, *_stall_h(way))
    return Plot("stalled", Kind.STALLED, trunk, wrong, _after(way, Step.AT_MIDDLE, 28, 38))


def _lost(way: Way) -> Plot:
    trunk = _until(way, Step.LEFT_MIDDLE)
    return Plot("lost", Kind.LOST, trunk, (), _after(way, Step.LEFT_MIDDLE, 28, 38))


def _lost_by_word(way: Way) -> Plot:
    trunk = _until(way, Step.LEFT_MIDDLE)
    wrong = (_B(Step.LOST, _S.MIDDLE, 30, 42),)
    return Plot("lost_by_word", Kind.LOST, trunk, wrong, _after(way, Step.LEFT_MIDDLE, 28, 38))


def _late(way: Way) -> Plot:
    trunk = _until(way, Step.LEFT_HUB)
    rest = tuple(
        Beat(beat.step, beat.spot, 28, 37) if beat.step in {Step.AT_MIDDLE, Step.LEFT_MIDDLE} else beat
        for beat in _rest(way, Step.LEFT_HUB)
    )
    return Plot("late", Kind.PROMISE_MISSED, trunk, rest, rest, promise=Promise.MISSED, twin_promise=Promise.CLOSE)


def _failed(way: Way) -> Plot:
    trunk = (*_until(way, Step.OUT), _B(Step.FAILED, _S.BRANCH, 1, 5))
    wrong = (_B(Step.OUT, _S.BRANCH, 96, 140, round=True), _B(Step.SIGNED_LATE, _S.BRANCH, 1, 5))
    return Plot("failed_attempt", Kind.FAILED_ATTEMPT, trunk, wrong, _NEXT_DAY)


def _returning(way: Way) -> Plot:
    trunk = _until(way, Step.AT_BRANCH)
    wrong = (_B(Step.RETURNING, _S.BRANCH, 4, 10), _B(Step.RETURNED, _S.ORIGIN, 60, 90))
    return Plot("returning", Kind.RETURNING, trunk, wrong, _rest(way, Step.AT_BRANCH))


def _refused(way: Way) -> Plot:
    trunk = _until(way, Step.OUT)
    back = (_B(Step.RETURNING, _S.BRANCH, 18, 28), _B(Step.RETURNED, _S.ORIGIN, 60, 90))
    return Plot("refused", Kind.REFUSED, trunk, (_B(Step.REFUSED, _S.BRANCH, 1, 4), *back), _rest(way, Step.OUT))


def _damaged(way: Way) -> Plot:
    trunk = _until(way, Step.AT_CITY)
    wrong = (_B(Step.DAMAGED, _S.CITY, 2, 6), _B(Step.RETURNING, _S.CITY, 40, 60))
    return Plot("damaged", Kind.DAMAGED, trunk, wrong, _rest(way, Step.AT_CITY))


def _address(way: Way) -> Plot:
    trunk = _until(way, Step.OUT)
    return Plot("address", Kind.ADDRESS, trunk, (_B(Step.BAD_ADDRESS, _S.BRANCH, 1, 4), *_AGAIN), _rest(way, Step.OUT))


def _undone(way: Way) -> Plot:
    wrong = (_B(Step.FAILED, _S.BRANCH, 2, 4), *_AGAIN)
    return Plot("undone", Kind.MISDELIVERED, way, wrong, ())


def _disputed(way: Way) -> Plot:
    trunk = (*_until(way, Step.OUT), _B(Step.SIGNED_OTHER, _S.BRANCH, 0.7, 5))
    return Plot("disputed", Kind.DISPUTED, trunk, disputes=True)


def _customs(way: Way) -> Plot:
    trunk = _until(way, Step.IN_CUSTOMS)
    held = _B(Step.HELD, _S.PORT, 6, 12)
    wrong = (held, *_after(way, Step.IN_CUSTOMS, 320, 380))
    return Plot("customs", Kind.CUSTOMS, trunk, wrong, _rest(way, Step.IN_CUSTOMS))


PLOTS: Mapping[str, Callable[[Way], Plot]] = MappingProxyType(
    {
        "plain": _plain,
        "unshipped": _unshipped,
        "never_collected": _never_collected,
        "stalled": _stalled,
        "lost": _lost,
        "lost_by_word": _lost_by_word,
        "late": _late,
        "failed_attempt": _failed,
        "returning": _returning,
        "refused": _refused,
        "damaged": _damaged,
        "address": _address,
        "undone": _undone,
        "disputed": _disputed,
        "customs": _customs,
    }
)
PLAIN = "plain"

_OF_SF = frozenset(PLOTS) - {"customs", "damaged"}
_QUIET = frozenset(PLOTS) - {"refused", "damaged", "address", "lost_by_word", "undone"}
SPEAKS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "kuaidi100": frozenset(PLOTS) - {"customs"},
        "sf": _OF_SF,
        "fedex": _QUIET,
        "kuaidiniao": frozenset(PLOTS) - {"customs"},
        "jd": frozenset({"plain", "unshipped", "never_collected", "stalled", "lost", "late", "disputed"}),
        "ups": _QUIET,
        "dhl": _QUIET,
        "usps": _QUIET,
        "17track": frozenset(PLOTS),
    }
)
"""Which plots a source has public words for. What it has none for is not made up here."""


# --- telling a life ---


@dataclass(frozen=True, slots=True)
class Storm:
    """A hub that stands still: what arrives there between ``since`` and ``until`` leaves after ``reopens``."""

    hub: str
    since: datetime
    until: datetime
    reopens: datetime


ROUNDS = ((8, 0), (14, 0))  # couriers leave at these local times, within an hour
STORMY = (Step.AT_MIDDLE, Step.LEFT_MIDDLE)


def tell(beats: tuple[Beat, ...], begin: datetime, rng: Random, storm: Storm | None = None) -> tuple[Happening, ...]:
    """The beats laid out in time. ``storm``: the storm over this life's middle hub, if there is one."""
    return tuple(_laid(beats, begin, rng, storm))


def _laid(beats: tuple[Beat, ...], begin: datetime, rng: Random, storm: Storm | None) -> Iterator[Happening]:
    at = begin
    before: Step | None = None
    for beat in beats:
        arrived, hours = at, rng.uniform(beat.least_h, beat.most_h)
        at = _to_the_second(arrived + timedelta(hours=hours))
        if beat.round:
            at = _next_round(at, rng)
        if storm and (before, beat.step) == STORMY and storm.since <= arrived < storm.until:
            at = _to_the_second(storm.reopens + timedelta(hours=hours))
        yield Happening(beat.step, beat.spot, at)
        before = beat.step


def _to_the_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _next_round(at: datetime, rng: Random) -> datetime:
    """The first couriers' round after ``at``, some minutes into it."""
    local = at.astimezone(ZONE)
    days = [local.replace(hour=0, minute=0, second=0) + timedelta(days=n) for n in (0, 1)]
    starts = [day + timedelta(hours=hour, minutes=minute) for day in days for hour, minute in ROUNDS]
    start = next(start for start in starts if start >= local)
    return (start + timedelta(seconds=rng.randrange(3_600))).astimezone(at.tzinfo)


def ending(rng: Random) -> tuple[Beat, ...]:
    return rng.choices([beats for _, beats in ENDINGS], weights=[weight for weight, _ in ENDINGS])[0]


def beats_of(plot: Plot, *, twin: bool, rng: Random, endings: bool) -> tuple[Beat, ...]:
    """A plot's beats; with ``endings``, a signature becomes one of the ways in which deliveries end.

    Not where the promise is the point: in a locker a parcel has arrived, and the buyer's own time must not count.
    """
    beats = (*plot.trunk, *(plot.twin if twin else plot.wrong))
    promised = plot.promise is not Promise.KEPT
    varied = endings and not (promised or plot.disputes) and beats and beats[-1].step is Step.SIGNED
    return (*beats[:-1], *ending(rng)) if varied else beats
