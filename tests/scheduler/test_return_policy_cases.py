"""Sixty-odd returns worked out by hand, each with the article that decides it and how sure that is.

All are signed on Friday 20 November 2026 at 15:00 in Shanghai. Sure: V the article was read, S second-hand, D shop practice.
A row: profile, category, flags (a agreed at purchase, s sealed, p fetched at a shop, n not received, d after-sales done), reason,
want, asked at, then what must come out: cents back and who pays the freight, or the refusal; the article; sure.
"""

from datetime import timedelta

import msgspec
import pytest
from pickup_house import POLICY, at

from domain.pickup import ReturnReason, Want
from domain.shipment import Item
from scheduler.plan_types import Refused
from scheduler.policy import Eligible, Line, PriceDrop, RefundOn, judge, price_protected

SIGNED = at("2026-11-20T15:00")
CASES = """
seven_day clothes - no_reason refund 11-20T15:01 9000 customer 消保法 25 V
seven_day clothes - no_reason refund 11-21T00:00 9000 customer 消保法 25 V
seven_day clothes - no_reason refund 11-27T23:59 9000 customer 消保法 25 V
seven_day clothes - no_reason refund 11-28T00:00 too_late - 消保法 25 V
seven_day clothes - no_reason exchange 11-27T23:59 0 customer 消保法 25 V
seven_day clothes - no_reason exchange 11-28T00:00 too_late - 消保法 25 V
seven_day clothes - late refund 11-27T10:00 10000 merchant 电子商务法 20 V
seven_day clothes - late refund 11-28T10:00 too_late - 电子商务法 20 V
seven_day clothes - quality refund 11-27T23:59 10000 merchant 消保法 24 V
seven_day clothes - quality refund 11-28T00:00 too_late - 消保法 24 V
seven_day clothes - quality exchange 12-05T23:59 0 merchant 消保法 24 D
seven_day clothes - quality exchange 12-06T00:00 too_late - 消保法 24 D
seven_day clothes - wrong_item refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day clothes - wrong_item exchange 11-30T10:00 0 merchant 消保法 24 D
seven_day clothes - damaged refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day clothes - not_as_described refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day clothes - carrier_damage refund 11-22T10:00 10000 merchant 电子商务法 20 V
seven_day clothes - carrier_damage refund 11-29T10:00 too_late - 电子商务法 20 V
seven_day made_to_order - no_reason refund 11-22T10:00 excepted_made_to_order - 消保法 25(1) V
seven_day 定制 - no_reason exchange 11-22T10:00 excepted_made_to_order - 消保法 25(1) V
seven_day made_to_order - quality refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day perishable - no_reason refund 11-20T16:00 excepted_perishable - 消保法 25(2) V
seven_day 生鲜 - late refund 11-22T10:00 excepted_perishable - 消保法 25(2) V
seven_day 生鲜 - quality refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day 鲜花 - carrier_damage refund 11-22T10:00 10000 merchant 电子商务法 20 V
seven_day software - no_reason refund 11-22T10:00 excepted_opened_media - 消保法 25(3) V
seven_day software s no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day 音像制品 - quality refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day 期刊 - no_reason refund 11-22T10:00 excepted_papers - 消保法 25(4) V
seven_day 期刊 s no_reason refund 11-22T10:00 excepted_papers - 消保法 25(4) V
seven_day 报纸 - damaged refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day cosmetics a no_reason refund 11-22T10:00 excepted_hygiene - 暂行办法 7(1) V
seven_day cosmetics - no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day cosmetics as no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day 食品 a no_reason refund 11-22T10:00 excepted_hygiene - 暂行办法 7(1) V
seven_day 内衣 a quality refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day phone a no_reason refund 11-22T10:00 excepted_activated - 暂行办法 7(2) V
seven_day phone as no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day phone - no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day 临期 a no_reason refund 11-22T10:00 excepted_flawed - 暂行办法 7(3) V
seven_day 临期 as no_reason refund 11-22T10:00 excepted_flawed - 暂行办法 7(3) V
seven_day 瑕疵 - no_reason refund 11-22T10:00 9000 customer 消保法 25 V
seven_day phone - quality refund 11-27T23:59 10000 merchant 三包规定 9 S
seven_day phone - quality refund 11-28T00:00 too_late - 三包规定 9 S
seven_day 家电 - quality exchange 12-05T23:59 0 merchant 三包规定 10 S
seven_day 家电 - quality exchange 12-06T00:00 too_late - 三包规定 10 S
seven_day 家电 - damaged refund 11-22T10:00 10000 merchant 消保法 24 V
seven_day clothes n no_reason refund 11-22T10:00 not_received - 消保法 25 V
seven_day clothes n quality refund 11-22T10:00 not_received - 消保法 24 V
seven_day clothes p no_reason refund 11-27T23:59 9000 customer 消保法 25 V
seven_day clothes p no_reason refund 11-28T00:00 too_late - 消保法 25 V
seven_day clothes pn no_reason refund 11-22T10:00 not_received - 消保法 25 V
seven_day clothes d no_reason refund 11-25T10:00 9000 customer 消保法 25 V
seven_day clothes d quality refund 11-27T10:00 10000 merchant 消保法 24 V
seven_day clothes d quality exchange 11-28T10:00 settled - 消保法 24 D
three_guarantees clothes - no_reason refund 11-27T23:59 9000 customer 消保法 25 V
three_guarantees tv - quality refund 11-27T23:59 10000 merchant 三包规定 9 S
three_guarantees tv - quality exchange 12-05T23:59 0 merchant 三包规定 10 S
three_guarantees tv - quality exchange 12-06T00:00 too_late - 三包规定 10 S
thirty_thirty_180 clothes - no_reason refund 12-20T23:59 9000 customer 消保法 25 D
thirty_thirty_180 clothes - no_reason refund 12-21T00:00 too_late - 消保法 25 D
thirty_thirty_180 clothes - quality refund 12-20T23:59 10000 merchant 消保法 24 D
thirty_thirty_180 家电 - quality exchange 05-19T23:59 0 merchant 三包规定 10 D
thirty_thirty_180 家电 - quality exchange 05-20T00:00 too_late - 三包规定 10 D
thirty_thirty_180 clothes d no_reason refund 11-27T23:59 9000 customer 消保法 25 V
thirty_thirty_180 clothes d no_reason refund 11-28T00:00 settled - 消保法 25 D
thirty_thirty_180 生鲜 - no_reason refund 11-22T10:00 excepted_perishable - 消保法 25(2) V
"""
ROWS = [line.split(maxsplit=8) for line in CASES.strip().splitlines()]


