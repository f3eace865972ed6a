"""SF Fengqiao: digest, envelope, codes with statuses, remarks, pushes that prove nothing."""

import asyncio
import json
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok

from carriers.base import read_safely
from carriers.sf import BUSINESS, CARRIER, numbers, read_push
from carriers.sf_gateway import GATEWAY, digest
from carriers.sf_opcodes import LISTED
from carriers.sf_vocabulary import AMBIGUOUS, OPS, TRIPLES, meaning_of
from domain.errors import AccessDenied, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Manner, Milestone, NoData, NotFound, Reason
from net.http import Http, HttpReply


def envelope(**inner: object) -> dict[str, str]:
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(inner, ensure_ascii=False)}


def routes(*resps: object) -> dict[str, str]:
    return envelope(success=True, errorCode="S0000", msgData={"routeResps": list(resps)})


def test_the_digest_is_the_one_of_the_gateways_java_sample() -> None:
    """The documented vector: compact JSON, Java's URL encoding, MD5, Base64."""
    sample = '{"language":"zh-CN","orderId":"QIAO-20200618-004"}'
    assert digest(sample, "12312334453453", "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci") == "IIKJtuLVzoFTu4kHI8M8vA=="


@pytest.mark.parametrize(("one", "other"), [("a b", "a+b"), ("a*b", "a%2Ab"), ("a~b", "a%7Eb")])
def test_the_digest_tells_texts_apart_that_encode_differently(one: str, other: str) -> None:
    """Each of these pairs would collide if a blank, a star or a tilde were encoded twice or not at all."""
    assert digest(one, "1", "w") != digest(other, "1", "w")


@respx.mock
def test_a_request_signs_what_it_sends_and_asks_with_the_phones() -> None:
    """The form's digest fits the form's msgData and timestamp; each phone is named once."""
    route = respx.post("https://bspgw.sf-express.com/std/service").mock(return_value=httpx.Response(200, json={}))
    asks = [Ask("SF1", phone4="1234"), Ask("SF2", phone4="5678"), Ask("SF3", phone4="1234"), Ask("SF4")]

    async def ask() -> HttpReply:
        async with Http("sf") as http:
            return await http.send(CARRIER.request(asks, account_of(CARRIER), NOW, "request-1"))

    asyncio.run(ask())
    form = {name: values[0] for name, values in parse_qs(route.calls[0].request.content.decode()).items()}
    assert form["msgDigest"] == digest(form["msgData"], form["timestamp"], SECRET + "checkword")
    assert (form["partnerID"], form["requestID"]) == (SECRET + "partner_id", "request-1")
    assert form["serviceCode"] == "EXP_RECE_SEARCH_ROUTES"
    assert SECRET + "checkword" not in str(form)
    assert json.loads(form["msgData"]) == {
        "language": "zh-CN",
        "trackingType": "1",
        "trackingNumber": ["SF1", "SF2", "SF3", "SF4"],
        "methodType": "1",
        "checkPhoneNo": "1234,5678",
    }


def test_a_number_that_the_reply_leaves_out_fails_alone() -> None:
    """Ten numbers go out together; nine answers don't suffer from the tenth."""
    reply = ok(routes({"mailNo": "SF1", "routes": [{"opCode": "50", "acceptTime": "2026-11-01 10:00:00"}]}))
    found, missing = read_safely(CARRIER, reply, [Ask("sf1"), Ask("SF2")], NOW)
    assert isinstance(found, Found)
    assert isinstance(missing, Failed)
    assert isinstance(missing.error, UnreadableReply)


