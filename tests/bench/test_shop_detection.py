"""The simulated shop on a small scale: the bars of the full measure, which `python -m bench.shop_detection` takes."""

from random import Random

import pytest

from bench.shop_detection import OTHER_WORDS, START, Telling, figures, measure, report, scan_of
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
