"""Returns, routes and stops: what happened to a return is its history; rows are what it amounts to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select

from domain.pickup import WAITING_FOR_ROUTE, ReturnEvent, ReturnReason, ReturnStatus, Want, step
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import ShipmentView
from store import facts, tables, tracking
from store.base import Db
from store.facts import FactRow
from store.tables import from_json, from_seconds, iso_of, table

_return, _route, _stop = table(tables.Return), table(tables.Route), table(tables.Stop)
_shipment, _instruction = table(tables.Shipment), table(tables.Instruction)
PLAIN = (
    "ref", "order_ref", "payer", "rule", "refund_cents", "freight_cents", "currency", "slot_from", "slot_to", "code",
    "depot", "requested_at", "attempts", "unserved_code", "unserved_reason",
)  # fmt: skip
STOP_TIMES = ("arrive_at", "start_at", "leave_at")


@dataclass(frozen=True, slots=True)
class ReturnFact:
    """One entry of a return's history. ``data`` names the stop (``stop``) and what was done there."""

    event: ReturnEvent
    at: datetime
    by: str | None
    channel: str
    data: dict[str, Any]


def return_of(row: Any) -> Return:
    return Return(
        items=tuple(ReturnItem(i["sku"], i["qty"]) for i in row.items),
        reason=ReturnReason(row.reason),
        want=Want(row.want),
        status=ReturnStatus(row.status),
        collected=tuple(ReturnItem(i["sku"], i["qty"]) for i in row.collected),
        **{name: getattr(row, name) for name in PLAIN},
    )


def _columns(value: Return) -> dict[str, Any]:
    return {
        "items": [i.to_json() for i in value.items],
        "reason": value.reason.value,
        "want": value.want.value,
        "status": value.status.value,
        "collected": [i.to_json() for i in value.collected],
        **{name: getattr(value, name) for name in PLAIN},
    }


def add_return(db: Db, value: Return, *, by: str | None, channel: str, judged: Mapping[str, Any] | None = None) -> bool:
    """Write a request (or its refusal, by its status); False where the reference is known already. ``judged``: see there."""
    if find(db, value.ref) is not None:
        return False
    db.execute(_return.insert().values(**_columns(value)))
    event = ReturnEvent.REFUSED if value.status is ReturnStatus.REFUSED else ReturnEvent.REQUESTED
    data = {
        **_columns(value),
        **{name: iso_of(getattr(value, name)) for name in ("slot_from", "slot_to", "requested_at")},
        **({JUDGED: dict(judged)} if judged else {}),
    }
    facts.append(db, [FactRow("return", value.ref, event.value, value.requested_at, by, channel, data=data)])
    return True


def find(db: Db, ref: str) -> Return | None:
    row = db.execute(select(_return).where(_return.c.ref == ref)).one_or_none()
    return return_of(row) if row else None


def last_asked(db: Db, ref: str) -> tuple[str, str]:
    """Of ``ref``, ``ref``-2, ``ref``-3, …: the last that a return has (``ref`` where none has), and the next free one."""
    last, name = ref, ref
    for number in count(2):
        if find(db, name) is None:
            break
        last, name = name, f"{ref}-{number}"
    return last, name


def of_order(db: Db, order_ref: str) -> list[Return]:
    rows = db.execute(select(_return).where(_return.c.order_ref == order_ref).order_by(_return.c.ref))
    return [return_of(row) for row in rows]


def list_returns(db: Db, *, limit: int = 500) -> list[Return]:
    rows = db.execute(select(_return).order_by(_return.c.requested_at.desc(), _return.c.ref).limit(limit))
    return [return_of(row) for row in rows]


def waiting(db: Db, *, before: datetime) -> list[Return]:
    """Returns that the next plan takes up: asked for before the cut-off, oldest first; failed ones come back."""
    rows = db.execute(
        select(_return)
        .where(_return.c.status.in_([s.value for s in WAITING_FOR_ROUTE]), _return.c.requested_at <= before)
        .order_by(_return.c.requested_at, _return.c.ref)
    )
    return [return_of(row) for row in rows]


