"""What the simulated people share: what they can see of the product, where they reach it, and one thing that somebody does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from domain.returns import ReturnItem, Stop
from net.http import HttpRequest


class Reads(Protocol):
    """What couriers, customers and the warehouse can see of the product: links they were sent, a route's stops, a handover code, shelves."""

    def courier_letters(self, since: datetime) -> Sequence[dict[str, Any]]:
        """Payloads of the route messages sent since: ``route``, ``url``, …"""

    def stops(self, route_id: str) -> Sequence[Stop]:
        """The stops of a route in order, as they stand now."""

    def return_code(self, return_ref: str) -> str:
        """The code that the customer of a return gives at the door."""

    def return_items(self, return_ref: str) -> Sequence[ReturnItem]:
        """What the customer of a return hands over."""

    def checkins(self) -> Mapping[str, bool]:
        """The returns whose goods were scanned in at the warehouse, and whether somebody has said how they are."""


class NoReads:
    """Nobody was sent anything yet: only the shop and the buyers act."""

    def courier_letters(self, since: datetime) -> Sequence[dict[str, Any]]:
        del since
        return ()

    def stops(self, route_id: str) -> Sequence[Stop]:
        del route_id
        return ()

    def return_code(self, return_ref: str) -> str:
        del return_ref
        return ""

    def return_items(self, return_ref: str) -> Sequence[ReturnItem]:
        del return_ref
        return ()

    def checkins(self) -> Mapping[str, bool]:
        return {}


@dataclass(frozen=True, slots=True)
class Door:
    """Where the product is reached, and the key of the shop's system."""

    address: str = "http://127.0.0.1:8722"
    key: str = "demo"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does at ``at``."""

    at: datetime
    name: str
    request: HttpRequest
