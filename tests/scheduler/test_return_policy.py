"""The return policy as it ships, case by case: signed on Friday 20 November 2026 at 15:00 in Shanghai unless said otherwise."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import POLICY, at

from domain.errors import RuleError
from domain.pickup import Payer, ReturnReason, Want
from domain.shipment import Item
from scheduler.plan_types import Refused
from scheduler.policy import Eligible, Line, judge, refund_cents
from scheduler.policy_file import own_policy, read_policy, shop_policy

R, W = ReturnReason, Want
SIGNED = at("2026-11-20T15:00")
SWEATER = Line(Item("A", "毛衣", 3, 19_900, "clothes"), 1)
RING = Line(Item("B", "刻字戒指", 1, 99_900, "made_to_order"), 1)
CHERRIES = Line(Item("C", "车厘子", 2, 12_900, "生鲜"), 1)
GAME = Line(Item("D", "游戏光盘", 1, 29_900, "Software "), 1)
WEEKLY = Line(Item("E", "周刊", 1, 2_000, "periodical"), 1)
STICKER = Line(Item("F", "贴纸", 1, 300, "paper goods"), 1)

# (why, lines, reason, want, requested at, payer, refund in cents, last day, statute)
YES = [
    ("on the day of signing", [SWEATER], R.NO_REASON, W.REFUND, "2026-11-20T16:00", "customer", 18_900, 27, "消保法 25"),
    ("on the seventh day", [SWEATER], R.NO_REASON, W.REFUND, "2026-11-27T09:00", "customer", 18_900, 27, "消保法 25"),
    ("in its last second", [SWEATER], R.NO_REASON, W.REFUND, "2026-11-27T23:59:59", "customer", 18_900, 27, "消保法 25"),
    ("an exchange brings no money", [SWEATER], R.NO_REASON, W.EXCHANGE, "2026-11-21T09:00", "customer", 0, 27, "消保法 25"),
    ("price by quantity", [Line(SWEATER.item, 3)], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "customer", 58_700, 27, "消保法 25"),
    ("freight once for two lines", [SWEATER, STICKER], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "customer", 19_200, 27, "消保法 25"),
    ("freight dearer than the goods", [STICKER], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "customer", 0, 27, "消保法 25"),
    ("quality: the shop pays", [SWEATER], R.QUALITY, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "消保法 24"),
    ("quality on the seventh day", [SWEATER], R.QUALITY, W.REFUND, "2026-11-27T23:59:59", "merchant", 19_900, 27, "消保法 24"),
    ("quality exchange on the fifteenth", [SWEATER], R.QUALITY, W.EXCHANGE, "2026-12-05T20:00", "merchant", 0, 35, "消保法 24"),
    ("wrong item", [SWEATER], R.WRONG_ITEM, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "消保法 24"),
    ("damaged", [SWEATER], R.DAMAGED, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "消保法 24"),
    ("not as described", [SWEATER], R.NOT_AS_DESCRIBED, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "消保法 24"),
    ("broken by the carrier", [SWEATER], R.CARRIER_DAMAGE, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "电子商务法 20"),
    ("came late: freight is not the customer's", [SWEATER], R.LATE, W.REFUND, "2026-11-21T09:00", "merchant", 19_900, 27, "电子商务法 20"),
    ("made to order but faulty", [RING], R.QUALITY, W.REFUND, "2026-11-21T09:00", "merchant", 99_900, 27, "消保法 24"),
    ("perishable but spoiled", [CHERRIES], R.QUALITY, W.REFUND, "2026-11-21T09:00", "merchant", 12_900, 27, "消保法 24"),
    ("perishable but crushed on the way", [CHERRIES], R.CARRIER_DAMAGE, W.REFUND, "2026-11-21T09:00", "merchant", 12_900, 27, "电子商务法 20"),
    ("software that doesn't start", [GAME], R.QUALITY, W.REFUND, "2026-11-21T09:00", "merchant", 29_900, 27, "消保法 24"),
    ("a weekly with pages missing", [WEEKLY], R.QUALITY, W.REFUND, "2026-11-21T09:00", "merchant", 2_000, 27, "消保法 24"),
]  # fmt: skip

# (why, lines, reason, want, requested at, code, statute, way out)
NO = [
    ("the eighth day begins", [SWEATER], R.NO_REASON, W.REFUND, "2026-11-28T00:00", "return_too_late", "消保法 25", "ask_desk"),
    ("an exchange has the same week", [SWEATER], R.NO_REASON, W.EXCHANGE, "2026-11-28T00:00", "return_too_late", "消保法 25", "ask_desk"),
    ("quality refund after a week", [SWEATER], R.QUALITY, W.REFUND, "2026-11-28T00:00", "return_too_late", "消保法 24", "repair_or_replace"),
    ("quality exchange after 15 days", [SWEATER], R.QUALITY, W.EXCHANGE, "2026-12-06T00:00", "return_too_late", "消保法 24", "repair_or_replace"),
    ("late goods have the week too", [SWEATER], R.LATE, W.REFUND, "2026-11-28T00:00", "return_too_late", "电子商务法 20", "ask_desk"),
    ("made to order", [RING], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "return_excepted_made_to_order", "消保法 25(1)", "quality_only"),
    ("perishable", [CHERRIES], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "return_excepted_perishable", "消保法 25(2)", "quality_only"),
    ("perishable that came late but sound", [CHERRIES], R.LATE, W.REFUND, "2026-11-21T09:00", "return_excepted_perishable", "消保法 25(2)", "quality_only"),
    ("opened software, however written", [GAME], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "return_excepted_opened_media", "消保法 25(3)", "quality_only"),
    ("papers", [WEEKLY], R.NO_REASON, W.EXCHANGE, "2026-11-21T09:00", "return_excepted_papers", "消保法 25(4)", "quality_only"),
    ("one barred among others", [SWEATER, RING], R.NO_REASON, W.REFUND, "2026-11-21T09:00", "return_excepted_made_to_order", "消保法 25(1)", "quality_only"),
    ("barred and late: the exception is said", [RING], R.NO_REASON, W.REFUND, "2026-12-21T09:00", "return_excepted_made_to_order", "消保法 25(1)", "quality_only"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "lines", "reason", "want", "asked", "payer", "cents", "day", "statute"), YES)
def test_may_be_sent_back(why, lines, reason, want, asked, payer, cents, day, statute) -> None:
    """Who pays the freight, what comes back and until when, each with the statute behind it."""
    answer = judge(POLICY, lines, reason=reason, want=want, signed_at=SIGNED, requested_at=at(asked))
    assert isinstance(answer, Eligible), why
    last_day = date(2026, 11, day) if day <= 30 else date(2026, 12, day - 30)
    assert (answer.payer, answer.refund_cents, answer.last_day, answer.statute) == (payer, cents, last_day, statute)
    assert answer.words.code == f"return_eligible_{payer}_pays"
    assert answer.words.params["statute"] == statute


@pytest.mark.parametrize(("why", "lines", "reason", "want", "asked", "code", "statute", "way"), NO)
def test_may_not_be_sent_back(why, lines, reason, want, asked, code, statute, way) -> None:
    """A refusal names its rule and the way out."""
    answer = judge(POLICY, lines, reason=reason, want=want, signed_at=SIGNED, requested_at=at(asked))
    assert isinstance(answer, Refused), why
    assert answer.reason.code == code
    assert (answer.reason.params["statute"], answer.reason.params["way"]) == (statute, way)


def test_what_has_not_arrived_cannot_be_sent_back_yet() -> None:
    """Not delivered: refused, with the way out that it may be asked for after delivery."""
    answer = judge(POLICY, [SWEATER], reason=R.QUALITY, want=W.REFUND, signed_at=None, requested_at=SIGNED)
    assert isinstance(answer, Refused)
    assert (answer.reason.code, answer.reason.params["way"]) == ("return_not_received", "after_delivery")


def test_sealed_media_may_be_sent_back() -> None:
    """Only what the customer opened is excepted (消保法 25, third case)."""
    kw = {"reason": R.NO_REASON, "want": W.REFUND, "signed_at": SIGNED, "requested_at": at("2026-11-21T09:00")}
    assert isinstance(judge(POLICY, [GAME], sealed=True, **kw), Eligible)
    assert isinstance(judge(POLICY, [RING], sealed=True, **kw), Refused)


@pytest.mark.parametrize(
    ("signed", "last"),
    [
        ("2026-11-20T00:00:00+08:00", date(2026, 11, 27)),
        ("2026-11-20T23:59:59+08:00", date(2026, 11, 27)),
        ("2026-11-20T16:00:00+00:00", date(2026, 11, 28)),  # the 21st began in Shanghai
        ("2026-11-20T15:59:59+00:00", date(2026, 11, 27)),
        ("2026-12-28T10:00:00+08:00", date(2027, 1, 4)),
        ("2028-02-25T10:00:00+08:00", date(2028, 3, 3)),  # a leap year
    ],
)
def test_days_are_local_days_after_the_day_of_signing(signed: str, last: date) -> None:
    """Signed late or early in the day makes no difference; the day is Shanghai's, whatever zone the carrier reports in."""
    signed_at = datetime.fromisoformat(signed).astimezone(UTC)
    answer = judge(POLICY, [SWEATER], reason=R.NO_REASON, want=W.REFUND, signed_at=signed_at, requested_at=signed_at)
    assert isinstance(answer, Eligible)
    assert answer.last_day == last


