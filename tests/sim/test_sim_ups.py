"""The stand-in for UPS: tokens by basic authentication, GMT beside local times, warnings inside 200, Track Alert."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from sim_support import late, of, some

from net.http import HttpRequest
from sim import ups
from sim.lives import Step
from sim.wire import Hook

ALERT = "/ups/api/track/v2/subscription/standard/package"
OWN = {"transid": "1", "transactionsrc": "test"}


@pytest.fixture
def parcel(calm):
    return some(calm, "ups")[1]


def token(calls, now, pair=f"{ups.CLIENT_ID}:{ups.CLIENT_SECRET}", grant="client_credentials"):
    headers = {
        "authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }
    request = HttpRequest("POST", "http://sim/ups/security/v1/oauth/token", headers, f"grant_type={grant}".encode())
    reply = calls.send(request, now)
    return reply.status, json.loads(reply.body)


def bearer(calls, now):
    return {**OWN, "authorization": f"Bearer {token(calls, now)[1]['access_token']}"}


def ask(calls, number, now, headers):
    status, body, _ = calls.ask("GET", f"/ups/api/track/v1/details/{number}?locale=en_US", now, headers)
    return status, body


def code(body):
    return body["response"]["errors"][0]["code"]


def test_a_package_has_the_documented_shape_with_its_newest_activity_first(calls, parcel):
    """trackResponse, shipment, package, activity."""
    now = late(parcel)
    status, body = ask(calls, parcel.number, now, bearer(calls, now))
    assert status == 200
    (shipment,) = body["trackResponse"]["shipment"]
    (package,) = shipment["package"]
    assert (shipment["inquiryNumber"], package["trackingNumber"]) == (parcel.number, parcel.number)
    first, last = package["activity"][0], package["activity"][-1]
    assert set(first) >= {"date", "time", "location", "status"}
    assert (first["status"]["type"], first["status"]["code"], first["status"]["statusCode"]) == ("D", "FS", "011")
    assert (last["status"]["type"], last["status"]["code"]) == ("M", "MP")
    assert {"DEL"} == {one["type"] for one in package["deliveryDate"]}


def test_the_gmt_fields_give_the_instant_and_at_most_one_activity_lacks_them(wide):
    """Date, time and offset agree with the local time of day."""
    for parcel in of(wide, "ups"):
        bare = 0
        for one in ups.package_of(parcel, parcel.scans)["activity"]:
            if "gmtDate" not in one:
                bare += 1
                continue
            gmt = datetime.strptime(one["gmtDate"] + one["gmtTime"], "%Y%m%d%H:%M:%S").replace(tzinfo=UTC)
            local = datetime.strptime(one["date"] + one["time"] + one["gmtOffset"], "%Y%m%d%H%M%S%z")
            assert gmt == local
        assert bare <= 2  # once, and once more where the line is repeated
    assert any("gmtDate" not in a for p in of(wide, "ups") for a in ups.package_of(p, p.scans)["activity"])


def test_an_unknown_number_is_a_warning_inside_200_and_a_bad_one_an_error(calls, parcel):
    """TW0001, also for a parcel without a scan; TV1002."""
    now = parcel.uploaded_at
    headers = bearer(calls, now)
    for number in ("1Z0000000000000000", parcel.number):
        status, body = ask(calls, number, now, headers)
        assert (status, body["trackResponse"]["shipment"][0]["warnings"][0]["code"]) == (200, "TW0001")
    assert code(ask(calls, "1Z", now, headers)[1]) == "TV1002"


def test_history_ends_after_120_days(calls, parcel):
    """The parcel looks as if it never was."""
    now = late(parcel) + timedelta(days=121)
    body = ask(calls, parcel.number, now, bearer(calls, now))[1]
    assert body["trackResponse"]["shipment"][0]["warnings"][0]["code"] == "TW0001"


def test_tokens_want_the_right_pair_and_end_after_four_hours(calls, parcel):
    """401 for the wrong one, for none and for an old one."""
    now = late(parcel)
    assert token(calls, now, "a:b")[0] == 401
    assert token(calls, now, grant="password")[0] == 400
    headers = bearer(calls, now)
    assert ask(calls, parcel.number, now + timedelta(hours=3, minutes=59), headers)[0] == 200
    late_status, body = ask(calls, parcel.number, now + timedelta(hours=4), headers)
    assert (late_status, code(body)) == (401, "250002")
    assert ask(calls, parcel.number, now, OWN)[0] == 401


def test_calls_need_their_own_id_and_origin(calls, parcel):
    """transId and transactionSrc are required headers."""
    now = late(parcel)
    headers = bearer(calls, now)
    assert ask(calls, parcel.number, now, {"authorization": headers["authorization"]})[0] == 400


def test_ten_calls_a_second(calls, parcel):
    """The next one is 10429, a second later all is well."""
    now = late(parcel)
    headers = bearer(calls, now)
    assert {ask(calls, parcel.number, now, headers)[0] for _ in range(10)} == {200}
    status, body = ask(calls, parcel.number, now, headers)
    assert (status, code(body), calls.memory.exceeded) == (429, "10429", {"ups": 1})
    assert ask(calls, parcel.number, now + timedelta(seconds=1), headers)[0] == 200


# --- Track Alert ---


def subscribe(calls, numbers, now, path=ALERT, **change):
    body = {"locale": "en_US", "countryCode": "US", "trackingNumberList": numbers, **change}
    status, got, _ = calls.ask("POST", path, now, bearer(calls, now), body)
    return status, got


def test_the_first_version_is_told_where_to_and_with_what_credential(calls, calm, parcel):
    """It comes back in a header of that name; nothing of it may be missing."""
    first, at = ALERT.replace("v2", "v1"), parcel.uploaded_at
    told = {"url": "http://house/v1", "credentialType": "Bearer", "credential": "s3cret"}
    assert subscribe(calls, [parcel.number], at, first, destination=told)[0] == 200
    got = ups.pushes(calm, calls.memory, at, late(parcel))
    assert {(p.url, p.headers["credential"], "x-api-key" in p.headers) for p in got} == {
        ("http://house/v1", "s3cret", False)
    }
    faults = {"url": "VSS600", "credential": "VSS700", "credentialType": "VSS800"}
    for n, (name, fault) in enumerate(faults.items()):
        later = at + timedelta(seconds=1 + n)
        assert code(subscribe(calls, [parcel.number], later, first, destination={**told, name: ""})[1]) == fault
    assert code(subscribe(calls, [parcel.number], at + timedelta(seconds=9), first)[1]) == "VSS500"


def test_a_hundred_numbers_a_subscription_known_ones_only(calls, parcel):
    """Valid and invalid ones are told apart; VSS codes for the rest."""
    now = parcel.uploaded_at
    assert subscribe(calls, [parcel.number, "1Z0"], now) == (
        200, {"validTrackingNumbers": [parcel.number], "invalidTrackingNumbers": ["1Z0"]},
    )  # fmt: skip
    assert code(subscribe(calls, [parcel.number] * 101, now)[1]) == "VSS220"
    assert code(subscribe(calls, ["1Z0"], now)[1]) == "VSS210"
    assert code(subscribe(calls, [], now)[1]) == "VSS200"
    assert code(subscribe(calls, [parcel.number], now, locale="")[1]) == "VSS300"


def test_each_event_is_one_push_with_the_credential_of_the_portal(calls, calm, parcel):
    """In the documented fields; the offset is written with a dot."""
    calls.memory.hook("ups", Hook("http://house/ups", "s3cret"))
    subscribe(calls, [parcel.number], parcel.uploaded_at)
    got = ups.pushes(calm, calls.memory, parcel.uploaded_at, late(parcel))
    assert len(got) == len(parcel.scans)
    assert {(p.method, p.url, p.headers["x-api-key"]) for p in got} == {("POST", "http://house/ups", "s3cret")}
    assert {p.headers["user-agent"] for p in got} == {"UPSPubSubTrackingService"}
    bodies = [json.loads(p.body) for p in got]
    assert {body["trackingNumber"] for body in bodies} == {parcel.number}
    last = bodies[-1]
    assert last["activityStatus"] == {"type": "D", "code": "FS", "description": "DELIVERED", "descriptionCode": "011"}
    assert last["gmtOffset"] == "+08.00"
    assert last["actualDeliveryDate"] == last["localActivityDate"]
    at = datetime.strptime(last["gmtActivityDate"] + last["gmtActivityTime"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert at == parcel.scans[-1].dated


def test_a_subscription_knows_no_history_and_ends_after_fourteen_days(calls, calm, parcel):
    """What showed before it isn't pushed; nor what shows after it; renewing it begins anew."""
    calls.memory.hook("ups", Hook("http://house/ups"))
    begun = parcel.scans[4].shown_at
    subscribe(calls, [parcel.number], begun)
    assert len(ups.pushes(calm, calls.memory, calm.start, late(parcel))) == len(parcel.scans) - 5
    calls.memory.subscribed["ups"].clear()
    subscribe(calls, [parcel.number], parcel.scans[-1].shown_at - timedelta(days=14, seconds=1))
    assert len(ups.pushes(calm, calls.memory, calm.start, late(parcel))) < len(parcel.scans)
    subscribe(calls, [parcel.number], parcel.scans[-1].shown_at - timedelta(seconds=1))
    assert len(ups.pushes(calm, calls.memory, calm.start, late(parcel))) == 1


def test_without_an_address_in_the_portal_nobody_is_called(calls, calm, parcel):
    """The subscription doesn't name one."""
    subscribe(calls, [parcel.number], parcel.uploaded_at)
    assert ups.pushes(calm, calls.memory, calm.start, late(parcel)) == []


def test_a_held_parcel_is_an_exception_of_its_type(wide):
    """Type X: it may still be on time."""
    held = next(p for p in of(wide, "ups") if any(s.step is Step.HELD for s in p.scans))
    statuses = [a["status"] for a in ups.package_of(held, held.scans)["activity"]]
    assert ("X", "RZ") in {(s["type"], s["code"]) for s in statuses}
