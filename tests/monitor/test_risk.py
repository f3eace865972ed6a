"""The risk model's parts do what they say, on columns small enough to check by hand."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from statistics import NormalDist

import numpy as np
import pytest
from risk_histories import SLOW, order_level, peak, scan_level, write

from monitor.replay.reading import Assumptions, Tally, read_history
from monitor.risk.ahead import Asked, Silent, foresee, numbered
from monitor.risk.features import BASE, COLUMN, DETAILS, SCANS, USES, Rows, rows
from monitor.risk.gaps import fit_gaps, keys_of
from monitor.risk.keeping import kept
from monitor.risk.logistic import fit_logistic, probability
from monitor.risk.model import LEVEL_STRENGTH, ROW_WEIGHT, Sample, fit, know, level, moments, risk
from monitor.risk.normal import hazard, log_tail
from monitor.risk.working_time import PLAIN, learned

ASSUME = Assumptions(7 * 24.0, 20 * 24.0, 7 * 24.0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAY = datetime(2025, 5, 1, tzinfo=UTC).timestamp() / 3600


def history(folder, shipments, events):
    return read_history(*write(folder, shipments, events), ASSUME, now=NOW, tally=Tally())


def test_the_normal_tail_is_good_to_six_digits():
    """log P(Z > z) against the standard library's normal distribution, and the mean beyond z."""
    for z in (-4.0, -1.0, -0.1, 0.0, 0.3, 1.0, 2.5, 5.0):
        assert log_tail(np.array([z]))[0] == pytest.approx(np.log(NormalDist().cdf(-z)), rel=1e-5, abs=1e-7)
    assert hazard(np.array([0.0]))[0] == pytest.approx(np.sqrt(2 / np.pi), rel=1e-6)


def test_the_working_clock_is_learned_and_keeps_the_week():
    """Deliveries by day make nights pass slowly; a week stays a week; without data the clock is the plain one."""
    day_only = np.array([24.0 * day + hour + 0.5 for day in range(300) for hour in (9, 12, 15)])
    clock = learned(day_only, np.ones(len(day_only)))
    week = clock.days(np.array([168.0 * 40])) - clock.days(np.array([168.0 * 39]))
    assert week[0] == pytest.approx(7.0)
    night, noon = clock.days(np.array([5.0, 13.0])) - clock.days(np.array([4.0, 12.0]))
    assert noon > 5 * night > 0
    assert PLAIN.days(np.array([36.0]))[0] == pytest.approx(1.5)


def test_stamps_of_midnight_say_no_hour():
    """Dates without a time teach the clock nothing."""
    assert learned(np.arange(100) * 24.0, np.ones(100)) == PLAIN


def test_a_logistic_fit_finds_the_weights_and_stays_at_its_prior_without_data():
    """Many rows find the truth; none leave the prior."""
    rng = np.random.default_rng(1)
    x = np.stack([np.ones(20_000), rng.normal(size=20_000)], axis=1)
    y = (rng.random(20_000) < probability(x @ np.array([-1.0, 0.7]))).astype(float)
    found = fit_logistic(x, y, np.ones(len(y)), np.zeros(2), np.ones(2))
    assert found == pytest.approx([-1.0, 0.7], abs=0.06)
    prior = np.array([0.3, -0.2])
    assert fit_logistic(x[:0], y[:0], y[:0], prior, np.ones(2)) == pytest.approx(prior)


def test_lanes_borrow_strength(tmp_path):
    """Each region's pace is found from its own parcels; a region never seen goes at everybody's pace."""
    h = history(tmp_path, *order_level(1, 1500, 120))
    pace = fit(h, MAY).pace
    expected = pace.expected(h.parcels, np.full(len(h.parcels), 13.0))
    lane = {place: expected[np.array(h.parcels.destination) == place][0] for place in SLOW}
    for place, slow in SLOW.items():
        assert lane[place] - lane["north/a"] == pytest.approx(np.log(slow), abs=0.12)
    elsewhere = replace(h.parcels, destination=["nowhere/z"] * len(h.parcels))
    assert min(lane.values()) < pace.expected(elsewhere, np.full(len(h.parcels), 13.0))[0] < max(lane.values())
    assert 0.002 < pace.loss < 0.03


def test_gaps_are_pooled_along_a_places_path(tmp_path):
    """An office that was never seen is judged by its town, and a town by the milestone."""
    h = history(tmp_path, *scan_level(2, 300, 100))
    gaps = fit_gaps(h, PLAIN, MAY)
    transit = [key for key in gaps.known if key.startswith("in_transit")]
    assert transit
    milestone = int(h.events.milestone[np.flatnonzero(np.array(h.events.place) == "hub/1")[0]])
    known = gaps.of(keys_of(milestone, "c0", "hub/1"))
    assert gaps.of(keys_of(milestone, "c0", "hub/1/never seen")) == known
    assert gaps.of(keys_of(milestone, "someone else", "far")).count > known.count


