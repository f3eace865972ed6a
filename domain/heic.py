"""HEIC photos without their metadata: what a camera wrote beside the picture is blanked where it stands, so that every other byte,
and every offset to it, stays (ISO/IEC 14496-12 and 23008-12: `meta`, `iinf`, `iloc`).
"""

import struct
from collections.abc import Iterator

from domain.errors import RuleError

META_ITEMS = frozenset({b"Exif", b"mime", b"uri "})
"""Kinds of items that are no part of the picture; XMP is one of `mime`."""
IN_FILE, IN_META = 0, 1
MOST_BOXES = 10_000
Box = tuple[bytes, int, int]
"""A kind, where its content begins, and where it ends."""


def blanked(data: bytes) -> bytes:
    """The photo with zeros in place of its metadata. Raises RuleError where it can't be told where all of that is."""
    try:
        kept = bytearray(data)
        for begin, end in _extents(data):
            kept[begin:end] = bytes(end - begin)
    except (struct.error, IndexError, KeyError, ValueError) as exc:
        raise RuleError(
            "photo: where this HEIC keeps its metadata can't be read; save it as JPEG and send that"
        ) from exc
    return bytes(kept)


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    for _ in range(MOST_BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        size = size or end - at
        if size < head or at + size > end:
            raise ValueError(kind)
        yield kind, at + head, at + size
        at += size
    raise ValueError("boxes")


def _extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the metadata's bytes are."""
    meta = next(box for box in [*_boxes(data, 0, len(data)), (b"", 0, 0)] if box[0] in {b"meta", b""})
    if not meta[0]:
        raise ValueError("meta")
    inside = {kind: (at, end) for kind, at, end in _boxes(data, meta[1] + 4, meta[2])}
    wanted = _items(data, *inside[b"iinf"])
    places = _places(data, *inside[b"iloc"]) if wanted else {}
    for item in wanted:
        where, extents = places[item]
        if where not in {IN_FILE, IN_META} or any(length == 0 for _, length in extents):
            raise ValueError(item)
        base = inside[b"idat"][0] if where == IN_META else 0
        for offset, length in extents:
            if base + offset + length > len(data):
                raise ValueError(item)
            yield base + offset, base + offset + length


def _items(data: bytes, at: int, end: int) -> list[int]:
    """The ids of the items that are metadata."""
    found = []
    for kind, begin, _ in _boxes(data, at + (6 if data[at] == 0 else 8), end):
        version = data[begin]
        if kind != b"infe" or version < 2:
            raise ValueError(kind)
        item, _, what = struct.unpack_from(">HH4s" if version == 2 else ">IH4s", data, begin + 4)
        if what in META_ITEMS:
            found.append(item)
    return found


class _Reader:
    """Numbers of some bytes' length, one after the other."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def take(self, size: int) -> int:
        begin, self._at = self._at, self._at + size
        if self._at > self._end:
            raise ValueError(begin)
        return int.from_bytes(self._data[begin : self._at], "big")


def _places(data: bytes, at: int, end: int) -> dict[int, tuple[int, list[tuple[int, int]]]]:
    """Of each item: in the file or inside `meta`, and the offsets and lengths of its parts."""
    read = _Reader(data, at, end)
    version = read.take(4) >> 24
    sizes, more = read.take(1), read.take(1)
    offset, length, base, index = sizes >> 4, sizes & 15, more >> 4, (more & 15) if version else 0
    found = {}
    for _ in range(read.take(2 if version < 2 else 4)):
        item = read.take(2 if version < 2 else 4)
        where = read.take(2) & 15 if version else IN_FILE
        elsewhere = read.take(2)
        start = read.take(base)
        parts = []
        for _ in range(read.take(2)):
            read.take(index)
            parts.append((start + read.take(offset), read.take(length)))
        found[item] = (where if elsewhere == 0 else -1, parts)
    return found
