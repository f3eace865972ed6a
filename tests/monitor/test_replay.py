"""Replay walks forward through a history and knows at each moment only what was known then."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from risk_histories import EVENTS, SHIPMENTS, START, event, order_level, row, scan_level, write
from typer.testing import CliRunner

from domain.errors import RuleError
from doorstep.cli import app
from monitor.replay.command import Wanted, interval, replay

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "olist_sample"


def play(folder: Path, shipments, events, *, since="2025-04-01", scores="24h", policy=None, now=NOW, out="out"):
    files = write(folder, shipments, events)
    summary = replay(*files, Wanted(since, policy, scores=scores), out=folder / out, now=now)
    return summary, rows(folder / out / "scores.csv"), rows(folder / out / "alarms.csv")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def orders():
    return order_level(3, 900, 150)


@pytest.fixture(scope="module")
def scans():
    return scan_level(4, 500, 130)


def test_scores_stand_at_whole_intervals_while_a_parcel_is_open(tmp_path, orders):
    """Scores are at hand-over + k x EVERY, only of parcels handed over since the date, until receipt or promise + 45 d."""
    _, scores, alarms = play(tmp_path, *orders)
    known = {s["shipment_id"]: s for s in orders[0]}
    assert scores
    assert alarms
    for score in scores:
        parcel = known[score["shipment_id"]]
        age = (at(score["at"]) - at(parcel["handed_over_at"])) / timedelta(days=1)
        assert age == pytest.approx(round(age), abs=1e-6)
        assert round(age) >= 1
        assert at(parcel["handed_over_at"]) >= datetime(2025, 4, 1, tzinfo=UTC)
        assert at(score["at"]) <= at(parcel["promised_at"]) + timedelta(days=45)
        assert not parcel["outcome_at"] or at(score["at"]) < at(parcel["outcome_at"])
        assert 0 <= float(score["risk"]) <= 1
    for alarm in alarms:
        parcel = known[alarm["shipment_id"]]
        assert at(alarm["deadline"]) == at(parcel["promised_at"]) + timedelta(days=7)


@pytest.mark.parametrize("kind", ["orders", "scans"])
def test_nothing_later_than_a_score_changes_it(tmp_path, request, kind):
    """No leakage: with everything after a moment thrown about, all scores up to that moment stay the same."""
    shipments, events = request.getfixturevalue(kind)
    cut = START + timedelta(days=112)
    _, before, told_before = play(tmp_path, shipments, events, out="a")
    rng = Random(9)
    changed = [thrown_about(s, cut, rng) for s in shipments]
    later = [e for e in events if at(e["at"]) <= cut]
    later += [
        {**e, "at": (at(e["at"]) + timedelta(days=rng.uniform(0, 9))).isoformat(), "milestone": rng.choice(("customs", "info"))}
        for e in events if at(e["at"]) > cut
    ]  # fmt: skip
    _, after, told_after = play(tmp_path, changed, later, out="b")
    seen = [s for s in before if at(s["at"]) <= cut]
    assert len(seen) > 150
    assert seen == [s for s in after if at(s["at"]) <= cut]
    assert [a for a in told_before if at(a["at"]) <= cut] == [a for a in told_after if at(a["at"]) <= cut]


def thrown_about(shipment, cut, rng):
    """Another outcome for a parcel that was still out at the cut."""
    ended = shipment["outcome_at"]
    if ended and at(ended) <= cut:
        return shipment
    if rng.random() < 0.5:
        return {**shipment, "outcome": rng.choice(("lost", "returned")), "outcome_at": ""}
    start = max(cut, at(shipment["handed_over_at"]))
    return {
        **shipment,
        "outcome": "delivered",
        "outcome_at": (start + timedelta(days=rng.uniform(0.01, 60))).isoformat(),
    }


def test_the_same_history_gives_the_same_files(tmp_path, scans):
    """Replay is deterministic, whatever the order of the rows in the files."""
    play(tmp_path, *scans, out="a")
    shipments, events = list(scans[0]), list(scans[1])
    Random(1).shuffle(events)
    play(tmp_path, shipments, events, out="b")
    for name in ("scores.csv", "alarms.csv", "summary.json"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()


def target_of(summary, recall, lead):
    return next(t for t in summary["targets"] if (t["recall"], t["lead_days"]) == (recall, lead))


def test_with_scans_a_stalled_parcel_stands_out_by_its_promise(tmp_path):
    """Scan-level: 70 % by the promise, and half of them two days before, at half of the promise rule's false alarms."""
    summary, _, _ = play(tmp_path, *scan_level(5, 1500, 130))
    for target in (target_of(summary, 0.7, 0), target_of(summary, 0.5, -2)):
        assert target["model"] <= 0.5 * target["promise + k days"]


