"""Lives and truth: the same world for the same seed, troubles and their ordinary twins."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from domain.case import Kind
from domain.errors import RuleError
from sim import lives
from sim.lives import ABROAD, DOMESTIC, ELECTRONIC, PLOTS, Step
from sim.sources import SOURCES
from sim.world import World

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=8)))
DIGEST = """
import hashlib
from datetime import datetime, timedelta, timezone
from sim.world import World
world = World(11, datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=8))), 30, 120)
print(hashlib.sha256(repr((world.tales, world.outages, world.storm)).encode()).hexdigest())
"""


def _digest(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_world_is_the_same_under_every_hash_seed():
    """Nothing depends on the order of sets or dicts."""
    here = World(11, START, 30, 120)
    expected = hashlib.sha256(repr((here.tales, here.outages, here.storm)).encode()).hexdigest()
    assert [_digest(seed) for seed in ("0", "1", "4242")] == [expected] * 3


def test_another_seed_is_another_world():
    """The seed decides."""
    assert World(1, START, 10, 50).tales != World(2, START, 10, 50).tales


def test_every_trouble_is_injected_and_has_a_twin(world):
    """All plots occur, each with a troubled and an ordinary life."""
    told = {(t.truth.plot, t.truth.kind is not None) for t in world.tales}
    for plot in set(PLOTS) - {"plain"}:
        assert (plot, True) in told
        assert (plot, False) in told


def test_all_sources_and_all_carriers_occur(world):
    """Kuaidi100 with five carriers, Kuaidiniao with three, the others with one each; the first three are most of them."""
    parcels = [t.parcel for t in world.tales if t.parcel]
    assert {p.carrier for p in parcels} == {firm.name for source in SOURCES.values() for firm in source.firms}
    shares = Counter(p.source for p in parcels)
    assert set(shares) == set(SOURCES)
    assert [source for source, _ in shares.most_common(3)] == ["kuaidi100", "sf", "fedex"]


def test_a_world_may_have_some_of_the_sources_only():
    """Its parcels, plots and outages are those that these sources tell; unknown sources are named."""
    small = World(11, START, 30, 200, sources=("jd", "sf"))
    assert {t.parcel.source for t in small.tales if t.parcel} == {"jd", "sf"}
    assert {o.source for o in small.outages} == {"jd", "sf"}
    assert not any(t.truth.plot == "customs" for t in small.tales)
    with pytest.raises(RuleError, match="sources: tnt: name some of kuaidi100, sf"):
        World(11, START, 30, 10, sources=("tnt",))


def test_check_digits_are_real(wide):
    """By the published rules, written down here once more: UPS, USPS, UPU S10, FedEx, DHL."""
    numbers = {
        source: [t.parcel.number for t in wide.tales if t.parcel and t.parcel.source == source] for source in SOURCES
    }
    assert all(number.startswith("1Z") and len(number) == 18 and _ups_fits(number[2:]) for number in numbers["ups"])
    assert all(len(number) == 22 and _usps_fits(number) for number in numbers["usps"])
    assert all(_s10_fits(number) for number in numbers["17track"])
    assert all(len(number) == 12 and _fedex_fits(number) for number in numbers["fedex"])
    assert all(len(number) == 10 and int(number[:9]) % 7 == int(number[9]) for number in numbers["dhl"])


def _ups_fits(text):
    values = [(ord(c) - 63) % 10 if c.isalpha() else int(c) for c in text]
    odd, even = sum(values[:-1:2]), sum(values[1:-1:2])
    return (odd + 2 * even + values[-1]) % 10 == 0


def _usps_fits(number):
    digits = [int(c) for c in number]
    return (3 * sum(digits[-2::-2]) + sum(digits[-1::-2])) % 10 == 0


def _s10_fits(number):
    total = sum(int(a) * b for a, b in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    rest = 11 - total % 11
    return number[:2].isalpha() and int(number[10]) == (5 if rest == 11 else 0 if rest == 10 else rest)


def _fedex_fits(number):
    total = sum(int(c) * (1, 3, 7)[n % 3] for n, c in enumerate(reversed(number[:11])))
    return total % 11 % 10 == int(number[11])


def test_numbers_and_references_are_unique(world):
    """Each parcel has a number of its own, each order a reference of its own."""
    parcels = [t.parcel for t in world.tales if t.parcel]
    assert len({p.number for p in parcels}) == len(parcels) == len(world.by_number)
    assert len(world.by_order) == len(world.tales) == 400


TURNING = [
    (name, way)
    for name in sorted(set(PLOTS) - {"plain", "unshipped", "disputed"})
    for way in (DOMESTIC, ABROAD)
    if name != "customs" or way is ABROAD
]


@pytest.mark.parametrize(("name", "way"), TURNING)
def test_a_trouble_and_its_twin_share_every_step_until_it_goes_wrong(name, way):
    """What the two share ends with the same last scan; then one has the trouble, and the other the ordinary end."""
    plot = PLOTS[name](way)
    assert plot.trunk
    assert plot.wrong != plot.twin or plot.promise is not plot.twin_promise
    assert Step.SIGNED in {beat.step for beat in (*plot.trunk, *plot.twin)}


def _ordinary(world):
    return [t for t in world.tales if t.truth.kind is None]


def test_ordinary_lives_end_at_the_customer_within_the_promise(world):
    """Twins included: nothing was wrong with them."""
    for tale in _ordinary(world):
        assert tale.parcel
        assert tale.truth.delivered_at
        assert tale.truth.delivered_at <= tale.parcel.promised_at


def test_ordinary_lives_are_never_silent_for_two_days(world):
    """A polled silence, from scan to the next one's showing plus a poll of 4 h, stays under 48 h (3 days abroad)."""
    for tale in _ordinary(world):
        touches = [s for s in tale.parcel.scans if s.step not in ELECTRONIC]
        most = timedelta(hours=72 if tale.parcel.abroad else 48)
        assert all(after.shown_at + timedelta(hours=4) - before.at < most for before, after in pairwise(touches))


