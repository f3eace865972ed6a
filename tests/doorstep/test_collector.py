"""Python's collector of unused memory in a running house."""

import gc

from doorstep import collector


def test_the_collector_comes_seldom_and_passes_over_what_is_loaded() -> None:
    """Once started: what is loaded is walked no more, ticks are interrupted seldom, and what nobody holds is still freed."""
    before = gc.get_threshold()
    try:
        collector.keep_out_of_the_way()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == collector.YOUNG
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
