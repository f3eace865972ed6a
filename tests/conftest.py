"""How many examples a property tries that doesn't say; and which engine keeps the rows: modules that say `usefixtures("engine")` run on each,
`DOORSTEP_ENGINE=postgres` puts the rest on it.
"""

import os
from collections.abc import Iterator

import pytest
from engines import ENGINES, USUAL, using
from hypothesis import settings

settings.register_profile("sample", max_examples=30, deadline=None)
settings.register_profile("full", deadline=None)
settings.load_profile("full" if os.environ.get("DOORSTEP_FAULTS") == "full" else "sample")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs on an embedded SQLite database, and on a real PostgreSQL."""
    with using(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def _usual_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    if "engine" in request.fixturenames or USUAL == "sqlite":
        yield
        return
    with using(USUAL):
        yield
