"""A collector's monthly statement: stops, failures by fault, the amount by its price."""

import csv
import io
from pathlib import Path

import pytest
from web_support import CODE, Browser, a_house, add_route, app_of

from config.settings import Collector
from doorstep.house import House
from store import disputes

PRICE = {"fixed_cents": 2_000, "cost_per_stop_cents": 300, "cost_per_km_cents": 100, "cost_per_hour_cents": 1_000}


def driven(folder: Path, **price: int) -> tuple[House, Browser, str]:
    """A route of 12.3 km and 5 hours: one stop collected, one failed by the customer, one by the courier."""
    firm = Collector(id="fast", name="Fast", depots=("hz",), licence="X1", **price)
    house = a_house(folder, collectors=(firm, Collector(id="other", name="Other", depots=("hz",), licence="X2")))
    courier, browser = add_route(house, stops=3), Browser(app_of(house))
    acts = ({"action": "collected", "code": CODE}, {"reason": "absent"}, {"reason": "vehicle"})
    for n, act in enumerate(acts, 1):
        form = {"action": "failed", "id": f"a{n}"} | act
        assert browser.post(f"{courier}/stops/r-li-{n}", form, csrf=False).status_code == 200
    return house, browser, "/collector/" + house.collector_link("fast").rsplit("/", 1)[1]


def rows_of(browser: Browser, link: str, month: str = "2026-11") -> list[list[str]]:
    text = browser.get(f"{link}/statement.csv?month={month}", headers={"Accept-Language": "en"}).text
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        (PRICE, "85.30"),  # 20 + 3 + 12.30 + 50
        (PRICE | {"cost_per_failed_stop_cents": 150}, "86.80"),  # the customer's, not the courier's
        ({"cost_per_failed_stop_cents": 150}, "1.50"),
        ({}, ""),
    ],
)
def test_the_amount_follows_the_price(tmp_path: Path, price: dict[str, int], amount: str) -> None:
    """Worked out by hand; no price, no amount. The last row is the sum."""
    _, browser, link = driven(tmp_path, **price)
    _, line, last = rows_of(browser, link)
    assert line == ["2026-11-22", "r-li", "li", "1", "1", "1", "0", "0", "12.3", "5.00", amount]
    assert last[3:] == line[3:]


def test_a_statement_is_the_firms_own_and_of_its_month(tmp_path: Path) -> None:
    """Another firm and another month have nothing in it; a month that is none isn't found."""
    house, browser, link = driven(tmp_path, **PRICE)
    page = browser.get(f"{link}/statement?month=2026-11", headers={"Accept-Language": "en"}).text
    assert "85.30" in page
    assert "Failed: courier 1" in page
    other = "/collector/" + house.collector_link("other").rsplit("/", 1)[1]
    assert len(rows_of(browser, other)) == len(rows_of(browser, link, "2026-10")) == 2
    assert browser.get(f"{link}/statement?month=2026-13").status_code == 404


def test_a_disputed_line_is_answered_by_who_may_let_money_out(tmp_path: Path) -> None:
    """Once until it is answered; the sum says what is disputed; another firm's route is unknown; an agent may not answer."""
    house, browser, link = driven(tmp_path, **PRICE)
    en = {"Accept-Language": "en"}
    for words in ("13 km, not 12.3", "again"):
        assert browser.post(f"{link}/routes/r-li/dispute", {"words": words}, csrf=False).status_code == 303
    assert [one.words for one in house.store.read(disputes.open_ones)] == ["13 km, not 12.3"]
    assert "1 lines disputed" in browser.get(f"{link}/statement?month=2026-11", headers=en).text
    other = "/collector/" + house.collector_link("other").rsplit("/", 1)[1]
    assert browser.post(f"{other}/routes/r-li/dispute", {"words": "x"}, csrf=False).status_code == 404
    answer = {"agreed": "no", "words": "As planned, see the terms."}
    chen, lin = Browser(app_of(house)).sign_in("chen"), Browser(app_of(house)).sign_in("lin")
    chen.get("/routes")
    assert chen.post("/routes/r-li/dispute", answer).status_code == 403
    assert "13 km, not 12.3" in lin.get("/routes").text
    assert lin.post("/routes/r-li/dispute", answer).status_code == 303
    assert house.store.read(disputes.open_ones) == []
    page = browser.get(f"{link}/statement?month=2026-11", headers=en).text
    assert "As planned, see the terms." in page
    assert "the line stands" in page
