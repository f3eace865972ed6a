"""The stand-in for FedEx: tokens that end, batches of thirty, an unknown number inside HTTP 200."""

import json
from datetime import datetime, timedelta

import pytest
from sim_support import some

from net.http import HttpRequest
from sim import fedex

TOKEN = "/fedex/oauth/token"
TRACK = "http://sim/fedex/track/v1/trackingnumbers"
GOOD = {"grant_type": "client_credentials", "client_id": fedex.CLIENT_ID, "client_secret": fedex.CLIENT_SECRET}


@pytest.fixture
def parcel(calm):
    return some(calm, "fedex")[1]


def late(parcel):
    return parcel.scans[-1].shown_at + timedelta(hours=2)


def track(calls, numbers, now, token):
    body = {
        "includeDetailedScans": True,
        "trackingInfo": [{"trackingNumberInfo": {"trackingNumber": n}} for n in numbers],
    }
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    reply = calls.send(HttpRequest("POST", TRACK, headers, json.dumps(body).encode()), now)
    return reply.status, json.loads(reply.body)


def token_at(calls, now):
    return calls.post(TOKEN, GOOD, now)["access_token"]


def test_a_token_lives_an_hour(calls, parcel):
    """Then the same call is not authorised."""
    now = late(parcel)
    got = calls.post(TOKEN, GOOD, now)
    assert (got["token_type"], got["expires_in"]) == ("bearer", 3599)
    assert track(calls, [parcel.number], now + timedelta(minutes=59), got["access_token"])[0] == 200
    status, body = track(calls, [parcel.number], now + timedelta(minutes=61), got["access_token"])
    assert (status, body["errors"][0]["code"]) == (401, "NOT.AUTHORIZED.ERROR")


@pytest.mark.parametrize("change", [{"client_secret": "x"}, {"client_id": "x"}])
def test_wrong_credentials_get_no_token(calls, change):
    """401."""
    assert calls.post(TOKEN, {**GOOD, **change}, calls.world.start)["http"] == 401


def test_a_token_can_not_be_made_up(calls, parcel):
    """Neither a random one nor one whose end was moved."""
    now = late(parcel)
    real = token_at(calls, now)
    for forged in ("", "x" * 42, real[:-1] + str((int(real[-1]) + 1) % 10)):
        assert track(calls, [parcel.number], now, forged)[0] == 401


def test_a_parcel_shows_its_scans_newest_first_with_offsets(calls, parcel):
    """The documented shape; at most one scan comes without an offset."""
    now = late(parcel)
    status, body = track(calls, [parcel.number], now, token_at(calls, now))
    assert status == 200
    (complete,) = body["output"]["completeTrackResults"]
    (result,) = complete["trackResults"]
    assert complete["trackingNumber"] == parcel.number
    assert result["latestStatusDetail"]["code"] == "DL"
    assert [e["eventType"] for e in result["scanEvents"]][-1] == "OC"
    zones = [datetime.fromisoformat(e["date"]).tzinfo is not None for e in result["scanEvents"]]
    assert zones.count(False) <= 1
    assert {d["type"] for d in result["dateAndTimes"]} == {"ACTUAL_PICKUP", "ACTUAL_DELIVERY"}


def test_an_unknown_or_unscanned_number_is_an_error_inside_200(calls, parcel):
    """TRACKING.TRACKINGNUMBER.NOTFOUND, beside the ones that are known."""
    now = parcel.uploaded_at
    _, body = track(calls, ["000000000000", parcel.number], now, token_at(calls, now))
    codes = [r["trackResults"][0]["error"]["code"] for r in body["output"]["completeTrackResults"]]
    assert codes == ["TRACKING.TRACKINGNUMBER.NOTFOUND"] * 2


def test_thirty_numbers_a_call(calls, parcel):
    """Thirty are answered, thirty-one refused, none refused."""
    now = late(parcel)
    token = token_at(calls, now)
    assert track(calls, [parcel.number] * 30, now, token)[0] == 200
    assert track(calls, [parcel.number] * 31, now, token)[0] == 400
    assert track(calls, [], now, token)[0] == 400


def test_a_project_may_make_1400_calls_in_ten_seconds(calls, parcel):
    """The next one is 429 and noted; ten seconds later all is well."""
    now = late(parcel)
    token = token_at(calls, now)
    assert [track(calls, [parcel.number], now, token)[0] for _ in range(1_401)].count(429) == 1
    assert calls.memory.exceeded == {"fedex": 1}
    assert track(calls, [parcel.number], now + timedelta(seconds=10), token)[0] == 200


def test_a_held_parcel_says_clearance_delay(calls, wide):
    """CD/CD, with the reason in words."""
    tale, parcel = next(
        (t, t.parcel) for t in wide.tales if t.truth.plot == "customs" and t.injected and t.parcel.source == "fedex"
    )
    calls.world = wide
    now = tale.truth.visible_at
    _, body = track(calls, [parcel.number], now, token_at(calls, now))
    event = body["output"]["completeTrackResults"][0]["trackResults"][0]["scanEvents"][0]
    assert (event["derivedStatusCode"], event["eventType"]) == ("CD", "CD")
    assert event["exceptionDescription"]
