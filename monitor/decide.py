"""Deciding what becomes of findings: pure, from what was found and what is open to what is to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.case import Finding, Kind
from store.cases import CaseRow, Standing


@dataclass(frozen=True, slots=True)
class Open:
    finding: Finding


@dataclass(frozen=True, slots=True)
class Refresh:
    """The case is open already; its evidence has changed."""

    case: CaseRow
    finding: Finding


@dataclass(frozen=True, slots=True)
class Clear:
    """What was found isn't so any more: the case closes by itself, and says why."""

    case: CaseRow
    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    finding: Finding


@dataclass(frozen=True, slots=True)
class Unwatch:
    kind: Kind


Decision = Open | Refresh | Clear | Watch | Unwatch

SILENCE = frozenset({Kind.NEVER_COLLECTED, Kind.STALLED, Kind.PROMISE_RISK, Kind.PROMISE_MISSED})
"""One trouble in four guises: nothing moves. A parcel has one such case at a time; the first keeps its promise."""

OUTRANKS: dict[Kind, frozenset[Kind]] = {
    Kind.LOST: SILENCE | {Kind.FAILED_ATTEMPT},
    Kind.DAMAGED: SILENCE,
    Kind.RETURNING: SILENCE | {Kind.FAILED_ATTEMPT, Kind.REFUSED, Kind.ADDRESS, Kind.MISDELIVERED},
    Kind.REFUSED: SILENCE | {Kind.FAILED_ATTEMPT},
    Kind.ADDRESS: SILENCE | {Kind.FAILED_ATTEMPT},
    Kind.CUSTOMS: SILENCE,
    Kind.FAILED_ATTEMPT: SILENCE,
    Kind.MISDELIVERED: SILENCE | {Kind.FAILED_ATTEMPT},
    Kind.STALLED: frozenset({Kind.PROMISE_RISK, Kind.PROMISE_MISSED}),
    Kind.NEVER_COLLECTED: frozenset({Kind.PROMISE_RISK, Kind.PROMISE_MISSED}),
    Kind.PROMISE_MISSED: frozenset({Kind.PROMISE_RISK}),
}
"""A finding hides those that it explains."""

CLEARS_BY_ITSELF = frozenset(
    {Kind.UNSHIPPED, Kind.NEVER_COLLECTED, Kind.STALLED, Kind.PROMISE_RISK, Kind.PROMISE_MISSED, Kind.LOST,
     Kind.FAILED_ATTEMPT, Kind.REFUSED, Kind.ADDRESS, Kind.CUSTOMS, Kind.SOURCE_SILENT, Kind.LOOPING, Kind.NUMBER_REUSE}
)  # fmt: skip
"""Kinds that later scans can prove wrong. Damage, returns, misdeliveries and disputes are closed by people."""


def decide(findings: Sequence[Finding], standing: Standing) -> list[Decision]:
    """What to do about one subject's findings; what was closed for the same finding isn't raised twice."""
    if not (findings or standing.open or standing.watched):  # nearly always
        return []
    alerts = visible([f for f in findings if not f.watch])
    by_kind = {case.kind: case for case in standing.open}
    decisions: list[Decision] = []
    for found in alerts:
        mine = by_kind.get(found.kind) or _same_trouble(found.kind, by_kind)
        if mine is not None:
            decisions.extend([Refresh(mine, found)] if differs(mine, found) else [])
        elif standing.closed.get(found.kind) != found.since:
            decisions.append(Open(found))
    decisions.extend(_clears(findings, alerts, by_kind))
    return decisions + _watching(findings, alerts, by_kind, standing.watched)


def visible(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that no other one explains."""
    hidden = frozenset[Kind]().union(*(OUTRANKS.get(f.kind, frozenset()) for f in findings))
    return [f for f in findings if f.kind not in hidden]


def _same_trouble(kind: Kind, by_kind: Mapping[Kind, CaseRow]) -> CaseRow | None:
    if kind not in SILENCE:
        return None
    return next((case for open_kind, case in by_kind.items() if open_kind in SILENCE), None)


def differs(case: CaseRow, found: Finding) -> bool:
    """Whether the evidence says something else than the case does; running clocks alone don't count."""
    return (case.since, _gist(case.evidence)) != (found.since, _gist(found.evidence))


RUNS_ON = ("_s", "_share", "usual")
"""Parameters that change by themselves: times gone by, chances, counts."""


def _gist(evidence: Sequence[object]) -> list[object]:
    return [
        (words.code, sorted((k, str(v)) for k, v in words.params.items() if not k.endswith(RUNS_ON)))  # type: ignore[attr-defined]
        for words in evidence
    ]


def _clears(findings: Sequence[Finding], alerts: Sequence[Finding], by_kind: Mapping[Kind, CaseRow]) -> list[Clear]:
    found = {f.kind for f in findings}
    shown = {f.kind for f in alerts}
    clears = []
    for kind, case in by_kind.items():
        if case.type:
            continue  # what a person opened, a person closes
        stands = kind in found or (kind in SILENCE and bool(SILENCE & shown))
        outranked = next(
            (f.kind for f in alerts if kind in OUTRANKS.get(f.kind, frozenset()) and f.kind not in SILENCE), None
        )
        if outranked is not None and kind in CLEARS_BY_ITSELF:
            clears.append(Clear(case, f"superseded.{outranked.value}"))
        elif not stands and kind in CLEARS_BY_ITSELF:
            clears.append(Clear(case, f"cleared.{kind.value}"))
    return clears


def _watching(
    findings: Sequence[Finding],
    alerts: Sequence[Finding],
    by_kind: Mapping[Kind, CaseRow],
    watched: Mapping[Kind, float | None],
) -> list[Decision]:
    busy = set(by_kind) | {f.kind for f in alerts}
    busy |= SILENCE if busy & SILENCE else frozenset()
    wanted = {f.kind: f for f in visible(findings) if f.watch and f.kind not in busy}
    decisions: list[Decision] = [
        Watch(f) for kind, f in wanted.items() if kind not in watched or _moved(watched[kind], f.probability)
    ]
    return decisions + [Unwatch(kind) for kind in watched if kind not in wanted]


SAME = 0.005
"""Chances are shown in whole hundredths."""


def _moved(before: float | None, now: float | None) -> bool:
    return before != now if before is None or now is None else abs(before - now) >= SAME
