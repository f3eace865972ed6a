"""One homeserver for all tests of a run that need one; every test makes its own users and rooms."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "doorstep"))  # how daemons are run in tests
sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))  # how a storm is made

from running_support import free_port
from synapse import Synapse, running

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    with running(tmp_path_factory.mktemp("synapse"), free_port()) as server:
        yield server


@pytest.fixture
def suffix() -> str:
    """What makes a user's name its test's own."""
    return str(next(_NUMBERS))