def test_empty_routes_of_an_old_parcel_are_aged_out() -> None:
    """SF forgets after three months and says the same as of a parcel not scanned yet."""
    asks = [Ask("SF1", shipped_on="2026-06-01"), Ask("SF1", shipped_on="2026-11-20"), Ask("SF1")]
    readings = read_safely(CARRIER, ok(routes({"mailNo": "SF1", "routes": []})), asks, NOW)
    assert [r.kind for r in readings if isinstance(r, NotFound)] == ["aged_out", "not_scanned", "not_scanned"]


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("8018", "未获取到订单信息", NoData.NOT_SCANNED),
        ("8024", "", NoData.NOT_SCANNED),
        ("6150", "", NoData.NOT_SCANNED),
        ("8196", "信息异常(电话号码)", NoData.BAD_CREDENTIAL),
        ("8247", "运单号不合法", NoData.WRONG_CARRIER),
        ("5555", "手机号后四位校验失败", NoData.BAD_CREDENTIAL),
    ],
)
def test_a_business_error_of_the_parcel_is_no_error_of_the_source(code: str, message: str, kind: NoData) -> None:
    """Gateway fine, account fine: the parcel is what it speaks of."""
    (reading,) = read_safely(CARRIER, ok(envelope(success=False, errorCode=code, errorMsg=message)), [Ask("SF1")], NOW)
    assert isinstance(reading, NotFound)
    assert reading.kind is kind


def test_an_inner_object_is_read_like_an_inner_string() -> None:
    """The result is a JSON string by the document; an object in its place loses nothing."""
    inner = {"success": "true", "errorCode": "S0000", "msgData": json.dumps({"routeResps": [{"mailNo": "SF1"}]})}
    (reading,) = read_safely(CARRIER, ok({"apiResultCode": "A1000", "apiResultData": inner}), [Ask("SF1")], NOW)
    assert reading == NotFound(NoData.NOT_SCANNED)


