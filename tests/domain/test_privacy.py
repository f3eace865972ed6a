"""Taking people out of texts."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.privacy import NAMED, NO_NAME, _mask_named, mask_name, mask_phone, mask_text, scrub_body


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("派件员:张三丰 13812345678 正在派送", "派件员:张** 138****5678 正在派送"),
        ("签收人:李四, 电话 0571-88889999", "签收人:李*, 电话 0571****9999"),
        ("快递员 王小明(13912345678)正在派件", "快递员 王**(139****5678)正在派件"),
        ("【成都公司】的周春梅(19912342684)已揽收", "【成都公司】的周**(199****2684)已揽收"),
        ("请联系派件员(13812345678)", "请联系派件员(138****5678)"),
        ("mail bob.smith@example.com or +44 20 7946 0958", "mail ***@*** or +***"),
    ],
)
def test_people_are_masked(text: str, masked: str) -> None:
    """Names after a role, phone numbers and mail addresses go before a text is stored."""
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "签收人 : 本人签收 已签收",
        "签收人:门卫",
        "快递员正在派送",
        "SF1234567890123",
        "运单 75312345678901 到达",
        "联系电话:188****0000",
        "2026-11-01 10:00:00",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    """Who signed without a name, tracking numbers and dates stay: detectors need them."""
    assert mask_text(text) == text


@given(st.text())
def test_masking_twice_changes_nothing(text: str) -> None:
    """Re-reading a masked text gives the same text, and so the same natural key."""
    assert mask_text(mask_text(text)) == mask_text(text)


def test_short_forms() -> None:
    """Family name and last digits stay."""
    assert (
        mask_name("张三丰"),
        mask_name(""),
        mask_phone("138-1234-5678"),
        mask_phone("12345678"),
        mask_phone(""),
    ) == (
        "张**",
        "",
        "138****5678",
        "****5678",
        "",
    )


def test_bodies_are_scrubbed_whatever_their_bytes() -> None:
    """A raw body is kept without phone numbers even where it isn't text."""
    assert b"13812345678" not in scrub_body(b"\xff\xfe 13812345678 \x00")


def test_named_fields_are_blanked_in_plain_and_in_nested_json() -> None:
    """The fields that hold people go whatever they say, also in JSON inside a JSON text, which stays readable."""
    inner = json.dumps({"deliveryManName": "Zhang San", "state": "3"})
    body = json.dumps({"deliveryManName": "李四", "data": inner}).encode()
    kept = json.loads(scrub_body(body, ("deliveryManName",)))
    assert (kept["deliveryManName"], json.loads(kept["data"])) == ("***", {"deliveryManName": "***", "state": "3"})


PLAIN = (
    (re.compile(r"(?<!\d)(1[3-9]\d)[\s-]?\d{4}[\s-]?(\d{4})(?!\d)"), r"\1****\2"),
    (re.compile(r"(?<![\d-])(0\d{2,3})-?\d{3,4}(\d{4})(?!\d)"), r"\1****\2"),
    (re.compile(r"(?<!\w)\+\d{1,3}[\s.-]?(?:\(?\d{2,4}\)?[\s.-]?){2,4}\d{2,4}(?!\d)"), "+***"),
)
"""The rules for numbers as one would write them down, without regard to how fast they are."""
CALLED = re.compile(r"([\u4e00-\u9fff]{1,2})(?=[(\uff08]\d{3}\*{4}\d{4})")
PIECES = st.sampled_from(
    ["1", "13", "138", "1234", "5678", "12345678", "0", "0571", "010", "+", "86", " ", "-", ".", "(", ")", "（", "\n",
     "小", "明", "电话", "快递员", "138****5678", "****", "x", "_", "٣"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_the_quick_rules_say_what_the_plain_ones_say(text: str) -> None:
    """Patterns that are turned round for speed find the same numbers and the same names."""
    plain = text
    for pattern, mask in PLAIN:
        plain = pattern.sub(mask, plain)
    plain = NAMED.sub(_mask_named, plain)
    plain = CALLED.sub(lambda m: m[0] if NO_NAME.search(m[1]) else "*" * len(m[1]), plain)
    assert mask_text(text) == plain


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(['"', "\\", "a", "name", "taker", ":", " ", "{", ",", '"name"', '\\"name\\":']), max_size=16
    )
)
def test_only_the_fields_that_are_there_are_looked_for(pieces: list[str]) -> None:
    """Looking for the names that a body holds blanks what looking for all of them does."""
    names, body = ("name", "taker", "absent"), "".join(pieces)
    every = re.compile(r'(\\?"(?:' + "|".join(names) + r')\\?"\s*:\s*)(\\?")(?:[^"\\]|\\[^"])*\\?"')
    assert scrub_body(body.encode(), names).decode() == every.sub(r"\1\2***\2", body)
