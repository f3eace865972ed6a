"""The stand-in for USPS: sixty calls an hour with tokens counted, 404 for fresh labels, local times beside instants."""

from datetime import UTC, datetime, timedelta

import pytest
from sim_support import late, of, some

from sim import usps
from sim.lives import Step

GOOD = {"grant_type": "client_credentials", "client_id": usps.CLIENT_ID, "client_secret": usps.CLIENT_SECRET}


@pytest.fixture
def parcel(calm):
    return some(calm, "usps")[1]


def token(calls, now, **change):
    return calls.ask("POST", "/usps/oauth2/v3/token", now, {}, {**GOOD, **change})


def bearer(calls, now):
    return {"authorization": f"Bearer {token(calls, now)[1]['access_token']}"}


def ask(calls, number, now, headers, expand="DETAIL"):
    return calls.ask("GET", f"/usps/tracking/v3/tracking/{number}?expand={expand}", now, headers)


def test_a_parcel_has_the_documented_shape_with_its_newest_event_first(calls, parcel):
    """Flat, with the events' local time, instant and offset; a summary has no events."""
    now = late(parcel)
    headers = bearer(calls, now)
    status, body, _ = ask(calls, parcel.number, now, headers)
    assert status == 200
    assert set(body) >= {
        "trackingNumber",
        "status",
        "statusCategory",
        "statusSummary",
        "uniqueMailPieceID",
        "trackingEvents",
    }
    assert (body["trackingNumber"], body["statusCategory"]) == (parcel.number, "Delivered")
    event = body["trackingEvents"][0]
    assert set(event) >= {
        "eventType",
        "eventTimestamp",
        "GMTTimestamp",
        "GMTOffset",
        "eventCode",
        "eventCity",
        "eventState",
    }
    assert (event["eventCode"], body["trackingEvents"][-1]["eventCode"]) == ("01", "GX")
    assert "trackingEvents" not in ask(calls, parcel.number, now, headers, "SUMMARY")[1]


def test_local_time_and_offset_give_the_instant(parcel):
    """For every event, to the minute that the local time keeps."""
    for event in usps.result_of(parcel, parcel.scans)["trackingEvents"]:
        local = datetime.fromisoformat(event["eventTimestamp"] + event["GMTOffset"])
        gmt = datetime.fromisoformat(event["GMTTimestamp"])
        assert local.astimezone(UTC) == gmt.replace(second=0)


def test_sixty_calls_an_hour_tokens_included(calls, parcel):
    """The 61st is 429 with Retry-After: when the first is an hour old."""
    now = late(parcel)
    headers = bearer(calls, now)
    later = now + timedelta(minutes=10)
    assert {ask(calls, parcel.number, later, headers)[0] for _ in range(59)} == {200}
    status, body, more = ask(calls, parcel.number, later, headers)
    assert (status, more["retry-after"], body["error"]["code"]) == (429, str(50 * 60), "429")
    assert token(calls, later)[0] == 429
    assert calls.memory.exceeded == {"usps": 2}
    assert ask(calls, parcel.number, now + timedelta(hours=1), headers)[0] == 200


@pytest.mark.parametrize("change", [{"client_secret": "x"}, {"client_id": "x"}])
def test_wrong_credentials_get_no_token(calls, change):
    """401 invalid_client."""
    status, body, _ = token(calls, calls.world.start, **change)
    assert (status, body["error"]) == (401, "invalid_client")


def test_a_token_lives_eight_hours(calls, parcel):
    """Then, or made up, it is refused."""
    now = late(parcel)
    headers = bearer(calls, now)
    assert ask(calls, parcel.number, now + timedelta(hours=7, minutes=59), headers)[0] == 200
    assert ask(calls, parcel.number, now + timedelta(hours=8), headers)[0] == 401
    assert ask(calls, parcel.number, now, {"authorization": "Bearer x"})[0] == 401
    assert ask(calls, parcel.number, now, {})[0] == 401


def test_a_fresh_label_is_404_for_hours(calls, wide):
    """As an unknown number is; then the label is the only event."""
    parcel = next(p for p in of(wide, "usps") if p.scans[0].shown_at < p.scans[1].shown_at)
    calls.world = wide
    made = parcel.scans[0]
    assert made.shown_at - made.at >= timedelta(hours=3)
    headers = bearer(calls, made.at)
    status, body, _ = ask(calls, parcel.number, made.at + timedelta(hours=2, minutes=55), headers)
    assert (status, body["error"]["message"][:42]) == (404, "Tracking is not available for this item. T")
    assert ask(calls, "9400100000000000000000", made.at, headers)[0] == 404
    assert [e["eventCode"] for e in ask(calls, parcel.number, made.shown_at, headers)[1]["trackingEvents"]] == ["GX"]


def test_events_are_repeated_and_held_parcels_say_so(wide):
    """Habits of the source; customs' words come under an ordinary code."""
    lists = [usps.result_of(p, p.scans)["trackingEvents"] for p in of(wide, "usps")]
    assert any(len({e["GMTTimestamp"] for e in events}) < len(events) for events in lists)
    held = next(p for p in of(wide, "usps") if any(s.step is Step.HELD for s in p.scans))
    texts = [e["eventType"] for e in usps.result_of(held, held.scans)["trackingEvents"]]
    assert "Held in Customs" in texts
