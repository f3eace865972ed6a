"""Rules and learned risk put together: where a model can be relied on it decides what is about being late, else the rules.

By the model a silence and a promise that has passed are only watched until the chance of missing the deadline says that
acting is worth it. What a carrier says, what a person says, and silence for so long that a parcel counts as lost stay the
rules' own.
"""

from datetime import datetime
from functools import partial

from config.policies import DetectionPolicy
from domain.case import Kind
from domain.shipment import ShipmentView
from domain.words import Words
from monitor.crossing import Crossing, Says
from monitor.detectors import crossings
from monitor.foresight import Foreseen, Sight

DECIDED = frozenset({Kind.STALLED, Kind.PROMISE_RISK, Kind.PROMISE_MISSED})
"""Kinds of a parcel on its way that the risk decides about."""
MODELS_OWN = frozenset({Kind.PROMISE_RISK, Kind.PROMISE_MISSED})
SURE_SHARE = 0.95


def weighed(view: ShipmentView, policy: DetectionPolicy, sight: Sight) -> tuple[Crossing, ...]:
    """The crossings of a shipment that count."""
    found = sight.of.get(view.shipment.id)
    if found is not None:
        kept = [watched_only(c) for c in crossings(view, policy, by_promise=False)]
        return (*kept, *at_risk(view, found))
    seen = crossings(view, policy)
    if not sight.why_not:
        return seen
    return tuple([_by_rules(c, sight.why_not) if c.kind in DECIDED else c for c in seen])


def _by_rules(crossing: Crossing, why_not: str) -> Crossing:
    words = Words("evidence.by_rules", {"why_code": why_not})
    return crossing._replace(says=lambda: (*crossing.says(), words))


def watched_only(c: Crossing) -> Crossing:
    """A stall is no alert by itself."""
    if c.kind is not Kind.STALLED:
        return c
    return Crossing(c.kind, c.since, None, c.says, c.watch_at or c.alert_at, silence=c.silence, clock=c.clock)


def at_risk(view: ShipmentView, found: Foreseen) -> tuple[Crossing, ...]:
    """The learned risk as crossings: before the promise it is at risk, from then on missed."""
    says: Says = partial(evidence_of, view, found)
    late = Crossing(
        Kind.PROMISE_MISSED, found.promised_at, max(found.alert_at, found.promised_at), says,
        max(found.watch_at, found.promised_at), silence=True, probability=found.probability, learned=True,
    )  # fmt: skip
    if found.watch_at >= found.promised_at:
        return (late,)
    early = Crossing(
        Kind.PROMISE_RISK, view.state.last_physical_at or view.shipment.created_at, _before(found.alert_at, found),
        says, found.watch_at, silence=True, probability=found.probability, learned=True,
    )  # fmt: skip
    return early, late


def _before(at: datetime, found: Foreseen) -> datetime | None:
    return at if at < found.promised_at else None


def evidence_of(view: ShipmentView, found: Foreseen) -> tuple[Words, ...]:
    """The probability, what it rests on, and what would clear it."""
    state, gap = view.state, found.gap()
    chance = Words(
        "evidence.chance", {"chance_share": round(found.probability, 3), "deadline_at": found.deadline.isoformat()}
    )
    since = state.last_physical_at
    silence = Words(
        "evidence.gap",
        {
            "place": state.last_physical_place or "",
            "last_at": since.isoformat() if since else "",
            "milestone_code": state.milestone.value if state.milestone else "",
            "moved_share": SURE_SHARE if gap.count else None,
            "usual": gap.count or None,
            "within_s": gap.within_s,
        },
    )
    code = "evidence.promise_assumed" if found.assumed else "evidence.promise_given"
    promise = Words(code, {"promised_at": found.promised_at.isoformat()})
    return chance, silence, promise, Words("evidence.clears", {"alert_share": round(found.alert_from, 2)})
