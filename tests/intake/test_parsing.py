"""Parsing what merchants send: good bodies become values, every fault of a bad one is told with its field and fix."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import RuleError
from domain.goods import Measures
from domain.pickup import ReturnReason, Want
from domain.returns import ReturnItem
from domain.shipment import DeliveryWish
from doorstep.intake import parse_dispute, parse_order, parse_return, parse_shipment, parse_wish, region_of
from doorstep.intake_fields import RowError
from doorstep.intake_headers import HEADERS, columns_of
from doorstep.intake_values import cents_of_text, instant, reference, tracking_number, whole

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
ITEM = {"sku": "A-1", "name": "Tea", "qty": 2, "price_cents": 1250, "category": "food"}
ORDER = {"order": "O-1", "items": [ITEM], "customer": "王芳", "phone": "138 0013 8000", "address": "某路1号"}
CODES = {"中通快递": ("kuaidi100", "zhongtong"), "fedex": ("fedex", "fedex", "default")}


def faults(act) -> dict[str, str]:
    with pytest.raises(RowError) as caught:
        act()
    return {p.field: p.message for p in caught.value.problems}


def shipment(**fields):
    raw = {"number": "SF1234567890", "carrier": "中通快递", **fields}
    return parse_shipment(raw, NOW, CODES.get, zone=ZONE, carrier_names=lambda: ["中通快递", "圆通速递", "fedex"])


def test_an_order_becomes_a_value():
    """Times without an offset are the shop's; what is left out has its default."""
    order = parse_order(
        {**ORDER, "ship_by": "2026-11-23 18:00", "shop": "小店", "lat": 31.2, "lon": "121.4"}, NOW, zone=ZONE
    )
    assert order.ref == "O-1"
    assert order.items[0].price_cents == 1250
    assert order.ship_by == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert (order.customer.phone, order.customer.located, order.customer.lon) == ("13800138000", "given", 121.4)
    assert (order.created_at, order.currency) == (NOW, "CNY")


def test_every_fault_of_an_order_is_told_at_once():
    """One answer is enough to put it right."""
    told = faults(
        lambda: parse_order(
            {
                "order": "",
                "items": [{**ITEM, "qty": 0}, {"sku": "B", "price_cents": "12.5"}, "C"],
                "lat": 31,
                "ship_bye": "2026-11-23",
                "currency": "yuan",
                "created_at": "yesterday",
            },
            NOW,
            zone=ZONE,
        )
    )
    assert told["order"] == "is missing"
    assert "'0' must be a whole number from 1 to" in told["items[1].qty"]
    assert "'12.5' must be a whole number" in told["items[2].price_cents"]
    assert told["body"] == "must be an object with named fields"
    assert told["lon"] == "is missing: give both coordinates or none"
    assert told["ship_bye"] == "unknown field; did you mean `ship_by`?"
    assert "three letters" in told["currency"]
    assert "'yesterday' is no time; write it like" in told["created_at"]


@pytest.mark.parametrize("items", [None, [], "A*2", {}, [ITEM] * 201])
def test_an_order_without_good_items_is_refused(items):
    """Nothing can be watched, returned or refunded of it."""
    assert "must be a list of 1 to 200 items" in faults(lambda: parse_order({**ORDER, "items": items}, NOW))["items"]


def test_an_item_twice_is_refused():
    """Its two quantities might be a mistake: the sender adds them up."""
    assert "A-1 is there twice" in faults(lambda: parse_order({**ORDER, "items": [ITEM, ITEM]}, NOW))["items"]


def test_files_say_prices_in_the_main_unit():
    """A price of one piece, or the amount of the line where it divides evenly."""
    by_price = parse_order({**ORDER, "items": [{"sku": "A", "qty": "2", "price": "¥1,234.50"}]}, NOW)
    by_amount = parse_order({**ORDER, "items": [{"sku": "A", "qty": "2", "amount": "25"}]}, NOW)
    assert (by_price.items[0].price_cents, by_amount.items[0].price_cents) == (123450, 1250)
    told = faults(lambda: parse_order({**ORDER, "items": [{"sku": "A", "qty": 3, "amount": "10"}]}, NOW))
    assert "10.00 can't be split over 3 pieces" in told["items[1].amount"]
    assert faults(lambda: parse_order({**ORDER, "items": [{"sku": "A"}]}, NOW)) == {
        "items[1].price_cents": "is missing"
    }


