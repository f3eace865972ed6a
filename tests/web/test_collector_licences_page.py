"""The routes page names collectors that get no routes."""

from datetime import date
from pathlib import Path

import pytest
from web_support import Browser, a_house, app_of

from config.settings import Collector


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no licence number is set"),
        ({"licence": "X1", "licence_until": date(2026, 11, 21)}, "licence has ended"),
        ({"licence": "X1", "licence_until": date(2026, 11, 22)}, None),
    ],
)
def test_a_collector_without_routes_is_named_with_the_reason(tmp_path: Path, fields: dict, words: str | None) -> None:
    """On the day of the page."""
    firm = Collector(id="fast", name="Fast Collectors", depots=("hz",), **fields)
    browser = Browser(app_of(a_house(tmp_path, collectors=(firm,))))
    browser.sign_in("lin")
    page = browser.get("/routes").text
    assert ("Collectors without routes" in page) is (words is not None)
    assert words is None or words in page
