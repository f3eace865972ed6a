"""What customers consented to: to their door only, or wherever it suits. Facts on the shipment; the newest counts, none means
that nobody asked.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.shipment import DeliveryWish
from store import facts
from store.base import Db
from store.facts import FactRow
from store.tables import from_json
from store.tracking import chunks

EVENT = "delivery_wish"


def write(db: Db, shipment_id: int, wish: DeliveryWish, *, at: datetime, by: str | None, channel: str) -> None:
    """Put a wish on record, where it isn't the one that stands."""
    if of(db, [shipment_id]).get(shipment_id) is not wish:
        data = {"wish": wish.value}
        facts.append(db, [FactRow("shipment", str(shipment_id), EVENT, at, by, channel, data=data)])


def of(db: Db, shipment_ids: Sequence[int]) -> dict[int, DeliveryWish]:
    """The wish of each shipment that has one."""
    found: dict[int, DeliveryWish] = {}
    for chunk in chunks(list(shipment_ids)):
        rows = db.exec_driver_sql(
            "SELECT subject_id, data FROM fact WHERE subject_type = 'shipment' AND event = ? AND subject_id IN"
            f" ({','.join('?' * len(chunk))}) ORDER BY id",
            (EVENT, *(str(one) for one in chunk)),
        )
        found |= {int(subject): DeliveryWish(from_json(data)["wish"]) for subject, data in rows}
    return found
