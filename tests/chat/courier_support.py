"""A courier with a route of some stops, for tests of what they are told and say in a chat."""

from dataclasses import replace
from datetime import timedelta

from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import Customer, Item, Order
from doorstep.house import House
from scheduler.letters import tell
from scheduler.request import cancel_return
from store import facts, intake, mail, returns
from store.base import Db

COURIERS = """
[[depots]]
id = "hz"
name = "Hangzhou"
lat = 30.25
lon = 120.17
cut_off = "10:00"

[[collectors]]
id = "fast"
name = "Fast"
depots = ["hz"]
country = "SG"

[[couriers]]
id = "wang"
name = "王师傅"
collector = "fast"
depot = "hz"

[[couriers]]
id = "zhao"
name = "Zhao"
collector = "fast"
depot = "hz"
"""


def a_route(house: House, stops: int = 3, *, courier: str = "wang", name: str = "RT1") -> Route:
    """A dispatched route, told to its courier wherever they are told anything."""
    return house.store.write(_dispatch, house, stops, courier, name)  # type: ignore[no-any-return]


def _dispatch(db: Db, house: House, stops: int, courier: str, name: str) -> Route:
    now = house.now()
    made = tuple(_stop(db, house, f"{name}-{n}", name, n) for n in range(1, stops + 1))
    day = now.astimezone(house.settings.zone).date().isoformat()
    ends = now + timedelta(hours=8)
    route = Route(name, day, "hz", "fast", courier, now + timedelta(hours=1), ends, now, made)
    returns.dispatch(db, route)
    tell(db, route, house.route_link, now=now)
    return route


def _stop(db: Db, house: House, stop: str, route: str, n: int) -> Stop:
    now, ref = house.now(), f"{stop}-return"
    customer = Customer(name="欧阳伟强", phone="13812345678", address="梧桐路 18 号 3 单元 502 室", lat=30.2, lon=120.1)
    intake.add_order(db, Order(f"{stop}-order", (Item("A", "杯子", 1, 5_900),), now, customer=customer))
    value = Return(ref, f"{stop}-order", (ReturnItem("A", 1),), ReturnReason.QUALITY, now, depot="hz", code="123456")
    returns.add_return(db, value, by=None, channel="api")
    at = now + timedelta(hours=1, minutes=20 * n)
    return Stop(stop, route, ref, n, 30.2, 120.1, at, at, at + timedelta(minutes=5))


def cancel(house: House, stop: str) -> None:
    """The customer of a stop keeps the goods."""
    house.store.write(cancel_return, f"{stop}-return", link=house.route_link, now=house.now())


def happened(house: House, route: str) -> list[tuple[str, str | None]]:
    return [(f.event, f.by) for f in house.store.read(facts.history, "route", route)]


def status(house: House, stop: str) -> tuple[str, str]:
    found = house.store.read(returns.find_stop, stop)
    assert found is not None
    return found.status, found.fail_reason


def letters(house: House, channel: str) -> list[str]:
    """The reasons of what was written to a channel about routes."""
    found = house.store.read(mail.letters_about, "route", "RT1")
    return [x.reason for x in found if x.channel == channel]


def reordered(route: Route, *ids: str) -> Route:
    """The same route with its stops in another order; what isn't named is off it."""
    found = {stop.id: stop for stop in route.stops}
    return replace(route, stops=tuple(replace(found[one], position=n) for n, one in enumerate(ids, start=1)))
