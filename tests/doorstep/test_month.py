"""A month of the real house in a simulated world: the same each time, provably right, and judged by the world's truth."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
PARCELS, DAYS, SEED = 500 if FULL else 200, 31, 7
HASH_SEEDS = ("0", "1", "4242") if FULL else ("0", "4242")
AT_ONCE = 2
TIMEOUT_S = 900
RUN = Path(__file__).with_name("month_run.py")
SHORT = {"parcels": 80, "days": 9}
"""For the month with power cuts."""


def live(folder: Path, hash_seed: str, *more: str, parcels: int = PARCELS, days: int = DAYS) -> dict[str, Any]:
    """Live a month in a process of its own."""
    folder.mkdir(parents=True)
    command = [
        sys.executable,
        str(RUN),
        str(folder),
        "--parcels",
        str(parcels),
        "--days",
        str(days),
        "--seed",
        str(SEED),
    ]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([*command, *more], capture_output=True, text=True, env=env, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_the_other_aggregators_carry_a_shop_as_well(tmp_path: Path) -> None:
    """Without Kuaidi100 and the carriers' own interfaces abroad: Kuaidiniao's hints, 17TRACK's registrations and pushes, JD
    and SF by themselves. Nothing is missed, no source is asked more often than it allows.
    """
    found = live(tmp_path / "other", "0", "--without", "kuaidi100", "fedex", "ups", "usps", "dhl", **SHORT)
    assert (found["differences"], found["violations"], found["errors"], found["exceeded"]) == ([], [], [], {})
    assert {"kuaidiniao", "17track", "sf"} <= found["calls"].keys()
    assert found["pushes"] > SHORT["parcels"]


@pytest.mark.slow
def test_a_month_is_the_same_each_time_and_right(tmp_path: Path) -> None:
    """Under each hash seed the same digest. Everything stored is what its facts amount to; every trouble was found in
    time, no outage was taken for a stalled parcel, nobody paid twice, no return is on two routes; no letter left twice.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        months = list(pool.map(lambda seed: live(tmp_path / seed, seed), HASH_SEEDS))
    assert len({month["digest"] for month in months}) == 1
    assert all(month == months[0] for month in months)
    month = months[0]
    assert (month["differences"], month["violations"], month["errors"]) == ([], [], [])
    assert (month["letters"]["waiting"], month["letters"]["twice"]) == (0, 0)
    assert month["exceeded"] == {}  # no budget of any source, by the source's own count
    assert len(month["calls"]) >= 8
    assert month["pushes"] > PARCELS
    counts = month["counts"]
    assert counts["orders"] == PARCELS
    assert counts["scan"] > PARCELS
    assert min(counts[name] for name in ("cases", "returns", "route", "stop", "instruction", "outbox")) > 0


@pytest.mark.slow
def test_power_cuts_change_nothing(tmp_path: Path) -> None:
    """A house that loses power every seven hours writes what one that never does writes; it only fetches tokens anew."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calm = pool.submit(live, tmp_path / "calm", "0", **SHORT)
        cut = pool.submit(live, tmp_path / "cut", "0", "--kill-every", "7", **SHORT)
    written, undisturbed = dict(cut.result()), dict(calm.result())
    assert written.pop("calls").keys() == undisturbed.pop("calls").keys()
    assert written == undisturbed
    assert written["differences"] == []
