"""Taking somebody out of texts, however they are written there; and leaving codes and other people alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.erasing import ERASED, hooks, in_json, own_rewriter, personal, rewriter

LI = personal("李小龙", "+86 138-1234-5678", "Li.Xiao@Example.com", "梧桐路 12 号 3 栋")
ANN = personal("Ann Lee", "13812345678")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("李小龙说没收到", f"{ERASED}说没收到"),
        ("call 138 1234 5678 now", f"call {ERASED} now"),
        ("tel:13812345678;", f"tel:{ERASED};"),
        ("+8613812345678", ERASED),
        ("write to li.xiao@example.com", f"write to {ERASED}"),
        ("梧桐路12号3栋门口", f"{ERASED}门口"),
        ("no. 913812345678", "no. 913812345678"),  # a longer number is another number
        ("李小虎", "李小虎"),
        ("", ""),
    ],
)
def test_every_way_of_writing_goes(text: str, left: str) -> None:
    """And nothing else; doing it again changes nothing."""
    rewrite = rewriter(LI)
    assert rewrite(text) == left
    assert rewrite(left) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I spoke to ann lee.", f"I spoke to {ERASED}."),
        ("我是Ann Lee，", f"我是{ERASED}，"),
        ("Joann Leeward", "Joann Leeward"),
    ],
)
def test_a_latin_name_is_words_of_its_own(text: str, left: str) -> None:
    """Chinese around it has no blanks; letters around it make it another word."""
    assert rewriter(ANN)(text) == left


def test_what_is_too_short_is_nobodys() -> None:
    """A surname, an extension, a house number: replaced everywhere they would spoil what others wrote."""
    nobody = personal("李", "8081", "x", "3栋")
    assert nobody.values == []
    assert rewriter(nobody)("李 8081 x 3栋") == "李 8081 x 3栋"


def test_codes_stay_and_numbers_go() -> None:
    """JSON keeps its shape; a code of ours is never a name, a phone written as a number is one all the same."""
    who = personal("lost", "13812345678", "a@b.example")
    value = {"kind": "lost", "n": 13812345678, "who": ["Lost and found", {"a@b.example": True}], "at": None}
    told = {"kind": "lost", "n": ERASED, "who": [f"{ERASED} and found", {ERASED: True}], "at": None}
    assert in_json(value, rewriter(who)) == told


def test_free_texts_of_ones_own_records_go_whole() -> None:
    """What a customer wrote may say anything; masked forms of their phone go, and other people are masked."""
    rewrite = own_rewriter(LI)
    assert in_json({"note": "third floor, ask Wang", "code": "x.y"}, rewrite, own=True) == {
        "note": ERASED,
        "code": "x.y",
    }
    assert rewrite("138****5678 or 13900001111") == f"{ERASED} or 139****1111"


@given(
    st.text(alphabet='abAB 李王"\\\n', min_size=2, max_size=8),
    st.text(alphabet='xy 李王"\\\n', max_size=10),
    st.text(alphabet='xy 李王"\\\n', max_size=10),
)
def test_whatever_is_rewritten_was_hooked(name: str, before: str, after: str) -> None:
    """The database looks for hooks first: where a text changes, one of them stands in it, in JSON, too."""
    who = personal(name)
    text = before + name + after
    if rewriter(who)(text) != text:
        assert any(hook in text.lower() for hook in hooks(who).texts)