def test_with_two_stamps_late_false_alarms_are_near_the_promise_rules(tmp_path):
    """Order-level: 80 % by promise + 2 d at fewer false alarms than the static rule, and near the promise rule."""
    summary, _, _ = play(tmp_path, *order_level(6, 1800, 150))
    target = target_of(summary, 0.8, 2)
    assert target["model"] <= 0.75 * target["no scan for N days"]
    assert target["model"] <= 1.25 * target["promise + k days"]


def test_without_a_history_the_rules_decide_and_the_summary_says_so(tmp_path, orders):
    """Too little data: alarms come from the policy's rules, and every model says why it isn't relied on."""
    few = orders[0][:30]
    summary, _, alarms = play(tmp_path, few, [e for e in orders[1] if e["shipment_id"] <= "P00029"], since="2025-01-01")
    assert all("fewer than 200" in model["relied_on"] for model in summary["models"])
    assert {a["kind"].removeprefix("watch:") for a in alarms} <= {"stalled", "promise_missed", "promise_risk"}


def test_capacity_holds_alerts_back_to_the_watch_list(tmp_path, orders):
    """With agents set, a day has no more alerts than agents x alerts_per_agent_day."""
    policy = tmp_path / "own.toml"
    policy.write_text("[capacity]\nagents = 1\nalerts_per_agent_day = 1\n")
    summary, _, alarms = play(tmp_path, *orders, policy=policy)
    days = [a["at"][:10] for a in alarms if not a["kind"].startswith("watch:")]
    assert days
    assert len(days) == len(set(days))
    assert summary["alarms"]["alerts_per_agent_day"] <= 1


# --- bad input -----------------------------------------------------------------------------------------------------


def bad_files(folder: Path):
    """One of everything that can be wrong with a row."""
    handed = datetime(2025, 4, 2, 8, tzinfo=UTC)
    good = [
        row(n, "north/a", handed, handed + timedelta(days=5), "delivered", handed + timedelta(days=3)) for n in range(3)
    ]
    wrong = [
        {**good[0], "shipment_id": "P00000"},
        {**good[0], "shipment_id": ""},
        {**good[0], "shipment_id": "X1", "handed_over_at": "yesterday"},
        {**good[0], "shipment_id": "X2", "outcome": "eaten"},
        {**good[0], "shipment_id": "X3", "outcome_at": "2025-03-01T00:00:00+00:00"},
        {**good[0], "shipment_id": "X4", "outcome_at": "2199-03-01T00:00:00+00:00"},
        {**good[0], "shipment_id": "X5", "weight": "-1"},
    ]
    odd = [
        {**good[0], "shipment_id": "Y1", "promised_at": ""},
        {**good[0], "shipment_id": "Y2", "destination": "", "origin": ""},
        {**good[0], "shipment_id": "Y3", "handed_over_at": "2025-04-02T08:00:00"},
        {**good[0], "shipment_id": "Y4", "handed_over_at": ""},
        {**good[0], "shipment_id": "Y5", "outcome_at": ""},
        {**good[0], "shipment_id": "Y6", "outcome": "unknown", "outcome_at": ""},
    ]
    events = [event(0, handed, "picked_up", ""), event(0, handed, "picked_up", ""), event(0, handed, "teleported", "")]
    events += [{**event(0, handed, "in_transit", ""), "shipment_id": "nobody"}, {**events[0], "at": "soon"}]
    events += [{**event(0, handed + timedelta(days=1), "in_transit", ""), "physical": ""}]
    return write(folder, good + wrong + odd, events)


