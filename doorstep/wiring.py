"""From settings to a working house: carriers' lines, the fleet, the policies, who is asked about which carrier."""

from collections.abc import Mapping

from msgspec import Struct

from carriers.base import Account
from carriers.kuaidi100_carriers import carrier_code
from carriers.registry import CARRIERS
from carriers.sender import Line
from chat.registry import CHATS
from config.settings import Settings
from domain.errors import RuleError
from domain.place import Location
from doorstep.clock import Clock, wall
from doorstep.house import House, make_link_key
from net.http import Http, Transport
from scheduler.day import Between, straight
from scheduler.plan_types import Collector, Courier, Depot, Fleet, Pause, Price
from scheduler.policy import Policy
from scheduler.policy_file import shipped_policy, shop_policy
from scheduler.tick import PickupSettings
from store.base import Store

STRUCTS: Mapping[str, Mapping[str, type[Struct]]] = {
    "carriers": {carrier.id: carrier.settings for carrier in CARRIERS.values()},
    "chats": {chat.id: chat.settings for chat in CHATS.values()},
}
"""What each adapter's table in the configuration must fit."""

DIRECT = {
    "shunfeng": "sf", "fedex": "fedex", "fedexus": "fedex", "fedexcn": "fedex", "ups": "ups", "dhl": "dhl", "usps": "usps",
}  # fmt: skip
"""Carriers whose own interface is asked where an account for it is set; the aggregators know them too."""
AGGREGATORS = ("kuaidi100", "kuaidiniao", "17track")
"""Sources that can ask about other firms' parcels, in the order in which they are preferred."""


def open_house(settings: Settings, store: Store, *, now: Clock = wall, between: Between = straight) -> House:
    store.write(make_link_key)
    return House(store, settings, settings.detection, now, pickups=pickups_of(settings, between))


def lines_of(
    settings: Settings, *, wall_clock: Clock = wall, transport: Transport | None = None
) -> dict[tuple[str, str], Line]:
    """An open line for every account of every carrier that is set."""
    return {
        (carrier_id, name): Line(
            CARRIERS[carrier_id],
            Account(carrier_id, name, account),
            Http(f"{carrier_id}/{name}", transport=transport),
            wall_clock,
        )
        for carrier_id, accounts in settings.carriers.items()
        for name, account in accounts.items()
    }


def source_of(settings: Settings, name: str) -> tuple[str, str] | None:
    """Who is asked about a carrier that people call ``name``: (source, carrier code); None where nobody knows it.

    Raises RuleError where no account is set that could ask.
    """
    code = carrier_code(name)
    if code is None:
        return None
    direct, able = DIRECT.get(code), able_sources(settings, code)
    if not able:
        wanted = f"[carriers.{direct}.main] or " if direct else ""
        raise RuleError(f"no account is set that can ask about {name}; add {wanted}[carriers.kuaidi100.main]")
    return able[0], code


def able_sources(settings: Settings, code: str) -> tuple[str, ...]:
    """The sources with an account that can be asked about a carrier, its own interface first."""
    return tuple(one for one in (DIRECT.get(code), *AGGREGATORS) if one and one in settings.carriers)


def standby_of(settings: Settings, source: str, code: str) -> tuple[tuple[str, str], ...]:
    """Who is asked about a parcel where its own source can't answer: (source, account), in their order. A source that
    wants every number registered, and paid for, stands by for nobody.
    """
    others = [one for one in able_sources(settings, code) if one != source and not needs_subscription(one)]
    return tuple((one, first_account(settings, one)) for one in others)


def first_account(settings: Settings, source: str) -> str:
    accounts = settings.carriers[source]
    return "main" if "main" in accounts else next(iter(accounts))


def subscribes(settings: Settings, source: str, account: str) -> bool:
    """Whether a source is asked to call us about every parcel that it is the first source of."""
    push = CARRIERS[source].push
    if push is None or push.subscription is None:
        return False
    if push.subscription.needed:
        return True
    return bool(settings.doorstep.reachable) and push.subscription.ready(
        Account(source, account, settings.carriers[source][account])
    )


def needs_subscription(source: str) -> bool:
    """Whether a source answers nothing about a number that it wasn't subscribed to."""
    push = CARRIERS[source].push
    return push is not None and push.subscription is not None and push.subscription.needed


def pickups_of(settings: Settings, between: Between = straight) -> PickupSettings:
    return PickupSettings(fleet_of(settings), returns_policy(settings), between=between)


def returns_policy(settings: Settings) -> Policy:
    """The shipped return policy with what this shop changes."""
    return shop_policy(shipped_policy(), profile=settings.returns.profile, freight_cents=settings.returns.freight_cents)


def fleet_of(settings: Settings) -> Fleet:
    collectors = {c.id: c for c in settings.collectors}
    return Fleet(
        depots=tuple(
            Depot(d.id, d.name, Location(lat=d.lat, lon=d.lon), d.cut_off, settings.zone) for d in settings.depots
        ),
        collectors=tuple(
            Collector(
                c.id,
                c.name,
                c.depots,
                Price(c.fixed_cents, c.cost_per_stop_cents, c.cost_per_km_cents, c.cost_per_hour_cents),
                c.areas,
            )
            for c in collectors.values()
        ),
        couriers=tuple(
            Courier(
                c.id,
                c.name,
                c.collector,
                c.depot,
                c.shift,
                c.capacity,
                tuple(Pause(*b.between, b.for_min) for b in c.breaks),
            )
            for c in settings.couriers
        ),
    )
