"""What can go wrong around the product in a simulated month: one small entry of a table for each fault.

A fault plans, once and from a seed of its own, what will be done to a world and to the house in it. Adding one fault to others
changes nothing of what those do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType

from domain.errors import RuleError
from sim import shop
from sim.lives import DELIVERED, Step
from sim.sources import SOURCES
from sim.tales import Outage, Scan, Span, Tale

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Retell = Callable[[Tale, Random], Tale]


@dataclass(frozen=True, slots=True)
class Cut:
    """From ``at`` on, the power fails at the ``nth`` time that the house comes by ``point``: ``write`` (before or after a
    commit), or ``send`` (a letter is committed and about to leave, or left and isn't marked yet).
    """

    at: datetime
    point: str
    nth: int


@dataclass(slots=True)
class Plan:
    """What will be done. ``retold``: what becomes of tales; ``twice``, ``again``, ``held``: shares of requests that are brought
    twice at once, again hours later, or later than they should; ``full``: while the disk is; ``jumps``: by how much the
    house's clock is wrong; ``no_shows``: the share of routes that nobody drives; ``acks``: when two people take one case.
    """

    start: datetime
    days: int
    sources: Sequence[str]
    outages: list[Outage] = field(default_factory=list)
    retold: dict[str, Retell] = field(default_factory=dict)
    twice: float = 0.0
    again: float = 0.0
    held: float = 0.0
    shuffled: bool = False
    full: list[Span] = field(default_factory=list)
    chat_down: list[Span] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    jumps: list[tuple[Span, timedelta]] = field(default_factory=list)
    no_shows: float = 0.0
    acks: list[datetime] = field(default_factory=list)

    def moment(self, rng: Random) -> datetime:
        """Some full hour of the span, not in its first quarter."""
        return self.start + rng.randrange(self.days * 6, max(self.days * 24 - 6, self.days * 6 + 1)) * HOUR

    def span(self, rng: Random, least_h: int, most_h: int) -> Span:
        since = self.moment(rng)
        return Span(since, since + rng.randint(least_h, most_h) * HOUR)

    @property
    def halts(self) -> list[Span]:
        """Spans in which the house can't work: no fault of it is what it finds only after them."""
        wrong = [Span(span.since, span.until + max(by, timedelta())) for span, by in self.jumps]
        return [*self.full, *wrong]


def some(plan: Plan, every_d: float) -> range:
    """So many times in a plan's span, once at least."""
    return range(max(1, round(plan.days / every_d)))


# --- the sources ---


def down(plan: Plan, rng: Random) -> None:
    """Each source is down once: for hours it answers 503, "busy" inside an HTTP 200, or nothing at all. Its pushes wait."""
    for source in plan.sources:
        span = plan.span(rng, 5, 14)
        manner = rng.choice(("http_503", "busy", "timeout"))
        plan.outages.append(Outage(source, span.since, span.until, manner))


def slow(plan: Plan, rng: Random) -> None:
    """A source works, but every other answer takes longer than anybody waits: what was asked is done, and nobody hears of it."""
    _disturb(plan, rng, "slow")


def rate_limit(plan: Plan, rng: Random) -> None:
    """A source answers every call with 429 and asks for an hour's patience."""
    _disturb(plan, rng, "rate_limit")


def garbage(plan: Plan, rng: Random) -> None:
    """A source answers HTTP 200 with a login page, half a JSON document, noise, an empty body or JSON of another shape."""
    _disturb(plan, rng, "garbage")


def _disturb(plan: Plan, rng: Random, manner: str) -> None:
    for _ in some(plan, 8):
        span = plan.span(rng, 3, 9)
        plan.outages.append(Outage(rng.choice(list(plan.sources)), span.since, span.until, manner))


# --- what is told, and in which order ---


def replay(plan: Plan, rng: Random) -> None:
    """One push in six comes again, hours to days after it was taken, when newer ones were."""
    del rng
    plan.again = 1 / 6


def disorder(plan: Plan, rng: Random) -> None:
    """Pushes of one hour come in any order, and one in eight only after those of the next hours."""
    del rng
    plan.shuffled, plan.held = True, 1 / 8


def late(plan: Plan, rng: Random) -> None:
    """One scan of every other parcel comes to light up to a day after it happened, when later ones are known."""
    del rng
    plan.retold["late"] = _late


def _late(tale: Tale, rng: Random) -> Tale:
    by = rng.uniform(4, 24) * HOUR
    return _changed(tale, rng, 0.5, lambda s: replace(s, shown_at=_second(s.shown_at + by)))


def future(plan: Plan, rng: Random) -> None:
    """One scan of every fifth parcel is dated hours, or a whole year, ahead."""
    del rng
    plan.retold["future"] = _future


def _future(tale: Tale, rng: Random) -> Tale:
    by = rng.choice((timedelta(hours=rng.uniform(1, 4)), timedelta(days=365)))
    return _changed(tale, rng, 0.2, lambda s: replace(s, dated=_second(s.dated + by)))


def zone(plan: Plan, rng: Random) -> None:
    """One scan of every fifth parcel is dated as in another zone: eight hours early or late, or as much as its place is from UTC."""
    del rng
    plan.retold["zone"] = _zone


def _zone(tale: Tale, rng: Random) -> Tale:
    hours = rng.choice((-8.0, 8.0, None))
    return _changed(
        tale, rng, 0.2, lambda s: replace(s, dated=s.dated + (s.offset_h if hours is None else hours) * HOUR)
    )


NIGHTS = (datetime(2026, 3, 8, 9, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
          datetime(2026, 11, 1, 8, tzinfo=UTC))  # fmt: skip
"""When clocks change, in America and in Europe."""


def dst(plan: Plan, rng: Random) -> None:
    """The month lies over a night in which clocks change, and whatever parcels do abroad around it happens in that night's
    hours: those that come twice, or not at all.
    """
    night = rng.choice(NIGHTS)
    plan.start = (night - timedelta(days=plan.days // 2)).replace(hour=16, minute=0)
    plan.retold["dst"] = lambda tale, _: _in_the_night(tale, night)


AROUND, SQUEEZED = 16 * HOUR, 0.12


def _in_the_night(tale: Tale, night: datetime) -> Tale:
    parcel = tale.parcel
    if parcel is None or not parcel.abroad:
        return tale
    near = [n for n, scan in enumerate(parcel.scans) if abs(scan.at - night) < AROUND]
    if not near or near[-1] > _last_free(tale) or any(parcel.scans[n].country == "CN" for n in near):
        return tale
    scans = [_squeezed(scan, night) if n in near else scan for n, scan in enumerate(parcel.scans)]
    return replace(tale, parcel=replace(parcel, scans=tuple(scans)))


def _squeezed(scan: Scan, night: datetime) -> Scan:
    at = _second(night + (scan.at - night) * SQUEEZED)
    city = next(c for c in CITIES if (c.path.split("/")[-1], c.country) == (scan.area, scan.country))
    moved = at - scan.at
    return replace(scan, at=at, dated=scan.dated + moved, shown_at=scan.shown_at + moved, offset_h=city.offset_h(at))


CITIES = (*shop.ABROAD, *shop.GERMAN, *shop.BRITISH, shop.MEMPHIS, shop.LOUISVILLE, shop.CHICAGO, shop.LOS_ANGELES, shop.ANCHORAGE,
          shop.LEIPZIG, shop.HONG_KONG, shop.PRINCESS_ROYAL, shop.HEATHROW)  # fmt: skip


def dup_webhook(plan: Plan, rng: Random) -> None:
    """One request in five, of the shop, a buyer, a courier or a source, is brought twice at the same moment."""
    del rng
    plan.twice = 1 / 5


def _changed(tale: Tale, rng: Random, share: float, change: Callable[[Scan], Scan]) -> Tale:
    """A tale of which one scan was changed that neither tells the trouble nor ends the way: the truth stays what it is."""
    free = range(1, _last_free(tale) + 1)
    if tale.parcel is None or not free or rng.random() >= share:
        return tale
    chosen = rng.choice(free)
    scans = tuple(change(scan) if n == chosen else scan for n, scan in enumerate(tale.parcel.scans))
    return replace(tale, parcel=replace(tale.parcel, scans=scans))


ENDS = DELIVERED | {Step.OUT, Step.LOCKER, Step.STATION}


def _last_free(tale: Tale) -> int:
    """The last of the scans in the middle of a way: before anything went wrong, before it is brought, never the last one."""
    scans = tale.parcel.scans if tale.parcel else ()
    since = tale.truth.since if tale.injected else None
    bound = next(
        (n for n, scan in enumerate(scans) if scan.step in ENDS or (since and scan.at >= since)), len(scans) - 1
    )
    return min(bound - 1, len(scans) - 3)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


# --- the house and its people ---


def chat_down(plan: Plan, rng: Random) -> None:
    """The desk's chat can't be reached for some hours, a few times: no connection, 502, or answers that get lost on their way."""
    plan.chat_down += [plan.span(rng, 2, 10) for _ in some(plan, 6)]


def crash_send(plan: Plan, rng: Random) -> None:
    """The house dies after it committed a letter, before it sent it; or after it sent one, before it noted that."""
    plan.cuts += [Cut(plan.moment(rng), "send", rng.randint(1, 6)) for _ in some(plan, 1.5)]


def crash_any(plan: Plan, rng: Random) -> None:
    """The house dies anywhere: just before or just after some commit, in a tick or while it takes a request."""
    plan.cuts += [Cut(plan.moment(rng), "write", rng.randint(1, 60)) for _ in some(plan, 0.7)]


def clock(plan: Plan, rng: Random) -> None:
    """The house's clock is wrong for an hour or two, by up to three hours, ahead or behind; then it is set right at once."""
    for _ in some(plan, 5):
        by = rng.choice((-1, 1)) * rng.randint(10, 180) * MINUTE
        plan.jumps.append((plan.span(rng, 1, 2), by))


def no_show(plan: Plan, rng: Random) -> None:
    """Every fifth route isn't driven: its courier doesn't come, and reports nothing."""
    del rng
    plan.no_shows = 0.2


def double_ack(plan: Plan, rng: Random) -> None:
    """Two people take the same case at the same moment, again and again."""
    plan.acks += sorted(plan.moment(rng) for _ in some(plan, 0.4))


def disk_full(plan: Plan, rng: Random) -> None:
    """For some hours the database may not grow by a page: every change that needs one fails. Whoever wasn't answered tries again."""
    plan.full += [plan.span(rng, 1, 4) for _ in some(plan, 12)]


Fault = Callable[[Plan, Random], None]
FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.__name__: fault
        for fault in (
            down, slow, rate_limit, garbage, replay, disorder, late, future, zone, dst, dup_webhook, chat_down, crash_send,
            crash_any, clock, no_show, double_ack, disk_full,
        )
    }
)  # fmt: skip
ALL, NONE = "all", "none"


def named(text: str) -> tuple[str, ...]:
    """The faults that ``text`` names, in the table's order: all, none, or some with commas between. Raises RuleError."""
    wanted = [one.strip() for one in text.split(",") if one.strip()]
    if wanted in ([ALL], [NONE]):
        return tuple(FAULTS) if wanted == [ALL] else ()
    unknown = sorted(set(wanted) - set(FAULTS))
    if unknown or not wanted:
        raise RuleError(
            f"--faults: {', '.join(unknown) or 'nothing'} is no fault; name {ALL}, {NONE} or some of {', '.join(FAULTS)}"
        )
    return tuple(name for name in FAULTS if name in wanted)


def plan_of(
    names: Sequence[str], *, seed: int, start: datetime, days: int, sources: Sequence[str] = tuple(SOURCES)
) -> Plan:
    """What these faults do in a span of days. A night in which clocks change moves the span, so that is planned first."""
    plan = Plan(start, days, sources)
    for name in sorted(names, key=lambda one: one != "dst"):
        FAULTS[name](plan, Random(f"{seed}/fault/{name}"))
    plan.outages.sort(key=lambda one: (one.since, one.source, one.manner))
    plan.cuts.sort(key=lambda one: (one.at, one.point))
    return plan
