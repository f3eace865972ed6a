"""The desk's own policy and hours: the shipped file, a person's own, the announced days off, the rota."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import settings
from config.errors import ConfigError
from config.policies import StepRule, load_desk
from config.policies.workdays import announced, shipped
from domain.case import Kind
from domain.rota import Override, Rota, Turn
from domain.steps import Step

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_shipped_steps() -> None:
    """Acknowledge in half an hour, carrier in two, a word in four, call-back six before the promise, a day for the outcome."""
    assert dict(load_desk().rules(Kind.STALLED)) == {
        Step.ACKNOWLEDGE: StepRule(within=30 * MINUTE),
        Step.CARRIER_CONTACTED: StepRule(within=2 * HOUR),
        Step.CUSTOMER_TOLD: StepRule(within=4 * HOUR),
        Step.CARRIER_ANSWERED: StepRule(before_promise=6 * HOUR),
        Step.PROGRESS: StepRule(within=12 * HOUR),
        Step.OUTCOME: StepRule(within=24 * HOUR),
    }


def test_which_steps_a_kind_has_is_policy() -> None:
    """A silent source asks nothing of anybody and calls nobody; who disputes a delivery hears from us before the carrier does."""
    desk = load_desk()
    assert (desk.rules(Kind.SOURCE_SILENT), desk.ladder(Kind.SOURCE_SILENT)) == ((), ())
    disputed = [step for step, _ in desk.rules(Kind.DISPUTED)]
    assert disputed.index(Step.CUSTOMER_TOLD) < disputed.index(Step.CARRIER_CONTACTED)
    rules = dict(desk.rules(Kind.DISPUTED))
    assert rules[Step.CUSTOMER_TOLD].within < rules[Step.CARRIER_CONTACTED].within  # type: ignore[operator]
    assert Step.CARRIER_CONTACTED not in dict(desk.rules(Kind.UNSHIPPED))


def own(folder: Path, text: str) -> Path:
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_ones_own_file_is_laid_over_the_shipped_one(tmp_path: Path) -> None:
    """What it doesn't say stays; a list takes the place of a list."""
    desk = load_desk(
        own(
            tmp_path,
            "[steps]\nacknowledge_min = 10\n[kinds.lost]\nsteps = ['acknowledge']\n"
            "[[rungs]]\nname = 'boss'\nto = 'lead'\nafter_missed_min = 15\n",
        )
    )
    assert dict(desk.rules(Kind.STALLED))[Step.ACKNOWLEDGE] == StepRule(within=10 * MINUTE)
    assert dict(desk.rules(Kind.STALLED))[Step.OUTCOME] == StepRule(within=24 * HOUR)
    assert desk.rules(Kind.LOST) == ((Step.ACKNOWLEDGE, StepRule(within=10 * MINUTE)),)
    assert [(r.name, r.after_opening, r.after_missed, r.times) for r in desk.rungs] == [("boss", None, 15 * MINUTE, 1)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[steps]\nacknowlege_min = 10\n", "acknowledge_min"),
        ("[kinds.stolen]\nsteps = []\n", "no such kind"),
        ("[kinds.lost]\nsteps = ['pray']\n", "pray"),
        ("[[rungs]]\nname = 'a'\nto = 'god'\n", "god"),
        ("[[rungs]]\nname = 'a'\nto = 'lead'\n[[rungs]]\nname = 'a'\nto = 'owner'\n", "two rungs of one name"),
        ("[steps]\nacknowledge_min = 0\n", "acknowledge_min"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, said: str) -> None:
    """With its key, and its line where it stands in one."""
    with pytest.raises(ConfigError) as refused:
        load_desk(own(tmp_path, text))
    assert said in str(refused.value)


# --- hours and days ---


def desk(folder: Path, text: str) -> settings.Settings:
    path = folder / "doorstep.toml"
    path.write_text(text, encoding="utf-8")
    return settings.load(path, environ={}, structs={})


def test_open_and_close_are_the_simple_form(tmp_path: Path) -> None:
    """Nine to nine every day, in the shop's zone, unless something else is said."""
    hours = desk(tmp_path, "").detection.desk.hours
    assert (hours.zone, hours.periods, len(hours.weekdays)) == (SHANGHAI, ((time(9), time(21)),), 7)
    assert desk(tmp_path, "[desk]\nopen = '8:00'\nclose = '17:30'\n").detection.desk.hours.periods == (
        (time(8), time(17, 30)),
    )


def test_periods_days_and_announced_days(tmp_path: Path) -> None:
    """Split days, a five-day week, the make-up Sunday before the national holiday, one's own days over the announced ones."""
    text = (
        "[desk]\nperiods = [['9:00', '12:00'], ['13:30', '18:00']]\ndays = ['mon', 'tue', 'wed', 'thu', 'fri']\n"
        "holidays = 'cn'\nclosed = [2026-09-20]\nextra = [2026-10-02]\n"
    )
    hours = desk(tmp_path, text).detection.desk.hours
    assert hours.periods == ((time(9), time(12)), (time(13, 30), time(18)))
    worked = {
        day: hours.works_on(date(2026, *day)) for day in [(9, 20), (10, 1), (10, 2), (10, 10), (10, 11), (10, 12)]
    }
    assert worked == {(9, 20): False, (10, 1): False, (10, 2): True, (10, 10): True, (10, 11): False, (10, 12): True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[desk]\nperiods = [['22:00', '06:00']]\n", "written as two"),
        ("[desk]\nclosed = [2026-10-01]\nextra = [2026-10-01]\n", "both closed and worked"),
        ("[desk]\ndays = []\n", "days"),
        ("[desk]\nopen = '21:00'\nclose = '09:00'\n", "must be before"),
        ("[[rota]]\npeople = []\n", "people"),
        ("[[rota_overrides]]\nfirst = 2026-10-02\nlast = 2026-10-01\npeople = ['li']\n", "must not be before"),
    ],
)
def test_a_desk_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigError) as refused:
        desk(tmp_path, text)
    assert said in str(refused.value)


