"""Map tiles out of one PMTiles archive on the operator's own disk: pictures for the map without any other server.

Format: PMTiles version 3 (github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md). Archives of pictures are read;
those of vector tiles would have to be drawn first, and are refused.
"""

import gzip
import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from domain.errors import RuleError

HEADER_BYTES = 127
PICTURES = {2: "image/png", 3: "image/jpeg", 4: "image/webp", 5: "image/avif"}
PLAIN, GZIP = 1, 2
MAX_ZOOM = 26
MAX_STEPS = 4  # root and at most three leaves deep, says the specification
MAX_DIRECTORY = 8 * 1024 * 1024  # bytes: far beyond what the specification's writers produce


@dataclass(frozen=True, slots=True)
class Archive:
    path: Path
    root: tuple[int, int]
    leaves_at: int
    tiles_at: int
    compression: int
    tile_compression: int
    media_type: str
    zooms: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """``run`` tiles from ``tile_id`` on share these bytes; 0: they are a directory of their own."""

    tile_id: int
    offset: int
    length: int
    run: int


@lru_cache(maxsize=4)
def open_archive(path: Path) -> Archive:
    """Read an archive's header. Raises RuleError that says what to use instead."""
    if not path.is_file():
        raise RuleError(f"[map] pmtiles: there is no file {path}")
    head = _bytes(path, 0, HEADER_BYTES)
    if len(head) < HEADER_BYTES or head[:7] != b"PMTiles" or head[7] != 3:
        raise RuleError(f"{path}: not a PMTiles archive of version 3")
    numbers = struct.unpack_from("<8Q", head, 8)
    compression, tile_compression, kind, low, high = head[97:102]
    if kind not in PICTURES:
        raise RuleError(f"{path}: holds no pictures (kind {kind}); use an archive of png, jpeg, webp or avif tiles")
    return Archive(
        path=path,
        root=(numbers[0], numbers[1]),
        leaves_at=numbers[4],
        tiles_at=numbers[6],
        compression=compression,
        tile_compression=tile_compression,
        media_type=PICTURES[kind],
        zooms=(low, high),
    )


def tile(archive: Archive, z: int, x: int, y: int) -> bytes | None:
    """The picture at a place of the usual web grid, None where the archive has none."""
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        return None
    wanted, place = tile_id(z, x, y), archive.root
    for _ in range(MAX_STEPS):
        found = find(directory(archive, *place), wanted)
        if found is None:
            return None
        if found.run:
            return _unpacked(
                _bytes(archive.path, archive.tiles_at + found.offset, found.length), archive.tile_compression
            )
        place = (archive.leaves_at + found.offset, found.length)
    return None


def tile_id(z: int, x: int, y: int) -> int:
    """A tile's number: all of the smaller zooms first, then along a Hilbert curve."""
    number, side = ((1 << 2 * z) - 1) // 3, (1 << z) >> 1
    while side:
        right, low = int(bool(x & side)), int(bool(y & side))
        number += side * side * ((3 * right) ^ low)
        if not low:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x, y = x & (side - 1), y & (side - 1)
        side //= 2
    return number


@lru_cache(maxsize=64)
def directory(archive: Archive, offset: int, length: int) -> tuple[Entry, ...]:
    """A directory's entries, by tile number."""
    if length > MAX_DIRECTORY:
        raise RuleError(f"{archive.path}: a directory of {length} bytes; the archive is damaged")
    numbers = _varints(_unpacked(_bytes(archive.path, offset, length), archive.compression))
    count = numbers[0]
    steps, runs, lengths, places = (numbers[1 + i * count : 1 + (i + 1) * count] for i in range(4))
    entries: list[Entry] = []
    at = 0
    for step, run, size, place in zip(steps, runs, lengths, places, strict=True):
        at += step
        # 0: right behind the entry before, else the place plus one
        start = entries[-1].offset + entries[-1].length if place == 0 and entries else place - 1
        entries.append(Entry(at, start, size, run))
    return tuple(entries)


def find(entries: tuple[Entry, ...], wanted: int) -> Entry | None:
    """The entry that covers a tile: its own run, or the directory that begins before it."""
    index = bisect_right(entries, wanted, key=lambda entry: entry.tile_id) - 1
    if index < 0:
        return None
    entry = entries[index]
    return entry if entry.run == 0 or wanted < entry.tile_id + entry.run else None


def _bytes(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _unpacked(data: bytes, compression: int) -> bytes:
    if compression in {0, PLAIN}:
        return data
    if compression == GZIP:
        return gzip.decompress(data)
    raise RuleError(f"compression {compression} of the PMTiles archive isn't supported; use gzip or none")


def _varints(data: bytes) -> list[int]:
    """Numbers of seven bits a byte, the lowest first (protobuf's)."""
    numbers: list[int] = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    return numbers
