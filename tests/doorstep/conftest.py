"""What workers' tests share."""

from collections.abc import Iterator

import pytest
from far_side import FarSide, far_side

from doorstep import logs


@pytest.fixture(scope="module")
def plain_logs() -> None:
    logs.set_up("error")


@pytest.fixture
def far() -> Iterator[FarSide]:
    with far_side() as side:
        yield side
