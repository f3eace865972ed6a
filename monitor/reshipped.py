"""Parcels that are sent again: watched on the case that they make good, and what to do when the first one turns up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Finding, Kind, promise_by
from domain.parcel import Delivered
from domain.shipment import ShipmentView
from domain.words import Words
from monitor import alerts
from monitor.decide import SILENCE
from store import cases, facts, ledger, reships
from store.base import Db
from store.facts import FactRow
from store.reships import Original, Reship
from store.tables import iso_of


@dataclass(frozen=True, slots=True)
class Seen:
    """``kept_open``: cases that their first parcel no longer ends, because a second one is on its way; ``again``: by shipment, what
    was sent again, and so belongs to the case that it makes good.
    """

    kept_open: frozenset[int]
    again: Mapping[int, Reship]


def look(db: Db, views: Mapping[int, ShipmentView], *, now: datetime) -> Seen:
    """Say on their cases what became of parcels that are sent again and of the first ones."""
    ids = list(views)
    again = reships.sent_again(db, ids)
    for shipment_id, reship in again.items():
        if reship.arrived_at is None and views[shipment_id].state.delivered is Delivered.YES:
            _note(db, reship, CaseEvent.RESHIP_ARRIVED, "arrived", views[shipment_id], now=now)
    kept = set()
    for shipment_id, originals in reships.originals(db, ids).items():
        for one in originals:
            if turned_up(one, views[shipment_id]):
                _note(db, one.reship, CaseEvent.TURNED_UP, "turned_up", views[shipment_id], now=now)
            if one.reship.case_id is not None:
                kept.add(one.reship.case_id)
    return Seen(frozenset(kept), {n: one for n, one in again.items() if one.case_id is not None})


def trouble(db: Db, reship: Reship, found: Finding, number: str, policy: DetectionPolicy, *, now: datetime) -> None:
    """What was sent again is in trouble: on the case that it makes good, opened again with a new promise, once for each trouble."""
    case = cases.get(db, reship.case_id or 0)
    if case is None or _is_known(cases.history_of(db, case.id), found):
        return
    data = {
        "reship": found.kind.value, "instruction": reship.instruction_id, "number": number, "owner": case.owner,
        "promise_by": iso_of(promise_by(now, policy.promise)), "severity": found.severity.value,
        "evidence": [Words("evidence.sent_again", {"number": number}).to_json(), *(w.to_json() for w in found.evidence)],
        "next_step": found.next_step.to_json() if found.next_step else None,
    }  # fmt: skip
    say(db, reship, CaseFact(CaseEvent.REOPENED, now, data=data))


def _is_known(history: Sequence[CaseFact], found: Finding) -> bool:
    """Whether the case was opened again for this since it began; silence is one trouble, whatever it is called."""
    told = [f for f in history if f.event is CaseEvent.REOPENED and f.data.get("reship") and f.at >= found.since]
    return any(_trouble(Kind(f.data["reship"])) == _trouble(found.kind) for f in told)


def _trouble(kind: Kind) -> Kind:
    return Kind.STALLED if kind in SILENCE else kind


def turned_up(one: Original, view: ShipmentView) -> bool:
    """Whether we heard that somebody had the first parcel in hand since the second one was instructed; said once."""
    at = view.state.last_physical_at
    return one.turned_up_at is None and at is not None and (one.known_at is None or at > one.known_at)


def _note(db: Db, reship: Reship, event: CaseEvent, name: str, view: ShipmentView, *, now: datetime) -> None:
    reships.record(db, reship.instruction_id, name, at=now, shipment_id=view.shipment.id, by=None, channel="")
    data = {"instruction": reship.instruction_id, "number": view.shipment.number}
    milestone = view.state.milestone
    say(db, reship, CaseFact(event, now, data=data | ({"milestone": milestone.value} if milestone else {})))


def link(db: Db, reship: Reship, view: ShipmentView, *, now: datetime, by: str | None, channel: str) -> None:
    """The new parcel has a number: from now on its way is on the case."""
    shipment = view.shipment
    reships.record(db, reship.instruction_id, "sent", at=now, shipment_id=shipment.id, by=by, channel=channel)
    data = {"instruction": reship.instruction_id, "number": shipment.number, "carrier": shipment.carrier}
    say(db, reship, CaseFact(CaseEvent.RESHIPPED, now, by, channel, data=data))


def say(db: Db, reship: Reship, fact: CaseFact) -> None:
    """On the case that it makes good; an exchange's parcel is followed on its return."""
    if reship.case_id is not None:
        alerts.say(db, cases.add(db, reship.case_id, fact), fact.event.value, now=fact.at)
        return
    instruction = ledger.get(db, reship.instruction_id)
    if instruction is not None and instruction.return_ref:
        row = FactRow(
            "return", instruction.return_ref, fact.event.value, fact.at, fact.by, fact.channel, data=fact.data
        )
        facts.append(db, [row])