def test_another_profile_is_a_line_of_configuration() -> None:
    """30 days to return and 180 to exchange for a fault, as JD and Gome promise."""
    policy = msgspec.structs.replace(POLICY, profile="thirty_thirty_180")
    kw = {"signed_at": SIGNED, "requested_at": at("2026-12-20T23:59:59")}
    assert isinstance(judge(policy, [SWEATER], reason=R.NO_REASON, want=W.REFUND, **kw), Eligible)
    kw["requested_at"] = at("2027-05-19T12:00")  # day 180
    assert isinstance(judge(policy, [SWEATER], reason=R.QUALITY, want=W.EXCHANGE, **kw), Eligible)
    kw["requested_at"] = at("2027-05-20T00:00")
    assert isinstance(judge(policy, [SWEATER], reason=R.QUALITY, want=W.EXCHANGE, **kw), Refused)


@given(st.integers(0, 10**9), st.integers(0, 10**5))
def test_freight_is_never_the_customers_twice_nor_below_nothing(value: int, freight: int) -> None:
    """A merchant who pays gives all back; a customer who pays gets the rest, at least nothing."""
    assert refund_cents(value, Payer.MERCHANT, freight) == value
    assert refund_cents(value, Payer.CUSTOMER, freight) in {value - freight, 0}
    assert refund_cents(value, Payer.CUSTOMER, freight) >= 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('profile = "seven_day"', 'profile = "8_days"'), "8_days"),
        (('zone = "Asia/Shanghai"', 'zone = "Shanghai"'), "no time zone"),
        (("[reasons.late]", "[reasons.later]"), "later"),
        (("freight_cents = 1000", "freight_cents = -1"), "freight_cents"),
        (("max_attempts", "max_atempts"), "max_atempts"),
        (("[reasons.late]", "[reasons.late"), "at line"),
    ],
)
def test_a_wrong_policy_file_is_refused_by_name(change: tuple[str, str], said: str) -> None:
    """The message names the file and what is wrong in it."""
    from importlib.resources import files

    text = files("config").joinpath("policies/returns.toml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(RuleError, match=r"returns\.toml") as error:
        read_policy(text.replace(*change, 1))
    assert said in str(error.value)


def test_a_shop_changes_a_line_of_the_shipped_policy() -> None:
    """Its own freight, another profile; what isn't there is refused by name."""
    assert shop_policy(POLICY) == POLICY
    changed = shop_policy(POLICY, profile="thirty_thirty_180", freight_cents=0)
    assert (changed.profile, changed.freight_cents) == ("thirty_thirty_180", 0)
    with pytest.raises(RuleError, match=r"\[returns\].*eight_day"):
        shop_policy(POLICY, profile="eight_day")


def test_a_shops_own_file_lies_over_the_shipped_policy(tmp_path) -> None:
    """A custom profile with its version; less than the law gives is refused by name."""
    own = tmp_path / "returns.toml"
    own.write_text(
        'profile = "ours"\n[profiles.ours]\nversion = 3\nno_reason_days = 15\nfault_refund_days = 15\n'
        'fault_exchange_days = 60\nno_reason_payer = "merchant"\n',
        encoding="utf-8",
    )
    policy = own_policy(own)
    assert policy.label == "ours@3"
    answer = judge(
        policy, [SWEATER], reason=R.NO_REASON, want=W.REFUND, signed_at=SIGNED, requested_at=at("2026-12-05T10:00")
    )
    assert isinstance(answer, Eligible)
    assert (answer.payer, answer.refund_cents) == ("merchant", 19_900)
    own.write_text(own.read_text().replace("no_reason_days = 15", "no_reason_days = 5"))
    with pytest.raises(RuleError, match="less than the 7 days"):
        own_policy(own)
    with pytest.raises(RuleError, match=r"missing\.toml"):
        own_policy(tmp_path / "missing.toml")
