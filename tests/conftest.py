"""Which engine keeps the rows: modules that say `usefixtures("engine")` run on each; `DOORSTEP_ENGINE=postgres` puts the rest on it."""

from collections.abc import Iterator

import pytest
from engines import ENGINES, USUAL, using


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
