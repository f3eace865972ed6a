"""The house: everything that the daemon, the pages and the command line share, wired once."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from itsdangerous import BadSignature, URLSafeTimedSerializer

from chat.sender import Carry
from config.policies import DetectionPolicy
from config.settings import Settings
from doorstep.bus import Bus
from doorstep.clock import Clock, wall
from doorstep.sources import way_of
from monitor.tick import Ways
from scheduler.plan_types import Fleet
from scheduler.policy_file import shipped_policy
from scheduler.tick import PickupSettings
from store import people
from store.base import Db, Store

LINK_KEY = "link_key"
ROUTE_LINK_MAX_AGE_S = 36 * 3600
COLLECTOR_LINK_MAX_AGE_S = 90 * 86_400
SECRET_DIGITS = 32  # 128 bits of a callback address


def no_pickups() -> PickupSettings:
    """A house without depots and couriers: returns are judged and wait."""
    return PickupSettings(Fleet((), (), ()), shipped_policy())


@dataclass(slots=True)
class Counted:
    """What the beat counted last, and when (None: nothing yet)."""

    at: datetime | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class House:
    """``now`` is the time that shipments live by (simulated in a demo); ``wall`` is the time that signatures, tokens,
    links and sessions live by, always real. ``carries``: for channels that are spoken to over a long connection, what goes there.
    ``unheard``: the open cases that nobody was told of (doorstep/unheard). ``planned_elsewhere``: the depots for which a worker made a
    plan when the beat looked last.
    """

    store: Store
    settings: Settings
    policy: DetectionPolicy
    now: Clock
    wall: Clock = wall
    pickups: PickupSettings = field(default_factory=no_pickups)
    bus: Bus = field(default_factory=Bus)
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(9)
    randbelow: Callable[[int], int] = secrets.randbelow
    carries: dict[str, Carry] = field(default_factory=dict)
    unheard: Counted = field(default_factory=Counted)
    planned_elsewhere: set[str] = field(default_factory=set)

    @property
    def ways(self) -> Ways:
        """What the monitor asks of the house."""
        return Ways(self.callback_url, partial(way_of, self.settings))

    def callback_url(self, source: str, account: str) -> str:
        """Where a source calls us. The last part can't be guessed: where a source proves nothing, it is all that says that
        the call comes from somebody who was told.
        """
        return f"{self.settings.doorstep.public_url}/push/{source}/{account}/{self.callback_secret(source, account)}"

    def callback_secret(self, source: str, account: str) -> str:
        """The unguessable part of a callback address, the same for the installation's life."""
        key = self.store.read(people.meta, LINK_KEY) or self.store.write(make_link_key)
        told = hmac.new(key.encode(), f"callback/{source}/{account}".encode(), hashlib.sha256)
        return told.hexdigest()[:SECRET_DIGITS]

    def route_link(self, route_id: str) -> str:
        """A signed, expiring link to one route's courier page."""
        return f"{self.settings.doorstep.public_url}/courier/{signer(self.store, 'route').dumps(route_id)}"

    def route_of_link(self, token: str) -> str | None:
        """The route that a link was signed for; None where it is forged or too old."""
        try:
            route_id: str = signer(self.store, "route").loads(token, max_age=ROUTE_LINK_MAX_AGE_S)
        except BadSignature:
            return None
        return route_id

    def collector_link(self, collector_id: str) -> str:
        """A signed link to the page of one collector, for its dispatcher; it holds for 90 days."""
        return f"{self.settings.doorstep.public_url}/collector/{signer(self.store, 'collector').dumps(collector_id)}"

    def collector_of_link(self, token: str) -> str | None:
        """The collector that a link was signed for; None where it is forged, too old or of a firm that isn't in the settings any more."""
        try:
            collector_id: str = signer(self.store, "collector").loads(token, max_age=COLLECTOR_LINK_MAX_AGE_S)
        except BadSignature:
            return None
        return collector_id if any(one.id == collector_id for one in self.settings.collectors) else None

    def status_link(self, order_ref: str) -> str:
        """A signed link to the page of one order, for its customer."""
        return f"{self.settings.doorstep.public_url}/s/{signer(self.store, 'status').dumps(order_ref)}"

    def order_of_link(self, token: str) -> str | None:
        """The order that a customer's link was signed for; None where it is forged or too old."""
        max_age_s = self.settings.customers.link_d * 86_400
        try:
            order_ref: str = signer(self.store, "status").loads(token, max_age=max_age_s)
        except BadSignature:
            return None
        return order_ref


def signer(store: Store, purpose: str) -> URLSafeTimedSerializer:
    """Signs links for one purpose with the installation's own key, made at the first use."""
    key = store.read(people.meta, LINK_KEY) or store.write(make_link_key)
    return URLSafeTimedSerializer(key, salt=f"doorstep.{purpose}")


def make_link_key(db: Db) -> str:
    """The key that signs this installation's links, made once."""
    key = people.meta(db, LINK_KEY) or secrets.token_urlsafe(32)
    people.set_meta(db, LINK_KEY, key)
    return key
