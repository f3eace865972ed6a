"""Telling the tale of one order: its basket, its parcel's life as its source shows it, the truth, what the buyer does.

Each order has a generator of its own, seeded by the world's seed and the order's place in line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from types import MappingProxyType

from domain.case import Kind
from domain.shipment import Customer, Item, Order
from sim import lives, shop
from sim.lives import DELIVERED, ELECTRONIC, Happening, Plot, Promise, Spot, Step, Storm
from sim.sources import SOURCES, Source
from sim.tales import Dispute, Parcel, Quirks, ReturnWish, Scan, Tale, Truth
from sim.town import Address

SHIP_BY = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class _Road:
    """Which cities a life's spots are."""

    spots: Mapping[Spot, shop.City]
    branch: str

    def city(self, spot: Spot) -> shop.City:
        return self.spots.get(spot, shop.HOME)

    def place(self, spot: Spot) -> str:
        city = self.city(spot)
        if spot is Spot.BRANCH:
            return self.branch
        if spot is Spot.ORIGIN:
            return f"{city.name}公司" if city.country == "CN" else city.name
        return city.hub


NEXT_SPOT: Mapping[Step, Spot] = MappingProxyType(
    {
        Step.LEFT_ORIGIN: Spot.HUB,
        Step.LEFT_HUB: Spot.MIDDLE,
        Step.LEFT_MIDDLE: Spot.CITY,
        Step.LEFT_CITY: Spot.BRANCH,
        Step.RETURNING: Spot.ORIGIN,
    }
)


@dataclass(frozen=True, slots=True)
class Teller:
    seed: int
    addresses: tuple[Address, ...]
    return_share: float
    storm: Storm | None
    sources: tuple[str, ...] = tuple(SOURCES)

    def tale(self, index: int, ordered_at: datetime, plot_name: str, twin: bool) -> Tale:
        rng = Random(f"{self.seed}/{index}")
        source = _source(plot_name, self.sources, rng)
        habits = SOURCES[source]
        way = lives.ABROAD if habits.road else lives.DOMESTIC
        plot = lives.PLOTS[plot_name](way)
        order = _order(self.seed, index, ordered_at, rng, self.addresses)
        road = _road(habits, order.customer, rng)
        uploaded_at = _uploaded_at(plot, order, twin=twin, rng=rng)
        if uploaded_at is None:
            since = order.ship_by
            return Tale(order, Truth(plot_name, plot.kind, since=since, visible_at=since))
        beats = lives.beats_of(plot, twin=twin, rng=rng, endings=habits.apart)
        storm = self.storm if road.city(Spot.MIDDLE).name == (self.storm.hub if self.storm else "") else None
        happenings = lives.tell(beats, uploaded_at, rng, storm if plot_name == lives.PLAIN else None)
        scans = _scans(happenings, road, source, rng)
        promised_at = _promised_at(plot, order, source, happenings, twin=twin, rng=rng)
        parcel = _parcel(index, self.seed, order, source, road, uploaded_at, promised_at, scans, rng)
        dispute = _dispute(plot, happenings, rng) if plot.disputes and not twin else None
        truth = _truth(plot, order, parcel, happenings, dispute, twin=twin)
        wish = _wish(order, truth, happenings, self.return_share, rng)
        return Tale(order, truth, parcel, wish, dispute)


def _source(plot_name: str, sources: Sequence[str], rng: Random) -> str:
    able = [source for source in SOURCES if source in sources and plot_name in lives.SPEAKS[source]]
    return rng.choices(able, weights=[SOURCES[source].weight for source in able])[0]


def _order(seed: int, index: int, at: datetime, rng: Random, addresses: Sequence[Address]) -> Order:
    return Order(
        ref=f"QL{at.astimezone(shop.ZONE):%y%m%d}{seed % 100:02d}{index:05d}",
        items=shop.basket(rng),
        created_at=at,
        shop=shop.SHOP,
        ship_by=at + SHIP_BY,
        customer=shop.customer(rng, addresses),
    )


def _road(habits: Source, customer: Customer, rng: Random) -> _Road:
    if habits.road:
        return _Road(habits.road.spots(rng.choice(habits.road.origins)), shop.QINGLAN.name)
    origin = rng.choice(shop.WAREHOUSES)
    spots = {Spot.ORIGIN: origin, Spot.HUB: origin, Spot.MIDDLE: rng.choice(shop.MIDDLES)}
    return _Road(spots, f"{shop.HOME.name}{customer.district.removesuffix('区')}营业部")


def _uploaded_at(plot: Plot, order: Order, *, twin: bool, rng: Random) -> datetime | None:
    """When the shop uploads a tracking number; None where it never does."""
    assert order.ship_by is not None
    if not plot.late_upload:
        return _second(order.created_at + timedelta(hours=rng.uniform(2, 20)))
    if twin:
        return _second(order.ship_by - timedelta(hours=rng.uniform(1, 4)))
    return _second(order.ship_by + timedelta(hours=rng.uniform(20, 40))) if rng.random() < 0.5 else None


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


