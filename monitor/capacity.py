"""Attention is scarce: no more new alerts a day than the desk can work on. The daemon and the replay count alike.

Only what rests on silence is held back: what a carrier, a customer or a person says is told whatever the day was like, and counts.
Findings that share a cause are told together, so that they don't wait. What is held back stays on the watch list, ranked by what
acting on it is worth, and is weighed again when the next day (UTC) begins.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from config.policies import DetectionPolicy
from monitor.decide import SILENCE
from monitor.foresight import Foreseen
from monitor.incidents import Opening
from store import cases, incidents
from store.base import Db


@dataclass(slots=True)
class Budget:
    """``per_day`` None: no limit. ``told``: by day, counted from 1970."""

    per_day: int | None
    told: Counter[int] = field(default_factory=Counter)

    def take(self, day: int) -> bool:
        """One more alert of that day, where there is room for it."""
        if self.per_day is not None and self.told[day] >= self.per_day:
            return False
        self.told[day] += 1
        return True


def worth_cents(probability: float | None, foreseen: Foreseen | None, policy: DetectionPolicy) -> int | None:
    """What acting now is worth; None where no model says how probable it is."""
    if probability is None or foreseen is None:
        return None
    return round(policy.worth_cents(probability, foreseen.value_cents))


def day_of(at: datetime) -> int:
    return int(at.timestamp() // 86_400)


def next_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    opening: Opening
    shipment_id: int
    foreseen: Foreseen | None

    def worth(self, policy: DetectionPolicy) -> int:
        return worth_cents(self.opening.finding.probability, self.foreseen, policy) or 0


def admitted(
    db: Db, candidates: Sequence[Candidate], policy: DetectionPolicy, *, now: datetime
) -> tuple[list[Opening], list[Candidate]]:
    """What becomes a case now, and what is held back for another day."""
    if policy.alerts_a_day is None or not candidates:
        return [one.opening for one in candidates], []
    day = day_of(now)
    begin = datetime.fromtimestamp(day * 86_400, UTC)
    budget = Budget(policy.alerts_a_day, Counter({day: cases.told_since(db, begin)}))
    together = _together(db, candidates, policy)
    taken, held = [], []
    for one in sorted(
        candidates, key=lambda c: (_may_wait(c), -c.worth(policy), c.opening.finding.since, c.shipment_id)
    ):
        shared = any(cause in together for cause in one.opening.causes)
        if shared or budget.take(day) or not _may_wait(one):
            taken.append(one)
        else:
            held.append(one)
    in_order = sorted(taken, key=lambda c: c.shipment_id)
    return [one.opening for one in in_order], held


def _may_wait(one: Candidate) -> bool:
    return one.opening.finding.kind in SILENCE


def _together(db: Db, candidates: Sequence[Candidate], policy: DetectionPolicy) -> set[str]:
    """Causes of incidents that are open, or will be one by these findings."""
    count = Counter(cause for one in candidates for cause in one.opening.causes)
    many = {cause for cause, n in count.items() if n >= policy.incidents.members}
    return many | {one.cause.key for one in incidents.open_ones(db)}
