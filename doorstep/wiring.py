"""From settings to a working house: carriers' lines, the fleet, the policies, who is asked about which carrier."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import Struct

from carriers.base import Account
from carriers.registry import CARRIERS
from carriers.sender import Line
from chat.registry import CHATS
from config.settings import Settings
from domain.goods import Assumed
from domain.place import Location
from doorstep import chats
from doorstep.clock import Clock, wall
from doorstep.house import House, make_link_key
from doorstep.ways import travel_of
from monitor import promise
from net.http import Http, Transport
from scheduler.day import Between, straight
from scheduler.plan_types import Collector, Courier, Depot, Fleet, Hours, Pause, Price
from scheduler.policy import Policy
from scheduler.policy_file import own_policy, shipped_policy, shop_policy
from scheduler.tick import PickupSettings
from store import chat_queue
from store.base import Store

STRUCTS: Mapping[str, Mapping[str, type[Struct]]] = {
    "carriers": {carrier.id: carrier.settings for carrier in CARRIERS.values()},
    "chats": {chat.id: chat.settings for chat in CHATS.values()},
}
"""What each adapter's table in the configuration must fit."""


def open_house(settings: Settings, store: Store, *, now: Clock = wall, between: Between = straight) -> House:
    store.write(chat_queue.set_channels, chats.rows_of(settings), now=now())
    store.write(promise.plan_anew, settings.detection, now=now())
    return house_of(settings, store, now=now, between=between)


def house_of(settings: Settings, store: Store, *, now: Clock = wall, between: Between = straight) -> House:
    """The house as it stands: a worker's, beside the daemon that keeps it in line with the settings."""
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
        if CARRIERS[carrier_id].asks
        for name, account in accounts.items()
    }


def pickups_of(settings: Settings, between: Between = straight) -> PickupSettings:
    policy = returns_policy(settings)
    return PickupSettings(
        replace(fleet_of(settings), assumed=Assumed(policy.assumed.weight_g, policy.assumed.volume_ml)),
        policy,
        travel=travel_of(settings),
        between=between,
        hold_days=settings.returns.hold_days,
        carrier_cents=settings.returns.carrier_cents,
    )


def returns_policy(settings: Settings) -> Policy:
    """The shipped return policy, or the shop's own file laid over it, with what the settings change. Raises RuleError."""
    own = settings.returns.file
    base = own_policy(settings.file.parent / own) if own else shipped_policy()
    return shop_policy(base, profile=settings.returns.profile, freight_cents=settings.returns.freight_cents)


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
                c.held,
                settings.areas.get(c.id),
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
                c.capacity or collectors[c.collector].capacity,
                tuple(Pause(*b.between, b.for_min) for b in c.breaks),
                capacity_g=_thousandths(c.capacity_kg or collectors[c.collector].capacity_kg),
                capacity_ml=_thousandths(c.capacity_l or collectors[c.collector].capacity_l),
            )
            for c in settings.couriers
        ),
        hours=tuple(Hours(one.begins, one.ends, one.times) for one in settings.travel.hours),
        times=settings.travel.times,
    )


def _thousandths(amount: float | None) -> int | None:
    """Kilograms in grams, litres in millilitres."""
    return None if amount is None else round(amount * 1000)
