"""Carriers' replies in few bytes: compressed with what replies of their source always say (reply_words/SOURCE.N.txt, made by bench/reply_words).

What was packed with such a file can only be read with it, to the byte: a file never changes, and a better one stands beside it under the next
number. The packed bytes name theirs themselves, by zlib's own checksum; where they name none they need none.
"""

import zlib
from functools import cache
from importlib.resources import files
from typing import Any

LEVEL, MEMORY = 6, 6
"""zlib's usual level: one less takes a third less time, but 2 % (Kuaidi100) to 10 % (FedEx) more room, and bodies are most of what a shop's first
fortnight takes. Less memory than usual, because it is copied for each body: which takes half as long then, and hardly a byte more.
"""
_NAMES_WORDS = 0x20
"""The bit of zlib's second byte that says so; the next four bytes are the checksum (RFC 1950)."""


def pack(source: str, body: bytes) -> bytes:
    """A body as it is kept. A source without words of its own is compressed all the same."""
    packer = _packer(source).copy()
    return bytes(packer.compress(body) + packer.flush())


def unpack(packed: bytes) -> bytes:
    """Raises zlib.error where these bytes are no packed body, or need words that this version hasn't."""
    named = len(packed) > 1 and packed[1] & _NAMES_WORDS
    words = _by_checksum().get(int.from_bytes(packed[2:6], "big"), b"") if named else b""
    reader = zlib.decompressobj(zdict=words) if words else zlib.decompressobj()
    body = reader.decompress(packed)
    if not reader.eof:
        raise zlib.error("a packed body that is cut off")
    return body


@cache
def words() -> dict[tuple[str, int], bytes]:
    """Every file of words by its source and number."""
    found = {}
    for file in files("store").joinpath("reply_words").iterdir():
        source, number, _txt = file.name.split(".")
        found[source, int(number)] = file.read_bytes()
    return found


@cache
def _by_checksum() -> dict[int, bytes]:
    return {zlib.adler32(said): said for said in words().values()}


@cache
def _packer(source: str) -> Any:
    """To be copied: reading the words in takes longer than most replies do."""
    newest = max((name for name in words() if name[0] == source), default=None)
    if newest is None:
        return zlib.compressobj(LEVEL, memLevel=MEMORY)
    return zlib.compressobj(LEVEL, memLevel=MEMORY, zdict=words()[newest])
