"""Python's collector of unused memory, kept out of the ticks' way."""

import gc

YOUNG = 20_000
"""New objects that a collection waits for: a tick makes tens of thousands of short life; at Python's own 700 it is interrupted
a hundred times for nothing.
"""


def keep_out_of_the_way() -> None:
    """What is loaded by now stays: the collector needn't walk it at every tick; and it comes seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
