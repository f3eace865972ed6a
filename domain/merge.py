"""Several sources that tell of one parcel: their reports of one happening become one event, and keep where they came from.

A carrier's own interface and an aggregator that reads the same carrier tell the same scans with other codes, other words
and sometimes other seconds. Two reports of different sources are one happening where their times are close and their
milestones agree, or one of them is silent about the milestone; each report is matched once, the closest first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.parcel import SILENT, order_key
from domain.tracking import Certainty, Milestone, ScanEvent

CLOSE = timedelta(seconds=120)
"""How far apart two sources may date one scan: minutes are rounded, and relays add a little."""

KIN: tuple[frozenset[Milestone], ...] = (
    frozenset({Milestone.IN_TRANSIT, Milestone.AT_DESTINATION, Milestone.TRANSFERRED}),
    frozenset({Milestone.DELIVERED, Milestone.AWAITING_COLLECTION}),
    frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION}),
    frozenset({Milestone.RETURNING, Milestone.RETURNED, Milestone.EXCEPTION}),
)
"""Milestones that two sources may give one scan: one of them knows less."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event and who told it."""

    source: str
    event: ScanEvent


@dataclass(frozen=True, slots=True)
class Merged:
    """One happening: the report that says most of it, and every report of it, that one first."""

    event: ScanEvent
    told: tuple[Told, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(one.source for one in self.told)


def merge(told: Iterable[Told]) -> list[Merged]:
    """The happenings behind the reports of any number of sources, in no particular order. Reports of one source are never
    merged with each other: that a carrier says a thing twice is its own word.
    """
    by_source: dict[str, list[Told]] = {}
    for one in told:
        by_source.setdefault(one.source, []).append(one)
    in_order = [sorted(by_source[source], key=lambda one: order_key(one.event)) for source in sorted(by_source)]
    groups: list[list[Told]] = [[one] for one in in_order[0]] if in_order else []
    for news in in_order[1:]:
        groups = _joined(groups, news)
    return [_merged(group) for group in groups]


def _joined(groups: list[list[Told]], news: Sequence[Told]) -> list[list[Told]]:
    pairs = sorted(
        (gap, g, n)
        for g, group in enumerate(groups)
        for n, one in enumerate(news)
        if (gap := _gap(group[0].event, one.event)) is not None and any(_agree(t.event, one.event) for t in group)
    )
    taken_groups: set[int] = set()
    taken_news: set[int] = set()
    joined = [list(group) for group in groups]
    for _, g, n in pairs:
        if g not in taken_groups and n not in taken_news:
            taken_groups.add(g)
            taken_news.add(n)
            joined[g].append(news[n])
    return joined + [[one] for n, one in enumerate(news) if n not in taken_news]


def _gap(one: ScanEvent, other: ScanEvent) -> timedelta | None:
    """How far apart two events are; None where that is too far, or a time is unknown or a mere date."""
    a, b = one.time, other.time
    if a.at is None or b.at is None or Certainty.DATE_ONLY in {a.certainty, b.certainty}:
        return None
    gap = abs(a.at - b.at)
    return gap if gap <= CLOSE else None


def _agree(one: ScanEvent, other: ScanEvent) -> bool:
    a, b = one.milestone, other.milestone
    return a is b or a in SILENT or b in SILENT or any(a in kin and b in kin for kin in KIN)


def _merged(group: Sequence[Told]) -> Merged:
    ordered = sorted(group, key=_says)
    return Merged(ordered[0].event, tuple(ordered))


def _says(one: Told) -> tuple[object, ...]:
    """The report that says most comes first: a milestone, a reason, a manner, whether it was touched; then by name."""
    event = one.event
    silent = event.milestone in SILENT
    return (silent, event.reason is None, event.manner is None, event.physical is None, one.source, order_key(event))