def test_bad_rows_are_counted_and_never_end_the_run(tmp_path):
    """Each bad row is left out and counted by its reason; odd ones are used and noted."""
    files = bad_files(tmp_path)
    summary = replay(*files, Wanted("2025-04-01"), out=tmp_path / "o", now=NOW)
    assert sum(n for what, n in summary["rejected"].items() if what.startswith("shipments")) == 7
    assert sum(n for what, n in summary["rejected"].items() if what.startswith("events")) == 3
    noted = summary["noted"]
    assert noted["shipments: promise assumed"] == 1
    assert noted["events: unknown milestone, read as unmapped"] == 1
    assert noted["handed_over_at: no zone, read as UTC"] == 1
    assert noted["shipments: delivered, nobody knows when: read as unknown"] == 1
    assert summary["parcels"]["evaluated"] == 8  # 3 good, 6 odd, less the one that was never handed over


def test_a_missing_column_ends_with_code_2_and_its_name(tmp_path):
    """Structure is the caller's: exit 2, naming file and column."""
    shipments, events = bad_files(tmp_path)
    shipments.write_text(shipments.read_text().replace("promised_at", "promise"))
    with pytest.raises(RuleError, match=r"shipments\.csv: no column promised_at"):
        replay(shipments, events, Wanted("2025-04-01"), out=tmp_path, now=NOW)


def test_nothing_to_judge_gives_empty_files(tmp_path, orders):
    """A date after all parcels: files with their headings only."""
    summary, scores, alarms = play(tmp_path, *orders, since="2025-12-01")
    assert (summary["parcels"]["evaluated"], scores, alarms) == (0, [], [])


@pytest.mark.parametrize("text", ["", "0h", "daily", "24 hours", "-1d"])
def test_an_interval_that_is_none_is_refused(text):
    """--scores takes hours or days."""
    with pytest.raises(RuleError, match="--scores"):
        interval(text)


def test_the_command_writes_all_four_files(tmp_path, scans):
    """From the command line: alarms.csv, scores.csv, summary.json and a report that loads nothing from elsewhere."""
    files = write(tmp_path, *scans)
    words = ["replay", "--shipments", str(files[0]), "--events", str(files[1]), "--evaluate-from", "2025-04-01"]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out"), "--scores", "12h"])
    assert result.exit_code == 0, result.output
    assert "parcels judged" in result.output
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    assert "http" not in page
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["reliability"]
    assert (tmp_path / "out" / "scores.csv").read_text().startswith("shipment_id,at,risk\n")


@pytest.mark.slow
@pytest.mark.skipif(
    not SAMPLE.exists(), reason=f"{SAMPLE} isn't here: a sample of real parcels that is never committed"
)
def test_on_real_parcels_half_of_the_static_rules_false_alarms(tmp_path):
    """70 % of the late by their promise at no more than half of "no scan for N days"' false alarms."""
    summary = replay(SAMPLE / "shipments.csv", SAMPLE / "events.csv", Wanted("2018-01-01"), out=tmp_path, now=NOW)
    target = target_of(summary, 0.7, 0)
    assert target["model"] <= 0.5 * target["no scan for N days"]


def test_headings_are_the_formats(scans):
    """The columns of the test's own files are those of docs/replay.md."""
    assert set(scans[0][0]) == set(SHIPMENTS)
    assert set(scans[1][0]) == set(EVENTS)


@pytest.mark.parametrize("words", [[], ["--own", "--shipments", "s.csv"], ["--events", "e.csv"]])
def test_it_must_be_said_once_what_to_replay(tmp_path, words):
    """Neither files nor --own, or both, is refused with what to write."""
    result = CliRunner().invoke(app, ["replay", "--evaluate-from", "2025-04-01", "--out", str(tmp_path), *words])
    assert isinstance(result.exception, RuleError)
    assert "--own" in str(result.exception)