def test_a_shipment_becomes_a_value():
    """Source and carrier by the carrier's name; a date alone promises until its end."""
    value = shipment(order="O-1", promised_at="2026-11-25", number="'sf 1234567890.0")
    assert (value.number, value.carrier, value.source) == ("SF1234567890", "zhongtong", "kuaidi100")
    assert value.promised_at == datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC)
    assert (value.region, value.order_ref, value.account) == ("cn", "O-1", "main")


def test_an_unknown_carrier_is_told_with_the_nearest_names():
    """A slip of the name is put right at a glance."""
    assert "unknown carrier '中通快'; did you mean 中通快递" in faults(lambda: shipment(carrier="中通快"))["carrier"]
    assert faults(lambda: shipment(carrier="")) == {"carrier": "is missing: name it"}


@pytest.mark.parametrize(
    ("fields", "region"),
    [
        ({}, "cn"),
        ({"carrier": "fedex"}, "default"),
        ({"carrier": "fedex", "destination": "中国/上海"}, "cn"),
        ({"destination": "DE / Berlin"}, "de"),
        ({"destination": "浙江省/杭州市"}, "cn"),
        ({"destination": "Germany/Berlin"}, "default"),
        ({"region": "US"}, "us"),
    ],
)
def test_the_region_of_a_shipment(fields, region):
    """Its own word first, then where it goes, then what its carrier's source says."""
    assert shipment(**fields).region == region
    assert region_of("cn") == "cn"


@pytest.mark.parametrize("number", ["4.31E+14", "4.31e14", "'4.31E+14", "４.31Ｅ+14"])
def test_a_number_that_a_spreadsheet_shortened_is_refused(number):
    """Its digits are lost: taking it would watch another parcel."""
    told = faults(lambda: shipment(number=number))["number"]
    assert "its digits are lost" in told
    assert "format the column as text" in told


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("'YT8800000000001", "YT8800000000001"),
        (" yt 8800 0000 00001 ", "YT8800000000001"),
        ("431123456789012.0", "431123456789012"),
        (431123456789012.0, "431123456789012"),
        ("ＹＴ８８００", "YT8800"),
        ('="YT8800"', "YT8800"),
        ("JD-001-002", "JD-001-002"),
    ],
)
def test_numbers_are_taken_as_people_copy_them(raw, clean):
    """Quotes, blanks, a trailing .0 and full-width characters are no part of a number."""
    assert tracking_number(raw) == clean


@pytest.mark.parametrize("raw", ["", "abc", "12 34 !", "单号123456", "x" * 41, None])
def test_what_is_no_tracking_number_is_refused(raw):
    """Too short, too long, or with characters that no carrier uses."""
    with pytest.raises(RuleError, match="is no tracking number"):
        tracking_number(raw)


@pytest.mark.parametrize(
    ("raw", "cents"),
    [("12.50", 1250), ("12.5", 1250), ("¥1,234", 123400), ("12元", 1200), (12.5, 1250), (0, 0), ("￥０.１", 10)],
)
def test_amounts_in_the_main_unit(raw, cents):
    """Read as decimals, never through binary fractions."""
    assert cents_of_text(raw) == cents


@pytest.mark.parametrize("raw", ["", "12.345", "-1", "abc", "1e400", "NaN", "Infinity", "9" * 20])
def test_what_is_no_amount_is_refused(raw):
    """A fraction of a cent, a negative amount, or a slipped column."""
    with pytest.raises(RuleError, match=r"amount"):
        cents_of_text(raw)


