"""What the learned risk says of shipments, and when each will cross: asked at every look, and for all of them each night.

NumPy and the model are loaded when a model has been learned and there is something to ask it. Without one that can be
relied on the rules decide, and their alerts say so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import exp
from typing import TYPE_CHECKING, Any, NamedTuple

from config.policies import DetectionPolicy
from domain.parcel import Delivered
from domain.shipment import ParcelView, ShipmentView
from domain.tracking import Milestone
from store import risk
from store.base import Db
from store.risk import ModelRow
from store.tables import from_seconds, to_seconds

if TYPE_CHECKING:
    from monitor.risk.ahead import Asked, Silent

HOUR = 3600
NO_MODEL, OLD_VERSION = "no_model", "old_version"
LEAVES_ALONE = frozenset({Milestone.AWAITING_COLLECTION, Milestone.RETURNING, Milestone.RETURNED, Milestone.CANCELLED})
"""Where it is the customer, or nobody, who is waited for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How long parcels stay silent there: ``count`` gaps, of which 95 % ended within ``within_s``."""

    count: int
    within_s: int


class Foreseen(NamedTuple):
    """``probability``: of not being received by ``deadline``, as far as was heard. ``watch_at``, ``alert_at``: when it
    crosses, if nothing moves. ``watch_from``, ``alert_from``: the probabilities from which it is watched, and an alert by
    what its goods are worth. ``gap``: how long parcels stay silent where it stands.
    """

    probability: float
    watch_at: datetime
    alert_at: datetime
    promised_at: datetime
    assumed: bool
    deadline: datetime
    watch_from: float
    alert_from: float
    value_cents: int | None
    gap: Callable[[], Gap]


@dataclass(frozen=True, slots=True)
class Sight:
    """``of``: by shipment id. ``model``: which one was asked; ``why_not``: why none is relied on, '' where one is."""

    of: Mapping[int, Foreseen]
    model: ModelRow | None
    why_not: str


def sight(db: Db, views: Mapping[int, ShipmentView], policy: DetectionPolicy, *, now: datetime) -> Sight:
    """What the newest model says of those of the shipments that are on their way."""
    model = risk.newest(db)
    why_not = fault_of(model)
    if model is None or why_not:
        return Sight({}, model, why_not)
    held = {one: parcel for one, view in sorted(views.items()) if (parcel := on_its_way(view)) is not None}
    return Sight(_foreseen(db, model, views, held, policy, now), model, "") if held else Sight({}, model, "")


def fault_of(model: ModelRow | None) -> str:
    """Why a model isn't relied on, as a code; '' where it is."""
    if model is None:
        return NO_MODEL
    return model.why_not or ("" if model.version == _version() else OLD_VERSION)


def _version() -> int:
    from monitor.risk.keeping import VERSION

    return VERSION


def on_its_way(view: ShipmentView) -> ParcelView | None:
    """The parcel of a shipment that the risk is asked about: of those on their way the one that was silent longest."""
    if view.received_by_hand or view.lost_by_hand or view.shipment.leg != "out":
        return None
    open_ones = [
        p for p in view.parcels
        if p.leg == "out" and p.state.delivered is not Delivered.YES and p.state.last_physical_at is not None
        and p.state.milestone not in LEAVES_ALONE
    ]  # fmt: skip
    if len(open_ones) <= 1:  # nearly always
        return open_ones[0] if open_ones else None
    return min(open_ones, key=lambda p: p.state.last_physical_at)  # type: ignore[arg-type,return-value]


def _foreseen(
    db: Db,
    model: ModelRow,
    views: Mapping[int, ShipmentView],
    parcels: Mapping[int, ParcelView],
    policy: DetectionPolicy,
    now: datetime,
) -> dict[int, Foreseen]:
    lines = lines_of(db, views, parcels, policy, now)
    told = foreseen(asked_of(db, model), lines, policy)
    return {one.shipment_id: found for one, found in zip(lines, told, strict=True)}


def foreseen(asked: "Asked", lines: Sequence["Line"], policy: DetectionPolicy) -> list[Foreseen]:
    """What the model says of each line."""
    from monitor.risk.ahead import foresee

    silent = columns(lines, policy)
    found = foresee(asked, silent)
    levels = (level.tolist() for level in silent.levels)
    told = zip(lines, found.now.tolist(), *map(_times, (found.watch, found.alert)), *levels, strict=True)
    return [
        Foreseen(
            p, watch, alert, from_seconds(one.promised), one.assumed, from_seconds(one.deadline), watch_from,
            alert_from, one.value_cents, partial(_gap, asked, one.spot),
        )
        for one, p, watch, alert, watch_from, alert_from in told
    ]  # fmt: skip


ROUNDING_S = 1e-3
"""Hours since 1970 are good to less than a millisecond."""


def _times(hours: Any) -> list[datetime]:
    """Crossings as stored times: whole seconds, never before them."""
    import numpy as np

    return [datetime.fromtimestamp(at, UTC) for at in np.ceil(hours * HOUR - ROUNDING_S).tolist()]