LAG_MINUTES = (3.0, 35.0)
SLOW_SHARE, SLOW_HOURS = 0.04, (1.5, 4.0)
TRIMMED_SHARE = 0.25  # of the parcels lose their oldest lines, where a source drops any
LABEL_HOURS = (3.0, 9.0)  # USPS knows nothing of a label for hours
TRIM_AFTER = timedelta(days=6)


def _scans(happenings: Sequence[Happening], road: _Road, source: str, rng: Random) -> tuple[Scan, ...]:
    habits = SOURCES[source]
    speaking = [h for h in happenings if h.step not in habits.silent]
    trimmed = habits.trims and rng.random() < TRIMMED_SHARE
    scans = [_scan(happening, road, source, rng) for happening in speaking]
    if trimmed and len(scans) > 5:
        gone_at = scans[-1].shown_at + TRIM_AFTER
        scans = [replace(s, hidden_at=gone_at) if n in {1, 2, 3} else s for n, s in enumerate(scans)]
    return tuple(scans)


def _scan(happening: Happening, road: _Road, source: str, rng: Random) -> Scan:
    city = road.city(happening.spot)
    slow = rng.random() < SLOW_SHARE and happening.step not in ELECTRONIC
    lag = timedelta(hours=rng.uniform(*SLOW_HOURS)) if slow else timedelta(minutes=rng.uniform(*LAG_MINUTES))
    if source == "usps" and happening.step is Step.ANNOUNCED:
        lag = timedelta(hours=rng.uniform(*LABEL_HOURS))
    habits = SOURCES[source]
    ahead = happening.step is habits.ahead and rng.random() < habits.ahead_share
    following = NEXT_SPOT.get(happening.step)
    return Scan(
        step=happening.step,
        at=happening.at,
        dated=happening.at + timedelta(hours=1) if ahead else happening.at,
        shown_at=_second(happening.at + lag),
        place=road.place(happening.spot),
        next_place=road.place(following) if following else "",
        area=city.path.split("/")[-1],
        offset_h=city.offset_h(happening.at),
        country=city.country,
        variant=rng.randrange(1_000),
        man=shop.person_name(rng),
        phone=shop.phone(rng),
        state=city.path.split("/")[1] if city.country == "US" else "",
    )


def _promised_at(
    plot: Plot, order: Order, source: str, happenings: Sequence[Happening], *, twin: bool, rng: Random
) -> datetime:
    """The date that the buyer was given. An ordinary life keeps it; a late one misses it by one to three days."""
    wanted = plot.twin_promise if twin else plot.promise
    arrived = _delivered_at(happenings)
    if arrived and wanted is Promise.MISSED:
        return _second(arrived - timedelta(hours=rng.uniform(30, 66)))
    if arrived and wanted is Promise.CLOSE:
        return _second(arrived + timedelta(hours=rng.uniform(5, 9)))
    usual = _end_of_day(order.created_at + timedelta(days=SOURCES[source].promise_days))
    ordinary = plot.kind is None or twin
    return max(usual, _end_of_day(arrived + timedelta(hours=6))) if arrived and ordinary else usual


def _end_of_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(shop.ZONE).date(), time(23, 59, 59), shop.ZONE).astimezone(UTC)


def _delivered_at(happenings: Sequence[Happening]) -> datetime | None:
    return next((h.at for h in reversed(happenings) if h.step in DELIVERED), None)


def _parcel(
    index: int,
    seed: int,
    order: Order,
    source: str,
    road: _Road,
    uploaded_at: datetime,
    promised_at: datetime,
    scans: tuple[Scan, ...],
    rng: Random,
) -> Parcel:
    firms = SOURCES[source].firms
    firm = rng.choice(firms) if len(firms) > 1 else firms[0]
    serial = f"{seed % 100:02d}{index:06d}{rng.randrange(10_000):04d}"
    return Parcel(
        order_ref=order.ref,
        source=source,
        carrier=firm.name,
        service=SOURCES[source].service,
        number=firm.number(serial),
        phone4=order.customer.phone[-4:],
        buyer=order.customer.name,
        origin=road.city(Spot.ORIGIN).path,
        destination=f"{shop.HOME.path}/{order.customer.district}",
        uploaded_at=uploaded_at,
        promised_at=promised_at,
        scans=scans,
        quirks=_quirks(len(scans), rng),
        abroad=SOURCES[source].road is not None,
    )


def _quirks(lines: int, rng: Random) -> Quirks:
    def sometimes(share: float) -> int | None:
        return rng.randrange(lines) if rng.random() < share and lines > 1 else None

    return Quirks(
        repeated=sometimes(0.3),
        swapped=sometimes(0.15),
        unpadded=sometimes(0.15),
        lagging_state=rng.random() < 0.1,
        closing_line=rng.random() < 0.3,
        naive=sometimes(0.2),
    )


# --- the truth, and what buyers do ---