@given(st.integers(0, 10**10))
def test_every_amount_comes_back(cents):
    """Written with two decimals and read again, no cent is lost."""
    assert cents_of_text(f"{cents / 100:.2f}" if cents < 10**9 else f"{cents // 100}.{cents % 100:02}") == cents


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        ("2026-11-22T18:00:00+08:00", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22 18:00", "2026-11-22T10:00:00+00:00"),
        ("2026/11/2 8:05:30", "2026-11-02T00:05:30+00:00"),
        ("2026年11月22日 18:00", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22", "2026-11-21T16:00:00+00:00"),
        (datetime(2026, 11, 22, 18), "2026-11-22T10:00:00+00:00"),
    ],
)
def test_times_as_files_write_them(raw, utc):
    """With an offset it counts; without one the time is the shop's."""
    assert instant(raw, ZONE).isoformat() == utc


@pytest.mark.parametrize("raw", ["45982.75", "22.11.2026", "2026-13-01", "2026-11-22 25:00", "", "0001-01-01", "soon"])
def test_what_is_no_time_is_refused(raw):
    """A spreadsheet's day count, other orders of day and month, dates that don't exist."""
    with pytest.raises(RuleError):
        instant(raw, ZONE)


def test_a_year_too_far_ahead_is_a_slip():
    """2206 for 2026 would switch the promise off."""
    told = faults(lambda: shipment(promised_at=(NOW + timedelta(days=500)).isoformat()))
    assert "days ahead: check the year" in told["promised_at"]


def test_a_return_from_a_call_and_from_a_file_is_the_same():
    """Reasons and wishes by wire name or in Chinese; items as a list or as text; the same request has the same reference."""
    call = parse_return(
        {
            "order": "O-1",
            "items": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 1}],
            "reason": "quality",
            "want": "refund",
        }
    )
    file = parse_return({"order": "O-1", "items": "A*2；B", "reason": "质量问题", "want": "退货退款"})
    assert call == file
    assert call.asked.items == (ReturnItem("A", 2), ReturnItem("B", 1))
    assert call.asked.ref.startswith("O-1-R")
    assert parse_return({"order": "O-1", "items": "A", "reason": "quality"}).asked.ref != call.asked.ref
    assert parse_return({"order": "O-1", "items": "A", "reason": "七天无理由", "ref": "R9"}).asked.ref == "R9"


def test_a_slot_as_people_write_it():
    """`2026-11-22 14:00-16:00` is the slot's own form; other texts are left for the scheduler to judge."""
    asked = parse_return(
        {"order": "O", "items": "A", "reason": "late", "want": "换货", "slot": "2026/11/2 9:00-11:00"}
    ).asked
    assert (asked.slot, asked.want, asked.reason) == ("2026-11-02T09:00/11:00", Want.EXCHANGE, ReturnReason.LATE)
    assert parse_return({"order": "O", "items": "A", "reason": "late", "slot": "tomorrow"}).asked.slot == "tomorrow"


def test_a_bad_return_tells_everything():
    """Missing order, unreadable items, an unknown reason with those that are known."""
    told = faults(lambda: parse_return({"items": [{"qty": 0}], "reason": "bored", "want": "cash"}))
    assert told["order"] == "is missing"
    assert told["items[1].sku"] == "is missing"
    assert "one of no_reason, quality" in told["reason"]
    assert "one of refund, exchange" in told["want"]


def test_a_dispute_names_an_order_or_a_number():
    """One of them is enough; a type alone stands for the text."""
    said = parse_dispute({"number": "yt88000001", "type": "未收到"}, NOW, zone=ZONE)
    assert (said.order, said.number, said.text, said.at) == (None, "YT88000001", "未收到", NOW)
    assert set(faults(lambda: parse_dispute({}, NOW))) == {"order", "text"}


def test_a_body_that_is_no_object_is_refused():
    """JSON has lists and texts too."""
    for raw in ([], "x", 3, None):
        assert faults(lambda raw=raw: parse_order(raw, NOW)) == {"body": "must be an object with named fields"}


