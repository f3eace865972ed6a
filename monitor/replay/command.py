"""`doorstep replay`: read, walk forward, write alarms.csv, scores.csv, summary.json and report.html."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from config.policies import load_detection
from config.policies.detection import DEFAULT, DetectionPolicy
from domain.errors import RuleError
from monitor import own_history
from monitor.replay.alarms import Alarm, alarms
from monitor.replay.figures import basis, costs, curve, reliability, targets, told
from monitor.replay.reading import Assumptions, Tally, read_history
from monitor.replay.report import Line, report
from monitor.replay.verdicts import verdicts
from monitor.replay.walk import Fit, Walked, walk
from monitor.risk.history import History
from store.base import Where, reading

CURVES = {"by the promise": 0.0, "two days before the promise": -2.0}
ANYWHERE = ZoneInfo("UTC")
NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})
LEAST_H, MOST_H = 1.0, 24.0 * 31


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to replay with: see docs/replay.md. ``scores``: how often scores.csv has each parcel."""

    evaluate_from: str
    policy: Path | None = None
    grace_days: float | None = None
    scores: str = "24h"


def replay(shipments: Path, events: Path, wanted: Wanted, *, out: Path, now: datetime) -> dict[str, Any]:
    """Replay two files and write the results; the summary. Raises RuleError, ConfigError."""
    rules, grace = _rules(wanted)
    promise = rules.region(DEFAULT).promise
    assume = Assumptions(
        *(span / timedelta(hours=1) for span in (promise.assumed, promise.assumed_international, grace))
    )
    tally = Tally()
    history = read_history(shipments, events, assume, now=now, tally=tally)
    return play(history, rules, wanted, tally, out=out, now=now)


def replay_own(
    database: Where,
    wanted: Wanted,
    *,
    out: Path,
    now: datetime,
    usual: DetectionPolicy | None = None,
    zone: ZoneInfo = ANYWHERE,
) -> dict[str, Any]:
    """The same on the daemon's own database, which may be in use, with what its desk said of its alarms. ``usual``: its policy,
    where ``wanted`` names none; ``zone``: the shop's, for the weeks of those verdicts. Raises RuleError, ConfigError.
    """
    if isinstance(database, Path) and not database.exists():
        raise RuleError(f"{database}: there is no database yet; name your settings with --config, or two files")
    rules, grace = _rules(wanted, usual)
    since = datetime.fromtimestamp(day(wanted.evaluate_from) * 3600, UTC)
    with reading(database) as db:
        said = verdicts(db, since=since, zone=zone)
        history = replace(own_history.read(db, rules, now=now, limit=MOST_OWN), grace=grace / timedelta(hours=1))
    tally = Tally()
    assumed = int(history.parcels.assumed.sum())
    tally.noted.update({"shipments: promise assumed": assumed} if assumed else {})
    return play(history, rules, wanted, tally, out=out, now=now, more={"verdicts": said})


MOST_OWN = 200_000
"""Parcels of the own database that are replayed; of more, evenly chosen ones."""


def _rules(wanted: Wanted, usual: DetectionPolicy | None = None) -> tuple[DetectionPolicy, timedelta]:
    rules = usual if usual and not wanted.policy else load_detection(wanted.policy)
    grace = timedelta(days=wanted.grace_days) if wanted.grace_days is not None else rules.region(DEFAULT).promise.grace
    if grace < timedelta():
        raise RuleError(f"--grace-days: {wanted.grace_days} is negative; write 0 or more")
    return rules, grace


def play(
    history: History, rules: DetectionPolicy, wanted: Wanted, tally: Tally, *, out: Path, now: datetime,
    more: Mapping[str, Any] = NOTHING_MORE,
) -> dict[str, Any]:  # fmt: skip
    """Walk through a history and write what came of it. ``more`` goes into the summary as it is."""
    start, every = day(wanted.evaluate_from), interval(wanted.scores)
    walked = walk(history, start, every=every, min_samples=rules.risk.min_samples, until=now.timestamp() / 3600)
    told_alarms = alarms(history, walked, rules)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(
        out / "alarms.csv", ("shipment_id", "at", "kind", "probability", "deadline"), alarm_rows(history, told_alarms)
    )
    write_csv(out / "scores.csv", ("shipment_id", "at", "risk"), score_rows(history, walked))
    summary, curves = figures(history, walked, told_alarms, rules, tally, wanted.evaluate_from)
    summary |= more
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(report(summary, curves), encoding="utf-8")
    return summary


