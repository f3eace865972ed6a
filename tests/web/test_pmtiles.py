"""Map tiles out of one file on our own disk."""

import gzip
import itertools
import struct

import pytest
from web_support import Browser, a_house, add_route, app_of

from config.settings import Map
from domain.errors import RuleError
from doorstep.web.pmtiles import open_archive, tile, tile_id

PICTURE = b"\x89PNG one"
OTHER = b"\x89PNG other"


def varint(number):
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def packed(entries):
    """A directory of (tile id, offset, length, run), as the specification lays it out."""
    steps = [b[0] - a[0] for a, b in zip([(0, 0, 0, 0), *entries], entries, strict=False)]
    columns = [steps, [e[3] for e in entries], [e[2] for e in entries], [e[1] + 1 for e in entries]]
    numbers = [len(entries), *(n for column in columns for n in column)]
    return gzip.compress(b"".join(varint(n) for n in numbers))


def archive(path, *, kind=2, version=3):
    """Zoom 0 and the western half of zoom 1 share one picture; the east of zoom 1 stands in a leaf directory."""
    tiles = PICTURE + OTHER
    leaf = packed([(tile_id(1, 1, 1), len(PICTURE), len(OTHER), 2)])
    root = packed([(0, 0, len(PICTURE), 3), (3, 0, len(leaf), 0)])
    offsets = (127, len(root), 0, 0, 127 + len(root), len(leaf), 127 + len(root) + len(leaf), len(tiles))
    head = b"PMTiles" + bytes([version]) + struct.pack("<8Q", *offsets) + struct.pack("<3Q", 5, 2, 2)
    head += bytes([1, 2, 1, kind, 0, 1])
    path.write_bytes(head.ljust(127, b"\0") + root + leaf + tiles)
    return path


def test_tiles_are_numbered_as_the_specification_says():
    assert [tile_id(*zxy) for zxy in [(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0), (2, 0, 0)]] == [*range(6)]


def test_tiles_numbered_in_a_row_are_neighbours():
    """A Hilbert curve goes from tile to tile and comes by each once."""
    places = {tile_id(4, x, y): (x, y) for x in range(16) for y in range(16)}
    walk = [places[number] for number in sorted(places)]
    assert len(walk) == 256
    assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in itertools.pairwise(walk))


def test_a_picture_is_found_in_the_root_in_a_run_and_in_a_leaf(tmp_path):
    found = open_archive(archive(tmp_path / "a.pmtiles"))
    assert tile(found, 0, 0, 0) == PICTURE
    assert tile(found, 1, 0, 1) == PICTURE
    assert tile(found, 1, 1, 0) == OTHER
    assert (found.media_type, found.zooms) == ("image/png", (0, 1))


@pytest.mark.parametrize("place", [(2, 3, 3), (0, 1, 0), (1, -1, 0), (-1, 0, 0), (99, 0, 0)])
def test_a_place_without_a_picture_is_none(tmp_path, place):
    assert tile(open_archive(archive(tmp_path / "a.pmtiles")), *place) is None


def test_what_cant_be_shown_is_refused_with_what_to_do(tmp_path):
    for name, fields, word in (("v", {"kind": 1}, "pictures"), ("o", {"version": 2}, "version 3")):
        with pytest.raises(RuleError, match=word):
            open_archive(archive(tmp_path / name, **fields))
    with pytest.raises(RuleError, match="there is no file"):
        open_archive(tmp_path / "missing")


def test_the_desk_and_the_courier_get_the_tiles_from_us(tmp_path):
    archive(tmp_path / "town.pmtiles")
    house = a_house(tmp_path, map=Map(pmtiles="town.pmtiles", attribution="© the town"))
    lin, courier = Browser(app_of(house)).sign_in(), Browser(app_of(house))
    link = add_route(house)
    assert lin.get("/routes/data").json()["tiles"] == {
        "url": "/map/tiles/{z}/{x}/{y}", "attribution": "© the town", "zoom": 1,
    }  # fmt: skip
    assert lin.get("/map/tiles/1/0/0").content == PICTURE
    assert lin.get("/map/tiles/2/3/3").status_code == 404
    assert courier.get(f"{link}/tiles/1/1/1").headers["content-type"] == "image/png"
    assert courier.get("/map/tiles/1/0/0").status_code == 303
    for one in (lin, courier):
        one.close()
    house.store.close()
