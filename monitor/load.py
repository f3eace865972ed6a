"""Tomorrow's case load against the desk's capacity: forecast once a day, written down, held against what came."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from config.policies import DetectionPolicy
from domain.load import Came, Forecast, Record, forecast
from monitor.capacity import next_day
from monitor.decide import SILENCE
from monitor.foresight import fault_of
from monitor.weighing import DECIDED
from store import load, risk
from store.base import Db

EARLIEST = time(8)
"""From then on, on the desk's clock, tomorrow is forecast."""
DAYS, LEAST_DAYS = 28, 3
"""Whole days that a forecast looks back on; with fewer than LEAST_DAYS nothing is forecast."""
RECORD = 14
"""Earlier forecasts by which a new one is set right."""
OLDEST = timedelta(days=2)
"""An older model's sums aren't tomorrow's."""


def look_ahead(db: Db, policy: DetectionPolicy, *, now: datetime) -> Forecast | None:
    """Forecast tomorrow where that is due: once a day of the desk's clock, from 8:00 on. None where it isn't, or nothing is known."""
    zone = policy.desk.hours.zone
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=1)
    if local.time() < EARLIEST or load.of_day(db, day) is not None:
        return None
    spans = list(_whole_days(local.date(), zone, load.begun_at(db)))
    if len(spans) < LEAST_DAYS:
        return None
    days = load.came(db, spans, DECIDED)
    found = forecast(
        day, span_of(day, zone), days, record(db, local.date()), by_risk=by_risk(db, day, now),
        waiting=waiting(db, policy, now), room=policy.alerts_a_day,
    )  # fmt: skip
    load.keep(db, found, now=now)
    return found


def span_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From midnight to midnight on the desk's clock."""
    begin, end = (datetime.combine(day + timedelta(days=n), time(), zone) for n in (0, 1))
    return begin.astimezone(UTC), end.astimezone(UTC)


def _whole_days(today: date, zone: tzinfo, begun: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    """The days before today, the last one first, that the house has seen from their beginning."""
    for n in range(1, DAYS + 1):
        begin, end = span_of(today - timedelta(days=n), zone)
        if begun is None or begin < begun:
            return
        yield begin, end


def record(db: Db, today: date) -> Record:
    """The last forecasts of days that have ended, and what came."""
    told = list(load.between(db, today - timedelta(days=RECORD), today - timedelta(days=1)))
    return list(zip(told, load.came(db, [(one.begin, one.end) for one in told], DECIDED), strict=True))


def by_risk(db: Db, day: date, now: datetime) -> float | None:
    """What the newest model's probabilities add up to on that day; None where none is relied on."""
    model = risk.newest(db)
    if model is None or fault_of(model) or now - model.fitted_at > OLDEST or "coming" not in model.learned:
        return None
    found: float = model.learned["coming"].get(day.isoformat(), 0.0)
    return found


def waiting(db: Db, policy: DetectionPolicy, now: datetime) -> int:
    if policy.alerts_a_day is None:
        return 0
    return load.held_back(db, next_day(now), kinds=SILENCE, least=policy.worth.least)


def scored(db: Db, *, since: datetime, now: datetime) -> list[tuple[Forecast, Came]]:
    """Every forecast of a day that began since then and has ended, and what came."""
    first, last = since.date() - timedelta(days=1), now.date() + timedelta(days=1)
    told = [one for one in load.between(db, first, last) if one.begin >= since and one.end <= now]
    return list(zip(told, load.came(db, [(one.begin, one.end) for one in told], DECIDED), strict=True))