def test_the_order_in_time(world):
    """Ordered, uploaded, scanned; a scan shows after it happened."""
    for tale in world.tales:
        if tale.parcel is None:
            continue
        assert tale.order.created_at < tale.parcel.uploaded_at
        times = [tale.parcel.uploaded_at, *(s.at for s in tale.parcel.scans)]
        assert times == sorted(times)
        assert all(s.shown_at > s.at for s in tale.parcel.scans)


def test_the_truth_knows_when_it_could_first_be_seen(world):
    """Each trouble has a moment; it lies in the parcel's life."""
    for tale in world.tales:
        if not tale.injected:
            assert tale.truth.visible_at is None
            continue
        assert tale.truth.visible_at
        assert tale.truth.visible_at >= tale.truth.since >= tale.order.created_at


@pytest.mark.parametrize(
    ("plot", "check"),
    [
        ("unshipped", lambda t: t.parcel is None or t.parcel.uploaded_at > t.order.ship_by + timedelta(hours=19)),
        ("never_collected", lambda t: t.parcel.scans[-1].at - t.parcel.uploaded_at > timedelta(hours=45)),
        ("lost", lambda t: t.parcel.scans[-1].step is Step.LEFT_MIDDLE),
        ("lost_by_word", lambda t: t.parcel.scans[-1].step is Step.LOST),
        (
            "late",
            lambda t: (
                t.truth.delivered_at > t.parcel.promised_at + timedelta(hours=29)
                and t.parcel.scans[-2].step is Step.OUT  # no locker where it would have waited in time
            ),
        ),
        ("undone", lambda t: sum(s.step in lives.DELIVERED for s in t.parcel.scans) == 2),
        ("disputed", lambda t: t.dispute.at > t.truth.delivered_at),
        ("returning", lambda t: t.parcel.scans[-1].step is Step.RETURNED),
        ("customs", lambda t: t.parcel.abroad and any(s.step is Step.HELD for s in t.parcel.scans)),
    ],
)
def test_troubles_are_what_they_say(world, plot, check):
    """The life fits the name."""
    found = [t for t in world.tales if t.truth.plot == plot and t.injected]
    assert found
    assert all(check(t) for t in found)


def test_a_storm_stalls_what_reaches_its_hub():
    """Parcels at the closed hub leave after it reopens, and count as stalled; elsewhere nothing changes."""
    world = World(5, START, 30, 1_500)
    held = [t for t in world.tales if t.truth.plot == "storm"]
    assert len(held) >= 5
    for tale in held:
        assert tale.truth.kind is Kind.STALLED
        leaving = next(s for s in tale.parcel.scans if s.step is Step.LEFT_MIDDLE)
        assert leaving.at >= world.storm.reopens
        assert world.storm.hub in leaving.place


def test_half_of_the_domestic_deliveries_end_in_lockers_stations_or_with_others(world):
    """They are ordinary, where the source has words for them: JD's documents have none."""
    ends = [t.parcel.scans[-1].step for t in _ordinary(world) if not t.parcel.abroad and t.parcel.source != "jd"]
    apart = sum(step is not Step.SIGNED for step in ends)
    assert 0.4 < apart / len(ends) < 0.65


def test_buyers_ask_for_returns_within_seven_days_and_only_of_what_they_bought(world):
    """Returns come from people who got their goods."""
    wishes = [t for t in world.tales if t.wish]
    assert len(wishes) > 60
    for tale in wishes:
        bought = {item.sku: item.qty for item in tale.order.items}
        assert timedelta() < tale.wish.at - tale.truth.delivered_at < timedelta(days=7)
        assert all(qty <= bought[sku] for sku, qty in tale.wish.items)


def test_sources_have_their_outages_and_a_calm_world_none(world, calm):
    """Each source is down once, each in its own manner."""
    assert sorted((o.source, o.manner) for o in world.outages) == [
        ("17track", "http_503"), ("dhl", "http_503"), ("fedex", "http_503"), ("jd", "http_503"),
        ("kuaidi100", "timeout"), ("kuaidiniao", "busy"), ("sf", "busy"), ("ups", "busy"), ("usps", "timeout"),
    ]  # fmt: skip
    outage = world.outages[0]
    assert world.outage(outage.source, outage.since) is outage
    assert world.outage(outage.source, outage.until) is None
    assert calm.outages == ()
    assert calm.tales == world.tales


def test_sf_loses_old_lines_of_some_parcels(world):
    """A shorter list is no news: the lines were there."""
    trimmed = [t.parcel for t in world.tales if t.parcel and any(s.hidden_at for s in t.parcel.scans)]
    assert trimmed
    for parcel in trimmed:
        assert parcel.source == "sf"
        last = max(s.shown_at for s in parcel.scans)
        assert len(parcel.shown(last + timedelta(days=7))) < len(parcel.shown(last))
