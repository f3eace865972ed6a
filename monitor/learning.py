"""The night's learning: the model fitted on the merchant's own history, and when each silent parcel will cross by it.

Reading and fitting run in a process of their own over a reading connection; the daemon writes what came of it, the model
first, then the moved alarms in slices, between which everybody else gets their turn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np

from config.policies import DetectionPolicy
from domain.case import SubjectType
from monitor import own_history
from monitor.foresight import ROUNDING_S, columns, fault_of, line
from monitor.load import span_of
from monitor.risk.ahead import Asked, Foresight, Silent, foresee
from monitor.risk.history import Bools, Floats
from monitor.risk.keeping import VERSION, Kept, kept, to_bytes
from monitor.risk.model import fit
from store import cases, due, risk
from store.base import Db, Store, Where, reading
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


def learn(where: Where, policy: DetectionPolicy, now: datetime) -> Learned:
    """Read the database there, fit, and compute the crossings of all that is watched. Changes nothing."""
    with reading(where) as db:
        history = own_history.read(db, policy, now=now)
        at = now.timestamp() / HOUR
        model = fit(history, at)
        k = kept(model, history, at)
        fault = model.fault(policy.risk.min_samples)
        begun = history.parcels.handed
        moved, coming = crossings(db, k if not fault else None, policy, now)
        learned: dict[str, Any] = {
            "parcels": model.parcels, "missed": model.missed, "read": len(begun), "scans": len(history.events),
            "from": _day(begun.min()) if len(begun) else None, "forecast": _rounded(model.forecast), "came": _rounded(model.seen),
            "coming": {day: round(n, 3) for day, n in coming.items()},
        }  # fmt: skip
        return Learned(now, fault, learned, to_bytes(k), moved)


def _day(hours: float) -> str:
    return datetime.fromtimestamp(hours * HOUR, UTC).date().isoformat()


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


Moved = list[tuple[int, int | None]]
COMING = 3
"""For how many days from today on the alerts are added up."""


def crossings(db: Db, k: Kept | None, policy: DetectionPolicy, now: datetime) -> tuple[Moved, dict[str, float]]:
    """The crossings that are other ones by this model than those stored; without a model none is left. What had crossed
    by the model before is looked at again: by this one it may be well. And how many alerts it foresees, by the desk's days.
    """
    asked = Asked(k) if k else None
    at, again = int(now.timestamp()), not fault_of(risk.newest(db))
    told = cases.with_open_ones(db, SubjectType.SHIPMENT) if asked else frozenset()
    moved: Moved = []
    coming: Counter[str] = Counter()
    after = 0
    while rows := risk.on_their_way(db, after=after, limit=READ_AT_A_TIME):
        after = rows[-1].shipment_id
        next_: Sequence[int | None] = [None] * len(rows)
        if asked:
            silent = _silent(db, rows, policy, at)
            found = foresee(asked, silent)
            next_ = soonest(found.watch, found.alert, at / HOUR)
            untold = np.array([str(row.shipment_id) not in told for row in rows], dtype=bool)
            coming.update(_coming(found, silent.levels[1], untold, policy.desk.hours.zone, now))
        for row, crosses_at in zip(rows, next_, strict=True):
            moves_to = at if again and asked and row.risk_at is None else crosses_at
            moved += [(row.shipment_id, moves_to)] if moves_to != row.risk_at else []
    return moved, dict(sorted(coming.items()))


def _silent(db: Db, rows: list[OpenRow], policy: DetectionPolicy, now: int) -> Silent:
    counts = risk.held(db, [r.parcel_id for r in rows])
    values = risk.values_cents(db, sorted({r.order_ref for r in rows if r.order_ref}), policy.worth.currency)
    return columns([
        line(r.shipment_id, r, (r.milestone, r.place), r.held_at, counts.get(r.parcel_id, (r.held_at, 1)), now,
             values.get(r.order_ref or ""), policy)
        for r in rows
    ], policy)  # fmt: skip


def _coming(found: Foresight, level: Floats, untold: Bools, zone: tzinfo, now: datetime) -> dict[str, float]:
    """Alerts that are to be expected by the desk's days. A probability drifts neither up nor down by itself: so a parcel that
    stands at p comes to its level before it is received with the chance p / level, and then at the time when it crosses.
    """
    today = now.astimezone(zone).date()
    days = [span_of(today + timedelta(days=n), zone) for n in range(COMING)]
    ahead = untold & (found.alert > now.timestamp() / HOUR)
    chance = np.minimum(found.now / np.maximum(level, 1e-9), 1.0)
    sums = {}
    for n, (begin, end) in enumerate(days):
        on_it = ahead & (found.alert >= begin.timestamp() / HOUR) & (found.alert < end.timestamp() / HOUR)
        sums[(today + timedelta(days=n)).isoformat()] = float(chance[on_it].sum())
    return sums


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
