"""`doorstep simulate`: whole months under faults break no rule, and what would break one is caught by its checker."""

import asyncio
import json
import logging
import os
import re
import shutil
import sqlite3
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from doorstep import cli
from doorstep.simulating import DATABASE, RULES, Month, asked_of, command, simulate, with_rule
from sim.faults import FAULTS
from sim.goods import goods_of
from store.base import Store

SEEDS = (1, 2, 3)
FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
KEYS = {"seed", "digest", "parcels", "anomalies", "cases", "alerts", "violations", "truth"}


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """Faults make a house log; a traceback for each would cost more than the month."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, cache_logger_on_first_use=False)
    yield
    structlog.reset_defaults()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_month_under_all_faults_breaks_no_rule(seed, tmp_path):
    """Every checker is content; the summary says what there was to find and what was found."""
    asked = asked_of(days=7, parcels=30, seed=seed, named="all")
    found = simulate(asked, tmp_path, lambda line: None)
    assert found["violations"] == []
    assert found == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert found.keys() == KEYS
    assert (found["seed"], found["parcels"] <= 30) == (seed, True)
    assert min(found["anomalies"], found["cases"], found["alerts"]) > 0
    assert all(set(score) == {"injected", "found", "false", "median_lead_s"} for score in found["truth"].values())
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_digest(tmp_path):
    """Power cuts, lost answers and all; another seed gives another."""
    digests = [
        simulate(asked_of(days=3, parcels=15, seed=seed, named="all"), tmp_path / str(n), lambda line: None)["digest"]
        for n, seed in enumerate((5, 5, 6))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--faults", "flood"], "flood is no fault; name all, none or some of down, slow, rate_limit"),
        (["--faults", ""], "nothing is no fault"),
        (["--days", "0"], "--days: 0 is out of range"),
        (["--parcels", "1000000"], "--parcels: 1000000 is out of range"),
    ],
)
def test_bad_usage_says_what_would_be_good(given, said, tmp_path, monkeypatch, capsys):
    """Exit 2, one line, and nothing is played."""
    monkeypatch.setattr(sys, "argv", ["doorstep", "simulate", "--out", str(tmp_path / "out"), *given])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    """By its name, with the fix."""
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match="name a folder that can be written"):
        command(days=1, parcels=1, seed=1, named="none", out=tmp_path / "out")


# --- a deliberately broken house is caught ---


@dataclass
class Lived:
    """A month that broke no rule, and its database, to be broken."""

    month: Month
    database: Path
    until: datetime

    def evidence(self):
        with Store(self.database, synchronous="OFF") as store:
            return self.month.evidence(store)

    def broken(self, folder: Path, script: str) -> set[str]:
        """The checkers that complain of the database after ``script`` was run on a copy of it."""
        copy = folder / DATABASE
        shutil.copy(self.database, copy)
        db = sqlite3.connect(copy)
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        changed = db.total_changes
        db.executescript(script)
        assert db.total_changes > changed, "the script changed nothing"
        db.close()
        with Store(copy, synchronous="OFF") as store:
            return {violation.checker for violation in self.month.violations(store, self.until)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lived")
    month = Month(asked_of(days=12, parcels=50, seed=4, named="down,double_ack"), folder)
    return asyncio.run(lived_through(month, folder))


async def lived_through(month, folder):
    played = await month.live(lambda line: None)
    assert month.judged(played)["violations"] == []
    month.store.checkpoint()
    await month.house.kill()
    return Lived(month, folder / DATABASE, played.until)


@pytest.fixture(scope="module")
def brought_back(tmp_path_factory):
    """A month in which everybody sends something back, and the shop pays for what it has looked at."""
    folder = tmp_path_factory.mktemp("brought_back")
    month = Month(asked_of(days=18, parcels=40, seed=3, named="none"), folder, return_share=1.0)
    return asyncio.run(lived_through(month, folder))


COPY_CASE = """
DROP INDEX case_one_open;
CREATE TEMP TABLE twin AS SELECT * FROM cases WHERE kind <> 'source_silent' ORDER BY closed_at IS NOT NULL LIMIT 1;
INSERT INTO fact (subject_type, subject_id, event, at, by, channel, words, data)
 SELECT subject_type, '99999', event, at, by, channel, words, data FROM fact
 WHERE subject_type = 'case' AND subject_id = (SELECT CAST(id AS TEXT) FROM twin);
