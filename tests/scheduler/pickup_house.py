"""A small house to test pickups in: a depot in Hangzhou, couriers, delivered orders, a router limited by steps."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.parcel import Milestone
from domain.pickup import ReturnReason, Want
from domain.place import Location
from domain.returns import Return, ReturnItem
from domain.shipment import Customer, Item, Order, Shipment
from domain.tracking import Certainty, EventTime, ParcelReading, ScanEvent, Zone
from scheduler.plan_types import Collector, Courier, Depot, Fleet, Pause, Price
from scheduler.policy_file import shipped_policy
from scheduler.request import Asked, request_return
from scheduler.router import Plan, Problem, Steps, solve
from scheduler.tick import PickupSettings, TickReport, tick
from store import intake, tracking
from store.base import Db, Store

CN = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)
DEPOT = Depot("hz", "Hangzhou", Location(lat=30.25, lon=120.17), time(10), CN)
PRICE = Price(per_route_cents=2_000, per_stop_cents=300, per_km_cents=120, per_hour_cents=3_000)
FLEET = Fleet(
    depots=(DEPOT,),
    collectors=(Collector("fast", "Fast Collectors", ("hz",), PRICE),),
    couriers=(
        Courier("wang", "Wang", "fast", "hz", (time(9), time(18)), 30, (Pause(time(12), time(13), 30),)),
        Courier("li", "Li", "fast", "hz", (time(9), time(18)), 30),
    ),
)
POLICY = shipped_policy()
SETTINGS = PickupSettings(FLEET, POLICY)
CODE = 123456


def at(text: str) -> datetime:
    """A local time in Hangzhou, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=CN).astimezone(UTC)


def a_return(ref: str = "r1", **fields: object) -> Return:
    values: dict[str, object] = {
        "order_ref": "o1",
        "items": (ReturnItem("A", 1),),
        "reason": ReturnReason.NO_REASON,
        "requested_at": at("2026-11-22T20:00"),
        "depot": "hz",
        "code": f"{CODE}",
        "payer": "customer",
        "freight_cents": 1_000,
    }
    return Return(ref=ref, **(values | fields))  # type: ignore[arg-type]


def an_order(ref: str = "o1", n: int = 1, **customer: object) -> Order:
    items = (
        Item("A", "红色毛衣", 3, 19_900, "clothes"),
        Item("B", "软件光盘", 1, 9_900, "software"),
        Item("C", "贴纸", 2, 300, "paper"),
    )
    where = {"lat": 30.25 + 0.01 * n, "lon": 120.17 + 0.008 * n, "located": "given"}
    return Order(
        ref,
        items,
        at("2026-11-15T09:00"),
        customer=Customer(**({"name": "张三", "phone": "13800000000"} | where | customer)),  # type: ignore[arg-type]
    )


def deliver(db: Db, order: Order, when: datetime | None) -> None:
    """Write an order with one shipment, delivered at ``when`` (None: still on its way)."""
    intake.add_order(db, order)
    shipment = Shipment(f"SF{order.ref}", "sf", "sf", at("2026-11-16T09:00"), order_ref=order.ref)
    written = intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None)
    if when is not None:
        time_of = EventTime(when.isoformat(), when, Zone.OFFSET, Certainty.EXACT)
        event = ScanEvent("80", "已签收", Milestone.DELIVERED, time_of)
        parcel = ParcelReading(shipment.number, (event,))
        tracking.record(db, [(int(written.id), "sf", [parcel])], now=when)


def ask(
    store: Store, ref: str = "r1", order: str = "o1", *, now: datetime, fleet: Fleet = FLEET, **fields: object
) -> object:
    values: dict[str, object] = {
        "ref": ref,
        "order_ref": order,
        "items": (ReturnItem("A", 1),),
        "reason": ReturnReason.NO_REASON,
        "want": Want.REFUND,
        "slot": "2026-11-23T14:00/16:00",
    }
    return store.write(
        request_return,
        Asked(**(values | fields)),  # type: ignore[arg-type]
        policy=POLICY,
        fleet=fleet,
        now=now,
        randbelow=lambda _: CODE,
        channel="api",
    )


async def solve_by_steps(problem: Problem, *, seed: int) -> Plan:
    return solve(problem, seed=seed, limit=Steps(20))


def link(route_id: str) -> str:
    return f"https://desk.example/courier/{route_id}"


async def beat(store: Store, now: datetime, **kw: object) -> TickReport:
    settings = kw.pop("settings", SETTINGS)
    given = {"solve": solve_by_steps, "link": link, "rng": Random(7)} | kw
    return await tick(store, settings, now=now, **given)  # type: ignore[arg-type]


LATER = timedelta(hours=2, minutes=1)
