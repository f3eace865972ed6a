"""Watched shipments whose first source is asked through an account that is no longer set: nobody would ask about them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from store import asking, facts
from store.base import Db
from store.facts import FactRow


def credentials_in_use(db: Db) -> set[tuple[str, str]]:
    """The (source, account) pairs that are the first to be asked about any watched shipment."""
    rows = db.exec_driver_sql(
        "SELECT DISTINCT a.source, a.account FROM asking a JOIN watch w ON w.shipment_id = a.shipment_id"
        " WHERE a.place = 0 AND w.ended = ''"
    )
    return {(row[0], row[1]) for row in rows}


def orphans_of(db: Db, credentials: Collection[tuple[str, str]]) -> list[tuple[int, str]]:
    """Each watched shipment (id, carrier) that one of these credentials is the first to be asked about, by id."""
    rows = [
        row
        for source, account in sorted(credentials)
        for row in db.exec_driver_sql(
            "SELECT a.shipment_id, s.carrier FROM asking a JOIN shipment s ON s.id = a.shipment_id"
            " JOIN watch w ON w.shipment_id = a.shipment_id"
            " WHERE a.place = 0 AND a.source = ? AND a.account = ? AND w.ended = ''",
            (source, account),
        )
    ]
    return sorted((row[0], row[1]) for row in rows)


def adopt(
    db: Db, shipment_id: int, sources: Sequence[tuple[str, str]], *, begin: bool, region: str, now: datetime
) -> None:
    """Ask these sources about a shipment from now on, and no others; its scans and their origins stay.

    ``begin`` False: only once the first one has taken a subscription.
    """
    for told in ("asking", "subscription"):
        db.exec_driver_sql(f"DELETE FROM {told} WHERE shipment_id = ?", (shipment_id,))
    source, account = sources[0]
    db.exec_driver_sql(
        "UPDATE shipment SET source = ?, account = ?, region = CASE region WHEN '' THEN ? ELSE region END WHERE id = ?",
        (source, account, region, shipment_id),
    )
    asking.add(db, shipment_id, sources, next_poll_at=now if begin else None)
    told_by = {"source": source, "account": account}
    facts.append(db, [FactRow("shipment", str(shipment_id), "source_changed", now, data=told_by)])