def record(db: Db, ref: str, fact: ReturnFact) -> Return | None:
    """Append to a return's history if its status allows it; None where it doesn't (nothing is written then)."""
    value = find(db, ref)
    if value is None or not allowed(value.status, fact.event):
        return None
    facts.append(db, [FactRow("return", ref, fact.event.value, fact.at, fact.by, fact.channel, data=fact.data)])
    db.execute(_return.update().where(_return.c.ref == ref).values(**advanced(_columns(value), fact.event, fact.data)))
    stop_id = fact.data.get("stop")
    if stop_id and fact.event in STOP_STATUS:
        db.execute(_stop.update().where(_stop.c.id == stop_id).values(**stop_columns(fact.event, fact.at, fact.data)))
    return find(db, ref)


def allowed(status: ReturnStatus, event: ReturnEvent) -> bool:
    """Whether the event moves the return on. Arriving twice, or collecting what is collected, doesn't."""
    return step(status, event) is not status


def advanced(columns: dict[str, Any], event: ReturnEvent, data: dict[str, Any]) -> dict[str, Any]:
    """A return's columns after an event."""
    columns = {**columns, "status": step(ReturnStatus(columns["status"]), event).value}
    if event in {ReturnEvent.COLLECTED, ReturnEvent.PARTLY_COLLECTED}:
        columns["collected"] = data["items"]
        columns["refund_cents"] = data["refund_cents"]
    if event is ReturnEvent.FAILED:
        columns["attempts"] += 1
    if event is ReturnEvent.PLANNED:
        columns |= {"unserved_code": "", "unserved_reason": "", "depot": data["depot"]}
    return columns


STOP_STATUS = {
    ReturnEvent.ARRIVED: "arrived",
    ReturnEvent.COLLECTED: "collected",
    ReturnEvent.PARTLY_COLLECTED: "partly_collected",
    ReturnEvent.FAILED: "failed",
    ReturnEvent.CANCELLED: "cancelled",
    ReturnEvent.UNPLANNED: "unplanned",
}


