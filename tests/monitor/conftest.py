"""Logs as the daemon writes them where nobody looks: tests that provoke errors don't draw them."""

import pytest

from doorstep import logs


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    logs.set_up("error")
