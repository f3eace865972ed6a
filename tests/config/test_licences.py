"""Warnings about collectors' licences."""

from datetime import date

import pytest

from config.licences import licence_warnings
from config.settings import Collector

TODAY = date(2026, 11, 26)


def firm(**fields: object) -> Collector:
    return Collector(id="fast", name="Fast", depots=("hz",), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no licence number"),
        ({"licence": "X1"}, "licence_until isn't set"),
        ({"licence": "X1", "licence_until": date(2026, 11, 25)}, "ended on 2026-11-25"),
        ({"licence": "X1", "licence_until": date(2026, 12, 20)}, "ends on 2026-12-20"),
    ],
)
def test_a_licence_that_needs_work_is_named_with_the_way_out(fields: dict[str, object], words: str) -> None:
    """The firm, what is wrong, and what to set."""
    [said] = licence_warnings([firm(**fields)], TODAY)
    assert said.startswith("collectors.fast: ")
    assert words in said
    assert "licence_until" in said


@pytest.mark.parametrize("fields", [{"country": "FI"}, {"licence": "X1", "licence_until": date(2027, 11, 26)}])
def test_a_licence_that_is_good_or_not_asked_for_is_not_mentioned(fields: dict[str, object]) -> None:
    """Outside China none is asked for."""
    assert licence_warnings([firm(**fields)], TODAY) == []