UPDATE twin SET id = 99999;
INSERT INTO cases SELECT * FROM twin;
"""
BREAKS = {
    "found_in_time": "DELETE FROM fact WHERE subject_type = 'case'",
    "one_open_case": COPY_CASE,
    "paid_once": "DROP INDEX instruction_once; CREATE TEMP TABLE twin AS SELECT * FROM instruction LIMIT 1;"
    " UPDATE twin SET id = 'twin'; INSERT INTO instruction SELECT * FROM twin",
    "one_route": "CREATE TEMP TABLE twin AS SELECT * FROM stop WHERE status = 'collected' LIMIT 1;"
    " UPDATE twin SET id = 'twin', position = 99; INSERT INTO stop SELECT * FROM twin",
    "alerted": "DELETE FROM outbox WHERE kind = 'alert' AND channel = 'telegram:desk'",
    "promises_kept_or_said": "DELETE FROM fact WHERE event = 'breached'",
    "instructed_once": "DELETE FROM instruction",
    "taken_once": "INSERT INTO fact (subject_type, subject_id, event, at, by, channel, words, data)"
    " SELECT subject_type, subject_id, event, at, 'li', channel, words, data FROM fact WHERE event = 'acknowledged'",
    "rebuilt": "UPDATE cases SET owner = 'nobody'",
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", BREAKS)
def test_a_broken_database_is_caught(checker, lived, tmp_path):
    """A case that was never opened, opened twice, a payment, a route or a taker too many, a silent promise, a lost alert."""
    assert checker in lived.broken(tmp_path, BREAKS[checker])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "script"),
    [
        ("alerted", "UPDATE outbox SET sent_at = NULL WHERE kind = 'alert' AND channel = 'console'"),
        ("alerted", "UPDATE outbox SET remote_id = '1' WHERE channel = 'telegram:desk'"),
        ("promises_kept_or_said", "UPDATE fact SET at = at - 3600 WHERE event = 'breached'"),
        ("promises_kept_or_said", "UPDATE fact SET at = at + 3 * 3600 WHERE event = 'breached'"),
        ("instructed_once", "DELETE FROM outbox WHERE kind = 'instruction'"),
        ("instructed_once", "UPDATE instruction SET return_ref = 'R-none' WHERE return_ref IS NOT NULL"),
    ],
    ids=["waits", "never arrived", "too early", "too late", "no letter", "not collected"],
)
def test_lesser_breaks_are_caught_too(checker, script, lived, tmp_path):
    """An alert that the chat doesn't show, a broken promise said too early or late, an instruction that nobody gets."""
    assert checker in lived.broken(tmp_path, script)


WAREHOUSE_BREAKS = {
    "missing_found": "DELETE FROM fact WHERE subject_type = 'case'"
    " AND subject_id IN (SELECT CAST(id AS TEXT) FROM cases WHERE kind = 'checkin_missing')",
    "brought_in": "DELETE FROM checkin WHERE decision = 'ok'",
    "paid_on_trigger": "UPDATE instruction SET written_at = written_at - 3600",
    "instructed_once": "DELETE FROM instruction",
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", WAREHOUSE_BREAKS)
def test_a_broken_warehouse_is_caught(checker, brought_back, tmp_path):
    """A lost parcel without its case, goods that nobody scanned, a refund before the inspection, and none after it. The month had all of
    it to judge: lost goods that became cases, goods that differ, decisions that came twice.
    """
    found, world = brought_back.evidence(), brought_back.month.world
    assert [case.party for case in found.cases if case.kind == "checkin_missing"] == ["collector"]
    assert {row.decision for row in found.checkins} >= {"ok", "differs"}
    assert any(goods_of(world, row.return_ref).again for row in found.checkins)
    assert checker in brought_back.broken(tmp_path, WAREHOUSE_BREAKS[checker])


@pytest.mark.slow
def test_a_house_with_a_broken_rule_is_caught(tmp_path):
    """One that pays at the door although the goods are to be looked at first, and that waits for lost goods for a month."""

    def broken(settings):
        detection = replace(settings.detection, checkin_missing=timedelta(days=30))
        return with_rule(replace(settings, detection=detection), RULES[0])

    month = Month(asked_of(days=18, parcels=40, seed=3, named="none"), tmp_path, broken, return_share=1.0)
    found = asyncio.run(month.play(lambda line: None))
    assert {one["checker"] for one in found["violations"]} >= {"paid_on_trigger", "missing_found"}


@pytest.mark.slow
def test_a_stall_during_an_outage_is_caught(lived, tmp_path):
    """A case from silence that opens deep in the outage of its source."""
    outage = next(o for o in lived.month.world.outages if o.source == "kuaidi100" and o.silent)
    at = int(outage.since.timestamp()) + 4 * 3600 + 60
    shipment = "(SELECT min(id) FROM shipment WHERE source = 'kuaidi100')"
    script = f"""
    UPDATE fact SET at = {at} WHERE event = 'opened' AND subject_id = (SELECT CAST(min(id) AS TEXT) FROM cases);
    UPDATE cases SET kind = 'stalled', subject_type = 'shipment', subject_id = CAST({shipment} AS TEXT)
     WHERE id = (SELECT min(id) FROM cases);
    """
    assert "calm_in_outages" in lived.broken(tmp_path, script)


@pytest.mark.slow
def test_a_merchant_who_acts_twice_is_caught(lived, tmp_path):
    """Two messages about one instruction are two effects."""
    taken = lived.month.system.taken
    first = min(taken)
    taken[first] += 1
    try:
        assert "instructed_once" in lived.broken(tmp_path, "UPDATE cases SET rank = rank")
    finally:
        taken[first] -= 1


@pytest.mark.slow
def test_an_error_that_we_answer_with_is_caught(tmp_path):
    """A house that takes what it is told and answers 500 all the same."""
    month = Month(asked_of(days=1, parcels=10, seed=1, named="none"), tmp_path)
    sound = month.house.inbound

    async def broken(request):
        return replace(await sound(request), status=500)

    month.house.inbound = broken
    found = asyncio.run(month.play(lambda line: None))
    assert "answered" in {violation["checker"] for violation in found["violations"]}


def test_each_checker_has_a_break_that_it_catches():
    """Those of the page are those that are broken here."""
    page = (Path(cli.__file__).parent.parent / "docs" / "simulating.md").read_text(encoding="utf-8")
    rows = page.split("| checker | rule |")[1].split("\n\n")[0]
    named = {
        name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert named == {*BREAKS, *WAREHOUSE_BREAKS, "calm_in_outages", "answered"}


# --- the full size ---


@pytest.mark.skipif(not FULL, reason="the full size: make faults")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_breaks_no_rule(fault, tmp_path):
    """A week of each."""
    found = simulate(asked_of(days=8, parcels=60, seed=1, named=fault), tmp_path, lambda line: None)
    assert found["violations"] == []
