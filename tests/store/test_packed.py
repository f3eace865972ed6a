"""Carriers' replies in few bytes: every body comes back, also those of before and those of sources without words."""

import json
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy import MOBILE
from store import packed

RECORDED = Path(__file__).parents[1] / "carriers" / "recorded"
SOURCES = ("17track", "dhl", "fedex", "jd", "kuaidi100", "kuaidiniao", "sf", "ups", "usps")
CHECKSUMS = {
    ("17track", 1): 0xae4824f3,
    ("dhl", 1): 0xe153c9b2,
    ("fedex", 1): 0x0f4c51cb,
    ("jd", 1): 0xb8f421fd,
    ("kuaidi100", 1): 0x580c7086,
    ("kuaidiniao", 1): 0xdd6c3cee,
    ("sf", 1): 0x9c98813b,
    ("ups", 1): 0xf945668d,
    ("usps", 1): 0xa7fd02ea,
}  # fmt: skip
"""Of every file that a reply was ever packed with. Whoever writes better words adds a file; these stay."""


def bodies(source: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted((RECORDED / source).glob("*.json")) if "golden" not in file.name]


@pytest.mark.parametrize("source", [*SOURCES, "manual", "a source of next year"])
def test_every_body_comes_back(source: str) -> None:
    """Also an empty one, one of another source, and one that is no text at all."""
    for body in (*bodies("sf"), *bodies(source), b"", b"\x00\xff" * 999):
        assert packed.unpack(packed.pack(source, body)) == body


@given(st.binary(max_size=200), st.sampled_from(SOURCES))
def test_any_bytes_come_back(body: bytes, source: str) -> None:
    """Whatever a far side sends."""
    assert packed.unpack(packed.pack(source, body)) == body


def test_what_was_kept_before_there_were_words_is_read() -> None:
    """Bodies of earlier versions name no words and need none."""
    assert packed.unpack(zlib.compress(b'{"status": "200"}', 6)) == b'{"status": "200"}'


def test_what_needs_other_words_or_is_damaged_says_so() -> None:
    """Nothing is made up: it can't be read."""
    packer = zlib.compressobj(zdict=b"words of a later version")
    for body in (
        packer.compress(b"later words") + packer.flush(),
        b"",
        b"nothing packed",
        zlib.compress(b"cut off")[:-3],
    ):
        with pytest.raises(zlib.error):
            packed.unpack(body)


def test_words_stay_as_they_were() -> None:
    """A file that was changed, if only by its last newline, would make replies unreadable that were packed with it."""
    assert {name: zlib.adler32(said) for name, said in packed.words().items()} == CHECKSUMS


@pytest.mark.parametrize("source", SOURCES)
def test_words_pay(source: str) -> None:
    """A source's replies, as a carrier writes them, take less than four fifths of what they take without words."""
    sent = [json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode() for body in bodies(source) if body[:1] == b"{"]  # fmt: skip
    with_words, without = (
        sum(len(how(body)) for body in sent) for how in (lambda b: packed.pack(source, b), zlib.compress)
    )
    assert with_words < without * 4 / 5


def test_words_name_nobody() -> None:
    """No number and no time is in them, neither in Chinese texts nor in field names' values."""
    for said in packed.words().values():
        text = said.decode()
        assert not MOBILE.search(text)
        assert not re.search(r"\d{4}", re.sub(r'"[A-Za-z0-9_]+" ?:', "", text))
