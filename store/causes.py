"""What cases have in common, and how many watched parcels each cause could hit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.incident import Cause, CauseKind
from store import people
from store.base import Db
from store.tables import iso_of, to_seconds

IN_LIMIT = 500
BASE, ALL = "incident_base", "all"


def keep_causes(db: Db, causes: Iterable[tuple[int, Sequence[str]]]) -> None:
    rows = [(case_id, cause) for case_id, of in causes for cause in of]
    if rows:
        db.exec_driver_sql("INSERT INTO case_cause (case_id, cause) VALUES (?,?)", rows)


def loose(db: Db, *, since: datetime, many: Sequence[int], limit: int) -> dict[int, frozenset[str]]:
    """Fresh cases that no incident explains, with their causes: nobody took them, nothing cleared them; those that are only
    told together with others count too. The newest, where there are more than ``limit``.
    """
    marks = ",".join("?" * len(many))
    of_many = f" OR c.incident_id IN ({marks})" if many else ""
    rows = db.exec_driver_sql(
        "SELECT cc.case_id, cc.cause FROM case_cause cc WHERE cc.case_id IN (SELECT c.id FROM cases c"
        f" WHERE c.opened_at > ? AND c.closed_at IS NULL AND c.acknowledged_by IS NULL AND (c.incident_id IS NULL{of_many})"
        " ORDER BY c.opened_at DESC, c.id DESC LIMIT ?) ORDER BY cc.case_id, cc.cause",
        (to_seconds(since), *many, limit),
    )
    found: dict[int, set[str]] = {}
    for case_id, cause in rows:
        found.setdefault(case_id, set()).add(cause)
    return {case_id: frozenset(causes) for case_id, causes in found.items()}


@dataclass(frozen=True, slots=True)
class Exposure:
    """How many watched parcels each cause could hit, and the usual share of them with a finding in a window; None: the shop's
    history doesn't tell yet.
    """

    watched: dict[str, int]
    usual: float | None


COUNTED = "incident_counted_at"


def count_is_due(db: Db, *, now: datetime, every: timedelta) -> bool:
    last = people.meta(db, COUNTED)
    return not last or now - datetime.fromisoformat(last) >= every


def count(db: Db) -> Counter[str]:
    """Count watched parcels by cause: a look over all of them, on a reading connection."""
    found: Counter[str] = Counter()
    for carrier, place, n in db.exec_driver_sql(
        "SELECT s.carrier, p.last_physical_place, count(*) FROM watch w JOIN shipment s ON s.id = w.shipment_id"
        " JOIN parcel p ON p.shipment_id = s.id WHERE w.ended = '' AND p.delivered != 'yes' GROUP BY 1, 2"
    ):
        found[ALL] += n
        found[Cause(CauseKind.CARRIER, carrier).key] += n
        if place:
            found[Cause(CauseKind.HUB, carrier, place).key] += n
    for carrier, origin, destination, n in db.exec_driver_sql(
        "SELECT s.carrier, s.origin, s.destination, count(*) FROM watch w JOIN shipment s ON s.id = w.shipment_id"
        " WHERE w.ended = '' AND s.origin != '' GROUP BY 1, 2, 3"
    ):
        found[Cause(CauseKind.DEPOT, carrier, origin).key] += n
        if destination:
            found[Cause(CauseKind.LANE, carrier, region(origin), region(destination)).key] += n
    return found


def region(place: str) -> str:
    """A place's region: the two largest parts of its path."""
    return "/".join(place.split("/")[:2])


def share_of_history(db: Db, *, now: datetime, window: timedelta, windows: int, watched: int) -> float | None:
    """The share of watched parcels that got a finding which rests on silence in a usual window; None without a history."""
    until, since = now - window, now - window * (windows + 1)
    first = db.exec_driver_sql("SELECT min(opened_at) FROM cases").scalar()
    if first is None or first > to_seconds(since) or not watched:
        return None
    n = db.exec_driver_sql(
        "SELECT count(*) FROM cases c WHERE c.opened_at > ? AND c.opened_at <= ? AND c.incident_id IS NULL"
        " AND EXISTS (SELECT 1 FROM case_cause cc WHERE cc.case_id = c.id)",
        (to_seconds(since), to_seconds(until)),
    ).scalar_one()
    return float(n) / (watched * windows)


def keep_count(db: Db, counted: Counter[str], usual: float | None, *, now: datetime) -> None:
    db.exec_driver_sql("DELETE FROM cause_watch")
    if counted:
        db.exec_driver_sql("INSERT INTO cause_watch (cause, watched) VALUES (?,?)", sorted(counted.items()))
    people.set_meta(db, BASE, "" if usual is None else repr(usual))
    people.set_meta(db, COUNTED, iso_of(now) or "")


def exposure(db: Db, causes: Iterable[str]) -> Exposure:
    """What was counted of these causes."""
    wanted = sorted({*causes, ALL})
    found: dict[str, int] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        chunk = wanted[start : start + IN_LIMIT]
        rows = db.exec_driver_sql(
            f"SELECT cause, watched FROM cause_watch WHERE cause IN ({','.join('?' * len(chunk))})", tuple(chunk)
        )
        found.update({row[0]: row[1] for row in rows})
    usual = people.meta(db, BASE)
    return Exposure(found, float(usual) if usual else None)
