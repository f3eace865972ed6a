"""Coordinates as Chinese maps draw them, turned at the edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chinese_coordinates import bd_of, gcj_of, wgs_of_bd, wgs_of_gcj
from domain.place import Location, distance_m

TIANANMEN = Location(lat=39.9042, lon=116.4074)
inside = st.builds(Location, lat=st.floats(20, 50), lon=st.floats(75, 134))


def test_beijing_is_moved_by_550_metres() -> None:
    """The figure of the published approximation, to the north-east; Baidu's comes on top of it."""
    drawn = gcj_of(TIANANMEN)
    assert distance_m(TIANANMEN, drawn) == pytest.approx(555, abs=5)
    assert drawn.lat > TIANANMEN.lat
    assert drawn.lon > TIANANMEN.lon
    assert (drawn.lat, drawn.lon) == pytest.approx((39.905603, 116.413642), abs=2e-6)
    assert 1_000 < distance_m(TIANANMEN, bd_of(TIANANMEN)) < 1_600


@given(inside)
def test_there_and_back_is_the_same_place(at: Location) -> None:
    assert distance_m(wgs_of_gcj(gcj_of(at)), at) < 0.001
    assert distance_m(wgs_of_bd(bd_of(at)), at) < 0.001


@pytest.mark.parametrize(
    "at", [Location(lat=60.17, lon=24.94), Location(lat=-33.9, lon=18.4), Location(lat=40.7, lon=-74)]
)
def test_elsewhere_nothing_is_moved(at: Location) -> None:
    assert gcj_of(at) == bd_of(at) == wgs_of_gcj(at) == wgs_of_bd(at) == at
