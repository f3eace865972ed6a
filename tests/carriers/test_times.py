"""Local times: the quick way through the usual spelling reads what the pattern for every spelling reads."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers.times import SHANGHAI, YEARS, _numbers, naive_time
from domain.tracking import Certainty, Zone

ZONES = st.sampled_from(
    [SHANGHAI, UTC, timezone(timedelta(hours=-5)), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")]
)
USUAL = st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}".zfill(19))
ALMOST = st.text(alphabet="0123456789-:. TZ+٣W", min_size=19, max_size=19)
NEARLY = st.builds(
    lambda text, n, char: text[:n] + char + text[n + 1 :], USUAL, st.integers(0, 18), st.sampled_from("-:. TZ+٣W9")
)


def by_pattern(raw: str, zone: tzinfo) -> datetime | None:
    digits = _numbers(raw)
    if len(digits) not in {3, 5, 6} or digits[0] not in YEARS:
        return None
    try:
        return datetime(*digits, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


@given(USUAL | ALMOST | NEARLY, ZONES)
def test_the_quick_way_reads_what_the_pattern_reads(raw: str, zone: tzinfo) -> None:
    """Whatever stands in a text of the usual length, the instant is the one that the pattern gives, and the raw text stays."""
    time = naive_time(raw, zone, Zone.ASSUMED_CARRIER)
    assert (time.raw, time.at) == (raw, by_pattern(raw, zone))
    assert time.at is None or time.at.tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    [
        "2026-W10-1T10:00:00",
        "2026-03-02 10:00.37",
        "2026-03-02 10:00+08",
        "2026-03-02 24:00:00",
        "2026-02-30 10:00:00",
        "0001-01-01 00:00:00",
    ],
)
def test_what_only_looks_like_the_usual_spelling_stays_unread(raw: str) -> None:
    """Week dates, minutes with a fraction, cut offsets, hours and days that don't exist, and years that are fillings."""
    time = naive_time(raw, SHANGHAI, Zone.ASSUMED_CARRIER)
    assert (time.at, time.zone, time.certainty) == (None, Zone.NONE, Certainty.UNKNOWN)