def day(text: str) -> float:
    """Hours since 1970 of a date (00:00 UTC) or an ISO time."""
    try:
        if "T" in text:
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() / 3600
        found = date.fromisoformat(text)
    except ValueError as exc:
        raise RuleError(f"--evaluate-from: {text!r} is no date; write 2026-01-31") from exc
    return datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp() / 3600


UNITS = {"h": 1.0, "d": 24.0, "": 1.0}


def interval(text: str) -> float:
    """Hours of 24h or 1d."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([hd]?)", text.strip())
    hours = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not LEAST_H <= hours <= MOST_H:
        raise RuleError(f"--scores: {text!r} is no interval from 1h to 31d; write 24h or 1d")
    return hours


# --- files ---------------------------------------------------------------------------------------------------------


def iso(hours: float) -> str:
    return datetime.fromtimestamp(round(hours * 3600, 3), UTC).isoformat()


def alarm_rows(history: History, told_alarms: Sequence[Alarm]) -> Iterable[tuple[str, ...]]:
    ids = history.parcels.ids
    for a in told_alarms:
        yield ids[a.parcel], iso(a.at), a.kind, f"{a.probability:.6f}", iso(a.deadline)


def score_rows(history: History, walked: Walked) -> Iterable[tuple[str, ...]]:
    ids = history.parcels.ids
    rows = np.flatnonzero(walked.scored)
    for parcel, at, risk in zip(
        walked.parcel[rows].tolist(), walked.at[rows].tolist(), walked.risk[rows].tolist(), strict=True
    ):
        yield ids[parcel], iso(at), f"{risk:.6f}"


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


# --- the summary ---------------------------------------------------------------------------------------------------


def figures(
    history: History, walked: Walked, told_alarms: list[Alarm], rules: DetectionPolicy, tally: Tally, evaluate_from: str
) -> tuple[dict[str, Any], dict[str, dict[str, Line]]]:
    b = basis(history, walked)
    weight = history.parcels.weight
    counted = float(weight[b.counted].sum())
    summary = {
        "evaluate_from": evaluate_from,
        "grace_days": history.grace / 24,
        "parcels": {
            "read": len(history.parcels), "evaluated": len(walked.evaluated), "counted": int(b.counted.sum()),
            "counted_weight": round(counted, 2), "unknown": int(len(walked.evaluated) - b.counted.sum()),
            "missed": int(b.bad.sum()), "missed_share": round(float(weight[b.bad].sum()) / counted, 5) if counted else None,
            "promise_assumed": int(history.parcels.assumed.sum()),
        },
        "rejected": dict(sorted(tally.rejected.items())),
        "noted": dict(sorted(tally.noted.items())),
        "scores": int(walked.scored.sum()),
        "alarms": {**told(b, told_alarms), **_load(told_alarms, rules)},
        "targets": targets(b),
        "reliability": reliability(b),
        "costs": costs(b),
        "models": [_model(f) for f in walked.fits],
    }  # fmt: skip
    curves: dict[str, dict[str, Line]] = {
        name: {ranking: curve(b, rank, lead) for ranking, rank in b.ranks.items()} for name, lead in CURVES.items()
    }
    return summary, curves


def _load(told_alarms: list[Alarm], rules: DetectionPolicy) -> dict[str, Any]:
    """How much it is a day, and for each agent where the policy says how many there are."""
    at = [a.at for a in told_alarms if a.alert]
    days = max((max(at) - min(at)) / 24, 1.0) if at else 1.0
    per_agent = round(len(at) / days / rules.agents, 2) if rules.agents else None
    kinds = sorted({a.kind for a in told_alarms})
    return {
        "alerts_per_day": round(len(at) / days, 2), "alerts_per_agent_day": per_agent,
        "kinds": {kind: sum(a.kind == kind for a in told_alarms) for kind in kinds},
    }  # fmt: skip


def _model(f: Fit) -> dict[str, Any]:
    m = f.model
    return {
        "fitted_at": iso(m.fitted_at), "parcels": m.parcels, "missed": m.missed, "relied_on": f.why_not,
        "median_factor": round(float(np.exp(m.pace.a)), 4), "promise_power": round(m.pace.b, 4), "sigma": round(m.pace.sigma, 4),
        "loss_share": round(m.pace.loss, 5), "forecast": _or_none(m.forecast), "came": _or_none(m.seen),
        "shift": round(m.shift, 4),
    }  # fmt: skip


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
