"""The merchant's own history as columns: what the nightly fit learns from, and what `doorstep replay --own` walks through.

A parcel that hasn't come is known not to have been received until its source last told of it. Returns and what was never
handed over are left out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from config.policies import DetectionPolicy
from config.policies.detection import DEFAULT
from domain.tracking import Milestone, Reason
from monitor.risk.groups import parts
from monitor.risk.history import MILESTONES, OUTCOMES, Events, Floats, History, Parcels
from store import risk
from store.base import Db
from store.risk import ParcelRow, ScanRow
from store.tables import to_seconds

LOOKED_BACK = timedelta(days=540)
MOST_PARCELS = 60_000
"""Parcels that a night learns from; a larger shop's are chosen evenly."""
HOUR = 3600.0
NUMBER = {milestone.value: number for number, milestone in enumerate(MILESTONES)}
UNMAPPED = NUMBER[Milestone.UNMAPPED.value]
LOST_WORDS = frozenset({Reason.LOST.value, Reason.DESTROYED.value})
BACK = frozenset({Milestone.RETURNED.value, Milestone.RETURNING.value})


def read(db: Db, policy: DetectionPolicy, *, now: datetime, limit: int = MOST_PARCELS) -> History:
    """The history up to ``now``."""
    found = risk.parcels(db, since=now - LOOKED_BACK, limit=limit)
    scans: dict[int, list[ScanRow]] = {}
    for row in risk.scans(db, [one.parcel_id for one in found]):
        scans.setdefault(row.parcel_id, []).append(row)
    handed = [one for one in found if any(s.physical for s in scans.get(one.parcel_id, ()))]
    refs = sorted({one.order_ref for one in handed if one.order_ref})
    worth = risk.values_cents(db, refs, policy.worth.currency)
    return history_of(handed, scans, worth, policy)


def history_of(
    found: Sequence[ParcelRow],
    scans: Mapping[int, Sequence[ScanRow]],
    worth: Mapping[str, int],
    policy: DetectionPolicy,
) -> History:
    """These parcels, each of them held by somebody, with their scans and the worth of their orders' goods as columns."""
    handed = [min(s.at for s in scans[one.parcel_id] if s.physical) for one in found]
    promises = [promise_of(one, at, policy) for one, at in zip(found, handed, strict=True)]
    ends = [_outcome(one) for one in found]
    parcels = Parcels(
        [f"{one.number}#{one.parcel_id}" for one in found], [one.carrier for one in found], [one.service for one in found],
        [one.origin for one in found], [one.destination for one in found], _hours(handed),
        _hours([at for at, _ in promises]), np.array([assumed for _, assumed in promises], dtype=bool),
        np.array([OUTCOMES.index(name) for name, _ in ends], dtype=np.int64), _hours([at for _, at in ends]),
        np.ones(len(found)), _hours([one.heard for one in found]), np.array([worth.get(one.order_ref or "", np.nan) for one in found], dtype=np.float64),
    )  # fmt: skip
    return History(parcels, _events(found, scans), policy.region(DEFAULT).promise.grace / timedelta(hours=1))


def promise_of(one: Any, handed: int, policy: DetectionPolicy) -> tuple[int, bool]:
    """A parcel's promised time in seconds, and whether it is an assumed one."""
    if one.promised_at is not None:
        at = one.promised_at
        return (at if isinstance(at, int) else to_seconds(at)), False
    rules = policy.region(one.region).promise
    here, there = parts(one.origin), parts(one.destination)
    abroad = bool(here and there) and here[0] != there[0]
    return handed + int((rules.assumed_international if abroad else rules.assumed).total_seconds()), True


def _outcome(one: ParcelRow) -> tuple[str, float | None]:
    """How it ended and when."""
    if one.delivered == "yes" or one.note == "received":
        return "delivered", one.delivered_at if one.delivered == "yes" else one.note_at
    if one.note == "lost":
        return "lost", one.note_at
    if one.reason in LOST_WORDS:
        return "lost", one.since
    if one.milestone in BACK:
        return "returned", one.since
    return "unknown", None


def _events(found: Sequence[ParcelRow], scans: Mapping[int, Sequence[ScanRow]]) -> Events:
    rows = [(n, s) for n, one in enumerate(found) for s in scans[one.parcel_id]]
    return Events(
        np.array([n for n, _ in rows], dtype=np.int64), _hours([s.at for _, s in rows]),
        np.array([NUMBER.get(s.milestone, UNMAPPED) for _, s in rows], dtype=np.int64), [s.code for _, s in rows],
        [s.place for _, s in rows], np.array([s.physical for _, s in rows], dtype=bool),
    )  # fmt: skip


def _hours(seconds: Sequence[float | None]) -> Floats:
    return np.array([np.nan if at is None else at / HOUR for at in seconds], dtype=np.float64)
