"""Words: both languages say the same things, everything that the rooms emit can be said, and values are readable."""

import re
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import words as book
from config.words import LANGS, knows, label, moment, money, say, span, texts
from domain import booking, case, pickup, tracking
from domain.errors import RuleError
from domain.words import Words

ROOT = Path(book.__file__).parent.parent
ZONE = ZoneInfo("Asia/Shanghai")


def blanks(text: str) -> set[str]:
    return set(book._BLANK.findall(text))


def test_both_languages_have_the_same_codes():
    """Nothing can be said in one language only."""
    assert texts("zh").keys() == texts("en").keys()


def test_both_languages_fill_the_same_blanks():
    """A translation leaves nothing out."""
    assert [code for code in texts("zh") if blanks(texts("zh")[code]) != blanks(texts("en")[code])] == []


def test_chinese_is_chinese_and_english_is_english():
    """No text was left in the other language: English has no Chinese characters outside of names of statutes."""
    assert [
        c for c, t in texts("en").items() if any("\u4e00" <= char <= "\u9fff" for char in t) and not c.startswith("ui.")
    ] == []
    same = [
        c
        for c, t in texts("zh").items()
        if t == texts("en")[c] and not c.startswith("ui.") and any(x.isalpha() for x in book._BLANK.sub("", t))
    ]
    assert same == []


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("milestone", tracking.Milestone),
        ("reason", tracking.Reason),
        ("manner", tracking.Manner),
        ("no_data", tracking.NoData),
        ("kind", case.Kind),
        ("kind_means", case.Kind),
        ("next", case.Kind),
        ("cleared", case.Kind),
        ("superseded", case.Kind),
        ("case_status", case.CaseStatus),
        ("case_event", case.CaseEvent),
        ("severity", case.Severity),
        ("return_status", pickup.ReturnStatus),
        ("return_event", pickup.ReturnEvent),
        ("return_reason", pickup.ReturnReason),
        ("want", pickup.Want),
        ("payer", pickup.Payer),
        ("fault", pickup.Fault),
        ("fail_reason", pickup.FailReason),
        ("booking_refusal", booking.Refusal),
    ],
)
def test_every_member_has_a_name_and_no_name_is_left_over(table, codes: type[StrEnum]):
    """What the field can say, people can read."""
    named = {code.removeprefix(f"{table}.") for code in texts("zh") if code.startswith(f"{table}.")}
    assert named == {member.value for member in codes}


EMITS = re.compile(r'\bWords\(\s*"([^"{}]+)"')
"""A constant code handed to Words(...). Found in the text: parsing a thousand files while the collector runs can fail in
CPython 3.11 ("AST constructor recursion depth mismatch").
"""


def emitted() -> dict[str, str]:
    """Every constant code handed to Words(...) in the rooms, with its place."""
    found = {}
    for room in ("carriers", "chat", "domain", "doorstep", "monitor", "scheduler", "store"):
        for file in sorted((ROOT / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            for match in EMITS.finditer(text):
                if not match[1].startswith("ui."):
                    found[match[1]] = f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
    return found


def test_every_code_that_a_room_emits_can_be_said():
    """A sentence without words would reach the desk as its code."""
    assert {code: place for code, place in emitted().items() if not knows(code)} == {}
    assert "evidence.silence" in emitted()


def test_an_unknown_code_shows_itself_and_breaks_no_page():
    """In production the code is visible; strictly asked for, it is an error that says where to add it."""
    assert say(Words("evidence.nonsense"), "en", ZONE) == "[evidence.nonsense]"
    assert label("kind", "nonsense", "zh") == "[kind.nonsense]"
    with pytest.raises(RuleError, match=r"no words for evidence.nonsense: add it to a pair of files in config/texts"):
        say(Words("evidence.nonsense"), "en", ZONE, strict=True)
    with pytest.raises(RuleError, match="promised_at"):
        say(Words("evidence.promise_missed"), "en", ZONE, strict=True)
    assert say(Words("refused.taken", {"by": "Li"}), "en", ZONE) == "Li took it [refused.taken: {taken_at}]."


def test_a_language_that_we_do_not_speak_is_refused():
    """A slip in the settings isn't answered in a random language."""
    with pytest.raises(RuleError, match="one of zh, en"):
        texts("fr")


def test_evidence_reads_as_a_sentence():
    """Times on the shop's clock with the weekday, codes by their names, lengths in two units, the unknown as such."""
    words = Words(
        "evidence.silence",
        {"place": "", "last_at": "2026-11-20T16:30:00+00:00", "milestone_code": "in_transit", "silent_s": 183_900},
    )
    assert (
        say(words, "en", ZONE)
        == "place unknown: last physical scan Sat 21 Nov 00:30 (in transit), nothing for 2 d 3 h."
    )
    assert say(words, "zh", ZONE) == "地点不明：最后一次实物扫描 11月21日 周六 00:30（运输中），2 天 3 小时 没有动静。"


def test_an_optional_part_is_left_out_without_its_value():
    """What a detector can't know isn't said, and leaves no gap."""
    assert say(Words("evidence.lost_by_word", {"at": "2026-11-20T00:00:00+00:00"}), "en", ZONE) == (
        "The carrier reported it lost Fri 20 Nov 08:00."
    )
    failed = Words("evidence.failed_attempt", {"at": "2026-11-20T00:00:00+00:00", "reason": "absent"})
    assert say(failed, "en", ZONE) == "Attempt of Fri 20 Nov 08:00 failed: nobody at home."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (3_600, "1 h"),
        (183_600, "2 d 3 h"),
        (86_460, "1 d"),
        (-7_260, "-2 h 1 min"),
    ],
)
def test_lengths_of_time(seconds, said):
    """The two largest units, and nothing that rounds to zero."""
    assert span(seconds, "en") == said


def test_money_in_its_currency():
    """Cents become the main unit; yen have no cents."""
    assert money(1250, "CNY") == "¥12.50"
    assert money(-123456, "USD") == "-$1,234.56"
    assert money(500, "JPY") == "JP¥500"
    assert money(1250, "CHF") == "CHF 12.50"
    assert "¥10.00" in say(
        Words(
            "return_eligible_customer_pays", {"last_day": "x", "refund_cents": 1, "freight_cents": 1000, "statute": "s"}
        ),
        "zh",
        ZONE,
    )


def test_a_text_that_is_no_time_stands_as_it_is():
    """Old rows must stay readable."""
    assert moment("yesterday", "en", ZONE) == "yesterday"


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_can_be_said_with_anything(lang):
    """Whatever a parameter holds, a sentence comes out."""
    for code, text in texts(lang).items():
        for value in ("", None, 0, 3.5, "2026-11-20", ["a", 1], {"x": 1}):
            assert isinstance(say(Words(code, dict.fromkeys(blanks(text), value)), lang, ZONE), str)
