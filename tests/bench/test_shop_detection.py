"""The simulated shop on a small scale: the bars of the full measure, which `python -m bench.shop_detection` takes."""

from functools import partial
from random import Random

import pytest

from bench.shop_detection import OTHER_WORDS, START, Telling, figures, measure, report, scan_of
from bench.shop_learned import learned, looked
from config.policies import load_detection
from domain.case import Kind
from domain.figures import wilson
from domain.tracking import Milestone
from sim.lives import DELIVERED, Happening, Spot
from sim.voices import KUAIDI100


@pytest.mark.parametrize("words", [1, 2])
def test_a_small_shop_meets_the_bars(words: int) -> None:
    """At ten times the usual share of bad parcels: no lost one is missed, every misdelivery that leaves a trace is found, and
    most alarms are right, in either wording.
    """
    tally = measure(1, 500, bad=0.03, words=words, seed=5)
    found, told = figures(tally, agents=5), report(tally, 5)
    assert sum(tally.injected.values()) == 15
    assert found.lost_missed == 0, told
    assert found.precision >= 0.4, told
    assert found.per_agent_day <= 10, told
    traced = [plot for plot, kind in tally.kinds_of.items() if kind is Kind.MISDELIVERED and plot != "wrong_door"]
    assert all(tally.found[plot] == tally.injected[plot] for plot in traced), told


def test_the_same_seed_is_the_same_shop() -> None:
    """Figures can be compared between changes of the rules."""
    assert report(measure(1, 60, bad=0.1, seed=3), 5) == report(measure(1, 60, bad=0.1, seed=3), 5)


def test_the_other_wording_is_another_one() -> None:
    """No text of it stands in the simulator's own, and it is read as what truly happened where it is a delivery."""
    for step, texts in OTHER_WORDS.items():
        assert not set(texts) & set(KUAIDI100[step].texts)
    for step in DELIVERED:
        event = scan_of(Happening(step, Spot.BRANCH, START), Telling(2, Random(1)))
        assert event.milestone is Milestone.DELIVERED, event.text


def test_intervals_of_shares() -> None:
    """Wilson: wide for few, never outside 0 and 1, and everything where nothing was counted."""
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(9, 10)
    assert 0.55 < low < 0.61
    assert 0.97 < high <= 1.0
    assert wilson(0, 10)[0] == 0.0


def test_a_learned_risk_spares_parcels_that_only_stood_still() -> None:
    """By a model of the weeks before, a silence that usually ends by itself is watched only: no stall is an alarm for nothing, and
    no trouble that leaves a trace is missed for it.
    """
    policy = load_detection()
    model = learned(0.2, 1, 5, policy, weeks=5, a_day=20)
    by_rules = measure(1, 300, bad=0.05, seed=5)
    by_risk = measure(1, 300, bad=0.05, seed=5, looked=partial(looked, model=model, policy=policy))
    assert model.why_not == ""
    assert by_rules.alarms[Kind.STALLED] > by_rules.right[Kind.STALLED]
    assert by_risk.alarms[Kind.STALLED] == 0
    assert by_risk.found == by_rules.found
    assert figures(by_risk, 5).precision > figures(by_rules, 5).precision


def test_a_model_of_too_few_parcels_changes_nothing() -> None:
    """What was learned from a few days isn't relied on: the alarms are the rules' own."""
    policy = load_detection()
    model = learned(0.03, 1, 5, policy, weeks=1, a_day=20)
    assert model.why_not
    assert measure(1, 60, bad=0.1, seed=3, looked=partial(looked, model=model, policy=policy)) == measure(
        1, 60, bad=0.1, seed=3
    )
