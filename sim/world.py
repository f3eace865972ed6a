"""A simulated month of a shop: its orders and their tales, outages, a storm, and who does what when.

A World is a pure function of its arguments: nothing depends on the order of sets or dicts, or on the machine.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType

from sim import lives, shop, town
from sim.lives import Storm
from sim.tales import Entry, Outage, Parcel, Tale
from sim.telling import Teller
from sim.town import Address

ANOMALY_SHARE = 0.12
RETURN_SHARE = 0.3  # clothes come back up to 30 % of the time


class World:
    """The whole world of one seed. ``start`` is aware; orders come in over ``days`` days, ``parcels`` of them.

    Lives go on after the last day. ``outages`` and ``storms`` can be taken out for a calm world.
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
    ) -> None:
        self.seed, self.start, self.days, self.size = seed, start.astimezone(UTC), days, parcels
        self.troubles = anomaly_share
        rng = Random(f"{seed}/world")
        self.addresses: tuple[Address, ...] = tuple(town.addresses(Random(f"{seed}/town")))
        self.storm = _storm(self.start, days, Random(f"{seed}/storm")) if storms else None
        outage_rng = Random(f"{seed}/outages")
        self.outages = tuple(_outages(self.start, days, outage_rng) if outages is None else outages)
        plots = _deal(rng, parcels, anomaly_share)
        times = sorted(_order_time(self.start, days, rng) for _ in range(parcels))
        teller = Teller(seed, self.addresses, return_share, self.storm)
        self.tales: tuple[Tale, ...] = tuple(teller.tale(index, at, *plots[index]) for index, at in enumerate(times))
        self.by_number: Mapping[str, Tale] = MappingProxyType({t.parcel.number: t for t in self.tales if t.parcel})
        self.by_order: Mapping[str, Tale] = MappingProxyType({t.order.ref: t for t in self.tales})

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


def _deal(rng: Random, parcels: int, share: float) -> list[tuple[str, bool]]:
    """(plot, twin) for each order: every trouble at least once where there is room, and as many twins as troubles."""
    names = [name for name in lives.PLOTS if name != lives.PLAIN]
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


def _outages(start: datetime, days: int, rng: Random) -> list[Outage]:
    """Each source once: half a day of 503, some hours without an answer, some hours of "busy"."""
    spans = (("fedex", 0.3, 14.0, "http_503"), ("sf", 0.55, 6.0, "busy"), ("kuaidi100", 0.7, 8.0, "timeout"))
    found = []
    for source, share, hours, manner in spans:
        since = (start + timedelta(days=days * share, hours=rng.uniform(0, 6))).replace(microsecond=0)
        found.append(Outage(source, since, since + timedelta(hours=hours), manner))
    return found