def test_announced_days_name_their_notice() -> None:
    """Make-up days are weekend days, no day is both, each year has its source; a year that nobody announced has none."""
    for year in shipped():
        assert "国办发明电" in year.source
        assert {day.year for day in (*year.closed, *year.extra)} == {year.year}
        assert all(day.weekday() >= 5 for day in year.extra)
        assert not set(year.closed) & set(year.extra)
    assert len(announced("cn", shipped()).closed) == 28 + 33
    assert announced("", shipped()).closed == frozenset()


def test_a_year_of_ones_own_is_laid_over_the_announced_ones(tmp_path: Path) -> None:
    """It is read like the shipped ones; a shipped year that it names is replaced, whole; what is wrong has its line."""
    year = "[[cn]]\nyear = 2027\nsource = 'x'\nchecked_on = 2026-11-30\nclosed = [2027-02-08]\nextra = [2027-02-14]\n"
    (tmp_path / "workdays.toml").write_text(year, encoding="utf-8")
    made = desk(tmp_path, "[desk]\nholidays = 'cn'\ndays = ['mon']\n[policy]\nworkdays = 'workdays.toml'\n")
    hours = made.detection.desk.hours
    assert [hours.works_on(date(2027, 2, day)) for day in (8, 14, 15)] == [False, True, True]
    assert date(2026, 10, 1) in hours.closed
    assert made.untold_year(datetime(2026, 12, 31, tzinfo=UTC)) is None
    (tmp_path / "workdays.toml").write_text(year.replace("2027", "2026"), encoding="utf-8")
    assert date(2026, 10, 1) not in desk(tmp_path, "[desk]\nholidays = 'cn'\n[policy]\nworkdays = 'workdays.toml'\n").detection.desk.hours.closed  # fmt: skip
    (tmp_path / "workdays.toml").write_text(year + "open = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"workdays\.toml.*7"):
        desk(tmp_path, "[policy]\nworkdays = 'workdays.toml'\n")


def test_a_year_that_nobody_announced_is_said_in_time(tmp_path: Path) -> None:
    """From 45 days before it on, where the desk keeps China's days; never where it doesn't."""
    china = desk(tmp_path, "[desk]\nholidays = 'cn'\n")
    at = datetime(2026, 11, 16, 16, tzinfo=UTC)  # the 17th in Shanghai
    assert [china.untold_year(at + timedelta(days=n)) for n in (-1, 0, 200)] == [None, 2027, 2027]
    assert desk(tmp_path, "").untold_year(at) is None


# --- who is on call ---

ROTA = Rota(
    SHANGHAI,
    (
        Turn(frozenset(range(5)), ("li", "chen"), time(9), time(18)),
        Turn(frozenset(range(5)), ("chen",), time(18), time()),
        Turn(frozenset({5, 6}), ("sam",)),
    ),
    (
        Override(date(2026, 10, 1), date(2026, 10, 7), ("root",)),
        Override(date(2026, 10, 2), date(2026, 10, 2), ("li",)),
    ),
)


@pytest.mark.parametrize(
    ("local", "people"),
    [
        (datetime(2026, 3, 2, 9), ("li", "chen")),
        (datetime(2026, 3, 2, 17, 59), ("li", "chen")),
        (datetime(2026, 3, 2, 18), ("chen",)),
        (datetime(2026, 3, 2, 23, 59), ("chen",)),
        (datetime(2026, 3, 2, 8, 59), ()),
        (datetime(2026, 3, 7, 3), ("sam",)),
        (datetime(2026, 10, 1), ("root",)),
        (datetime(2026, 10, 2, 12), ("li",)),
        (datetime(2026, 10, 7, 23, 59), ("root",)),
        (datetime(2026, 10, 8, 10), ("li", "chen")),
    ],
)
def test_whose_turn_it_is(local: datetime, people: tuple[str, ...]) -> None:
    """By weekday and hour of the desk's clock; other people on some dates, the last word wins."""
    assert ROTA.on_call(local.replace(tzinfo=SHANGHAI).astimezone(UTC)) == people
