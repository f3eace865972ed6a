"""A house and a signed-in browser for every test of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from web_support import Browser, a_house, app_of

from doorstep.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = a_house(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def stranger(house: House) -> Iterator[Browser]:
    """A browser that nobody signed in with."""
    made = Browser(app_of(house))
    yield made
    made.close()


@pytest.fixture
def lin(house: House) -> Iterator[Browser]:
    """A lead of the desk, signed in."""
    made = Browser(app_of(house)).sign_in("lin")
    yield made
    made.close()


@pytest.fixture
def chen(house: House) -> Iterator[Browser]:
    """An agent of the desk, signed in."""
    made = Browser(app_of(house)).sign_in("chen")
    yield made
    made.close()
