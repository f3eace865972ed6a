"""Reading detection.toml: the shipped file, a person's own laid over it, every misfit with its line."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Meta, Struct, UnsetType

from config.calendars import Calendar, Span, Ticking
from config.checking import Misfit, fit
from config.errors import ConfigError, Problem
from config.policies.detection import (
    DEFAULT,
    AwaitingPolicy,
    DetectionPolicy,
    FailedAttemptPolicy,
    IncidentPolicy,
    PollingPolicy,
    PromisePolicy,
    RegionPolicy,
    RiskPolicy,
    Threshold,
    WorthPolicy,
)
from config.toml_text import Path_, dotted, line_of, lines_of, read_toml
from domain.tracking import Milestone

SHIPPED = Path(__file__).parent / "detection.toml"

Length = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class _Threshold(_Table, frozen=True):
    watch_h: Length | UnsetType = UNSET
    watch_d: Length | UnsetType = UNSET
    watch_bd: Length | UnsetType = UNSET
    alert_h: Length | UnsetType = UNSET
    alert_d: Length | UnsetType = UNSET
    alert_bd: Length | UnsetType = UNSET

    def __post_init__(self) -> None:
        for stem in ("watch", "alert"):
            given = [f"{stem}_{unit}" for unit in UNITS if getattr(self, f"{stem}_{unit}") is not UNSET]
            if len(given) > 1:
                raise ValueError(f"{' and '.join(given)} say the same in different units: keep one")


class _FailedAttempt(_Table, frozen=True):
    working_days: Count
    by: time


class _Awaiting(_Table, frozen=True):
    dwell_d: Length
    remind_share: Share
    alert_before_end_h: Length
    dwell_by_carrier_d: dict[str, Length] = {}


class _Promise(_Table, frozen=True):
    risk_before_h: Length
    missed_after_h: Length
    assumed_d: Length
    assumed_international_d: Length
    grace_d: Length


class _Region(_Table, frozen=True):
    zone: str
    open_days: Annotated[list[Weekday], Meta(min_length=1)]
    closed: list[date]
    number_unknown: _Threshold
    never_collected: _Threshold
    collected_no_hub: _Threshold
    in_transit: _Threshold
    in_transit_international: _Threshold
    customs: _Threshold
    at_destination: _Threshold
    out_for_delivery: _Threshold
    lost: _Threshold
    lost_international: _Threshold
    unshipped: _Threshold
    failed_attempt: _FailedAttempt
    awaiting_collection: _Awaiting
    promise: _Promise

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"zone: unknown time zone {self.zone!r}; write it like Europe/Berlin") from exc


class _Risk(_Table, frozen=True):
    watch: Share
    alert: Share
    min_samples: Count
    quantile: Share


class _Worth(_Table, frozen=True):
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    check_cents: Annotated[int, Meta(ge=1)]
    late_cents: Annotated[int, Meta(ge=0)]
    late_share: Share
    least: Share
    most: Share

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}: turn them round")


class _Capacity(_Table, frozen=True):
    alerts_per_agent_day: Count
    agents: Count | None = None


class _Case(_Table, frozen=True):
    warn_before_h: Length


class _SourceSilent(_Table, frozen=True):
    alert_h: Length


class _CheckinMissing(_Table, frozen=True):
    alert_d: Length


class _RefundUnconfirmed(_Table, frozen=True):
    alert_h: Length


class _Looping(_Table, frozen=True):
    visits: Annotated[int, Meta(ge=2)]


class _Incidents(_Table, frozen=True):
    members: Annotated[int, Meta(ge=2)]
    window_h: Annotated[float, Meta(gt=0)]
    flap_h: Length
    chance: Annotated[float, Meta(gt=0, lt=1)]
    times: Annotated[float, Meta(ge=1)]
    usual: Annotated[float, Meta(gt=0, lt=1)]
    spread: Count
    alerts_at_once: Count
    edit_every_m: Annotated[float, Meta(ge=1)]
    edit_at_least_h: Annotated[float, Meta(gt=0)]


Interval = Annotated[float, Meta(ge=0.1)]


class _Every(_Table, frozen=True):
    unknown: Interval
    announced: Interval
    picked_up: Interval
    in_transit: Interval
    transferred: Interval
    customs: Interval
    at_destination: Interval
    out_for_delivery: Interval
    attempt_failed: Interval
    awaiting_collection: Interval
    exception: Interval
    returning: Interval
    delivered: Interval
    returned: Interval
    cancelled: Interval
    info: Interval
    unmapped: Interval


class _Polling(_Table, frozen=True):
    near_promise_h: Interval
    near_promise_window_h: Length
    stop_after_delivery_d: Length
    stop_after_d: Length
    after_last_claim_d: Length
    settled_h: Interval
    settled_after_d: Length
    pushed_h: Interval
    failover_after_h: Interval
    every_h: _Every


class _File(_Table, frozen=True):
    regions: dict[str, _Region]
    risk: _Risk
    worth: _Worth
    case: _Case
    capacity: _Capacity
    source_silent: _SourceSilent
    looping: _Looping
    checkin_missing: _CheckinMissing
    refund_unconfirmed: _RefundUnconfirmed
    incidents: _Incidents
    polling: _Polling


UNITS = {
    "h": (timedelta(hours=1), Ticking.OPEN_DAYS),
    "bd": (timedelta(days=1), Ticking.OPEN_DAYS),
    "d": (timedelta(days=1), Ticking.ALWAYS),
}


def load_detection(override: Path | None = None) -> DetectionPolicy:
    """The shipped policy with a person's file laid over it.

    Raises ConfigError naming every key of that file that is unknown or doesn't fit, with its line.
    """
    shipped, shipped_text = read_toml(SHIPPED)
    if override is None:
        return _load(shipped, SHIPPED, shipped_text)
    own, own_text = read_toml(override)
    return _load(overlaid(shipped, own), override, own_text)


def overlaid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid on ``under``, table by table; a value in another unit replaces its stem's: alert_bd, alert_h."""
    stems = {stem for key in over if (stem := _stem(key))}
    merged = {key: value for key, value in under.items() if _stem(key) not in stems}
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = overlaid(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _stem(key: str) -> str | None:
    stem, _, unit = key.rpartition("_")
    return stem if unit in UNITS and stem in {"watch", "alert"} else None


def _load(tables: dict[str, Any], file: Path, text: str) -> DetectionPolicy:
    regions = tables.get("regions")
    if isinstance(regions, Mapping) and isinstance(regions.get(DEFAULT), Mapping):
        base = regions[DEFAULT]
        whole = {name: overlaid(base, own) if isinstance(own, Mapping) else own for name, own in regions.items()}
        tables = {**tables, "regions": whole}
    fitted = fit(tables, _File)
    if fitted.misfits:
        raise ConfigError(_problems(fitted.misfits, file, text))
    return _policy(fitted.value)


def _problems(misfits: tuple[Misfit, ...], file: Path, text: str) -> list[Problem]:
    """A fault in the default region shows in every region that inherits it: it is told once, where it stands."""
    lines = lines_of(text)
    base = {m.path[2:] for m in misfits if m.path[:2] == ("regions", DEFAULT)}
    own = [m for m in misfits if not _inherited(m.path, base)]
    return [Problem(str(file), dotted(m.path), m.message, line=line_of(lines, m.path)) for m in own]


def _inherited(path: Path_, base: set[Path_]) -> bool:
    return len(path) > 2 and path[0] == "regions" and path[1] != DEFAULT and path[2:] in base


def _policy(file: _File) -> DetectionPolicy:
    polling, every = file.polling, file.polling.every_h
    return DetectionPolicy(
        regions={name: _region(name, table) for name, table in file.regions.items()},
        risk=RiskPolicy(file.risk.watch, file.risk.alert, file.risk.min_samples, file.risk.quantile),
        worth=_worth(file.worth),
        incidents=_incidents(file.incidents),
        polling=PollingPolicy(
            every={m: _hours(getattr(every, m.value)) for m in Milestone},
            unknown=_hours(every.unknown),
            near_promise=_hours(polling.near_promise_h),
            near_promise_window=_hours(polling.near_promise_window_h),
            stop_after_delivery=_days(polling.stop_after_delivery_d),
            stop_after=_days(polling.stop_after_d),
            after_last_claim=_days(polling.after_last_claim_d),
            settled=_hours(polling.settled_h),
            settled_after=_days(polling.settled_after_d),
            pushed=_hours(polling.pushed_h),
            failover_after=_hours(polling.failover_after_h),
        ),
        alerts_per_agent_day=file.capacity.alerts_per_agent_day,
        agents=file.capacity.agents,
        source_silent=_hours(file.source_silent.alert_h),
        looping_visits=file.looping.visits,
        checkin_missing=_days(file.checkin_missing.alert_d),
        refund_unconfirmed=_hours(file.refund_unconfirmed.alert_h),
        warn_before_promise=_hours(file.case.warn_before_h),
    )


def _incidents(table: _Incidents) -> IncidentPolicy:
    return IncidentPolicy(
        members=table.members,
        window=_hours(table.window_h),
        flap=_hours(table.flap_h),
        chance=table.chance,
        times=table.times,
        usual=table.usual,
        spread=table.spread,
        alerts_at_once=table.alerts_at_once,
        edit_every=timedelta(minutes=table.edit_every_m),
        edit_at_least=_hours(table.edit_at_least_h),
    )


def _worth(table: _Worth) -> WorthPolicy:
    return WorthPolicy(table.currency, table.check_cents, table.late_cents, table.late_share, table.least, table.most)


THRESHOLDS = (
    "number_unknown", "never_collected", "collected_no_hub", "in_transit", "in_transit_international", "customs",
    "at_destination", "out_for_delivery", "lost", "lost_international", "unshipped",
)  # fmt: skip


def _region(name: str, table: _Region) -> RegionPolicy:
    awaiting, promise = table.awaiting_collection, table.promise
    return RegionPolicy(
        name=name,
        calendar=Calendar(
            ZoneInfo(table.zone), frozenset(WEEKDAYS.index(day) for day in table.open_days), frozenset(table.closed)
        ),
        failed_attempt=FailedAttemptPolicy(table.failed_attempt.working_days, table.failed_attempt.by),
        awaiting_collection=AwaitingPolicy(
            dwell=_days(awaiting.dwell_d),
            remind_share=awaiting.remind_share,
            alert_before_end=_hours(awaiting.alert_before_end_h),
            dwell_by_carrier={carrier: _days(days) for carrier, days in awaiting.dwell_by_carrier_d.items()},
        ),
        promise=PromisePolicy(
            risk_before=_hours(promise.risk_before_h),
            missed_after=_hours(promise.missed_after_h),
            assumed=_days(promise.assumed_d),
            assumed_international=_days(promise.assumed_international_d),
            grace=_days(promise.grace_d),
        ),
        **{key: _threshold(getattr(table, key)) for key in THRESHOLDS},
    )


def _threshold(table: _Threshold) -> Threshold:
    return Threshold(watch=_span(table, "watch"), alert=_span(table, "alert"))


def _span(table: _Threshold, stem: str) -> Span | None:
    for unit, (length, ticking) in UNITS.items():
        given: float | UnsetType = getattr(table, f"{stem}_{unit}")
        if given is not UNSET:
            return Span(length * given, ticking)
    return None


def _hours(number: float) -> timedelta:
    return timedelta(hours=number)


def _days(number: float) -> timedelta:
    return timedelta(days=number)