ODD = st.sampled_from(
    [None, True, 0, -1, 2.5, float("nan"), float("inf"), 10**30, "", " ", "A*2", "1e5", "２", "\x00", "é" * 99]
)
ANYTHING = st.recursive(
    ODD | st.text("Ab1-*:;/. 单", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sku", "qty", "price", "from"]), inner)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("door", DeliveryWish.DOOR),
        ("送货上门", DeliveryWish.DOOR),
        ("Anywhere", DeliveryWish.ANYWHERE),
        ("均可", DeliveryWish.ANYWHERE),
        ("", None),
    ],
)
def test_what_a_customer_consented_to(said, wish):
    """In the words that shops use; empty is unknown, not consent."""
    assert parse_wish({"number": "ZT1", "delivery_wish": said}) is wish


def test_a_wish_that_nobody_knows_names_the_known_ones():
    """Not taken for consent, nor for a refusal."""
    with pytest.raises(RowError, match="write door"):
        parse_wish({"number": "ZT1", "delivery_wish": "maybe"})


FIELDS = [
    "order",
    "items",
    "phone",
    "lat",
    "lon",
    "ship_by",
    "currency",
    "number",
    "carrier",
    "reason",
    "slot",
    "at",
    "text",
    "delivery_wish",
]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_is_sent_the_answer_is_a_value_or_its_faults(raw):
    """No body makes the parser fall over."""
    for parse in (
        lambda: parse_order(raw, NOW),
        lambda: parse_return(raw),
        lambda: parse_dispute(raw, NOW),
        lambda: parse_shipment(raw, NOW, CODES.get),
        lambda: parse_wish(raw),
    ):
        with contextlib.suppress(RowError):
            parse()


def test_headers_are_known_in_chinese_and_english():
    """Case, blanks, asterisks and full-width characters don't matter; other columns are named as not used."""
    columns = columns_of("shipments", ["订单编号", "运单号 *", "快递公司", "承诺送达时间", "我的备注", ""], {})
    assert columns.fields == ("order", "number", "carrier", "promised_at", None, None)
    assert columns.ignored == ("我的备注",)
    assert columns_of("orders", ["Order_No", "商品", "数量", "单价", "手机/电话"], {}).fields == (
        "order",
        "name",
        "qty",
        "price",
        "phone",
    )


def test_a_header_means_one_field_of_its_kind():
    """An alias that two fields share would send a column to the wrong one."""
    for kind, fields in HEADERS.items():
        aliases = [alias for names in fields.values() for alias in names]
        assert len(aliases) == len(set(aliases)), kind


def test_a_users_own_headers_go_first():
    """Any export can be mapped; a mapping to nowhere is told."""
    assert columns_of("shipments", ["单据", "公司"], {"单据": "number", "公司": "carrier"}).fields == (
        "number",
        "carrier",
    )
    with pytest.raises(RuleError, match="no such field of shipments"):
        columns_of("shipments", ["x"], {"x": "numbre"})


def test_missing_and_doubled_columns_are_faults_of_the_file():
    """Without a number nothing can be watched; two columns of one meaning can't both be right."""
    with pytest.raises(RuleError, match=r"missing column: number \(.*\); the file has 快递公司"):
        columns_of("shipments", ["快递公司"], {})
    with pytest.raises(RuleError, match="columns 运单号 and 快递单号 both mean number"):
        columns_of("shipments", ["运单号", "快递单号", "快递公司"], {})


def test_whole_numbers_and_references():
    """A count of pieces is a whole number whatever wrote it; true is no number."""
    assert whole(2.0, least=1, most=9) == whole("２", least=1, most=9) == 2
    for bad in (True, "2.5", "", 10):
        with pytest.raises(RuleError):
            whole(bad, least=1, most=9)
    assert reference("138 0013 8000") == "13800138000"


def test_a_pieces_weight_and_volume_are_known_or_unknown():
    """Whole grams and millilitres; what isn't said stays unknown, and nonsense is told."""
    said = parse_order({**ORDER, "items": [{**ITEM, "weight_g": "450"}, {**ITEM, "sku": "B", "volume_ml": 900}]}, NOW)
    assert [item.measures for item in said.items] == [Measures(450, None), Measures(None, 900)]
    told = faults(lambda: parse_order({**ORDER, "items": [{**ITEM, "weight_g": 0, "volume_ml": "a lot"}]}, NOW))
    assert {name.rpartition(".")[2] for name in told} == {"weight_g", "volume_ml"}
