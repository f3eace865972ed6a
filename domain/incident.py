"""Incidents: one cause behind many findings. The words for a cause, and what an incident's facts amount to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.case import ANSWERS, CaseEvent, CaseFact
from domain.errors import RuleError


class CauseKind(StrEnum):
    """What findings can have in common. MANY is no cause: more alerts at once than anybody reads are told together."""

    HUB = "hub"
    DEPOT = "depot"
    LANE = "lane"
    CARRIER = "carrier"
    DAY = "day"
    MANY = "many"


BREADTH: dict[CauseKind, int] = {
    CauseKind.HUB: 0,
    CauseKind.DEPOT: 0,
    CauseKind.LANE: 1,
    CauseKind.CARRIER: 2,
    CauseKind.DAY: 3,
    CauseKind.MANY: 4,
}
"""The narrowest cause that explains findings wins."""


@dataclass(frozen=True, slots=True)
class Cause:
    """``place``: the hub or depot, the origin's region of a lane, the date of a day, the moment of many at once; ``to``: the
    region at the other end of a lane. A place belongs to its carrier: two carriers' hubs of one name are two hubs.
    """

    kind: CauseKind
    carrier: str = ""
    place: str = ""
    to: str = ""

    @property
    def key(self) -> str:
        return "|".join((self.kind.value, self.carrier, self.place.replace("|", " "), self.to.replace("|", " ")))

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind.value, "carrier": self.carrier, "place": self.place, "to": self.to}


def cause_of(key: str) -> Cause:
    """The cause that a key stands for."""
    kind, carrier, place, to = key.split("|")
    return Cause(CauseKind(kind), carrier, place, to)


def cause_from_json(value: dict[str, str]) -> Cause:
    return Cause(CauseKind(value["kind"]), value["carrier"], value["place"], value["to"])


@dataclass(frozen=True, slots=True)
class IncidentState:
    """What an incident's facts amount to. ``into``: the wider incident that took its members over."""

    cause: Cause
    opened_at: datetime
    found: int
    expected: float
    owner: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    into: int | None = None


CLOSING = frozenset({CaseEvent.RESOLVED, CaseEvent.CLEARED})


def fold_incident(facts: Sequence[CaseFact]) -> IncidentState:
    """Replay an incident's facts. Raises RuleError if the first isn't OPENED: such a history is damaged."""
    if not facts or facts[0].event is not CaseEvent.OPENED:
        raise RuleError("an incident's history must begin with `opened`")
    data = facts[0].data
    state = IncidentState(cause_from_json(data["cause"]), facts[0].at, data["found"], data["expected"])
    for fact in facts[1:]:
        state = _advance(state, fact)
    return state


def _advance(state: IncidentState, fact: CaseFact) -> IncidentState:
    if fact.event is CaseEvent.REOPENED:
        return replace(state, closed_at=None, close_reason="")
    changes: dict[str, Any] = {}
    if fact.event is CaseEvent.ASSIGNED:
        changes["owner"] = fact.data.get("to")
    elif fact.event is CaseEvent.ACKNOWLEDGED and state.owner is None:
        changes["owner"] = fact.by
    if fact.event in ANSWERS and fact.by is not None and state.acknowledged_by is None:
        changes |= {"acknowledged_by": fact.by, "acknowledged_at": fact.at}
    if fact.event is CaseEvent.MEMBER_JOINED:
        changes["into"] = fact.data.get("incident")
    if fact.event in CLOSING and state.closed_at is None:
        changes |= {"closed_at": fact.at, "close_reason": fact.words or fact.event.value}
    return replace(state, **changes)


def incident_of(history: Sequence[CaseFact]) -> int | None:
    """The incident that a case is a member of: the last that it joined and didn't leave."""
    moves = [f for f in history if f.event in {CaseEvent.MEMBER_JOINED, CaseEvent.MEMBER_LEFT}]
    return moves[-1].data.get("incident") if moves and moves[-1].event is CaseEvent.MEMBER_JOINED else None
