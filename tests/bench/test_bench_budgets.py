"""A small sample of the budgets' bench: what the carriers count of two thousand shipments in three simulated hours.

All of it is simulated time and the same each run; no figure here depends on the machine.
"""

from collections.abc import Mapping
from datetime import timedelta

from bench.budgets import ENOUGH, SETTINGS, Used, play
from bench.scarce_carriers import Counted, Limit

PHASES = ((timedelta(minutes=21), timedelta(seconds=5)), (timedelta(hours=2), timedelta(seconds=20)))


def played(**more: Mapping[str, object]) -> dict[str, Used]:
    return play({"usps": 1_200, "dhl": 800}, PHASES, {**SETTINGS, **more})


def test_two_thousand_shipments_over_two_scarce_carriers() -> None:
    """USPS's sixty calls an hour, tokens included, and DHL's one in five seconds and 250 a day: none too many, and nearly all
    used while work waits.
    """
    for source, used in played().items():
        assert used.exceeded == 0, source
        assert used.share >= ENOUGH, (source, used.remark)
        assert used.waited_s == timedelta(hours=2).total_seconds(), source


def test_the_carriers_notice_what_we_wouldnt() -> None:
    """An account whose settings claim more than its carrier allows: the carrier's own count says so."""
    used = played(usps={**SETTINGS["usps"], "calls_per_hour": 66})
    assert used["usps"].exceeded > 0
    assert used["dhl"].exceeded == 0


def test_a_carrier_counts_in_windows_of_any_position() -> None:
    """Two in ten seconds: a third is too many, and none where the first has just left the window."""
    window = Counted(Limit(2, 10))
    for at in (0.0, 9.0, 10.0, 19.0, 19.5):
        window.count(at)
    assert window.exceeded == 1
    assert [window.fullness(at) for at in (19.5, 29.4, 29.5)] == [1.5, 0.5, 0.0]
