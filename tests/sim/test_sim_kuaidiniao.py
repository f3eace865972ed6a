"""The stand-in for Kuaidiniao: DataSign, daily quotas, successes without traces, unsigned pushes with the full list."""

import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from sim_support import late, of, some

from sim import kuaidiniao
from sim.voices_china import SHIPPERS
from sim.wire import Hook, Memory

PATH = "/kuaidiniao/Ebusiness/EbusinessOrderHandle.aspx"


@pytest.fixture
def parcel(calm):
    return some(calm, "kuaidiniao")[1]


def data_sign(text: str) -> str:
    """Base64 of the lower-case hex digest, not of its bytes."""
    return base64.b64encode(hashlib.md5((text + kuaidiniao.APP_KEY).encode()).hexdigest().encode()).decode()


def form(parcel, kind="8001", **change):
    asked = {
        "OrderCode": "",
        "ShipperCode": SHIPPERS[parcel.carrier],
        "LogisticCode": parcel.number,
        "CustomerName": "",
    }
    text = json.dumps(asked | change.pop("asked", {}))
    fields = {
        "RequestData": text, "EBusinessID": kuaidiniao.EBUSINESS_ID, "RequestType": kind, "DataSign": data_sign(text),
        "DataType": "2",
    }  # fmt: skip
    return fields | change


def ask(calls, parcel, now, kind="8001", **change):
    return calls.post(PATH, form(parcel, kind, **change), now)


def test_traces_have_the_documented_shape_oldest_first(calls, parcel):
    """With Action and StateEx in the value-added query."""
    got = ask(calls, parcel, late(parcel))
    assert (got["Success"], got["LogisticCode"], got["ShipperCode"]) == (True, parcel.number, SHIPPERS[parcel.carrier])
    assert set(got) >= {"EBusinessID", "OrderCode", "State", "StateEx", "Location", "Traces", "Reason"}
    assert set(got["Traces"][0]) == {"AcceptTime", "AcceptStation", "Location", "Action", "Remark"}
    assert got["Traces"][0]["Action"] == "10"
    assert got["State"] == "3"


def test_the_free_query_tells_no_actions(calls, parcel):
    """1002: times and words only."""
    got = ask(calls, parcel, late(parcel), "1002")
    assert set(got["Traces"][0]) == {"AcceptTime", "AcceptStation", "Remark"}
    assert "StateEx" not in got


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"DataSign": "AAAA"}, "102"),
        ({"RequestData": "{} "}, "102"),
        ({"EBusinessID": "1"}, "104"),
        ({"DataType": ""}, "101"),
        ({"RequestData": "[]", "DataSign": data_sign("[]")}, "401"),
        ({"asked": {"LogisticCode": ""}}, "402"),
    ],
)
def test_what_is_wrong_with_a_call_is_said_inside_200(calls, parcel, change, code):
    """The documented codes."""
    got = ask(calls, parcel, late(parcel), **change)
    assert (got["http"], got["Success"], got["ResultCode"]) == (200, False, code)


def test_an_unknown_kind_of_request_is_refused(calls, parcel):
    """103."""
    assert ask(calls, parcel, late(parcel), "1007")["ResultCode"] == "103"


def test_unknown_and_unscanned_numbers_and_wrong_carriers_are_successes_without_traces(calls, parcel):
    """State 0: nothing yet."""
    asked = [
        (parcel.uploaded_at - timedelta(hours=1), {}),
        (late(parcel), {"LogisticCode": "1234567890"}),
        (late(parcel), {"ShipperCode": "HTKY"}),
    ]
    for now, change in asked:
        got = ask(calls, parcel, now, asked=change)
        assert (got["Success"], got["State"], got["Traces"]) == (True, "0", [])


def test_sf_wants_the_phone(calls, calm):
    """The last four digits, as CustomerName."""
    parcel = some(calm, "sf")[1]
    assert ask(calls, parcel, late(parcel))["Traces"] == []
    assert ask(calls, parcel, late(parcel), asked={"CustomerName": parcel.phone4})["Traces"]


def test_the_free_query_has_500_calls_a_day(calls, parcel):
    """Then 405 until a day has passed; the value-added one has a quota of its own."""
    now = late(parcel)
    assert all(ask(calls, parcel, now + timedelta(minutes=n), "1002")["Success"] for n in range(500))
    after = now + timedelta(hours=20)
    got = ask(calls, parcel, after, "1002")
    assert (got["Success"], got["ResultCode"]) == (False, "405")
    assert calls.memory.exceeded == {"kuaidiniao": 1}
    assert ask(calls, parcel, after, "8001")["Success"]
    assert ask(calls, parcel, now + timedelta(days=1), "1002")["Success"]


def test_the_habits_of_the_source_occur(wide):
    """Repeated lines, lists out of order, unpadded and future times, a state that lags."""
    parcels = of(wide, "kuaidiniao")
    results = [kuaidiniao.result_of(p, p.scans, value_added=True) for p in parcels]
    times = [[trace["AcceptTime"] for trace in result["Traces"]] for result in results]
    assert any(len(set(t)) < len(t) for t in times)
    assert any(len(t[n]) < len("2026-11-02 08:00:00") for t in times for n in range(len(t)))
    assert any(t != sorted(t) for t in times)
    assert any(r["State"] != "3" and r["Traces"][-1]["Action"] == "301" for r in results)
    assert any(s.dated > s.shown_at for p in parcels for s in p.scans)


# --- subscription and push ---


@pytest.mark.parametrize(("kind", "pushed"), [("8008", "102"), ("1008", "101")])
def test_a_subscriber_is_called_with_the_full_list(calls, calm, parcel, kind, pushed):
    """An unsigned form; Action only where it was paid for; a repeated subscription stands."""
    calls.memory.hook("kuaidiniao", Hook("http://house/kdn"))
    for _ in range(2):
        got = calls.post("/kuaidiniao/api/dist", form(parcel, kind), parcel.uploaded_at)
        assert (got["Success"], got["EBusinessID"]) == (True, kuaidiniao.EBUSINESS_ID)
    scan = parcel.scans[3]
    span = (scan.shown_at - timedelta(seconds=1), scan.shown_at)
    (push,) = kuaidiniao.pushes(calm, calls.memory, *span)
    sent = {name: values[0] for name, values in parse_qs(push.body.decode()).items()}
    assert (push.url, sent["RequestType"], set(sent)) == ("http://house/kdn", pushed, {"RequestData", "RequestType"})
    body = json.loads(sent["RequestData"])
    assert (body["Count"], body["EBusinessID"]) == ("1", kuaidiniao.EBUSINESS_ID)
    (told,) = body["Data"]
    assert len({(t["AcceptTime"], t["AcceptStation"]) for t in told["Traces"]}) == len(parcel.known(scan.shown_at))
    assert ("Action" in told["Traces"][0]) == (kind == "8008")
    assert kuaidiniao.pushes(calm, Memory(), *span) == []


def test_a_subscription_to_another_carriers_number_fails(calls, parcel):
    """105 and a reason."""
    got = calls.post(PATH, form(parcel, "8008", asked={"ShipperCode": "ZTO"}), parcel.uploaded_at)
    assert (got["Success"], got["ResultCode"]) == (False, "105")
