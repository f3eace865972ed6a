"""A week at the desk: what the page says of the promise, and every figure counted a second time from the log alone."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from recount import recount
from week import Desk, week

from domain.figures import Figure
from doorstep.figures import report_of, rows
from doorstep.web.app import create_app
from doorstep.web.auth import start_session

FULL = os.environ.get("DOORSTEP_FIGURES") == "full"
PARCELS, DAYS = (2_600, 7) if FULL else (150, 7)
TROUBLES = 1.0


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Desk]]:
    house, desk = asyncio.run(
        week(tmp_path_factory.mktemp("idle"), parcels=PARCELS, days=DAYS, seed=7, troubles=TROUBLES, nth=0)
    )
    yield house, desk
    asyncio.run(house.kill())


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Desk]]:
    house, desk = asyncio.run(
        week(tmp_path_factory.mktemp("busy"), parcels=PARCELS, days=DAYS, seed=7, troubles=TROUBLES, nth=3)
    )
    yield house, desk
    asyncio.run(house.kill())


def test_where_nobody_acts_no_promise_is_kept_and_it_is_said(idle) -> None:
    house, desk = idle
    kept = report_of(house.house).whole[Figure.PROMISE_KEPT]
    assert desk.fell_due >= (300 if FULL else 10)
    assert kept.value == 0
    assert kept.n == desk.fell_due


def test_every_third_customer_told_is_a_third_of_the_promises(busy) -> None:
    """Of those that fell due uncleared; a case that cleared itself counts neither way."""
    house, desk = busy
    kept = report_of(house.house).whole[Figure.PROMISE_KEPT]
    assert kept.n == desk.fell_due
    assert kept.value == pytest.approx(1 / 3, abs=0.01 if FULL else 0.07)


@pytest.mark.parametrize("step", ["day", "week"])
def test_every_figure_is_the_same_when_it_is_counted_again_from_the_log(busy, step: str) -> None:
    """Values, sizes, periods and scorecards: 0 differences."""
    house = busy[0].house
    found = report_of(house, step=step)
    zone = house.settings.zone
    start = found.series[Figure.ON_TIME][0][0]
    again = recount(
        house.settings.path("week.sqlite3"),
        since=datetime.combine(start, time(), zone).astimezone(UTC),
        until=datetime.combine(found.range.last + timedelta(days=1), time(), zone).astimezone(UTC),
        now=house.now(),
        zone=str(zone),
        days=7 if step == "week" else 1,
        figures=[figure.value for figure in Figure],
    )
    told = {(r["figure"], r["by"], r["about"], r["period"]): (r["value"], r["n"]) for r in rows(found)}
    assert told.keys() == again.keys()
    different = {key: (told[key], again[key]) for key in told if not same(told[key], again[key])}
    assert different == {}
    assert sum(n for _, n in told.values()) > 0


def same(a: tuple[float | None, int], b: tuple[float | None, int]) -> bool:
    return a[1] == b[1] and (a[0] is b[0] is None or a[0] == pytest.approx(b[0]))


def test_the_page_says_what_was_kept(idle) -> None:
    """0 % where nobody acted, with the number of promises beside it."""
    import httpx

    house, desk = idle
    session = start_session(house.house, "li")
    transport = httpx.ASGITransport(create_app(house.house))

    async def page() -> str:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://t", cookies={"doorstep_session": session.token}
        ) as c:
            return (await c.get("/figures?step=week")).text

    text = asyncio.run(page())
    assert "0.0 %" in text
    assert str(desk.fell_due) in text
