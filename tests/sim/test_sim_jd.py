"""The stand-in for JD Logistics: its signature, the customer's own parcels only, the shape of its traces."""

import hashlib
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sim_support import late, of, some

from net.http import HttpRequest
from sim import jd

STAMP = "2026-11-02 08:00:00"


@pytest.fixture
def parcel(calm):
    return some(calm, "jd")[1]


def signed(body: str) -> str:
    """The documented concatenation, written down once more: names in order, each with its value, in between the secret."""
    middle = (
        f"access_token{jd.ACCESS_TOKEN}app_key{jd.APP_KEY}method/ecap/v1/orders/trace/query"
        f"param_json{body}timestamp{STAMP}v2.0"
    )
    return hashlib.md5(f"{jd.APP_SECRET}{middle}{jd.APP_SECRET}".encode()).hexdigest().upper()


def ask(calls, number, now, *, body=None, **change):
    asked = [{"waybillCode": number, "orderOrigin": 1, "customerCode": jd.CUSTOMER_CODE}]
    text = json.dumps(asked) if body is None else body
    query = {
        "app_key": jd.APP_KEY, "access_token": jd.ACCESS_TOKEN, "timestamp": STAMP, "v": "2.0", "LOP-DN": "ECAP",
        "algorithm": "md5-salt", "sign": signed(text), **change,
    }  # fmt: skip
    url = f"http://sim/jd/ecap/v1/orders/trace/query?{urlencode({k: v for k, v in query.items() if v})}"
    reply = calls.send(HttpRequest("POST", url, {"content-type": "application/json"}, text.encode()), now)
    return reply.status, json.loads(reply.body)


def test_traces_have_the_documented_shape_oldest_first(calls, parcel):
    """Category and state, title, local time, words, city, the courier's phone."""
    status, body = ask(calls, parcel.number, late(parcel))
    assert (status, body["code"], body["data"]["waybillCode"]) == (200, 0, parcel.number)
    traces = body["data"]["traces"]
    needed = {"category", "state", "operationTitle", "operationTime", "operationRemark", "city", "operatorPhone"}
    assert set(traces[0]) >= needed
    assert {100, 420, 430, 440, 510} == {trace["category"] for trace in traces}
    assert len(traces[0]["operationTime"]) == len("2026-11-02 08:00:00")


@pytest.mark.parametrize(
    "change",
    [{"sign": "A" * 32}, {"timestamp": "2026-11-02 08:00:01"}, {"access_token": "x"}, {"app_key": "x"}, {"sign": ""}],
)
def test_a_wrong_signature_or_credential_is_refused(calls, parcel, change):
    """Also where a signed part was changed, or the signature is missing."""
    status, body = ask(calls, parcel.number, late(parcel), **change)
    assert status in {400, 401}
    assert "data" not in body


def test_a_changed_body_is_refused(calls, parcel):
    """The signature covers the very text."""
    text = json.dumps([{"waybillCode": parcel.number}])
    assert ask(calls, parcel.number, late(parcel), body=text + " ", sign=signed(text))[0] == 401


@pytest.mark.parametrize("body", ["", "{}", "[]", "[1]", "[{}]"])
def test_a_body_that_asks_for_nothing_is_refused_in_words(calls, body):
    """The body is an array of questions."""
    _, got = ask(calls, "x", calls.world.start, body=body)
    assert (got["code"], got["data"]) == (1001, None)


def test_unknown_unscanned_and_other_customers_parcels_have_no_traces(calls, parcel):
    """JD doesn't say which it is."""
    other = json.dumps([{"waybillCode": parcel.number, "orderOrigin": 1, "customerCode": "other"}])
    for number, now, body in (
        ("JDVA000000000000", late(parcel), None),
        (parcel.number, parcel.uploaded_at - timedelta(days=1), None),
        (parcel.number, late(parcel), other),
    ):
        assert ask(calls, number, now, body=body)[1]["data"]["traces"] == []


def test_lines_are_repeated_out_of_order_and_dated_ahead_at_times(calls, wide):
    """Habits of the source; calls are counted, no limit is known."""
    calls.world = wide
    lists = [ask(calls, p.number, late(p))[1]["data"]["traces"] for p in of(wide, "jd")]
    times = [[trace["operationTime"] for trace in traces] for traces in lists]
    assert any(len(set(t)) < len(t) for t in times)
    assert any(t != sorted(t) for t in times)
    assert any(s.dated > s.shown_at for p in of(wide, "jd") for s in p.scans)
    assert (calls.memory.calls, calls.memory.exceeded) == ({"jd": len(lists)}, {})
