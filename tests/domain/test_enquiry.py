"""Pasted replies of carriers: forty of them, taken apart by hand; and what holds for every text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case import CaseEvent
from domain.enquiry import Enquiry, advance, branch_of, candidates, lines_of, normal, split

A, B, C = "73112345678901", "SF1234567890123", "YT8800123456789"
UPS, ROYAL, FEDEX = "1Z999AA10123456784", "QK123456785GB", "794912345678"
KNOWN = {A, B, C, UPS, ROYAL, FEDEX}
OURS = ["以下单号疑似丢失，请今天内查明结果：", "请逐个单号回复，谢谢！"]

REPLIES = [
    # one number a line
    (f"{A} 已签收", {A: [f"{A} 已签收"]}),
    (f"{A}：明天派送\n{B}：丢失", {A: [f"{A}：明天派送"], B: [f"{B}：丢失"]}),
    (f"单号{A}已到杭州，今天派", {A: [f"单号{A}已到杭州，今天派"]}),
    (f"运单号:{B}。已联系收件人", {B: [f"运单号:{B}。已联系收件人"]}),
    (f"1. {A} 在途\n2. {B} 退回", {A: [f"1. {A} 在途"], B: [f"2. {B} 退回"]}),
    (f"①{A}正常派送", {A: [f"①{A}正常派送"]}),
    (f"#{C} - lost at the hub, please claim", {C: [f"#{C} - lost at the hub, please claim"]}),
    (f"No.{UPS} delivered to neighbour", {UPS: [f"No.{UPS} delivered to neighbour"]}),
    (f"NO{A}破损", {A: [f"NO{A}破损"]}),
    (f"{A}lost", {A: [f"{A}lost"]}),
    # numbers in other spellings
    ("7311 2345 6789 01 明天到", {A: ["7311 2345 6789 01 明天到"]}),
    ("7311-2345-6789-01 已揽收", {A: ["7311-2345-6789-01 已揽收"]}),
    ("sf1234567890123 已联系", {B: ["sf1234567890123 已联系"]}),
    ("SF 1234567890123 已联系", {B: ["SF 1234567890123 已联系"]}),
    ("ＳＦ１２３４５６７８９０１２３　已联系", {B: ["ＳＦ１２３４５６７８９０１２３　已联系"]}),
    ("1Z 999 AA1 01 2345 6784: out for delivery", {UPS: ["1Z 999 AA1 01 2345 6784: out for delivery"]}),
    ("QK 123 456 785 GB is with our depot", {ROYAL: ["QK 123 456 785 GB is with our depot"]}),
    ("7949 1234 5678 — trace opened", {FEDEX: ["7949 1234 5678 — trace opened"]}),
    # several lines for a number
    (f"{A}\n快件已到站点\n明天派送", {A: [A, "快件已到站点", "明天派送"]}),
    (f"{A} 丢失\n责任在网点\n\n{B} 已找到", {A: [f"{A} 丢失", "责任在网点"], B: [f"{B} 已找到"]}),
    (f"Re {UPS}:\nWe have opened a trace.\nExpect an answer within 8 days.",
     {UPS: [f"Re {UPS}:", "We have opened a trace.", "Expect an answer within 8 days."]}),
    # several numbers for a line
    (f"{A}、{B} 都已到杭州", {A: [f"{A}、{B} 都已到杭州"], B: [f"{A}、{B} 都已到杭州"]}),
    (f"{A}\n{B}\n以上两票均丢失", {A: [A, "以上两票均丢失"], B: [B, "以上两票均丢失"]}),
    (f"{A}\n{B}\n均已签收\n{C} 查无记录", {A: [A, "均已签收"], B: [B, "均已签收"], C: [f"{C} 查无记录"]}),
    (f"以下已签收：\n{A}\n{B}", {A: ["以下已签收：", A], B: ["以下已签收：", B]}),
    (f"Lost:\n{A}\nFound:\n{B}", {A: ["Lost:", A], B: ["Found:", B]}),
    (f"{UPS} and {FEDEX} are delayed by weather",
     {UPS: [f"{UPS} and {FEDEX} are delayed by weather"], FEDEX: [f"{UPS} and {FEDEX} are delayed by weather"]}),
    # telephones, dates and clocks are no numbers
    (f"{A} 收件人电话13812345678打不通", {A: [f"{A} 收件人电话13812345678打不通"]}),
    (f"{A} 2026-11-25 10:30:00 到达，2026-11-26派送", {A: [f"{A} 2026-11-25 10:30:00 到达，2026-11-26派送"]}),
    (f"{A} 网点电话 0571-88881234", {A: [f"{A} 网点电话 0571-88881234"]}),
    # endings alone
    ("尾号8901 已签收", {A: ["尾号8901 已签收"]}),
    ("后四位 0123 的已经退回", {B: ["后四位 0123 的已经退回"]}),
    ("the one ending in 6784 was found", {UPS: ["the one ending in 6784 was found"]}),
    # chats, mails, our own question pasted along
    (f"中通-小李 14:32\n{A} 已签收", {A: [f"{A} 已签收"]}),
    (f"{OURS[0]}\n{A}\n{OURS[1]}\n小王 10:05\n{A} 在查", {A: [A, f"{A} 在查"]}),
    (f"> {A}\n> please check\n{A}: handed to the courier", {A: [f"{A}: handed to the courier"]}),
    # strangers keep what is said about them
    ("75399999999999 查无此单\n请核对", {}),
    (f"{A} 丢失\n75399999999999 已签收\n本人签收", {A: [f"{A} 丢失"]}),
    (f"{A[:-1]} 已签收", {}),  # one digit short is somebody else's
    (f"9{A} 已签收", {}),  # one digit long as well
    ("您好，正在查，稍等", {}),
    ("", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REPLIES)
def test_replies_taken_apart_by_hand(text: str, expected: dict[str, list[str]]) -> None:
    found = split(text, KNOWN, asked=sorted(KNOWN), ours=OURS)
    assert {part.number: list(part.lines) for part in found.parts} == expected


def test_there_are_forty_of_them() -> None:
    assert len(REPLIES) >= 40


@pytest.mark.parametrize(("text", "expected"), REPLIES)
def test_nothing_is_lost(text: str, expected: dict[str, list[str]]) -> None:
    """Every line is on a case, under a stranger, among the numbers only named, or shown as unplaced."""
    assert lost_lines(text) == []


def lost_lines(text: str) -> list[str]:
    found = split(text, KNOWN, asked=sorted(KNOWN), ours=OURS)
    placed = {line for part in (*found.parts, *found.strangers) for line in part.lines} | set(found.unplaced)
    silent = set(found.silent)
    return [line for line in lines_of(text) if line not in placed and not (candidates(line) & silent)]


WORDS = st.sampled_from(
    [
        A,
        B,
        "7311 2345 6789 01",
        "75399999999999",
        "已签收",
        "丢失：",
        "\n",
        " ",
        "、",
        "尾号8901",
        "> ",
        "a:",
        "12",
        "\u200b",
    ]
)


@given(st.lists(WORDS, max_size=25).map("".join))
@settings(max_examples=300)
def test_nothing_is_lost_of_any_text(text: str) -> None:
    assert lost_lines(text) == []


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    """Whatever is pasted, it is taken apart, and only onto known numbers."""
    found = split(text, KNOWN, asked=sorted(KNOWN))
    assert {part.number for part in found.parts} <= KNOWN


def test_an_ending_that_means_two_places_nothing() -> None:
    found = split("尾号8901 已签收", set(), asked=["73112345678901", "SF0000000008901"])
    assert (found.parts, found.unplaced) == ((), ("尾号8901 已签收",))


def test_a_number_that_is_only_named_is_no_answer() -> None:
    """Our own list pasted back says nothing."""
    found = split(f"{A}\n{B}", KNOWN)
    assert (found.parts, found.silent) == ((), (A, B))


def test_what_a_stranger_is_told_never_reaches_the_case_before() -> None:
    found = split(f"{A} 在途\nSF 1111 2222 33333 丢失\n客户已退款", KNOWN)
    assert [(p.number, p.lines) for p in found.parts] == [(A, (f"{A} 在途",))]
    assert found.strangers[0].lines == ("SF 1111 2222 33333 丢失", "客户已退款")


@pytest.mark.parametrize(
    ("place", "branch"),
    [
        ("杭州转运中心", "杭州"),
        ("浙江省杭州市萧山区", "杭州"),
        ("【广州市】白云网点", "广州"),
        ("浙江省/杭州市/西湖区", "杭州"),
        ("北京市", "北京"),
        ("内蒙古自治区呼和浩特市", "呼和浩特"),
        ("US/TN/Memphis", "US/TN"),
        ("MEMPHIS, TN US", "MEMPHIS, TN US"),
        ("", ""),
        ("市", "市"),
    ],
)
def test_parcels_of_one_city_are_asked_about_at_one_branch(place: str, branch: str) -> None:
    assert branch_of(place) == branch


def test_an_answer_counts_for_the_question_before_it() -> None:
    """Asking again begins a new wait; an answer ends it; a reopened case has asked nobody."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    due = now + timedelta(hours=6)
    asked = advance(None, CaseEvent.CARRIER_CONTACTED, now, {"means": "phone", "answer_by": due.isoformat()})
    assert asked == Enquiry(now, 1, "phone", "", due)
    told = advance(asked, CaseEvent.CARRIER_ANSWERED, due, {})
    assert told is not None
    assert told.answered_at == due
    again = advance(told, CaseEvent.CARRIER_CONTACTED, due, {})
    assert again is not None
    assert (again.times, again.answered_at) == (2, None)
    assert advance(again, CaseEvent.REOPENED, due, {}) is None
    assert advance(None, CaseEvent.CARRIER_ANSWERED, due, {}) is None


def test_numbers_are_compared_without_their_spelling() -> None:
    assert normal(" sf-1234 5678-90123 ") == B[:2] + "1234567890123"