def moment(text: str):
    return at(f"{'2027' if text.startswith('05') else '2026'}-{text}")


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row[:6]) for row in ROWS])
def test_worked_by_hand(row: list[str]) -> None:
    """Goods of 100 yuan with a freight of 10: what comes back, who pays, or why not, each with its article."""
    profile, category, flags, reason, want, asked, out, payer, rest = row
    statute, sure = rest.rsplit(maxsplit=1)
    assert sure in {"V", "S", "D"}
    policy = msgspec.structs.replace(POLICY, profile=profile)
    answer = judge(
        policy,
        [Line(Item("A", "一件", 1, 10_000, category, "a" in flags), 1)],
        reason=ReturnReason(reason),
        want=Want(want),
        signed_at=None if "n" in flags else SIGNED,
        requested_at=moment(asked),
        sealed="s" in flags,
        self_pickup="p" in flags,
        settled_at=SIGNED + timedelta(days=1) if "d" in flags else None,
    )
    if payer == "-":
        assert isinstance(answer, Refused)
        assert (answer.reason.code, answer.reason.params["statute"]) == (f"return_{out}", statute)
        return
    assert isinstance(answer, Eligible)
    assert (answer.refund_cents, answer.payer.value, answer.statute) == (int(out), payer, statute)
    assert answer.deducted_cents == (1_000 if (payer, want) == ("customer", "refund") else 0)
    assert answer.profile == f"{profile}@1"


def test_there_are_sixty_of_them_and_each_exception_is_among_them() -> None:
    """Every article of the policy is cited by a case."""
    assert len(ROWS) >= 60
    cited = {row[8].rsplit(maxsplit=1)[0] for row in ROWS}
    assert {one.statute for one in POLICY.exceptions} <= cited
    assert {one.statute for one in POLICY.reasons.values()} <= cited


def test_the_shortest_window_of_several_goods_counts() -> None:
    """A phone and a sweater with a fault: both can go back only while each could."""
    policy = msgspec.structs.replace(POLICY, profile="three_guarantees")
    lines = [Line(Item("A", "手机", 1, 10_000, "phone"), 1), Line(Item("B", "毛衣", 1, 5_000, "clothes"), 1)]
    answer = judge(
        policy,
        lines,
        reason=ReturnReason.QUALITY,
        want=Want.REFUND,
        signed_at=SIGNED,
        requested_at=moment("11-28T00:00"),
    )
    assert isinstance(answer, Refused)


def test_a_profile_says_what_starts_its_refund_and_photos_are_wanted_for_faults() -> None:
    """7/15 waits for the inspection; without a reason nobody is asked for photos."""
    policy = msgspec.structs.replace(POLICY, profile="three_guarantees")
    kw = {"want": Want.REFUND, "signed_at": SIGNED, "requested_at": SIGNED}
    lines = [Line(Item("A", "毛衣", 1, 10_000, "clothes"), 1)]
    answer = judge(policy, lines, reason=ReturnReason.QUALITY, **kw)
    assert isinstance(answer, Eligible)
    assert (answer.trigger, answer.evidence) == (RefundOn.INSPECTED, ("photo",))
    answer = judge(POLICY, lines, reason=ReturnReason.NO_REASON, **kw)
    assert isinstance(answer, Eligible)
    assert (answer.trigger, answer.evidence) == (RefundOn.COLLECTED, ())


@pytest.mark.parametrize(
    ("profile", "asked", "price", "out"),
    [
        ("thirty_thirty_180", "2026-12-14T23:59:59", 8_000, 6_000),
        ("thirty_thirty_180", "2026-12-15T00:00", 8_000, "price_protection_over"),
        ("thirty_thirty_180", "2026-11-16T10:00", 10_000, "price_not_lower"),
        ("seven_day", "2026-11-16T10:00", 8_000, "price_not_protected"),
    ],
)
def test_price_protection_counts_the_day_of_the_order_as_the_first(profile, asked, price, out) -> None:
    """Ordered on 15 November: the thirtieth day is 14 December; three pieces get three times the difference."""
    policy = msgspec.structs.replace(POLICY, profile=profile)
    answer = price_protected(
        policy, ordered_at=at("2026-11-15T09:00"), asked_at=at(asked), paid_cents=10_000, price_cents=price, qty=3
    )
    found = answer.cents if isinstance(answer, PriceDrop) else answer.reason.code
    assert found == out
