"""The promises of cases as rows: written with the facts that change them, counted by whoever wants figures."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from domain.promise import Outcome, Promise, Promises
from store import promise_tables
from store.base import Db
from store.tables import maybe_to_seconds, table, to_seconds

_promise = table(promise_tables.PromiseGiven)


def save(db: Db, changed: Iterable[tuple[int, Promises]]) -> None:
    """Bring the rows of these cases up to what their facts amount to."""
    rows = [
        (case_id, p.n, to_seconds(p.opened_at), to_seconds(p.promise_by), maybe_to_seconds(p.told_at), p.outcome or "")
        for case_id, promises in changed
        for p in promises
    ]
    if rows:
        db.exec_driver_sql(
            "INSERT INTO promise (case_id, n, opened_at, promise_by, told_at, outcome) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (case_id, n) DO UPDATE SET opened_at = excluded.opened_at, promise_by = excluded.promise_by,"
            " told_at = excluded.told_at, outcome = excluded.outcome",
            rows,
        )


def of_case(db: Db, case_id: int) -> Promises:
    """A case's promises, the first one first."""
    rows = db.execute(select(_promise).where(_promise.c.case_id == case_id).order_by(_promise.c.n))
    return tuple(promise_of(row) for row in rows)


def all_of_them(db: Db) -> dict[int, Promises]:
    """Every promise, by case."""
    found: dict[int, Promises] = {}
    for row in db.execute(select(_promise).order_by(_promise.c.case_id, _promise.c.n)):
        found[row.case_id] = (*found.get(row.case_id, ()), promise_of(row))
    return found


def promise_of(row: Any) -> Promise:
    outcome = Outcome(row.outcome) if row.outcome else None
    return Promise(row.n, row.opened_at, row.promise_by, row.told_at, outcome)
