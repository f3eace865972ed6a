"""A carrier's own words of a time come back to the letter, whatever they were; those of every carrier that we ask take a few bytes."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from domain.tracking import Certainty, EventTime, Zone
from store.said_times import pack, unpack
from store.tables import to_seconds
from store.upgrading import MIGRATIONS

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1971, 1, 2), datetime(9990, 1, 1), timezones=st.just(UTC))
CLOCKS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
WORDS = st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d %H%M%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M+08", "%d.%m.%Y"])  # fmt: skip


def back(time: EventTime) -> EventTime:
    at = whole(time).at
    return unpack(pack(time), to_seconds(at) if at else None)


def whole(time: EventTime) -> EventTime:
    """As it is stored: the instant without fractions."""
    at = time.at.replace(microsecond=0) if time.at else None
    return EventTime(time.raw, at, time.zone, time.certainty)


@given(
    raw=st.text(max_size=30), at=st.none() | INSTANTS, zone=st.sampled_from(Zone), certainty=st.sampled_from(Certainty)
)
@example(raw="2026-11-22T18:00+08", at=AT, zone=Zone.OFFSET, certainty=Certainty.EXACT)
@example(raw="=a32", at=AT, zone=Zone.NONE, certainty=Certainty.UNKNOWN)
@example(raw="2026-11-22 18:00:00", at=None, zone=Zone.NONE, certainty=Certainty.UNKNOWN)
def test_any_text_comes_back(raw: str, at: datetime | None, zone: Zone, certainty: Certainty) -> None:
    """With an instant or without one, whether the two have anything to do with each other or not."""
    time = EventTime(raw, at, zone, certainty)
    assert back(time) == whole(time)


@given(at=INSTANTS, clock=CLOCKS, words=WORDS, zone=st.sampled_from(Zone))
def test_any_local_time_comes_back(at: datetime, clock: timezone, words: str, zone: Zone) -> None:
    """On clocks of every zone there was and some that there never were."""
    local = at.astimezone(clock)
    for raw in (local.strftime(words), local.isoformat(), local.isoformat(" "), local.isoformat(timespec="seconds")):
        time = EventTime(raw, at, zone, Certainty.EXACT)
        assert back(time) == whole(time)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-22 18:00:00",
        "2026-11-22T18:00:00",
        "2026-11-22T18:00:00+08:00",
        "2026-11-22T05:00:00-05:00",
        "2026-11-22T10:00:00Z",
    ],
)
def test_what_carriers_write_takes_a_few_bytes(raw: str) -> None:
    """Local with a blank or a T, with its offset, or UTC."""
    assert len(pack(EventTime(raw, AT, Zone.ASSUMED_CARRIER, Certainty.ASSUMED))) <= 5


TOLD = [
    ("2026-11-22 18:00:00", AT), ("2026-11-22T18:00:00", AT), ("2026-11-22T18:00:00+08:00", AT), ("2026-11-22T10:00:00Z", AT),
    ("2026-11-22T05:00:00-05:00", AT), ("2026-11-22T15:45:00+05:45", AT), ("2026-11-22T18:00:00+0800", AT),
    ("2026-11-22T18:00:00.500+08:00", AT), ("2026-11-22 18:07:00", AT), ("20261122 180000", AT), ("2026-11-22", AT),
    ("", None), ("soon", None), ("2026-11-22 18:00:00", None), ("Nov 22, 2026", AT),
]  # fmt: skip


def test_an_upgrade_packs_what_is_there_as_it_would_be_written_now(tmp_path: Path) -> None:
    """In SQL, for every way of knowing the zone; nothing is lost where a text can't be made of its instant."""
    kept = [EventTime(raw, at, zone, certainty) for raw, at in TOLD for zone in Zone for certainty in Certainty]
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{tmp_path / 'desk.sqlite3'}").connect() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0024")
        for key, one in enumerate(kept):
            at = to_seconds(one.at) if one.at else None
            db.exec_driver_sql("INSERT INTO scan VALUES (1, ?, ?, 0, 1, NULL, ?, ?, ?)", (key, at, one.raw, one.zone.value, one.certainty.value))  # fmt: skip
        command.upgrade(config, "0025")
        rows = db.exec_driver_sql("SELECT at, said FROM scan ORDER BY key").all()
        with pytest.raises(Exception, match="only ever appended"):
            db.exec_driver_sql("UPDATE scan SET said = ''")
    assert [said for _, said in rows] == [pack(one) for one in kept]
    assert [unpack(said, at) for at, said in rows] == kept
