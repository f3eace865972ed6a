"""What the product remembers of the texts that it met, forgotten before each run: every run meets them for the first time."""

import gc
from functools import _lru_cache_wrapper

ROOMS = ("domain.", "carriers.", "store.", "monitor.", "scheduler.")


def forget() -> None:
    """Clear every bounded cache. Unbounded ones hold tables that a daemon loads once."""
    caches = (found for found in gc.get_objects() if isinstance(found, _lru_cache_wrapper))
    for cache in caches:
        if cache.__module__.startswith(ROOMS) and cache.cache_parameters()["maxsize"] is not None:
            cache.cache_clear()
