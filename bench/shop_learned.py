"""The simulated shop with a model of its own: fitted on what the daemon would have read of the weeks before, asked at every event.

The weeks before are lives of another seed with the same rates. As a night does, it learns from a sample of them, from what was known when
the measured days begin, and is asked as a look asks it. It isn't refitted during the measured days.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from bench.shop_detection import START, Life, Look, lives, view_of
from config.policies import DetectionPolicy
from domain.parcel import fold, is_physical
from domain.shipment import ShipmentView
from domain.tracking import ScanEvent
from monitor.foresight import Foreseen, Line, Sight, foreseen, line, on_its_way
from monitor.own_history import history_of
from monitor.risk.ahead import Asked
from monitor.risk.history import History
from monitor.risk.keeping import kept
from monitor.risk.model import fit
from store.risk import ParcelRow, ScanRow
from store.tables import to_seconds

WEEKS = 8
A_DAY = 1_000
"""Of a larger shop's parcels a night reads so many a day."""
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Learned:
    """A model made ready, or why it isn't relied on (empty: it is); ``parcels``, ``missed``: what it was learned from."""

    asked: Asked
    why_not: str
    parcels: int
    missed: int


def learned(
    bad: float, words: int, seed: int, policy: DetectionPolicy, *, weeks: int = WEEKS, a_day: int = A_DAY
) -> Learned:
    """The model on the morning of the first measured day."""
    before = lives(weeks * 7, a_day, bad, words, Random(f"before {seed}"), START - timedelta(weeks=weeks))
    history, now = _history(before, policy), to_seconds(START) / 3600
    model = fit(history, now)
    return Learned(
        Asked(kept(model, history, now)), model.why_not(policy.risk.min_samples), model.parcels, model.missed
    )


def _history(before: Iterable[Life], policy: DetectionPolicy) -> History:
    """What a daemon's database would tell of these parcels when the measured days begin."""
    rows: list[ParcelRow] = []
    scans: dict[int, Sequence[ScanRow]] = {}
    for one in before:
        known = [e for e in one.events if e.time.at is not None and e.time.at <= START]
        if not any(is_physical(e) for e in known):
            continue
        n = len(rows)
        rows.append(_row(n, view_of(one, known, START)))
        scans[n] = [
            ScanRow(n, to_seconds(e.time.at), e.milestone.value, e.code or "", e.place or "", is_physical(e))
            for e in known
            if e.time.at is not None
        ]
    return history_of(rows, scans, {}, policy)


def _row(n: int, view: ShipmentView) -> ParcelRow:
    s, state = view.shipment, view.state
    milestone, reason = (one.value if one else None for one in (state.milestone, state.reason))
    delivered_at, since = (to_seconds(at) if at else None for at in (state.delivered_at, state.since))
    return ParcelRow(
        n, n, f"B{n}", s.carrier, s.service, s.origin, s.destination, s.region, None, to_seconds(s.promised_at or START),
        milestone, reason, state.delivered.value, delivered_at, since, "", None, "", to_seconds(START),
    )  # fmt: skip


def looked(wanted: Iterable[Life], model: Learned, policy: DetectionPolicy) -> Iterator[tuple[Life, Look]]:
    """Each parcel with what the model says of it after each of its events; many parcels are asked about at once."""
    rest = iter(wanted)
    while some := list(islice(rest, AT_A_TIME)):
        asked = [(one, at, row) for one in some for at, row in _lines(one, policy)]
        told: dict[int, list[tuple[datetime, Foreseen | None]]] = {}
        answers = iter(foreseen(model.asked, [row for _, _, row in asked if row], policy))
        for one, at, row in asked:
            told.setdefault(id(one), []).append((at, next(answers) if row else None))
        for one in some:
            yield one, _look(told.get(id(one), []), model)


def _look(told: Sequence[tuple[datetime, Foreseen | None]], model: Learned) -> Look:
    def look(view: ShipmentView) -> Sight:
        newest = next((found for at, found in reversed(told) if view.polled_at and at <= view.polled_at), None)
        return Sight({} if model.why_not or newest is None else {view.shipment.id: newest}, None, model.why_not)

    return look


def _lines(one: Life, policy: DetectionPolicy) -> Iterator[tuple[datetime, Line | None]]:
    """By each of its events, the parcel as the model is asked about it; None where it isn't."""
    for at in sorted({e.time.at for e in one.events if e.time.at is not None}):
        known = [e for e in one.events if e.time.at is not None and e.time.at <= at]
        view = view_of(one, known, at)
        parcel = on_its_way(view)
        yield at, _line(view, known, at, policy) if parcel else None


def _line(view: ShipmentView, known: Sequence[ScanEvent], at: datetime, policy: DetectionPolicy) -> Line:
    state = fold(known, now=at)
    held = sorted(to_seconds(e.time.at) for e in known if is_physical(e) and e.time.at is not None)
    stands = (state.milestone.value if state.milestone else "", state.last_physical_place or "")
    return line(1, view.shipment, stands, held[-1], (held[0], len(held)), to_seconds(at), None, policy)
