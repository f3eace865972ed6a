"""What days brought in cases, and what was forecast of them: forecasts are facts alone, one for each day."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from domain.case import Kind
from domain.load import Came, Forecast, to_data
from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import from_seconds, table, to_seconds

_fact, _case = table(tables.Fact), table(tables.Case)
SUBJECT, EVENT = "load", "forecast"


def keep(db: Db, one: Forecast, *, now: datetime) -> None:
    """Write a day's forecast down; it isn't changed any more."""
    facts.append(db, [FactRow(SUBJECT, one.day.isoformat(), EVENT, now, data=dict(to_data(one)))])


def of_day(db: Db, day: date) -> Forecast | None:
    return next(iter(between(db, day, day)), None)


def nearest(db: Db, today: date) -> Forecast | None:
    """Tomorrow's, where it is made already, else today's."""
    return max(between(db, today, today + timedelta(days=1)), key=lambda one: one.day, default=None)


def between(db: Db, first: date, last: date) -> Iterator[Forecast]:
    """The forecasts of these days, both included, in their order."""
    query = select(_fact.c.subject_id, _fact.c.data).where(
        _fact.c.subject_type == SUBJECT, _fact.c.subject_id >= first.isoformat(), _fact.c.subject_id <= last.isoformat()
    )
    for day, data in db.execute(query.order_by(_fact.c.subject_id, _fact.c.id)):
        span = (datetime.fromisoformat(data["begin"]), datetime.fromisoformat(data["end"]))
        rest = (data[name] for name in ("by_risk", "waiting", "demand", "expected", "low", "high", "room"))
        yield Forecast(date.fromisoformat(day), *span, *rest)


def came(db: Db, spans: Sequence[tuple[datetime, datetime]], of_risk: Collection[Kind]) -> list[Came]:
    """What each span brought: cases that were opened, but for members of incidents, which are told together."""
    found = []
    for begin, end in spans:
        rows = db.exec_driver_sql(
            "SELECT kind, count(*) FROM cases WHERE opened_at >= ? AND opened_at < ? AND incident_id IS NULL GROUP BY kind",
            (to_seconds(begin), to_seconds(end)),
        ).all()
        found.append(Came(sum(n for _, n in rows), sum(n for kind, n in rows if Kind(kind) in of_risk)))
    return found


def begun_at(db: Db) -> datetime | None:
    """When the house wrote its first fact."""
    at = db.exec_driver_sql("SELECT at FROM fact ORDER BY id LIMIT 1").scalar()
    return None if at is None else from_seconds(at)


def held_back(db: Db, until: datetime, *, kinds: Collection[Kind], least: float) -> int:
    """Parcels that are watched, worth an alert, and wait until then since a day had no room."""
    names = sorted(kind.value for kind in kinds)
    found = db.exec_driver_sql(
        "SELECT count(DISTINCT w.shipment_id) FROM watch w JOIN watch_item i ON i.subject_type = 'shipment'"
        " AND i.subject_id = CAST(w.shipment_id AS TEXT) WHERE w.alarm_at <= ? AND w.risk_at = ? AND i.probability >= ?"
        f" AND i.kind IN ({','.join('?' * len(names))})",
        (to_seconds(until), to_seconds(until), least, *names),
    ).scalar()
    return int(found or 0)
