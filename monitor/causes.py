"""Which causes explain findings beyond chance: pure, from what findings have in common to groups of them.

A finding that rests on silence has a hub (its last physical scan) or a depot (where nobody fetched it), a lane, a carrier and
a day. For each cause the fresh findings of a span are held against what is usual: the rate of findings among the watched parcels
that don't share the cause, drawn towards the shop's own history where elsewhere is small, and never less than that history. The narrowest cause that explains the
findings is the incident; several narrow ones inside a wider one are the wider one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, lgamma, log
from zoneinfo import ZoneInfo

from config.policies import IncidentPolicy
from domain.case import Finding, Kind
from domain.incident import BREADTH, Cause, CauseKind, cause_of
from domain.shipment import ShipmentView
from monitor.decide import SILENCE
from store.causes import ALL, Exposure, region

WEIGHT = 500
"""Watched parcels that what is usual counts for: with fewer elsewhere than that it says more than they do."""
MOST = 0.6
"""Hubs that hold this share of a carrier's parcels are the carrier, however few they are."""


def rests_on_silence(found: Finding) -> bool:
    """Nothing was heard: what a stopped hub gives. A parcel lost by the carrier's word is a trouble of its own."""
    return found.kind in SILENCE or (
        found.kind is Kind.LOST and {w.code for w in found.evidence} == {"evidence.silence"}
    )


def causes_of(found: Finding, view: ShipmentView, zone: ZoneInfo, *, now: datetime) -> tuple[str, ...]:
    """What a finding could have in common with others, narrowest first; nothing where it doesn't rest on silence."""
    if not rests_on_silence(found):
        return ()
    sent, state = view.shipment, view.state
    causes = [Cause(CauseKind.CARRIER, sent.carrier), Cause(CauseKind.DAY, place=f"{now.astimezone(zone):%Y-%m-%d}")]
    if sent.origin and sent.destination:
        causes.insert(0, Cause(CauseKind.LANE, sent.carrier, region(sent.origin), region(sent.destination)))
    if state.last_physical_place:
        causes.insert(0, Cause(CauseKind.HUB, sent.carrier, state.last_physical_place))
    elif sent.origin and state.last_physical_at is None:
        causes.insert(0, Cause(CauseKind.DEPOT, sent.carrier, sent.origin))
    return tuple(cause.key for cause in causes)