def test_the_risk_rises_with_silence_and_is_1_at_the_deadline(tmp_path):
    """A parcel that stays silent gets riskier around its promise; past the deadline the target has come."""
    h = history(tmp_path, *order_level(1, 1500, 120))
    model = fit(h, MAY)
    late = int(np.flatnonzero(np.isinf(h.received_at))[0])
    at = h.parcels.promised[late] + 24.0 * np.array([-5, -1, 0.5, 2.5, 5.5, 8])
    found = risk(model, know(model, h, float(at.max())), np.full(6, late), at)
    assert (np.diff(found) > 0).all()
    assert found[-1] == 1.0


def test_forecasts_come_true_in_later_months(tmp_path):
    """Fitted in May, asked about May's and June's parcels: forecasts above 0.4 come true within ten points."""
    h = history(tmp_path, *order_level(8, 4000, 180))
    model = fit(h, MAY)
    later = np.flatnonzero((h.parcels.handed >= MAY) & ~np.isnan(h.missed))
    parcel, at = moments(h, later)
    found = risk(model, know(model, h, float(at.max())), parcel, at)
    sure = found > 0.4
    assert sure.sum() > 100
    assert found[sure].mean() == pytest.approx(h.missed[parcel[sure]].mean(), abs=0.1)


@pytest.mark.parametrize("rows_each", [1, 4])
def test_the_level_counts_each_parcel_once(rows_each):
    """Of a thousand parcels forecast at one half three hundred came: the level goes down, drawn to none by its prior, however many
    days each parcel stayed at that risk. Where no alert is made nothing is corrected.
    """
    parcel = np.repeat(np.arange(1000), rows_each)
    late, w = (parcel < 300).astype(float), np.full(len(parcel), ROW_WEIGHT)
    sample = Sample(
        Rows(np.zeros((len(parcel), 1)), np.zeros((len(parcel), 1)), np.zeros(len(parcel))), late, w, parcel
    )
    found = level(sample, np.zeros(len(parcel)))
    assert 1000 * (0.3 - probability(np.array([found]))[0]) == pytest.approx(LEVEL_STRENGTH[0] * found, rel=1e-3)
    assert level(sample, np.full(len(parcel), -1.5)) == 0.0


def test_the_hand_over_is_no_scan(tmp_path):
    """With two stamps a parcel no column of scans says anything, whatever place its hand-over names or leaves out."""
    shipments, events = order_level(3, 200, 60)
    for number, one in enumerate(e for e in events if e["milestone"] == "picked_up"):
        one["place"] = "" if number % 2 else "north/a"
    h = history(tmp_path, shipments, events)
    parcel, at = moments(h, np.arange(100))
    found = rows(know(fit(h, MAY), h, MAY), parcel, at)
    assert not found.detail[:, [COLUMN[name] for name in SCANS]].any()


def open_ones(h, k):
    """The parcels on their way at the beginning of May, as the daemon asks about them."""
    row = np.flatnonzero((h.parcels.handed < MAY) & (h.received_at > MAY) & (h.deadline > MAY))
    held = h.state.physical_row[h.last_event(row, np.full(len(row), MAY))]
    p, events = h.parcels, h.events
    lanes, lane = numbered((p.carrier[i], p.service[i], p.origin[i], p.destination[i]) for i in row)
    spots, spot = numbered(
        (int(events.milestone[e]), p.carrier[i], events.place[e], p.destination[i])
        for i, e in zip(row, held, strict=True)
    )
    levels = np.full(len(row), 0.25), np.full(len(row), 0.5)
    return row, Silent(
        lanes, spots, lane, spot, p.handed[row], p.promised[row], h.deadline[row], events.at[held],
        h.state.scans[h.last_event(row, np.full(len(row), MAY))], np.full(len(row), MAY), levels,
    )  # fmt: skip


@pytest.mark.parametrize("made", [order_level, scan_level])
def test_computed_ahead_is_what_the_model_says(tmp_path, made):
    """Taken apart for a million parcels the model says the same of each, and at a crossing it says the threshold."""
    h = history(tmp_path, *made(1, 1500, 120))
    model = replace(fit(h, MAY), shift=0.1)
    k = kept(model, h, MAY)
    row, silent = open_ones(h, k)
    found = foresee(Asked(k), silent)
    assert len(row) > 20
    assert found.now == pytest.approx(risk(model, know(model, h, MAY + 1), row, np.full(len(row), MAY)), abs=1e-9)
    before = found.alert < silent.deadline - 0.1  # the others only cross when it is over
    assert before.sum() > 10
    assert (found.watch <= found.alert).all()
    ahead = before & (found.alert > MAY + 0.01)
    there = foresee(Asked(k), replace(silent, known=np.where(ahead, found.alert, MAY)))
    assert there.now[ahead] == pytest.approx(0.5, abs=0.01)


