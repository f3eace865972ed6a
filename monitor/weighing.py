"""Rules and learned risk put together: where a model can be relied on it decides what is about being late, else the rules.

By the model a silence and a promise that has passed are only watched until the chance of missing the deadline says that
acting is worth it. What a carrier says, what a person says, and silence for so long that a parcel counts as lost stay the
rules' own.
"""

from dataclasses import replace
from datetime import datetime

from domain.case import Kind
from domain.shipment import ShipmentView
from domain.words import Words
from monitor.crossing import Crossing
from monitor.foresight import Foreseen, Sight

DECIDED = frozenset({Kind.STALLED, Kind.PROMISE_RISK, Kind.PROMISE_MISSED})
"""Kinds of a parcel on its way that the risk decides about."""
MODELS_OWN = frozenset({Kind.PROMISE_RISK, Kind.PROMISE_MISSED})
SURE_SHARE = 0.95


def weighed(seen: tuple[Crossing, ...], view: ShipmentView, sight: Sight) -> tuple[Crossing, ...]:
    """The crossings that count."""
    found = sight.of.get(view.shipment.id)
    if found is not None:
        kept = tuple(watched_only(c) for c in seen if c.kind not in MODELS_OWN)
        return (*kept, *at_risk(view, found))
    if not sight.why_not:
        return seen
    words = Words("evidence.by_rules", {"why_code": sight.why_not})
    return tuple(replace(c, evidence=(*c.evidence, words)) if c.kind in DECIDED else c for c in seen)


def watched_only(crossing: Crossing) -> Crossing:
    """A stall is no alert by itself."""
    if crossing.kind is not Kind.STALLED:
        return crossing
    return replace(crossing, watch_at=crossing.watch_at or crossing.alert_at, alert_at=None)


def at_risk(view: ShipmentView, found: Foreseen) -> tuple[Crossing, ...]:
    """The learned risk as crossings: before the promise it is at risk, from then on missed."""
    since = view.state.last_physical_at or view.shipment.created_at
    words = evidence_of(view, found) if found.is_near else ()
    early = Crossing(
        Kind.PROMISE_RISK, since, _before(found.alert_at, found), words, _before(found.watch_at, found), silence=True,
        probability=found.probability, learned=True,
    )  # fmt: skip
    late = Crossing(
        Kind.PROMISE_MISSED, found.promised_at, max(found.alert_at, found.promised_at), words,
        max(found.watch_at, found.promised_at), silence=True, probability=found.probability, learned=True,
    )  # fmt: skip
    return tuple(c for c in (early, late) if c.watch_at is not None)


def _before(at: datetime, found: Foreseen) -> datetime | None:
    return at if at < found.promised_at else None


def evidence_of(view: ShipmentView, found: Foreseen) -> tuple[Words, ...]:
    """The probability, what it rests on, and what would clear it."""
    state = view.state
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
            "moved_share": SURE_SHARE if found.gap.count else None,
            "usual": found.gap.count or None,
            "within_s": found.gap.within_s,
        },
    )
    code = "evidence.promise_assumed" if found.assumed else "evidence.promise_given"
    promise = Words(code, {"promised_at": found.promised_at.isoformat()})
    return chance, silence, promise, Words("evidence.clears", {"alert_share": round(found.alert_from, 2)})
