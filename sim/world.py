"""A simulated month of a shop: its orders and their tales, outages, a storm, and who does what when.

A World is a pure function of its arguments: nothing depends on the order of sets or dicts, or on the machine.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from random import Random
from types import MappingProxyType

from domain.errors import RuleError
from sim import lives, shop, town
from sim.lives import Storm
from sim.sources import SOURCES
from sim.tales import Entry, Outage, Parcel, Span, Tale
from sim.telling import Teller
from sim.town import Address

ANOMALY_SHARE = 0.12
RETURN_SHARE = 0.3  # clothes come back up to 30 % of the time


class World:
    """The whole world of one seed. ``start`` is aware; orders come in over ``days`` days, ``parcels`` of them.

    Lives go on after the last day. ``outages`` and ``storms`` can be taken out for a calm world; ``sources`` says whose
    parcels there are. ``retold``: what faults make of the tales; ``no_shows``: the share of routes that nobody drives;
    ``halts``: when the house can't work; ``chat_down``: when the desk's chat can't be reached. ``pays_on``: what the shop's rule waits for
    before it pays: the goods ``collected`` at the door, or ``inspected`` at the warehouse.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        days: int,
        parcels: int,
        *,
        anomaly_share: float = ANOMALY_SHARE,
        return_share: float = RETURN_SHARE,
        outages: Sequence[Outage] | None = None,
        storms: bool = True,
        sources: Sequence[str] = tuple(SOURCES),
        retold: Mapping[str, Callable[[Tale, Random], Tale]] = MappingProxyType({}),
        no_shows: float = 0.0,
        halts: Sequence[Span] = (),
        chat_down: Sequence[Span] = (),
        pays_on: str = "collected",
    ) -> None:
        self.seed, self.start, self.days, self.size = seed, start.astimezone(UTC), days, parcels
        self.troubles, self.sources, self.no_shows = anomaly_share, _known(sources), no_shows
        self.halts, self.chat_down, self.pays_on = tuple(halts), tuple(chat_down), pays_on
        rng = Random(f"{seed}/world")
        self.addresses: tuple[Address, ...] = tuple(town.addresses(Random(f"{seed}/town")))
        self.storm = _storm(self.start, days, Random(f"{seed}/storm")) if storms else None
        outage_rng = Random(f"{seed}/outages")
        self.outages = tuple(_outages(self.start, days, self.sources, outage_rng) if outages is None else outages)
        plots = _deal(rng, parcels, anomaly_share, self.sources)
        times = sorted(_order_time(self.start, days, rng) for _ in range(parcels))
        teller = Teller(seed, self.addresses, return_share, self.storm, self.sources)
        told = [teller.tale(index, at, *plots[index]) for index, at in enumerate(times)]
        self.tales: tuple[Tale, ...] = tuple(_retold(tale, retold, seed) for tale in told)
        self.by_number: Mapping[str, Tale] = MappingProxyType({t.parcel.number: t for t in self.tales if t.parcel})
        self.by_order: Mapping[str, Tale] = MappingProxyType({t.order.ref: t for t in self.tales})

        self._news = sorted((s.shown_at, t.parcel.number) for t in self.tales if t.parcel for s in t.parcel.scans)
        self.agenda: tuple[Entry, ...] = tuple(
            sorted(_entries(self.tales), key=lambda e: (e.at, e.what, e.tale.order.ref))
        )

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.days)

    def outage(self, source: str, now: datetime) -> Outage | None:
        return next((o for o in self.outages if o.source == source and o.since <= now < o.until), None)

    def parcel(self, number: str) -> Parcel | None:
        tale = self.by_number.get(number)
        return tale.parcel if tale else None

    def news(self, since: datetime, now: datetime) -> list[Parcel]:
        """The parcels of which something came to light in (since, now], in the order of their numbers."""
        first = bisect_right(self._news, since, key=itemgetter(0))
        last = bisect_right(self._news, now, key=itemgetter(0))
        found = (self.by_number[number].parcel for number in sorted({number for _, number in self._news[first:last]}))
        return [parcel for parcel in found if parcel]


def _retold(tale: Tale, changes: Mapping[str, Callable[[Tale, Random], Tale]], seed: int) -> Tale:
    for name, change in changes.items():
        tale = change(tale, Random(f"{seed}/{tale.order.ref}/{name}"))
    return tale


def _known(sources: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(sources) - set(SOURCES))
    if unknown or not sources:
        raise RuleError(f"sources: {', '.join(unknown) or 'none'}: name some of {', '.join(SOURCES)}")
    return tuple(source for source in SOURCES if source in sources)


def _entries(tales: Sequence[Tale]) -> Iterator[Entry]:
    for tale in tales:
        yield Entry(tale.order.created_at, "orders", tale)
        if tale.parcel:
            yield Entry(tale.parcel.uploaded_at, "shipments", tale)
        if tale.wish:
            yield Entry(tale.wish.at, "returns", tale)
        if tale.dispute:
            yield Entry(tale.dispute.at, "disputes", tale)


# --- chance, dealt evenly ---


def _order_time(start: datetime, days: int, rng: Random) -> datetime:
    """People order by day: most between nine and midnight."""
    hour = rng.triangular(8, 24, 20)
    return (start + timedelta(days=rng.randrange(days), hours=hour)).replace(microsecond=0)


def _deal(rng: Random, parcels: int, share: float, sources: Sequence[str]) -> list[tuple[str, bool]]:
    """(plot, twin) for each order: every trouble at least once where there is room, and as many twins as troubles."""
    told = frozenset().union(*(lives.SPEAKS[source] for source in sources))
    names = [name for name in lives.PLOTS if name != lives.PLAIN and name in told]
    each = max(1, round(parcels * share / len(names))) if share > 0 else 0
    cards = [(name, twin) for name in names for twin in (False, True) for _ in range(each)]
    rng.shuffle(cards)
    cards = cards[:parcels]
    cards += [(lives.PLAIN, False)] * (parcels - len(cards))
    rng.shuffle(cards)
    return cards


def _storm(start: datetime, days: int, rng: Random) -> Storm | None:
    """One hub stands still for five days around the middle of the span; needs a week at least."""
    if days < 7:
        return None
    since = start + timedelta(days=days * 0.4, hours=rng.uniform(0, 12))
    until = since + timedelta(hours=60)
    return Storm(rng.choice(shop.MIDDLES).name, since, until, until + timedelta(hours=62))


OUTAGES = (
    # source, when in the span, for how many hours, in which manner
    ("fedex", 0.3, 14.0, "http_503"),
    ("sf", 0.55, 6.0, "busy"),
    ("kuaidi100", 0.7, 8.0, "timeout"),
    ("kuaidiniao", 0.45, 6.0, "busy"),
    ("jd", 0.65, 6.0, "http_503"),
    ("ups", 0.4, 8.0, "busy"),
    ("dhl", 0.5, 8.0, "http_503"),
    ("usps", 0.6, 10.0, "timeout"),
    ("17track", 0.35, 6.0, "http_503"),
)


def _outages(start: datetime, days: int, sources: Sequence[str], rng: Random) -> list[Outage]:
    """Each source is down once: some hours of 503, without an answer, or of "busy"."""
    found = []
    for source, share, hours, manner in OUTAGES:
        since = (start + timedelta(days=days * share, hours=rng.uniform(0, 6))).replace(microsecond=0)
        if source in sources:
            found.append(Outage(source, since, since + timedelta(hours=hours), manner))
    return found