QUANTILE = 1.6449
"""Standard deviations up to the 95th percentile."""


def _gap(asked: "Asked", spot: tuple[int, str, str, str]) -> Gap:
    found = asked.gap(spot)
    return Gap(int(found.count), int(exp(found.mu + QUANTILE * found.sigma) * 24 * HOUR))


def parts_of(db: Db, view: ShipmentView, policy: DetectionPolicy, *, now: datetime) -> dict[str, float]:
    """What the promise, the lane and the scans bring to a shipment's risk, in log odds; empty where no model is asked."""
    model, parcel = risk.newest(db), on_its_way(view)
    if model is None or parcel is None or fault_of(model):
        return {}
    from monitor.risk.ahead import parts

    one = view.shipment.id
    return parts(asked_of(db, model), columns(lines_of(db, {one: view}, {one: parcel}, policy, now), policy))


# --- from rows to columns ------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A parcel on its way, as the model wants it; times in seconds since 1970."""

    shipment_id: int
    lane: tuple[str, str, str, str]
    spot: tuple[int, str, str, str]
    handed: int
    promised: int
    assumed: bool
    deadline: int
    held: int
    scans: int
    known: int
    value_cents: int | None


def lines_of(
    db: Db,
    views: Mapping[int, ShipmentView],
    parcels: Mapping[int, ParcelView],
    policy: DetectionPolicy,
    now: datetime,
) -> list[Line]:
    """The lines of these parcels, in order of their shipments' ids."""
    counts = risk.held(db, sorted(p.id for p in parcels.values()))
    refs = sorted({ref for one in parcels if (ref := views[one].shipment.order_ref)})
    values = risk.values_cents(db, refs, policy.worth.currency)
    found = []
    for shipment_id, parcel in sorted(parcels.items()):
        view, state = views[shipment_id], parcel.state
        at = state.last_physical_at
        assert at is not None
        held = to_seconds(at)
        known = min(view.polled_at or at, now)
        counted = counts.get(parcel.id, (held, 1))
        value = values.get(view.shipment.order_ref or "")
        place, milestone = state.last_physical_place or "", state.milestone or Milestone.UNMAPPED
        found.append(
            line(shipment_id, view.shipment, (milestone.value, place), held, counted, to_seconds(known), value, policy)
        )
    return found


def line(
    shipment_id: int, s: Any, stands: tuple[str, str], held: int, counted: tuple[int, int], known: int, value: int | None,
    policy: DetectionPolicy,
) -> Line:  # fmt: skip
    """``s``: what has a shipment's names; ``stands``: milestone and place; ``counted``: first scan and number of scans."""
    own = _own_history()
    handed, scans = counted
    promised, assumed = own.promise_of(s, handed, policy)
    deadline = promised + int(policy.region(s.region).promise.grace.total_seconds())
    spot = (own.NUMBER.get(stands[0], own.UNMAPPED), s.carrier, stands[1], s.destination)
    lane = (s.carrier, s.service, s.origin, s.destination)
    return Line(shipment_id, lane, spot, handed, promised, assumed, deadline, held, scans, max(known, held), value)


@lru_cache(maxsize=1)
def _own_history() -> Any:
    """Loaded with the first line: it wants NumPy."""
    from monitor import own_history

    return own_history


def columns(lines: Sequence[Line], policy: DetectionPolicy) -> "Silent":
    import numpy as np

    from monitor.risk.ahead import Silent, numbered

    def hours(values: list[int]) -> Any:
        return np.array(values, dtype=np.float64) / HOUR

    lanes, lane = numbered(one.lane for one in lines)
    spots, spot = numbered(one.spot for one in lines)
    alert = np.array([policy.alert_from(one.value_cents) for one in lines], dtype=np.float64)
    return Silent(
        lanes, spots, lane, spot, hours([one.handed for one in lines]), hours([one.promised for one in lines]),
        hours([one.deadline for one in lines]), hours([one.held for one in lines]),
        np.array([one.scans for one in lines], dtype=np.int64), hours([one.known for one in lines]),
        (np.minimum(policy.risk.watch, alert), alert),
    )  # fmt: skip


# --- the model -----------------------------------------------------------------------------------------------------


class _Body:
    """Reads a model's bytes when they are wanted; it is the same as another one of the same model."""

    def __init__(self, db: Db, model: ModelRow) -> None:
        self.key = (str(db.engine.url), model.id, model.fitted_at)
        self.read: Any = lambda: risk.body(db, model.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Body) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def asked_of(db: Db, model: ModelRow) -> "Asked":
    """A stored model, read once."""
    return _asked(_Body(db, model))


@lru_cache(maxsize=4)
def _asked(body: _Body) -> "Asked":
    from monitor.risk.ahead import Asked
    from monitor.risk.keeping import from_bytes

    read, body.read = body.read, None  # the connection isn't kept
    return Asked(from_bytes(read()))
