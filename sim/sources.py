"""The sources of the simulated world: how often each is used, by which roads its parcels come, how their numbers look.

All parcels go to the simulated town; those of carriers ABROAD come from shops' warehouses in other countries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim import numbers, shop
from sim.lives import Spot, Step
from sim.numbers import Number
from sim.shop import City


@dataclass(frozen=True, slots=True)
class Firm:
    """A carrier as a merchant would name it, and its tracking numbers."""

    name: str
    number: Number


@dataclass(frozen=True, slots=True)
class Road:
    """The way from another country. Which warehouse it starts from is chance; it ends in the town."""

    origins: tuple[City, ...]
    hub: City
    middle: City

    def spots(self, origin: City) -> Mapping[Spot, City]:
        return {
            Spot.ORIGIN: origin,
            Spot.HUB: self.hub,
            Spot.MIDDLE: self.middle,
            Spot.PORT: shop.GUANGZHOU,
            Spot.CITY: shop.QINGLAN,
            Spot.BRANCH: shop.QINGLAN,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """``weight``: how often, against the others. ``promise_days``: whole days after the order, to the end of that day.
    ``road``: None for parcels from China. ``apart``: deliveries may end in lockers and stations. ``silent``: steps that
    the source doesn't tell. ``ahead``: a step that it now and then (``ahead_share``) dates in the future. ``trims``: it
    drops old lines.
    """

    weight: int
    firms: tuple[Firm, ...]
    service: str
    promise_days: int
    road: Road | None = None
    apart: bool = False
    silent: frozenset[Step] = frozenset()
    ahead: Step | None = None
    ahead_share: float = 0.08
    trims: bool = False


_P = numbers.prefixed
_AMERICAN = shop.ABROAD

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "kuaidi100": Source(
            66,
            (
                Firm("zhongtong", _P("73")),
                Firm("yuantong", _P("YT")),
                Firm("shentong", _P("77")),
                Firm("yunda", _P("46")),
                Firm("jtexpress", _P("JT")),
            ),
            "标准快递",
            6,
            apart=True,
        ),
        "sf": Source(
            20,
            (Firm("sf", _P("SF")),),
            "顺丰标快",
            5,
            apart=True,
            silent=frozenset({Step.ANNOUNCED}),
            ahead=Step.LEFT_CITY,
            ahead_share=0.03,
            trims=True,
        ),
        "fedex": Source(
            14,
            (Firm("fedex", numbers.fedex),),
            "FEDEX_INTERNATIONAL_ECONOMY",
            10,
            Road(_AMERICAN, shop.MEMPHIS, shop.ANCHORAGE),
        ),
        "kuaidiniao": Source(
            8,
            (Firm("ems", numbers.ems), Firm("youzhengguonei", numbers.china_post), Firm("debangkuaidi", _P("DPK"))),
            "标准快递",
            6,
            apart=True,
            ahead=Step.LEFT_CITY,
        ),
        "jd": Source(6, (Firm("jd", _P("JDVA")),), "特惠送", 5, ahead=Step.LEFT_CITY),
        "ups": Source(
            5,
            (Firm("ups", numbers.ups),),
            "UPS Worldwide Expedited",
            10,
            Road(_AMERICAN, shop.LOUISVILLE, shop.ANCHORAGE),
        ),
        "dhl": Source(
            4,
            (Firm("dhl", numbers.dhl_express),),
            "EXPRESS WORLDWIDE",
            10,
            Road(shop.GERMAN, shop.LEIPZIG, shop.HONG_KONG),
            ahead=Step.LEFT_MIDDLE,
        ),
        "usps": Source(
            4,
            (Firm("usps", numbers.usps),),
            "Priority Mail International",
            10,
            Road(_AMERICAN, shop.CHICAGO, shop.LOS_ANGELES),
        ),
        "17track": Source(
            4,
            (Firm("Royal Mail", numbers.s10("RN", "GB")),),
            "International Tracked",
            10,
            Road(shop.BRITISH, shop.PRINCESS_ROYAL, shop.HEATHROW),
            ahead=Step.LEFT_MIDDLE,
        ),
    }
)
"""In the order in which chance deals them out: new ones go to the end, so that a world of the older ones stays the same."""