PEAK = 120
"""The day on which c0 begins to take twice as long."""


def test_a_carriers_pace_of_these_days_is_measured(tmp_path):
    """A carrier whose gaps take twice as long is found at that within a week, the other one isn't; a day knows only of those before
    it, and stalled parcels that move again are not a pace.
    """
    h = history(tmp_path, *peak(3, 4000, 150, PEAK))
    begins = datetime(2025, 1, 1, tzinfo=UTC).timestamp() / 3600 + PEAK * 24
    k = know(fit(h, begins), h, begins + 20 * 24)
    day = int(begins // 24) - k.regime.first_day
    slow, other = k.slower["c0"], k.slower["c1"]
    assert np.abs(slow[30:day]).max() < 0.25
    assert slow[day + 8 : day + 20] == pytest.approx(np.log(2), abs=0.25)
    assert np.abs(other[30 : day + 20]).max() < 0.25
    cut = begins + 10 * 24
    before = know(fit(h, begins), history(tmp_path, *known_by(*peak(3, 4000, 150, PEAK), cut)), begins + 20 * 24)
    first = before.regime.first_day
    assert before.slower["c0"][: int(cut // 24) - first] == pytest.approx(slow[: int(cut // 24) - k.regime.first_day])


def known_by(shipments, events, cut):
    """Events up to a moment."""
    return shipments, [e for e in events if datetime.fromisoformat(e["at"]).timestamp() / 3600 <= cut]


def test_in_a_peak_silence_is_measured_by_the_carriers_own_pace(tmp_path):
    """While all of a carrier's parcels take twice as long, fewer of its ordinary ones (by a fifth and more) look lost than by its pace of before,
    the forecasts come nearer to what comes, and as many of those that really stall are found; other carriers' stand as they stood.
    """
    h = history(tmp_path, *peak(3, 6000, 150, PEAK))
    begins = datetime(2025, 1, 1, tzinfo=UTC).timestamp() / 3600 + PEAK * 24
    m = fit(h, begins)
    k = know(m, h, begins + 21 * 24)
    without = replace(k, slower={name: np.zeros_like(table) for name, table in k.slower.items()})
    parcel, at = moments(h, np.flatnonzero(h.parcels.handed < begins + 14 * 24))
    late = (at >= begins + 3 * 24) & (at < begins + 21 * 24)
    mine = np.array([c == "c0" for c in h.parcels.carrier])[parcel]

    def alarms(known, of):
        value = risk(m, known, parcel[late & of], at[late & of])
        told = np.unique(parcel[late & of][value >= 0.5])
        first = value >= 0.4
        off = value[first].mean() - h.missed[parcel[late & of]][first].mean()
        return int((h.missed[told] == 0).sum()), int((h.missed[told] == 1).sum()), off

    false, found, off = alarms(k, mine)
    plain_false, plain_found, plain_off = alarms(without, mine)
    assert false < 0.8 * plain_false
    assert found >= 0.95 * plain_found
    assert abs(off) < abs(plain_off) - 0.04
    others, plain_others = alarms(k, ~mine), alarms(without, ~mine)
    assert others[0] == pytest.approx(plain_others[0], abs=0.2 * plain_others[0] + 3)


def test_working_days_turn_round():
    """Hours to working days and back."""
    clock = learned(np.array([24.0 * d + 12.5 for d in range(300)]), np.ones(300))
    at = np.array([0.0, 11.25, 168.0, 500_000.1])
    assert clock.hours(clock.days(at)) == pytest.approx(at, abs=1e-6)


def test_a_model_says_why_it_is_not_to_be_relied_on(tmp_path):
    """Too few parcels, or too few late ones; with enough of both it is."""
    h = history(tmp_path, *order_level(1, 1500, 120))
    assert fit(h, MAY).why_not(200) == ""
    assert "fewer than 200" in fit(h, datetime(2025, 1, 25, tzinfo=UTC).timestamp() / 3600).why_not(200)
    assert fit(h, 0.0).parcels == 0


def test_every_column_has_its_name(tmp_path):
    """As many columns as names, all finite."""
    h = history(tmp_path, *scan_level(2, 100, 60))
    model = fit(h, MAY)
    parcel, at = moments(h, np.arange(50))
    found = rows(know(model, h, MAY), parcel, at)
    assert found.base.shape[1] == len(BASE)
    assert found.detail.shape[1] == len(DETAILS)
    assert len(model.beta) == len(BASE) + len(USES)
    assert np.isfinite(found.detail).all()


def test_the_daemon_starts_without_numpy():
    """Importing the daemon and the command line loads no NumPy."""
    words = "import sys, doorstep.daemon, doorstep.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
