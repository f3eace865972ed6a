"""Telling by its bytes that a source says the same of a number as the last time: such a part is not read again.

Reading is a pure function, so the same part, read for the same ask by the same code, gives the same reading.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from pathlib import Path

import msgspec

from carriers.base import UNREADABLE, Carrier, Scalar, plain_number
from domain.errors import OutsideError
from domain.tracking import Ask, Found, Reading
from net.http import HttpReply

DIGEST_BYTES = 16
_fields_of = attrgetter(*(field.name for field in fields(Ask)))
ROOMS = ("carriers", "domain")
"""Where the code is that a reading depends on."""

THE_SAME = Found(())
"""The reading of a part that was read and recorded before: the number is known, and there is nothing to add."""


def digests(carrier: Carrier, reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """For each ask a digest of all that a finding about it would rest on; None where that can't be told apart."""
    if reply.status != 200:
        return [None] * len(asks)
    try:
        parts = (carrier.parts or whole_body)(reply, asks)
    except (OutsideError, *UNREADABLE):  # reading will say what is wrong
        return [None] * len(asks)
    start = hashlib.sha256(_code() + carrier.id.encode())
    return [None if part is None else _digest(start.copy(), ask, part) for ask, part in zip(asks, parts, strict=True)]


def may_be_kept(reading: Reading) -> bool:
    """Whether the digest of a recorded part may stand for it from now on. Only a finding doesn't depend on the time at
    which it is read.
    """
    return isinstance(reading, Found) and reading is not THE_SAME and reading.moved_to is None


def whole_body(reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """A reply to one ask speaks of it alone."""
    return [reply.body] if len(asks) == 1 else [None] * len(asks)


def by_number(pieces: Iterable[tuple[Scalar, Iterable[msgspec.Raw]]], asks: Sequence[Ask]) -> list[bytes | None]:
    """The pieces of a reply that carry each ask's number, in their order; None where none does."""
    found: dict[str, list[msgspec.Raw]] = defaultdict(list)
    for number, parts in pieces:
        found[plain_number(number)].extend(parts)
    mine = (found.get(plain_number(ask.number)) for ask in asks)
    return [b"\n".join(parts) if parts else None for parts in mine]


def _digest(mark: "hashlib._Hash", ask: Ask, part: bytes) -> bytes:
    mark.update(repr(_fields_of(ask)).encode())
    mark.update(part)
    return mark.digest()[:DIGEST_BYTES]


@cache
def _code() -> bytes:
    """The code that reads, as a digest: after an upgrade everything is read once more."""
    here = Path(__file__).parent.parent
    return code_digest(here / room for room in ROOMS)


def code_digest(folders: Iterable[Path]) -> bytes:
    mark = hashlib.sha256()
    for file in (one for folder in folders for one in sorted(folder.rglob("*")) if one.is_file()):
        if "__pycache__" not in file.parts:
            mark.update(f"{file.name}\0".encode() + file.read_bytes())
    return mark.digest()
