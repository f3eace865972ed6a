"""The figures as one report: over a range of days, per day or week and per carrier, shop, collector, person and kind."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from config.words import DEFAULT_CURRENCY
from domain.errors import RuleError
from domain.figures import HOW, MONEY, By, Figure, Samples, Step, Value, by_period, by_tag, periods, tell
from doorstep.house import House
from monitor.figures import samples
from store.base import Db

WEEKS = 8
DAYS = 14


@dataclass(frozen=True, slots=True)
class Range:
    """Whole days in the shop's zone, ``last`` included, parted by ``step``."""

    first: date
    last: date
    step: Step = Step.WEEK


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure: ``whole`` over the range, ``series`` per period, ``parted`` by what it is about.

    ``currency`` is that of amounts that
    aren't parted by currency; ``promised_h`` is the promise that is given to customers, in elapsed hours.
    """

    range: Range
    currency: str
    whole: Mapping[Figure, Value]
    series: Mapping[Figure, list[tuple[date, Value]]]
    parted: Mapping[By, Mapping[Figure, Mapping[str, Value]]]
    promised_h: float


def range_of(first: str, last: str, step: str, *, today: date) -> Range:
    """What was asked for; what was left out is the last weeks, or days. Raises RuleError where it is no day or step."""
    if step and step not in set(Step):
        raise RuleError(f"step: {step!r} is none of {', '.join(Step)}")
    parted = Step(step or Step.WEEK)
    until = _day(last, "to") or today
    length = timedelta(weeks=WEEKS) if parted is Step.WEEK else timedelta(days=DAYS)
    return Range(_day(first, "from") or until - length + timedelta(days=1), until, parted)


def _day(text: str, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise RuleError(f"{name}: {text!r} is no day: write it like 2026-11-25") from exc


def report(db: Db, house: House, wanted: Range, *, now: datetime) -> Report:
    """Count everything in the range. Raises RuleError where it has too many periods."""
    starts = periods(wanted.first, wanted.last, wanted.step)
    since = datetime.combine(starts[0], time(), house.settings.zone).astimezone(UTC)
    until = datetime.combine(wanted.last + timedelta(days=1), time(), house.settings.zone).astimezone(UTC)
    everything: Samples = {
        figure: [s for s in counted if s.at < until] for figure, counted in samples(db, since=since, now=now).items()
    }
    currency = main_currency(everything)
    found = {
        figure: [s for s in counted if figure not in MONEY or s.currency == currency]
        for figure, counted in everything.items()
    }
    zone = house.settings.zone
    return Report(
        range=wanted,
        currency=currency,
        whole={figure: tell(found.get(figure, []), how) for figure, how in HOW.items()},
        series={
            figure: by_period(found.get(figure, []), how, starts, wanted.step, zone) for figure, how in HOW.items()
        },
        parted={
            by: {
                figure: by_tag((everything if by is By.CURRENCY else found).get(figure, []), how, by)
                for figure, how in HOW.items()
            }
            for by in By
        },
        promised_h=house.policy.promise.total_seconds() / 3600,
    )


def main_currency(found: Samples) -> str:
    """The currency that most money was in; the others stand apart, by currency."""
    counts = Counter(s.currency for figure in MONEY for s in found.get(figure, ()))
    return counts.most_common(1)[0][0] if counts else DEFAULT_CURRENCY


def report_of(house: House, *, since: str = "", until: str = "", step: str = "") -> Report:
    """What was asked for, counted now. Raises RuleError where it can't be understood."""
    now = house.now()
    wanted = range_of(since, until, step, today=now.astimezone(house.settings.zone).date())
    return house.store.read(report, house, wanted, now=now)


def figures_told(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """For the command line: `doorstep figures`."""
    asked = {name: str(params.get(name) or "") for name in ("since", "until", "step")}
    return to_json(report_of(house, **asked))


# --- as files --------------------------------------------------------------------------------------------------------

COLUMNS = ("figure", "how", "by", "about", "period", "value", "n", "p90")


def rows(found: Report) -> list[dict[str, Any]]:
    """One row for each value: the whole range (``period`` empty), each period, each carrier, shop …"""
    lines = [_row(figure, "", "", "", value) for figure, value in found.whole.items()]
    for figure, series in found.series.items():
        lines += [_row(figure, found.range.step.value, "", start.isoformat(), value) for start, value in series]
    for by, figures in found.parted.items():
        lines += [
            _row(figure, by.value, tag, "", value)
            for figure, parted in figures.items()
            for tag, value in parted.items()
        ]
    return lines


def _row(figure: Figure, by: str, about: str, period: str, value: Value) -> dict[str, Any]:
    values = (figure.value, HOW[figure].value, by, about, period, value.value, value.n, value.p90)
    return dict(zip(COLUMNS, values, strict=True))


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """With a byte order mark, so that spreadsheets read it as UTF-8; texts can't begin a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return "\ufeff" + text.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def to_json(found: Report) -> dict[str, Any]:
    return {
        "from": found.range.first.isoformat(),
        "to": found.range.last.isoformat(),
        "step": found.range.step.value,
        "currency": found.currency,
        "promised_h": found.promised_h,
        "figures": rows(found),
    }