def stop_columns(event: ReturnEvent, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """A stop's columns after an event at it."""
    if event is ReturnEvent.ARRIVED:
        return {"status": "arrived", "arrived_at": at}
    return {
        "status": STOP_STATUS[event],
        "ended_at": at,
        "fail_reason": data.get("reason", ""),
        "fault": data.get("fault", ""),
        "proof": data.get("proof", {}),
    }


def note_unserved(db: Db, ref: str, code: str, reason: str) -> None:
    """Why the last plan left a return out; advice for the desk, not part of its history."""
    db.execute(_return.update().where(_return.c.ref == ref).values(unserved_code=code, unserved_reason=reason))


RESCHEDULED = "rescheduled"
"""A fact of a return beside its events: it moves the slot and no status."""


def set_slot(db: Db, ref: str, slot: tuple[datetime, datetime], *, now: datetime, by: str | None, channel: str) -> None:
    """Another slot was agreed on; what the last plan said of the return no longer holds."""
    data = {"slot_from": iso_of(slot[0]), "slot_to": iso_of(slot[1])}
    values = {**slot_columns(data), "unserved_code": "", "unserved_reason": ""}
    db.execute(_return.update().where(_return.c.ref == ref).values(**values))
    facts.append(db, [FactRow("return", ref, RESCHEDULED, now, by, channel, data=data)])


def slot_columns(data: dict[str, Any]) -> dict[str, Any]:
    """A return's columns after it was rescheduled."""
    return {name: datetime.fromisoformat(data[name]) for name in ("slot_from", "slot_to")}


def way_of(db: Db, ref: str) -> str:
    """How the goods travel by the last word on it: our courier unless the customer chose another way."""
    ways = {ReturnEvent.BY_CARRIER.value, ReturnEvent.BY_ROUTE.value}
    said = [f.data.get("way", "courier") for f in facts.history(db, "return", ref) if f.event in ways]
    return str(said[-1]) if said else "courier"


# --- what a return is judged by ------------------------------------------------------------------------------------


def received_at(db: Db, order_ref: str) -> datetime | None:
    """When the customer got the last of an order's deliveries; None where nothing has arrived.

    A person's "received" counts as well as the carrier's; a delivery that was undone since doesn't.
    """
    ids = db.execute(select(_shipment.c.id).where(_shipment.c.order_ref == order_ref, _shipment.c.leg == "out"))
    views = tracking.views(db, [row[0] for row in ids])
    times = [at for view in views.values() if (at := _received(db, view))]
    fetched = order_news(db, order_ref).get("picked_up_at")
    return max([*times, *([fetched] if fetched else [])], default=None)


ORDER_NEWS = {"picked_up_at": "picked_up_at_shop", "settled_at": "after_sales_done"}
"""What may become of an order beside its parcels, and the facts under which it is kept."""


def note_order(db: Db, order_ref: str, name: str, at: datetime, *, by: str | None, channel: str) -> bool:
    """Write down once that the customer fetched an order at a shop, or that its after-sales are done."""
    if name in order_news(db, order_ref):
        return False
    facts.append(db, [FactRow("order", order_ref, ORDER_NEWS[name], at, by, channel)])
    return True


def order_news(db: Db, order_ref: str) -> dict[str, datetime]:
    """The same, read: when each happened."""
    names = {event: name for name, event in ORDER_NEWS.items()}
    return {names[f.event]: f.at for f in facts.history(db, "order", order_ref) if f.event in names}


JUDGED = "judged"
"""A key of a request's data: by which profile and version it was judged, and what starts its refund."""


def judged(db: Db, ref: str) -> dict[str, Any]:
    """How a return was judged; {} where it was taken before that was kept."""
    history = facts.history(db, "return", ref)
    return dict(history[0].data.get(JUDGED, {})) if history else {}


def _received(db: Db, view: ShipmentView) -> datetime | None:
    if view.received_at or not view.received_by_hand:
        return view.received_at
    said = [f.at for f in facts.history(db, "shipment", str(view.shipment.id)) if f.event == "received"]
    return said[-1] if said else view.polled_at or view.shipment.created_at


def whole_order_paid(db: Db, order_ref: str) -> str | None:
    """The id of an instruction that made the whole order good; nothing of the order may be paid again after it."""
    return db.execute(
        select(_instruction.c.id).where(
            _instruction.c.order_ref == order_ref,
            _instruction.c.item == "*",
            _instruction.c.kind.in_(["refund", "reship"]),
        )
    ).scalar()


# --- routes --------------------------------------------------------------------------------------------------------


def dispatch(db: Db, route: Route, *, by: str | None = None) -> None:
    """Write a route with its stops and mark their returns as planned."""
    at = route.dispatched_at
    db.execute(_route.insert().values(**_route_columns(route)))
    db.execute(_stop.insert(), [stop_values(stop) for stop in route.stops])
    data = {"depot": route.depot, "day": route.day, "courier": route.courier, "stops": [s.id for s in route.stops]}
    facts.append(db, [FactRow("route", route.id, "dispatched", at, by, data=data)])
    for stop in route.stops:
        planned = {"stop": stop.id, "route": route.id, "depot": route.depot, "position": stop.position}
        planned |= {name: getattr(stop, name).isoformat() for name in STOP_TIMES}
        record(db, stop.return_ref, ReturnFact(ReturnEvent.PLANNED, at, by, "", planned))


def _route_columns(route: Route) -> dict[str, Any]:
    names = [c.name for c in _route.columns if c.name != "path"]
    return {**{name: getattr(route, name) for name in names}, "path": [list(p) for p in route.path]}


def stop_values(stop: Stop) -> dict[str, Any]:
    return {c.name: getattr(stop, c.name) for c in _stop.columns}


def set_route_status(db: Db, route_id: str, status: str, *, now: datetime, by: str | None = None) -> None:
    db.execute(_route.update().where(_route.c.id == route_id).values(status=status))
    facts.append(db, [FactRow("route", route_id, status, now, by)])


def find_route(db: Db, route_id: str) -> Route | None:
    row = db.execute(select(_route).where(_route.c.id == route_id)).one_or_none()
    return _route_of(row, stops_of(db, [route_id])) if row else None


def routes_of_day(db: Db, day: str) -> list[Route]:
    rows = db.execute(select(_route).where(_route.c.day == day).order_by(_route.c.id)).all()
    stops = stops_of(db, [row.id for row in rows])
    return [_route_of(row, stops) for row in rows]


def routes_of_month(db: Db, month: str, collector: str) -> list[Route]:
    """A collector's routes of a month (``YYYY-MM``), by day."""
    mine = (_route.c.collector == collector) & _route.c.day.startswith(f"{month}-")
    rows = db.execute(select(_route).where(mine).order_by(_route.c.day, _route.c.id)).all()
    stops = stops_of(db, [row.id for row in rows])
    return [_route_of(row, stops) for row in rows]


def routes_between(db: Db, since: datetime, until: datetime) -> list[Route]:
    """Routes that depart in the span, by departure."""
    rows = db.execute(
        select(_route)
        .where(_route.c.depart_at >= since, _route.c.depart_at < until)
        .order_by(_route.c.depart_at, _route.c.id)
    ).all()
    stops = stops_of(db, [row.id for row in rows])
    return [_route_of(row, stops) for row in rows]


def days_with_routes(db: Db, *, limit: int = 30) -> list[str]:
    rows = db.execute(select(_route.c.day).distinct().order_by(_route.c.day.desc()).limit(limit))
    return [row[0] for row in rows]


def declined_on(db: Db, depot: str, day: str) -> list[str]:
    """The couriers of a day's routes that their collectors declined, one for each such route."""
    mine = (_route.c.depot == depot) & (_route.c.day == day) & (_route.c.status == "declined")
    return [row[0] for row in db.execute(select(_route.c.courier).where(mine).order_by(_route.c.id))]


def find_stop(db: Db, stop_id: str) -> Stop | None:
    row = db.execute(select(_stop).where(_stop.c.id == stop_id)).one_or_none()
    return stop_of(row) if row else None


def stops_of(db: Db, route_ids: Iterable[str]) -> list[Stop]:
    ids = list(route_ids)
    rows = db.execute(select(_stop).where(_stop.c.route_id.in_(ids)).order_by(_stop.c.route_id, _stop.c.position))
    return [stop_of(row) for row in rows]


def stop_of_return(db: Db, ref: str) -> Stop | None:
    """The visit at which a return stands: the newest of its stops that hasn't ended."""
    rows = db.execute(
        select(_stop)
        .where(_stop.c.return_ref == ref, _stop.c.ended_at.is_(None))
        .order_by(_stop.c.arrive_at.desc(), _stop.c.id)
    )
    row = rows.first()
    return stop_of(row) if row else None


def open_stops(db: Db, *, before: datetime) -> list[Stop]:
    """Stops that should have ended before, and haven't."""
    rows = db.execute(
        select(_stop)
        .where(_stop.c.ended_at.is_(None), _stop.c.status.in_(["planned", "arrived"]), _stop.c.leave_at < before)
        .order_by(_stop.c.id)
    )
    return [stop_of(row) for row in rows]


def stop_of(row: Any) -> Stop:
    return Stop(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins with _


def _route_of(row: Any, stops: list[Stop]) -> Route:
    columns = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins with _
    path = tuple((float(lat), float(lon)) for lat, lon in columns.pop("path"))
    return Route(**columns, path=path, stops=tuple(s for s in stops if s.route_id == row.id))


@dataclass(frozen=True, slots=True)
class Missed:
    """A pickup whose courier never came. ``at``: when that was said; ``slot_from``: when the customer began to wait."""

    ref: str
    order_ref: str
    at: datetime
    slot_from: datetime | None


def missed_without_case(db: Db, *, limit: int) -> list[Missed]:
    """Missed pickups, each time once, until a case was opened for it."""
    rows = db.exec_driver_sql(
        "SELECT f.subject_id, r.order_ref, f.at, r.slot_from, f.data FROM fact f JOIN returns r ON r.ref = f.subject_id"
        " WHERE f.event = 'pickup_missed' AND f.subject_type = 'return' AND r.status IN ('failed', 'requested', 'planned')"
        " AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.subject_type = 'return' AND c.subject_id = f.subject_id"
        "   AND c.kind = 'pickup_missed' AND (c.closed_at IS NULL OR c.since >= f.at)) ORDER BY f.id LIMIT ?",
        (limit,),
    )
    return [Missed(r[0], r[1], from_seconds(r[2]), _waited_from(from_json(r[4]), r[3])) for r in rows]


def _waited_from(data: dict[str, Any], slot_from: float | None) -> datetime | None:
    """Since when the customer waited: the slot may have been moved in the same moment, so the fact says it."""
    if told := data.get("slot_from"):
        return datetime.fromisoformat(told)
    return from_seconds(slot_from) if slot_from is not None else None


def fetched_after_all(db: Db) -> list[str]:
    """Returns with an open `pickup_missed` case that are collected, or no longer wanted, by now."""
    rows = db.exec_driver_sql(
        "SELECT c.subject_id FROM cases c JOIN returns r ON r.ref = c.subject_id WHERE c.kind = 'pickup_missed'"
        " AND c.closed_at IS NULL AND r.status NOT IN ('failed', 'requested', 'planned', 'arrived') ORDER BY c.id"
    )
    return [row[0] for row in rows]
