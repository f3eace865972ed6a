"""Subscriptions at the sources that call: which are wanted, which stand, and when each is due again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.asking import DUE_COLUMNS, IN_LIMIT, Due, due_of
from store.base import Db
from store.tables import maybe_from_seconds, maybe_to_seconds, to_seconds

MAX_ERROR_TEXT = 500
WANTED, STANDS, REFUSED, OVER = "wanted", "stands", "refused", "over"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a subscription is now; ``due_at``: when to subscribe (again), None: not until something happens."""

    shipment_id: int
    state: str
    due_at: datetime | None
    error: str = ""


def want(db: Db, shipment_id: int, source: str, account: str, *, now: datetime) -> None:
    """Subscribe to a shipment as soon as possible; a wish that is there already stays as it is."""
    db.exec_driver_sql(
        "INSERT INTO subscription (shipment_id, source, account, state, due_at, error) VALUES (?,?,?,?,?,'')"
        " ON CONFLICT DO NOTHING",
        (shipment_id, source, account, WANTED, to_seconds(now)),
    )


def due(db: Db, source: str, account: str, *, now: datetime, limit: int) -> list[Due]:
    """The shipments to subscribe to now, longest due first."""
    rows = db.exec_driver_sql(
        f"SELECT {DUE_COLUMNS} FROM subscription b JOIN asking a ON a.shipment_id = b.shipment_id AND a.source = b.source"
        " JOIN shipment s ON s.id = b.shipment_id LEFT JOIN orders o ON o.ref = s.order_ref"
        " LEFT JOIN customer c ON c.id = o.customer_id"
        " WHERE b.source = ? AND b.account = ? AND b.due_at <= ? ORDER BY b.due_at, b.shipment_id LIMIT ?",
        (source, account, to_seconds(now), limit),
    )
    return [due_of(row) for row in rows]


def settle(db: Db, source: str, outcomes: Iterable[Outcome], *, now: datetime) -> None:
    """Write what became of subscriptions; one that stands has stood since now."""
    db.exec_driver_sql(
        "UPDATE subscription SET state = ?, due_at = ?, error = ?, since = CASE WHEN ? = 'stands' THEN ? ELSE since END"
        " WHERE shipment_id = ? AND source = ?",
        [
            (
                o.state,
                maybe_to_seconds(o.due_at),
                o.error[:MAX_ERROR_TEXT],
                o.state,
                to_seconds(now),
                o.shipment_id,
                source,
            )
            for o in outcomes
        ]
        or [("", None, "", "", 0, -1, source)],
    )


def postpone(db: Db, source: str, account: str, *, until: datetime) -> None:
    """A credential takes no subscription before then."""
    db.exec_driver_sql(
        "UPDATE subscription SET due_at = ? WHERE source = ? AND account = ? AND due_at < ?",
        (to_seconds(until), source, account, to_seconds(until)),
    )


def not_begun(db: Db, source: str, account: str) -> int:
    """How many shipments aren't asked about before they are subscribed to."""
    row = db.exec_driver_sql(
        "SELECT count(*) FROM subscription b JOIN asking a ON a.shipment_id = b.shipment_id AND a.source = b.source"
        " WHERE b.source = ? AND b.account = ? AND b.due_at IS NOT NULL AND b.state = 'wanted' AND a.next_poll_at IS NULL",
        (source, account),
    ).one()
    return int(row[0])


def called(db: Db, source: str, shipment_ids: Sequence[int], *, now: datetime) -> None:
    """The source called about these: whatever we believed, the subscriptions stand."""
    if shipment_ids:
        db.exec_driver_sql(
            "UPDATE subscription SET called_at = ?, state = CASE WHEN state = 'wanted' THEN 'stands' ELSE state END"
            " WHERE shipment_id = ? AND source = ?",
            [(to_seconds(now), one, source) for one in shipment_ids],
        )


def states(db: Db, source: str, shipment_ids: Sequence[int]) -> dict[int, str]:
    """The state of each of these shipments' subscriptions at a source, where there is one."""
    found: dict[int, str] = {}
    for start in range(0, len(shipment_ids), IN_LIMIT):
        chunk = shipment_ids[start : start + IN_LIMIT]
        marks = ",".join("?" * len(chunk))
        rows = db.exec_driver_sql(
            f"SELECT shipment_id, state FROM subscription WHERE source = ? AND shipment_id IN ({marks})",
            (source, *chunk),
        )
        found.update({row[0]: row[1] for row in rows})
    return found


@dataclass(frozen=True, slots=True)
class Subscription:
    source: str
    state: str
    due_at: datetime | None
    called_at: datetime | None
    error: str


def of_shipment(db: Db, shipment_id: int) -> list[Subscription]:
    rows = db.exec_driver_sql(
        "SELECT source, state, due_at, called_at, error FROM subscription WHERE shipment_id = ? ORDER BY source",
        (shipment_id,),
    )
    return [Subscription(r[0], r[1], maybe_from_seconds(r[2]), maybe_from_seconds(r[3]), r[4]) for r in rows]


def standing_count(db: Db, source: str, account: str) -> int:
    row = db.exec_driver_sql(
        "SELECT count(*) FROM subscription WHERE source = ? AND account = ? AND state = 'stands'", (source, account)
    ).one()
    return int(row[0])
