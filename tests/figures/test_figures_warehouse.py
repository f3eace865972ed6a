"""The warehouse's figures: from the scan to the decision, against 100 minutes, by warehouse and person; counted again from the log."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from engines import ON_SQLITE, a_store
from recount import recount

from config.settings import defaults
from domain.checkin import Look, Looked
from domain.figures import By, Figure, Value
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem
from domain.shipment import Item, Order
from doorstep.clock import SetClock
from doorstep.figures import report_of, rows
from doorstep.house import House
from doorstep.wiring import open_house
from scheduler import warehouse
from store import intake, returns
from store.base import Db

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
FIGURES = (Figure.WAREHOUSE_TIME, Figure.WAREHOUSE_IN_LINE)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = defaults(tmp_path / "doorstep.toml")
    with a_store(settings.database) as store:
        yield open_house(settings, store, now=SetClock(NOW))


def came_in(
    house: House, ref: str, minutes_ago: float, took: float | None, *, depot: str = "hz", by: str = "wu"
) -> None:
    """Scanned in so long ago; decided so many minutes later, or not yet."""
    house.store.write(_come_in, ref, NOW - timedelta(minutes=minutes_ago), took, depot, by)


def _come_in(db: Db, ref: str, at: datetime, took: float | None, depot: str, by: str) -> None:
    order = Order(f"o-{ref}", (Item("A", "Jumper", 1, 19_900),), NOW - timedelta(days=9), shop="sunny")
    intake.add_order(db, order)
    value = Return(ref, order.ref, (ReturnItem("A", 1),), ReturnReason.QUALITY, NOW - timedelta(days=5), depot=depot)
    returns.add_return(db, value, by=None, channel="api")
    warehouse.scan(db, ref, now=at, by=by, channel="warehouse")
    if took is not None:
        looked = [Looked("A", Look.OK, 1)]
        warehouse.inspect(db, ref, looked, now=at + timedelta(minutes=took), by=by, channel="warehouse")


def test_decisions_are_held_against_a_hundred_minutes(house: House) -> None:
    """In line is who was decided before the 100 minutes ran out; who waits longer is not, and who may still make it doesn't count yet."""
    came_in(house, "quick", 600, 20)
    came_in(house, "just", 500, 100, by="lin")
    came_in(house, "slow", 400, 150)
    came_in(house, "waits", 300, None, depot="sz")
    came_in(house, "fresh", 30, None)
    report = report_of(house)
    assert report.whole[Figure.WAREHOUSE_TIME] == Value(6_000.0, 3, 9_000.0)
    assert report.whole[Figure.WAREHOUSE_IN_LINE] == Value(0.5, 4)
    assert report.parted[By.DEPOT][Figure.WAREHOUSE_IN_LINE] == {"hz": Value(2 / 3, 3), "sz": Value(0.0, 1)}
    assert {who: found.n for who, found in report.parted[By.PERSON][Figure.WAREHOUSE_TIME].items()} == {
        "lin": 1,
        "wu": 2,
    }


def test_a_scan_that_was_taken_back_counts_nothing(house: House) -> None:
    """Scanned in again, the clock began then."""
    came_in(house, "wrong", 900, None)
    house.store.write(warehouse.undo, "wrong", now=NOW - timedelta(minutes=890), by="wu", channel="warehouse")
    assert report_of(house).whole[Figure.WAREHOUSE_IN_LINE].n == 0
    house.store.write(warehouse.scan, "wrong", now=NOW - timedelta(minutes=200), by="wu", channel="warehouse")
    assert report_of(house).whole[Figure.WAREHOUSE_IN_LINE] == Value(0.0, 1)


@ON_SQLITE
@pytest.mark.parametrize("step", ["day", "week"])
def test_they_are_the_same_when_they_are_counted_again_from_the_log(house: House, step: str) -> None:
    """0 differences, over days and weeks, with scans taken back among them."""
    for n in range(40):
        came_in(
            house,
            f"r{n}",
            331 * n,
            37 * (n % 7) if n % 5 else None,
            depot=("hz", "sz")[n % 2],
            by=("wu", "lin")[n % 3 == 0],
        )
        if n % 10 == 0:
            at = NOW - timedelta(minutes=331 * n - 5)
            house.store.write(warehouse.undo, f"r{n}", now=at, by="wu", channel="warehouse")
    found, zone = report_of(house, step=step), house.settings.zone
    start = found.series[Figure.WAREHOUSE_TIME][0][0]
    again = recount(
        house.settings.database,
        since=datetime.combine(start, time(), zone).astimezone(UTC),
        until=datetime.combine(found.range.last + timedelta(days=1), time(), zone).astimezone(UTC),
        now=house.now(), zone=str(zone), days=7 if step == "week" else 1, figures=[one.value for one in FIGURES],
    )  # fmt: skip
    told = {
        (r["figure"], r["by"], r["about"], r["period"]): (r["value"], r["n"])
        for r in rows(found)
        if r["figure"] in FIGURES
    }
    assert told.keys() == again.keys()
    assert {key: (told[key], again[key]) for key in told if told[key] != again[key]} == {}
    assert told["warehouse_time", "", "", ""][1] > 20