def tail(k: int, mean: float) -> float:
    """P(X >= k) of a Poisson count with this mean."""
    if k <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if k <= mean:
        return 1.0  # no more than is usual: how probable exactly doesn't matter
    term = exp(k * log(mean) - mean - lgamma(k + 1))
    total, n = term, k
    while term > total * 1e-12:
        n += 1
        term *= mean / n
        total += term
    return min(total, 1.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Findings (cases) that one cause explains, and how many of them chance would bring."""

    cause: Cause
    cases: tuple[int, ...]
    expected: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What a judgement needs: how many parcels each cause could hit, and the policy. ``share``: the part of a window's findings
    that come in the span that is looked at.
    """

    exposure: Exposure
    policy: IncidentPolicy
    share: float = 1.0

    @property
    def usual(self) -> float:
        """The share of watched parcels with a finding in the span, by the shop's history or by the policy."""
        known = self.exposure.usual
        return self.share * (self.policy.usual if known is None else max(known, self.policy.usual / 10))

    @property
    def watched(self) -> int:
        return self.exposure.watched.get(ALL, 0)

    def expected(self, cause: str, found: int, elsewhere: int) -> float:
        """How many findings of a cause chance brings: its parcels times the rate among the others, or what is usual where that
        is more: what somebody has taken already isn't counted among the others.
        """
        whole = cause_of(cause).kind is CauseKind.DAY
        mine = max(self.watched if whole else self.exposure.watched.get(cause, 0), found)
        others = max(self.watched - mine, elsewhere)
        return mine * max((elsewhere + self.usual * WEIGHT) / (others + WEIGHT), self.usual)

    def beyond_chance(self, found: int, expected: float, looked_at: int) -> bool:
        """Enough, several times what is usual, and too many for chance, however many causes are looked at together."""
        enough = found >= self.policy.members and found >= self.policy.times * expected
        return enough and tail(found, expected) <= self.policy.chance / max(looked_at, 1)


Fresh = Mapping[int, frozenset[str]]
LEVELS = (
    frozenset({CauseKind.HUB, CauseKind.DEPOT}),
    frozenset({CauseKind.LANE}),
    frozenset({CauseKind.CARRIER}),
    frozenset({CauseKind.DAY}),
)


def explain(fresh: Fresh, standing: Sequence[Cause], scene: Scene) -> list[Group]:
    """The causes that explain fresh findings beyond chance. ``standing``: incidents that began within the window."""
    left = dict(fresh)
    groups: list[Group] = []
    for level in LEVELS:
        while (group := _strongest(left, level, scene)) is not None:
            groups.append(group)
            left = {case: causes for case, causes in left.items() if case not in set(group.cases)}
    return _widened(groups, fresh, standing, scene) if groups else []


def _strongest(left: Fresh, level: frozenset[CauseKind], scene: Scene) -> Group | None:
    """The cause of a level with the most findings, where they are beyond chance."""
    counted = Counter(c for causes in left.values() for c in causes if cause_of(c).kind in level)
    for cause, found in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        if found < scene.policy.members:
            return None
        expected = scene.expected(cause, found, len(left) - found)
        if scene.beyond_chance(found, expected, len(scene.exposure.watched)):
            return Group(cause_of(cause), _having(left, cause), expected)
    return None


def _having(fresh: Fresh, cause: str) -> tuple[int, ...]:
    return tuple(sorted(case for case, causes in fresh.items() if cause in causes))


def _widened(groups: list[Group], fresh: Fresh, standing: Sequence[Cause], scene: Scene) -> list[Group]:
    """Several causes of one carrier are the carrier, several causes altogether the day."""
    for carrier in sorted({g.cause.carrier for g in groups if g.cause.carrier}):
        mine = {g.cause for g in groups if g.cause.carrier == carrier} | {c for c in standing if c.carrier == carrier}
        wider = Cause(CauseKind.CARRIER, carrier)
        if wider not in mine and _is_the_carrier(mine, wider, scene):
            expected = sum(g.expected for g in groups if g.cause.carrier == carrier)
            groups = [g for g in groups if g.cause.carrier != carrier]
            groups.append(Group(wider, _having(fresh, wider.key), expected))
    apart = {g.cause for g in groups} | {c for c in standing if not is_within_any(c, [g.cause for g in groups])}
    if len(apart) <= scene.policy.spread or any(c.kind is CauseKind.DAY for c in apart):
        return groups
    days = Counter(c for causes in fresh.values() for c in causes if cause_of(c).kind is CauseKind.DAY)
    day = max(days, key=lambda one: (days[one], one))
    return [Group(cause_of(day), tuple(sorted(fresh)), sum(g.expected for g in groups))]


def _is_the_carrier(narrow: Iterable[Cause], carrier: Cause, scene: Scene) -> bool:
    inside = [c for c in narrow if BREADTH[c.kind] < BREADTH[carrier.kind]]
    held = sum(scene.exposure.watched.get(c.key, 0) for c in inside if c.kind is CauseKind.HUB)
    whole = scene.exposure.watched.get(carrier.key, 0)
    return len(inside) > scene.policy.spread or (len(inside) > 1 and held >= MOST * whole > 0)


def is_within(narrow: Cause, wide: Cause) -> bool:
    """Whether a wider incident speaks for a narrower one."""
    if BREADTH[narrow.kind] >= BREADTH[wide.kind] or wide.kind is CauseKind.MANY:
        return False
    return wide.kind is CauseKind.DAY or narrow.carrier == wide.carrier


def is_within_any(narrow: Cause, wide: Iterable[Cause]) -> bool:
    return any(is_within(narrow, one) for one in wide)
