"""The registry, settings of accounts, and carriers by name."""

import pytest
from carrier_support import SECRET, each_carrier

from carriers import registry
from carriers.base import Carrier, retry_after_s
from carriers.kuaidi100_carriers import NEEDS_PHONE, ROWS, carrier_code, carrier_name
from domain.errors import RuleError
from net.http import HttpReply


@each_carrier()
def test_ids_are_keys_and_names_are_bilingual(carrier: Carrier) -> None:
    """An adapter is registered under its own id and can be named to both kinds of reader."""
    assert registry.get(carrier.id) is carrier
    assert set(carrier.name) == {"zh", "en"}
    assert all(budget.source for budget in carrier.budgets)


def test_an_unknown_carrier_is_told_what_there_is() -> None:
    """The message lists the choices."""
    with pytest.raises(RuleError, match=r"'dpd'.*fedex.*kuaidi100"):
        registry.get("dpd")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"customer": "c"}, "missing required field `key`"),
        ({"customer": "c", "key": SECRET, "kay": "x"}, "unknown field `kay`"),
        ({"customer": "c", "key": 7}, r"Expected `str`, got `int` - at `key`"),
        ({"customer": "", "key": SECRET}, "customer is empty"),
    ],
)
def test_wrong_settings_name_the_key_and_never_a_value(table: dict[str, object], message: str) -> None:
    """The operator reads which line to fix; the secret beside it stays unsaid."""
    with pytest.raises(RuleError, match=message) as caught:
        registry.account_settings(registry.get("kuaidi100"), table)
    assert SECRET not in str(caught.value)
    assert str(caught.value).startswith("kuaidi100: ")


def test_right_settings_are_the_carriers_struct() -> None:
    """Defaults fill what the table leaves out."""
    settings = registry.account_settings(registry.get("kuaidi100"), {"customer": "c", "key": "k"})
    assert settings == registry.get("kuaidi100").settings(customer="c", key="k")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("中通快递", "zhongtong"),
        ("中通", "zhongtong"),
        (" zto ", "zhongtong"),
        ("ZTO-Express", "zhongtong"),
        ("中通快递股份有限公司", "zhongtong"),
        ("圆通速递", "yuantong"),
        ("申通", "shentong"),
        ("韵达快递", "yunda"),
        ("极兔速递", "jtexpress"),
        ("J&T", "jtexpress"),
        ("顺丰", "shunfeng"),
        ("顺丰快运", "shunfengkuaiyun"),
        ("中通快运", "zhongtongkuaiyun"),
        ("京东物流", "jd"),
        ("德邦", "debangkuaidi"),
        ("EMS", "ems"),
        ("邮政", "youzhengguonei"),
        ("百世快递", "huitongkuaidi"),
        ("宅急送", "zhaijisong"),
        ("优速", "youshuwuliu"),
        ("跨越速运", "kuayue"),
        ("安能物流", "annengwuliu"),
        ("壹米滴答", "yimidida"),
        ("丹鸟", "danniao"),
        ("FedEx", "fedex"),
        ("dhl", "dhl"),
        ("没有这家", None),
        ("", None),
    ],
)
def test_people_write_carriers_in_many_ways(name: str, code: str | None) -> None:
    """Full names, short names, English names, abbreviations and codes, in any case."""
    assert carrier_code(name) == code


def test_no_spelling_stands_for_two_carriers() -> None:
    """A name that could be either would send parcels to the wrong one."""
    owners: dict[str, set[str]] = {}
    for code, zh, en, others in ROWS:
        for spelling in (code, zh, en, *others):
            owners.setdefault(carrier_code(spelling) or "", set()).add(code)
    assert all(codes == {code} for code, codes in owners.items())
    assert len(ROWS) >= 60
    assert len({code for code, *_ in ROWS}) == len(ROWS)
    assert {code for code, *_ in ROWS} >= NEEDS_PHONE


def test_codes_are_shown_by_name() -> None:
    """In the reader's language, and as they are where unknown."""
    assert carrier_name("zhongtong") == "中通快递"
    assert carrier_name("zhongtong", "zh-CN") == "中通快递"
    assert carrier_name("zhongtong", "en") == "ZTO Express"
    assert carrier_name("newcomer", "en") == "newcomer"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "Sun, 22 Nov 2026 00:01:30 GMT", "date": "Sun, 22 Nov 2026 00:00:00 GMT"}, 90),
        ({"retry-after": "Sat, 21 Nov 2026 00:00:00 GMT", "date": "Sun, 22 Nov 2026 00:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 00:01:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_both_forms_of_retry_after_are_read(headers: dict[str, str], seconds: int | None) -> None:
    """RFC 9110: a number of seconds, or a date, which is counted from the reply's own."""
    assert retry_after_s(HttpReply(429, headers, b"")) == seconds
