"""The stand-in for SF's gateway checks the digest and the phone, and answers JSON inside a JSON string."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from sim_support import some

from sim import sf
from sim.wire import Hook

PATH = "/sf/std/service"
STAMP = "1793500000000"


def fields(numbers, phones="", **more) -> dict[str, str]:
    message = {"language": "zh-CN", "trackingType": "1", "trackingNumber": numbers, "methodType": "1"}
    text = json.dumps({**message, "checkPhoneNo": phones})
    return {
        "partnerID": sf.PARTNER_ID, "requestID": "r1", "serviceCode": "EXP_RECE_SEARCH_ROUTES", "timestamp": STAMP,
        "msgData": text, "msgDigest": sf.digest(text, STAMP), **more,
    }  # fmt: skip


def data(got) -> dict:
    assert isinstance(got["apiResultData"], str)
    return json.loads(got["apiResultData"])


@pytest.fixture
def parcel(calm):
    return some(calm, "sf")[1]


def late(parcel):
    return parcel.scans[-1].shown_at + timedelta(hours=2)


def test_the_digest_is_the_documented_one():
    """The vector of the gateway overview: Base64 of the MD5 of what Java's URLEncoder makes of the text."""
    text = '{"language":"zh-CN","orderId":"QIAO-20200618-004"}' + "12312334453453" + "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci"
    made = base64.b64encode(hashlib.md5(sf.java_encoded(text).encode()).digest()).decode()
    assert made == "IIKJtuLVzoFTu4kHI8M8vA=="


def test_java_keeps_a_star_and_turns_a_blank_into_plus():
    """The two places where encoders differ."""
    assert sf.java_encoded("a b*c~中") == "a+b*c%7E%E4%B8%AD"


def test_a_parcel_shows_its_routes_in_order(calls, parcel):
    """A1000 and S0000, oldest first."""
    got = calls.post(PATH, fields([parcel.number], parcel.phone4), late(parcel))
    assert (got["http"], got["apiResultCode"]) == (200, "A1000")
    result = data(got)
    assert (result["success"], result["errorCode"]) == (True, "S0000")
    (resp,) = result["msgData"]["routeResps"]
    assert resp["mailNo"] == parcel.number
    ops = [route["opCode"] for route in resp["routes"]]
    assert "54" in ops[:2]
    assert "80" in ops


def test_a_wrong_phone_gets_no_routes(calls, parcel):
    """SF doesn't say why; a list of phones is searched."""
    wrong = data(calls.post(PATH, fields([parcel.number], "0000x"), late(parcel)))
    listed = data(calls.post(PATH, fields([parcel.number], f"9999x,{parcel.phone4}"), late(parcel)))
    assert wrong["msgData"]["routeResps"] == [{"mailNo": parcel.number, "routes": []}]
    assert listed["msgData"]["routeResps"][0]["routes"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"msgDigest": "AAAA"}, "A1006"),
        ({"timestamp": "1"}, "A1006"),
        ({"partnerID": "X"}, "A1004"),
        ({"serviceCode": "EXP_RECE_CREATE_ORDER"}, "A1004"),
        ({"requestID": ""}, "A1001"),
    ],
)
def test_the_gateway_refuses(calls, parcel, change, code):
    """Bad digest, a changed signed part, an unknown partner or service, a missing field."""
    got = calls.post(PATH, fields([parcel.number], parcel.phone4, **change), late(parcel))
    assert (got["http"], got["apiResultCode"], got["apiResultData"]) == (200, code, "")


def test_ten_numbers_a_call(calls, parcel):
    """More is 8003 inside a success, none is 8013."""
    assert data(calls.post(PATH, fields([parcel.number] * 11), late(parcel)))["errorCode"] == "8003"
    assert data(calls.post(PATH, fields([]), late(parcel)))["errorCode"] == "8013"


def test_lines_older_than_three_months_are_gone(calls, parcel):
    """The history ends, and the parcel looks as if it never was."""
    got = data(calls.post(PATH, fields([parcel.number], parcel.phone4), late(parcel) + timedelta(days=100)))
    assert got["msgData"]["routeResps"][0]["routes"] == []


def test_some_lines_are_dated_ahead_of_their_time(calm):
    """A future-dated acceptTime is a habit of the source."""
    scans = [s for t in calm.tales if t.parcel and t.parcel.source == "sf" for s in t.parcel.scans]
    assert any(s.dated > s.shown_at for s in scans)


def test_thirty_calls_a_second_and_three_thousand_a_day(calls, parcel):
    """Beyond that A1005, which is noted."""
    now = late(parcel)
    asked = fields([parcel.number], parcel.phone4)
    codes = [calls.post(PATH, asked, now)["apiResultCode"] for _ in range(31)]
    assert (codes.count("A1000"), codes[-1]) == (30, "A1005")
    later = [calls.post(PATH, asked, now + timedelta(seconds=1 + n))["apiResultCode"] for n in range(2_971)]
    assert (later.count("A1000"), later[-1]) == (2_970, "A1005")
    assert calls.memory.exceeded == {"sf": 2}


# --- RoutePush ---


def pushed(calls, since, now):
    calls.memory.hook("sf", Hook("http://house/sf"))
    return [(p, json.loads(p.body)["Body"]["WaybillRoute"]) for p in sf.pushes(calls.world, calls.memory, since, now)]


def test_every_line_is_pushed_four_times_and_out_of_order(calls, parcel):
    """One line a call, without any proof; the same message keeps its id."""
    got = pushed(calls, parcel.uploaded_at, late(parcel))
    ours = [line for _, lines in got for line in lines if line["mailno"] == parcel.number]
    assert all(len(lines) == 1 for _, lines in got)
    assert {tuple(sorted(push.headers)) for push, _ in got} == {("content-type",)}
    assert set(ours[0]) == {
        "id", "mailno", "orderid", "acceptTime", "acceptAddress", "remark", "opCode", "reasonCode", "reasonName",
    }  # fmt: skip
    assert len(ours) == 4 * len(parcel.scans)
    ids = [line["id"] for line in ours]
    assert {ids.count(one) for one in ids} == {4}
    times = [line["acceptTime"] for line in ours]
    assert times != sorted(times)


def test_pushes_of_sf_come_without_a_subscription_but_not_without_an_address(calls, calm, parcel):
    """The partner's whole traffic goes to the address of the console."""
    got = pushed(calls, calm.start, calm.end)
    assert len({line["mailno"] for _, lines in got for line in lines}) > 20
    calls.memory.hooks.clear()
    assert sf.pushes(calm, calls.memory, calm.start, calm.end) == []
