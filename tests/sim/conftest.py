"""One small world for all tests of the simulation."""

import pytest
from sim_support import START, Caller

from sim.wire import Memory
from sim.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """A month of 400 parcels."""
    return World(11, START, 30, 400)


@pytest.fixture(scope="session")
def calm() -> World:
    """The same world without outages."""
    return World(11, START, 30, 400, outages=())


@pytest.fixture(scope="session")
def wide() -> World:
    """More parcels and more troubles, without outages: enough of every source and plot."""
    return World(12, START, 20, 1_600, anomaly_share=0.3, outages=())


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def calls(calm: World, memory: Memory) -> Caller:
    return Caller(calm, memory)
