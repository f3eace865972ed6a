"""What the check looks at in the warehouse: check-ins and parcels on their way back, rebuilt from the returns' facts."""

from collections.abc import Iterator

from sqlalchemy import select

from store import checkins, tables, warehouse_tables
from store.base import Db
from store.comparing import Difference, compare, histories
from store.tables import table

_checkin, _back = table(warehouse_tables.Checkin), table(warehouse_tables.ReturnParcel)
_shipment = table(tables.Shipment)


def check_ins(db: Db) -> Iterator[Difference]:
    stored = {row.return_ref: row for row in db.execute(select(_checkin).order_by(_checkin.c.return_ref))}
    for ref, history in histories(db, "return").items():
        rebuilt, row = checkins.projected(history), stored.pop(ref, None)
        if rebuilt is None or row is None:
            if (rebuilt is None) != (row is None):
                yield Difference(
                    f"check-in {ref}", "row", "there" if row else "missing", "there" if rebuilt else "none"
                )
            continue
        yield from compare(f"check-in {ref}", row, rebuilt)
    yield from (Difference(f"check-in {ref}", "history", "a row", "no return") for ref in stored)


def ways_back(db: Db) -> Iterator[Difference]:
    rows = db.execute(
        select(_back.c.return_ref, _back.c.scanned_at, _shipment.c.carrier, _shipment.c.number).join(
            _shipment, _shipment.c.id == _back.c.shipment_id
        )
    )
    stored = {(r.return_ref, r.number): r.scanned_at for r in rows}
    told = {
        (ref, number): at
        for ref, history in histories(db, "return").items()
        for (_, number), at in checkins.rebuilt_parcels(history).items()
    }
    for key in sorted(stored.keys() | told.keys()):
        if key not in stored or key not in told or stored[key] != told[key]:
            yield Difference(f"return {key[0]}", f"parcel {key[1]}", stored.get(key, "none"), told.get(key, "none"))


LOOKS = (check_ins, ways_back)
