"""The night's learning: the model fitted on the merchant's own history, and when each silent parcel will cross by it.

Reading and fitting run in a process of their own over a reading connection; the daemon writes what came of it, the model
first, then the moved alarms in slices, between which everybody else gets their turn.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from config.policies import DetectionPolicy
from monitor import own_history
from monitor.foresight import ROUNDING_S, columns, fault_of, line
from monitor.risk.ahead import Asked, foresee
from monitor.risk.keeping import VERSION, Kept, kept, to_bytes
from monitor.risk.model import fit
from store import due, risk
from store.base import Db, Store, reading
from store.risk import OpenRow

HOUR = 3600
READ_AT_A_TIME = 20_000
SLICE = 5_000
"""Moved alarms of one transaction."""


@dataclass(frozen=True, slots=True)
class Learned:
    """``moved``: (shipment id, seconds since 1970 or None) of every stored crossing that is another one now."""

    fitted_at: datetime
    why_not: str
    learned: dict[str, Any]
    body: bytes
    moved: list[tuple[int, int | None]]


def learn(path: Path, policy: DetectionPolicy, now: datetime) -> Learned:
    """Read the database at ``path``, fit, and compute the crossings of all that is watched. Changes nothing."""
    with reading(path) as db:
        history = own_history.read(db, policy, now=now)
        at = now.timestamp() / HOUR
        model = fit(history, at)
        k = kept(model, history, at)
        fault = model.fault(policy.risk.min_samples)
        begun = history.parcels.handed
        learned = {
            "parcels": model.parcels, "missed": model.missed, "read": len(begun), "scans": len(history.events),
            "from": _day(begun.min()) if len(begun) else None, "forecast": _rounded(model.forecast), "came": _rounded(model.seen),
        }  # fmt: skip
        return Learned(now, fault, learned, to_bytes(k), crossings(db, k if not fault else None, policy, now))


def _day(hours: float) -> str:
    return datetime.fromtimestamp(hours * HOUR, UTC).date().isoformat()


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def crossings(db: Db, k: Kept | None, policy: DetectionPolicy, now: datetime) -> list[tuple[int, int | None]]:
    """The crossings that are other ones by this model than those stored; without a model none is left. What had crossed
    by the model before is looked at again: by this one it may be well.
    """
    asked = Asked(k) if k else None
    at, again = int(now.timestamp()), not fault_of(risk.newest(db))
    moved: list[tuple[int, int | None]] = []
    after = 0
    while rows := risk.on_their_way(db, after=after, limit=READ_AT_A_TIME):
        after = rows[-1].shipment_id
        next_ = _next(db, asked, rows, policy, at) if asked else [None] * len(rows)
        for row, crosses_at in zip(rows, next_, strict=True):
            found = at if again and asked and row.risk_at is None else crosses_at
            moved += [(row.shipment_id, found)] if found != row.risk_at else []
    return moved


def _next(db: Db, asked: Asked, rows: list[OpenRow], policy: DetectionPolicy, now: int) -> list[int]:
    """The first crossing of each that lies ahead; now, where it is crossed."""
    counts = risk.held(db, [r.parcel_id for r in rows])
    values = risk.values_cents(db, sorted({r.order_ref for r in rows if r.order_ref}), policy.worth.currency)
    lines = [
        line(r.shipment_id, r, (r.milestone, r.place), r.held_at, counts.get(r.parcel_id, (r.held_at, 1)), now,
             values.get(r.order_ref or ""), policy)
        for r in rows
    ]  # fmt: skip
    found = foresee(asked, columns(lines, policy))
    return soonest(found.watch, found.alert, now / HOUR)


def soonest(watch: Any, alert: Any, now: float) -> list[int]:
    """The first of two crossings after ``now`` (hours), in whole seconds; where both are crossed it is now."""
    ahead = np.where(watch > now, watch, np.where(alert > now, alert, now))
    found: list[int] = np.ceil(ahead * HOUR - ROUNDING_S).astype(np.int64).tolist()
    return found


async def keep(store: Store, learned: Learned) -> int:
    """Write the model and the moved alarms; returns how many moved."""
    await store.awrite(
        risk.keep, fitted_at=learned.fitted_at, version=VERSION, why_not=learned.why_not, learned=learned.learned,
        body=learned.body,
    )  # fmt: skip
    for begin in range(0, len(learned.moved), SLICE):
        await store.awrite(due.move_risk, learned.moved[begin : begin + SLICE])
    return len(learned.moved)
