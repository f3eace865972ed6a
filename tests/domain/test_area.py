"""Which places are inside an area, against oracles that know nothing of rays."""

from hypothesis import given
from hypothesis import strategies as st

from domain.area import Area, Polygon, Ring
from domain.place import Location

WINDS = ((4, 0), (3, 1), (2, 2), (1, 3), (0, 4), (-1, 3), (-2, 2), (-3, 1), (-4, 0), (-3, -1), (-2, -2), (-1, -3), (0, -4), (1, -3), (2, -2), (3, -1))  # fmt: skip
"""Directions all around, by their angle."""
GRID = st.integers(-14, 14)


def at(x: float, y: float) -> Location:
    return Location(lat=y, lon=x)


def ring(*corners: tuple[float, float]) -> Ring:
    return tuple(at(*corner) for corner in (*corners, corners[0]))


def turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@given(st.lists(st.integers(1, 3), min_size=16, max_size=16), GRID, GRID)
def test_a_star_is_the_triangles_around_its_middle(reach: list[int], x: int, y: int) -> None:
    """Inside or on the edge of one of the triangles is inside the star, corners and edges included; everything else is outside."""
    corners = [(wind[0] * r, wind[1] * r) for wind, r in zip(WINDS, reach, strict=True)]
    triangles = zip(corners, corners[1:] + corners[:1], strict=True)
    truth = any(turn((0, 0), a, (x, y)) >= 0 and turn(a, b, (x, y)) >= 0 and turn(b, (0, 0), (x, y)) >= 0 for a, b in triangles)  # fmt: skip
    assert Polygon(ring(*corners)).holds(at(x, y)) == truth


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(-2, 26), st.integers(-2, 14), st.booleans())
def test_a_town_of_blocks_with_a_court_in_the_first(
    heights: list[int], x: int, y: int, hole_is_outer_turned: bool
) -> None:
    """Many edges on one line, and a hole whose own edge is inside: looked at in half steps, cell by cell."""
    top = [corner for n, h in enumerate(heights) for corner in ((4 * n, 2 * h + 2), (4 * n + 4, 2 * h + 2))]
    court = ring((1, 1), (1, 3), (3, 3), (3, 1))
    area = Polygon(ring((0, 0), *top, (4 * len(heights), 0)), (court[::-1] if hole_is_outer_turned else court,))
    block = any(4 * n <= x <= 4 * n + 4 and 0 <= y <= 2 * h + 2 for n, h in enumerate(heights))
    assert area.holds(at(x, y)) == (block and not (x == 2 and y == 2))


Degrees = st.floats(-0.5, 0.5, allow_subnormal=False)


@given(Degrees, Degrees, Degrees, Degrees, st.floats(0.1, 0.9))
def test_areas_that_share_a_border_leave_no_gap(a: float, b: float, c: float, d: float, way: float) -> None:
    """A door on the border, as near as numbers can tell, belongs to one of them at least."""
    south, north = (120 + a, 30 + b), (120 + c, 32 + d)
    west, east = (118.1, 31.05), (122.3, 30.95)
    door = at(south[0] + way * (north[0] - south[0]), south[1] + way * (north[1] - south[1]))
    assert Area((Polygon(ring(south, north, west)),)).holds(door) or Area((Polygon(ring(north, south, east)),)).holds(door)  # fmt: skip


def test_an_area_is_any_of_its_polygons() -> None:
    """Islands; between them is outside."""
    islands = Area((Polygon(ring((0, 0), (1, 0), (1, 1))), Polygon(ring((3, 0), (4, 0), (4, 1)))))
    assert [islands.holds(at(x, 0.2)) for x in (0.8, 2, 3.8)] == [True, False, True]