@pytest.mark.parametrize(
    ("op", "statuses", "remark", "milestone", "reason"),
    [
        ("44", ("2", "201"), "正在分配快递员", Milestone.AT_DESTINATION, None),
        ("44", ("", ""), "正在派件..(派件人:黄**)", Milestone.OUT_FOR_DELIVERY, None),
        ("70", ("13", "1301"), "派送不成功(因客户不在)", Milestone.ATTEMPT_FAILED, Reason.ABSENT),
        ("70", ("13", "1301"), "不在派送范围", Milestone.ATTEMPT_FAILED, Reason.OUT_OF_AREA),
        ("70", ("", ""), "收件人拒收", Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        ("33", ("5", "501"), "随便", Milestone.CANCELLED, Reason.CANCELLED),
        ("99", ("", ""), "快件退回", Milestone.RETURNING, None),
        ("99", ("", ""), "快件作废", Milestone.CANCELLED, Reason.CANCELLED),
        ("99", ("", ""), "应客户要求转寄", Milestone.IN_TRANSIT, None),
        ("99", ("", ""), "备注", Milestone.INFO, None),
        ("648", ("2", "201"), "新单号为SF9", Milestone.RETURNING, None),
        ("648", ("2", "201"), "快件已转寄，新单号为SF9", Milestone.IN_TRANSIT, None),
        ("631", ("", ""), "", Milestone.RETURNED, None),
        ("607", ("", ""), "", Milestone.TRANSFERRED, None),
        ("126", ("11", "1101"), "取件码已失效", Milestone.AWAITING_COLLECTION, Reason.OVERDUE_AT_POINT),
        ("126", ("", ""), "快递员取消派件，将快件取出丰巢", Milestone.ATTEMPT_FAILED, Reason.OTHER),
        ("126", ("11", "1101"), "", Milestone.AWAITING_COLLECTION, Reason.OTHER),
        ("70", ("11", "1101"), "客户要求自取，请到顺丰站领取", Milestone.AWAITING_COLLECTION, None),
        ("70", ("13", "1301"), "由于客户要求自取，派送不成功", Milestone.ATTEMPT_FAILED, Reason.OTHER),
        ("33", ("13", "1301"), "收件人电话无人接听，待再次派送", Milestone.ATTEMPT_FAILED, Reason.UNREACHABLE),
        ("99", ("", ""), "快件拦截中", Milestone.EXCEPTION, Reason.INTERCEPTED),
        ("99", ("", ""), "应客户要求,快件正在转寄中", Milestone.IN_TRANSIT, None),
        ("648", ("", ""), "快件已退回/转寄,新单号为: SF9", Milestone.RETURNING, None),
        ("8000", ("", ""), "可查看签收人信息", Milestone.INFO, None),
        ("606", ("2", "205"), "已清关", Milestone.CUSTOMS, None),
    ],
)
def test_a_code_is_read_with_its_status_and_where_ambiguous_its_remark(
    op: str, statuses: tuple[str, str], remark: str, milestone: Milestone, reason: Reason | None
) -> None:
    """The order of decision of the vocabulary."""
    meaning = meaning_of(op, *statuses, "", remark)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


@pytest.mark.parametrize(
    ("remark", "milestone", "manner"),
    [
        ("您的快件已签收", Milestone.DELIVERED, None),
        ("您的快件已派送至本人", Milestone.DELIVERED, Manner.SELF),
        ("您的快件已派送至家人", Milestone.DELIVERED, Manner.OTHER),
        ("您的快件已派送至前台", Milestone.DELIVERED, Manner.AGENT),
        ("您的快件已放在门口鞋柜", Milestone.DELIVERED, Manner.SAFE_PLACE),
        ("您的快件代签收(邻居)", Milestone.DELIVERED, Manner.NEIGHBOUR),
        ("您的快件代签收（便利店），如有疑问请电联快递员", Milestone.DELIVERED, Manner.POINT),
        ("您的快件代签收（智能柜）", Milestone.DELIVERED, Manner.LOCKER),
        ("您的快件代签收（家人），若丰巢柜有遗留请联系", Milestone.DELIVERED, Manner.OTHER),
        ("快件已由物业代收", Milestone.DELIVERED, Manner.AGENT),
        ("您的快件已派送至（顺丰自助柜）", Milestone.AWAITING_COLLECTION, None),
        ("快件已放入丰巢柜，请凭取件码取件", Milestone.AWAITING_COLLECTION, None),
        ("快件已由菜鸟驿站代收", Milestone.AWAITING_COLLECTION, None),
        ("快件已从丰巢柜取出", Milestone.DELIVERED, Manner.LOCKER),
        ("客户已在合作点领取", Milestone.DELIVERED, Manner.POINT),
        ("退回快件已签收", Milestone.RETURNED, None),
    ],
)
def test_80_is_a_hand_over_or_a_drop_by_its_remark(remark: str, milestone: Milestone, manner: Manner | None) -> None:
    """Put in a locker or point waits there; taken out is delivered."""
    meaning = meaning_of("80", "4", "401", "", remark)
    assert meaning is not None
    assert (meaning.milestone, meaning.manner) == (milestone, manner)


def test_a_code_that_no_table_knows_is_unmapped() -> None:
    """Neither code, status nor reason known: nothing is claimed."""
    assert meaning_of("999", "9", "909", "7", "已签收") is None
    assert meaning_of("", "", "", "", "") is None


@pytest.mark.parametrize(
    ("op", "status", "milestone", "reason"),
    [
        ("678", "", Milestone.AWAITING_COLLECTION, None),
        ("128", "", Milestone.DELIVERED, None),
        ("655", "", Milestone.PICKED_UP, None),
        ("127", "", Milestone.ANNOUNCED, None),
        ("10", "201", Milestone.IN_TRANSIT, None),
        ("15", "201", Milestone.CUSTOMS, None),
        ("18", "", Milestone.CUSTOMS, Reason.CUSTOMS),
        ("77", "201", Milestone.EXCEPTION, Reason.DELAYED),
        ("627", "", Milestone.TRANSFERRED, None),
        ("97", "1301", Milestone.ATTEMPT_FAILED, Reason.OTHER),
        ("606", "205", Milestone.CUSTOMS, None),
        ("999", "301", Milestone.OUT_FOR_DELIVERY, None),
    ],
)
def test_sfs_own_list_speaks_for_codes_that_no_route_has_shown(
    op: str, status: str, milestone: Milestone, reason: Reason | None
) -> None:
    """A status of the route itself says more than the list, "moving" less."""
    meaning = meaning_of(op, "", status, "", "")
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


def test_the_list_leaves_what_routes_have_shown() -> None:
    """One row per code: real traffic, or the list."""
    assert not set(LISTED) & set(OPS)


def test_triples_agree_with_their_codes() -> None:
    """A status sharpens a code only where that is listed as its own row."""
    differing = {triple for triple, row in TRIPLES.items() if row.milestone is not OPS[triple[0]].milestone}
    assert differing == {("33", "5", "501")}
    assert set(AMBIGUOUS) <= set(OPS)


GATEWAYS = [
    ("A1001", UnreadableReply),
    ("A1002", AccessDenied),
    ("A1003", AccessDenied),
    ("A1004", AccessDenied),
    ("A1005", RateLimited),
    ("A1006", AccessDenied),
    ("A1007", RateLimited),
    ("A1008", AccessDenied),
    ("A1009", Unreachable),
    ("A1099", Unreachable),
]


@pytest.mark.parametrize(("code", "meant"), [*GATEWAYS, ("A1234", UnreadableReply), ("", UnreadableReply)])
def test_every_documented_gateway_code_has_its_error(code: str, meant: type[Exception]) -> None:
    """The gateway speaks of the account and the source, never of a parcel."""
    body = {"apiResultCode": code, "apiErrorMsg": "m", "apiResultData": None}
    (reading,) = read_safely(CARRIER, ok(body), [Ask("SF1")], NOW)
    assert isinstance(reading, Failed)
    assert type(reading.error) is meant
    assert {code for code, _ in GATEWAYS} == set(GATEWAY)


@pytest.mark.parametrize("code", ["8003", "8013", "8016", "8037", "8252", "8096", "8177", "20035", "9999"])
def test_an_answer_to_another_question_is_unreadable(code: str) -> None:
    """Faults of the request, and what only orders are answered with: nothing is said of the parcel."""
    (reading,) = read_safely(CARRIER, ok(envelope(success=False, errorCode=code, errorMsg="m")), [Ask("SF1")], NOW)
    assert isinstance(reading, Failed)
    assert type(reading.error) is UnreadableReply
    assert code == "9999" or code in BUSINESS


def test_a_record_that_begins_with_the_return_is_the_return_leg() -> None:
    """SF sends back under a new number; a parcel that turns on its way keeps its leg."""
    back = {"opCode": "648", "acceptTime": "2026-11-03 10:00:00", "remark": "快件已退回,原单号为SF1"}
    out = {"opCode": "50", "acceptTime": "2026-11-01 10:00:00"}
    reply = ok(routes({"mailNo": "SF1", "routes": [back, out]}, {"mailNo": "SF9", "routes": [back]}))
    readings = read_safely(CARRIER, reply, [Ask("SF1"), Ask("SF9")], NOW)
    assert [reading.parcels[0].leg for reading in readings if isinstance(reading, Found)] == ["out", "return"]


@pytest.mark.parametrize(
    "body",
    [
        {"Body": {"WaybillRoute": [{"mailno": "SF1", "opCode": "50"}]}},
        {"Body": {"WaybillRoute": {"mailno": "SF1", "opCode": "50"}}},
        {"WaybillRoute": [{"mailNo": "sf1 ", "opCode": 50}, {"mailNo": "SF2", "opCode": "80"}]},
    ],
)
def test_a_push_is_read_in_each_of_its_shapes(body: object) -> None:
    """In a Body by the document; one route comes bare where the sender made it out of XML."""
    (reading,) = read_push(ok(body), [Ask("SF1")], NOW)
    assert isinstance(reading, Found)
    assert [(event.code, event.milestone) for event in reading.parcels[0].events] == [("50", Milestone.PICKED_UP)]
    assert numbers(json.dumps(body).encode())[0].upper() == "SF1"


def test_a_push_in_no_known_shape_is_unreadable() -> None:
    """An XML push, or JSON without routes, proves nothing at all; an empty list is nothing yet."""
    for body in (b"<Request><Body/></Request>", b"{}", b'{"Body": null}', b"[]"):
        with pytest.raises(UnreadableReply):
            numbers(body)
    assert numbers(b'{"Body": {}}') == ()
    assert read_push(ok({"Body": {"WaybillRoute": []}}), [Ask("SF1")], NOW) == [NotFound(NoData.NOT_SCANNED)]


def test_a_push_proves_nothing_and_names_its_numbers() -> None:
    """RoutePushService isn't signed: a push is only a hint to ask now."""
    push = CARRIER.push
    assert push is not None
    body = json.dumps({"Body": {"WaybillRoute": [{"mailno": "SF1"}, {"mailno": "SF2"}, {"mailno": "SF1"}]}}).encode()
    assert push.verify is None
    assert numbers(body) == ("SF1", "SF2")
    assert json.loads(push.answer(account_of(CARRIER), NOW).body) == {"return_code": "0000", "return_msg": "成功"}
