"""The whole reasoning about one shipment, as words: what was learned, what it says, every rule, and when we look again."""

from collections.abc import Iterator
from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import SubjectType
from domain.shipment import ShipmentView
from domain.words import Words
from monitor import foresight
from monitor.crossing import Crossing
from monitor.detectors import DETECTORS
from monitor.foresight import Foreseen, Sight
from monitor.look import subject_of
from monitor.weighing import DECIDED, MODELS_OWN, evidence_of
from store import cases, due, tracking
from store.base import Db


def explain(db: Db, shipment_id: int, policy: DetectionPolicy, *, now: datetime) -> list[Words]:
    """Everything that is thought of a shipment at ``now``; empty where it isn't known."""
    view = tracking.views(db, [shipment_id]).get(shipment_id)
    if view is None:
        return []
    seen = foresight.sight(db, {shipment_id: view}, policy, now=now)
    found = seen.of.get(shipment_id)
    return [
        *_stands(view),
        _model(seen),
        *(_risk(db, view, found, policy, now) if found else _not_asked(view, seen)),
        *_rules(view, policy, decided=found is not None),
        *_cases(db, view),
        _alarm(db, shipment_id),
    ]


def _stands(view: ShipmentView) -> Iterator[Words]:
    s, state = view.shipment, view.state
    last = state.last_physical_at
    yield Words("explain.parcel", {"number": s.number, "carrier": s.carrier, "milestone_code": _value(state.milestone)})
    if last is not None:
        yield Words("explain.held", {"place": state.last_physical_place or "", "last_at": last.isoformat()})
    yield Words("explain.heard", {"heard_at": view.polled_at.isoformat() if view.polled_at else ""})


def _value(milestone: object) -> str:
    return str(milestone) if milestone else ""


def _model(seen: Sight) -> Words:
    if seen.model is None:
        return Words("explain.rules_decide", {"why_code": seen.why_not})
    learned = seen.model.learned
    params = {
        "id": seen.model.id,
        "fitted_at": seen.model.fitted_at.isoformat(),
        "parcels": learned.get("parcels"),
        "missed": learned.get("missed"),
        "forecast_share": learned.get("forecast"),
        "came_share": learned.get("came"),
    }
    if seen.why_not:
        return Words("explain.not_relied_on", {**params, "why_code": seen.why_not})
    return Words("explain.model", params)


def _not_asked(view: ShipmentView, seen: Sight) -> Iterator[Words]:
    if not seen.why_not and foresight.on_its_way(view) is None:
        yield Words("explain.not_asked", {})


def _risk(db: Db, view: ShipmentView, found: Foreseen, policy: DetectionPolicy, now: datetime) -> Iterator[Words]:
    yield from evidence_of(view, found)
    worth = {"watch_share": found.watch_from, "alert_share": found.alert_from, "currency": policy.worth.currency}
    if found.value_cents is None:
        yield Words("explain.thresholds", worth)
    else:
        yield Words("explain.thresholds_by_worth", {**worth, "value_cents": found.value_cents})
    crosses = {"watch_at": found.watch_at.isoformat(), "alert_at": found.alert_at.isoformat()}
    yield Words("explain.crosses", crosses)
    for part, odds in foresight.parts_of(db, view, policy, now=now).items():
        yield Words("explain.part", {"part_code": part, "odds": f"{odds:+.2f}"})


def _rules(view: ShipmentView, policy: DetectionPolicy, *, decided: bool) -> Iterator[Words]:
    """What each detector says; of what the risk decides about, only what it would say."""
    region = policy.region(view.shipment.region)
    quiet = []
    for detector in DETECTORS:
        crossing = detector(view, region)
        if crossing is None:
            quiet.append(detector.__name__)
        else:
            yield _rule(crossing, detector.__name__, weighed=decided and crossing.kind in DECIDED | MODELS_OWN)
    if quiet:
        yield Words("explain.quiet", {"detector": quiet})


def _rule(crossing: Crossing, name: str, *, weighed: bool) -> Words:
    times = {"watch_at": crossing.watch_at, "alert_at": crossing.alert_at}
    params = {key: at.isoformat() if at else None for key, at in times.items()}
    code = "explain.rule_weighed" if weighed else "explain.rule"
    return Words(code, {"detector": name, "kind": crossing.kind.value, **params})


def _cases(db: Db, view: ShipmentView) -> Iterator[Words]:
    subject = subject_of(view)
    standing = cases.standings(db, SubjectType.SHIPMENT, [subject.id]).get(subject.id, cases.NOTHING)
    for case in standing.open:
        yield Words("explain.case", {"id": case.id, "kind": case.kind.value, "chance_share": case.probability})
    if standing.watched:
        yield Words("explain.watched", {"kind": [kind.value for kind in standing.watched]})


def _alarm(db: Db, shipment_id: int) -> Words:
    rules_at, risk_at = due.alarm_of(db, shipment_id)
    if rules_at is None and risk_at is None:
        return Words("explain.no_alarm", {})
    times = {
        "rules_at": rules_at.isoformat() if rules_at else None,
        "risk_at": risk_at.isoformat() if risk_at else None,
    }
    return Words("explain.alarm", times)
