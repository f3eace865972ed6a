"""A return and its pickup as values: what is asked, what is planned, what happened at the door."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.goods import UNKNOWN, Goods, goods_of
from domain.pickup import ReturnReason, ReturnStatus, Want
from domain.shipment import Item


@dataclass(frozen=True, slots=True)
class ReturnItem:
    """What the customer sends back of one line of the order."""

    sku: str
    qty: int

    def to_json(self) -> dict[str, Any]:
        return {"sku": self.sku, "qty": self.qty}


def goods_back(items: Iterable[ReturnItem], bought: Iterable[Item]) -> Goods:
    """How heavy and large these items are, by the lines of their order."""
    known = {one.sku: one.measures for one in bought}
    return goods_of((item.qty, known.get(item.sku, UNKNOWN)) for item in items)


@dataclass(frozen=True, slots=True)
class Return:
    """A return. Money in cents of ``currency``; ``payer`` says who bears the return freight and ``rule`` why."""

    ref: str
    order_ref: str
    items: tuple[ReturnItem, ...]
    reason: ReturnReason
    requested_at: datetime
    want: Want = Want.REFUND
    status: ReturnStatus = ReturnStatus.REQUESTED
    payer: str = ""
    rule: str = ""
    refund_cents: int = 0
    freight_cents: int = 0
    currency: str = "CNY"
    slot_from: datetime | None = None
    slot_to: datetime | None = None
    code: str = ""
    depot: str = ""
    attempts: int = 0
    collected: tuple[ReturnItem, ...] = ()
    unserved_code: str = ""
    unserved_reason: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit of a route. Times are when the courier should arrive, start and leave."""

    id: str
    route_id: str
    return_ref: str
    position: int
    lat: float
    lon: float
    arrive_at: datetime
    start_at: datetime
    leave_at: datetime
    status: str = "planned"
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    fail_reason: str = ""
    fault: str = ""
    proof: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """The ordered stops of one courier on one day (``day``: ISO date in the depot's zone)."""

    id: str
    day: str
    depot: str
    collector: str
    courier: str
    depart_at: datetime
    return_at: datetime
    dispatched_at: datetime
    stops: tuple[Stop, ...] = ()
    status: str = "dispatched"
    distance_m: int = 0
    drive_s: int = 0
    cost_cents: int = 0
    engine: str = ""
    path: tuple[tuple[float, float], ...] = ()