DISPUTE_TEXTS = ("显示已签收，但我没有收到包裹", "家里没人，快递说已签收，东西不见了", "物流显示代签，问遍邻居都没有")
RETURN_REASONS: tuple[tuple[str, int], ...] = (
    ("no_reason", 60), ("not_as_described", 15), ("quality", 12), ("wrong_item", 8), ("damaged", 5),
)  # fmt: skip
SLOTS = ("09:00/11:00", "11:00/13:00", "13:00/15:00", "14:00/16:00", "15:00/17:00", "16:00/18:00")
STORM_SILENCE = timedelta(hours=60)
BARRED = frozenset({"生鲜", "定制"})  # few people ask to send these back


def _truth(
    plot: Plot,
    order: Order,
    parcel: Parcel,
    happenings: Sequence[Happening],
    dispute: Dispute | None,
    *,
    twin: bool,
) -> Truth:
    touches = [h.at for h in happenings if h.step not in ELECTRONIC]
    base = Truth(
        plot=plot.name,
        kind=None,
        twin=twin,
        delivered_at=_delivered_at(happenings),
        last_touch_at=touches[-1] if touches else None,
    )
    if plot.kind is None:
        return _stormed(base, parcel)
    if twin:
        return base
    since, visible_at = _went_wrong(plot, order, parcel, dispute)
    return replace(base, kind=plot.kind, since=since, visible_at=visible_at)


def _stormed(base: Truth, parcel: Parcel) -> Truth:
    """An ordinary life that a storm held up is a stall like any other."""
    for before, after in zip(parcel.scans, parcel.scans[1:], strict=False):
        if after.step is Step.LEFT_MIDDLE and after.at - before.at >= STORM_SILENCE:
            return replace(base, plot="storm", kind=Kind.STALLED, since=before.at, visible_at=before.shown_at)
    return base


def _went_wrong(plot: Plot, order: Order, parcel: Parcel, dispute: Dispute | None) -> tuple[datetime, datetime]:
    """When it went wrong, and when that could first be seen."""
    if dispute:
        return dispute.at, dispute.at
    if plot.late_upload:
        assert order.ship_by is not None
        return order.ship_by, order.ship_by
    if plot.kind is Kind.PROMISE_MISSED:
        return parcel.promised_at, parcel.promised_at
    if plot.kind is Kind.NEVER_COLLECTED:
        return parcel.uploaded_at, parcel.uploaded_at
    telling = parcel.scans[_turn(plot, parcel)]
    return telling.at, telling.shown_at


SPEAKING = frozenset({Step.HELD, Step.BAD_ADDRESS, Step.REFUSED, Step.DAMAGED, Step.LOST, Step.RETURNING, Step.FAILED})
"""Steps in which the carrier itself says what is wrong; elsewhere only silence tells, from the trunk's end on."""


def _turn(plot: Plot, parcel: Parcel) -> int:
    spoken = next((n for n, scan in enumerate(parcel.scans) if scan.step in SPEAKING), None)
    if spoken is not None:
        return spoken
    last = plot.trunk[-1].step
    return next(n for n, scan in enumerate(parcel.scans) if scan.step is last)


def _dispute(plot: Plot, happenings: Sequence[Happening], rng: Random) -> Dispute | None:
    arrived = _delivered_at(happenings)
    assert arrived is not None, plot.name
    return Dispute(_daytime(arrived + timedelta(hours=rng.uniform(6, 40))), rng.choice(DISPUTE_TEXTS))


def _daytime(at: datetime) -> datetime:
    """People write between eight and 23 o'clock."""
    local = at.astimezone(shop.ZONE)
    if local.hour < 8:
        local = local.replace(hour=8, minute=local.minute)
    return _second(local.astimezone(UTC))


def _wish(order: Order, truth: Truth, happenings: Sequence[Happening], share: float, rng: Random) -> ReturnWish | None:
    """Some who got their goods want to send part of them back within the seven days."""
    lines = [item for item in order.items if item.category not in BARRED or rng.random() < 0.1]
    wants, days = rng.random() < share, rng.uniform(0.4, 5)
    received = truth.delivered_at and not any(h.step is Step.RETURNING for h in happenings)
    if not (wants and lines and received and truth.kind is None):
        return None
    assert truth.delivered_at is not None
    at = _daytime(truth.delivered_at + timedelta(days=days))
    day = (at.astimezone(shop.ZONE) + timedelta(days=rng.choice((1, 1, 2)))).date()
    reasons, weights = zip(*RETURN_REASONS, strict=True)
    return ReturnWish(
        at=at,
        reason=rng.choices(reasons, weights=weights)[0],
        want="exchange" if rng.random() < 0.1 else "refund",
        items=_part(lines, rng),
        slot=f"{day.isoformat()}T{rng.choice(SLOTS)}",
    )


def _part(lines: Sequence[Item], rng: Random) -> tuple[tuple[str, int], ...]:
    chosen = rng.sample(list(lines), k=rng.randrange(1, len(lines) + 1))
    return tuple(sorted((item.sku, item.qty) for item in chosen))
