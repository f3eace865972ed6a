"""The stand-in for Kuaidi100 checks signatures, phones and the 30-minute rule, and shows its source's habits."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from sim import kuaidi100
from sim.lives import Step
from sim.tales import Quirks


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest().upper()


def signed(param: dict) -> dict[str, str]:
    text = json.dumps(param)
    return {
        "customer": kuaidi100.CUSTOMER,
        "param": text,
        "sign": md5(text + kuaidi100.KEY + kuaidi100.CUSTOMER),
    }


def query(parcel, **more) -> dict[str, str]:
    return signed({"com": parcel.carrier, "num": parcel.number, "phone": parcel.phone4, "resultv2": "4", **more})


PATH = "/kuaidi100/poll/query.do"


@pytest.fixture
def parcel(calm):
    """One whose list has no habits, signed by the buyer."""
    return next(
        t.parcel
        for t in calm.tales
        if t.parcel
        and t.parcel.source == "kuaidi100"
        and t.parcel.scans[-1].step is Step.SIGNED
        and t.parcel.quirks == replace(Quirks(), closing_line=t.parcel.quirks.closing_line, naive=t.parcel.quirks.naive)
    )


def late(parcel):
    return parcel.scans[-1].shown_at + timedelta(days=1)


def test_a_signed_query_gets_the_parcels_lines_newest_first(calls, parcel):
    """The documented shape, with statusCode for resultv2=4."""
    got = calls.post(PATH, query(parcel), late(parcel))
    assert (got["message"], got["nu"], got["com"], got["status"]) == ("ok", parcel.number, parcel.carrier, "200")
    assert (got["state"], got["ischeck"]) == ("3", "1")
    assert set(got["data"][0]) >= {"time", "ftime", "context", "location", "status", "statusCode", "areaName"}
    assert got["data"][-1]["statusCode"] == "102"


def test_a_line_shows_only_once_the_source_knows(calls, parcel):
    """Between two scans the list ends with the first."""
    scan = parcel.scans[3]
    before = calls.post(PATH, query(parcel), scan.shown_at - timedelta(seconds=1))
    after = calls.post(PATH, query(parcel), scan.shown_at + timedelta(hours=1))
    assert len(after["data"]) > len(before["data"])


@pytest.mark.parametrize(
    "broken",
    [
        lambda form: {**form, "sign": form["sign"].lower()},
        lambda form: {**form, "sign": md5(form["param"])},
        lambda form: {**form, "param": form["param"] + " "},
        lambda form: {**form, "customer": "somebody"},
        lambda form: {key: value for key, value in form.items() if key != "sign"},
    ],
    ids=["lower case", "without key", "param changed", "customer", "missing"],
)
def test_a_wrong_signature_is_refused(calls, parcel, broken):
    """HTTP 200 with returnCode 503: the account is at fault."""
    got = calls.post(PATH, broken(query(parcel)), late(parcel))
    assert (got["http"], got["result"], got["returnCode"]) == (200, False, "503")


def test_an_unknown_number_a_wrong_carrier_and_an_unscanned_parcel_have_no_result_yet(calls, parcel):
    """returnCode 500 isn't an error."""
    unknown = signed({"com": "yunda", "num": "1234567890"})
    other = query(parcel, com="ems")
    early = parcel.uploaded_at - timedelta(days=1)
    assert calls.post(PATH, query(parcel), early)["returnCode"] == "500"
    assert calls.post(PATH, unknown, late(parcel))["returnCode"] == "500"
    assert calls.post(PATH, other, late(parcel))["returnCode"] == "500"


def test_zto_wants_the_phone(calls, calm):
    """Its last four digits; else returnCode 408."""
    parcel = next(t.parcel for t in calm.tales if t.parcel and t.parcel.carrier == "zhongtong")
    assert calls.post(PATH, query(parcel, phone="0000x"), late(parcel))["returnCode"] == "408"
    later = late(parcel) + timedelta(hours=1)
    assert calls.post(PATH, query(parcel, phone="1990000" + parcel.phone4), later)["message"] == "ok"


def test_a_number_asked_twice_within_thirty_minutes_is_locked(calls, parcel):
    """And every early question locks it anew."""
    at = late(parcel)
    assert calls.post(PATH, query(parcel), at)["message"] == "ok"
    assert calls.post(PATH, query(parcel), at + timedelta(minutes=10))["returnCode"] == "504"
    assert calls.post(PATH, query(parcel), at + timedelta(minutes=36))["returnCode"] == "504"
    assert calls.memory.locks == 1
    assert calls.post(PATH, query(parcel), at + timedelta(minutes=70))["message"] == "ok"


def test_asking_every_thirty_minutes_is_allowed(calls, parcel):
    """As the document says."""
    for n in range(4):
        assert calls.post(PATH, query(parcel), late(parcel) + timedelta(minutes=30 * n))["message"] == "ok"
    assert calls.memory.locks == 0


@pytest.mark.parametrize("param", ["", "[]", "nonsense", '{"num": "1"}'])
def test_a_param_that_is_no_query_is_refused(calls, param):
    """returnCode 400."""
    form = {"customer": kuaidi100.CUSTOMER, "param": param, "sign": md5(param + kuaidi100.KEY + kuaidi100.CUSTOMER)}
    got = calls.post(PATH, form, calls.world.start)
    assert got["returnCode"] == "400"


@pytest.mark.parametrize(("detail", "has"), [("", set()), ("1", {"status"}), ("4", {"status", "statusCode"})])
def test_resultv2_decides_how_much_is_told(calls, parcel, detail, has):
    """Off, names only, or advanced codes."""
    got = calls.post(PATH, query(parcel, resultv2=detail), late(parcel))
    assert {"status", "statusCode"} & set(got["data"][0]) == has


def test_the_habits_of_the_source_occur(calm):
    """Repeated lines, lists out of order, unpadded times beside right ones, a state that lags."""
    parcels = [t.parcel for t in calm.tales if t.parcel and t.parcel.source == "kuaidi100"]
    results = [kuaidi100.result_of(p, p.scans) for p in parcels]
    lines = [result["data"] for result in results]
    assert any(len({json.dumps(line) for line in data}) < len(data) for data in lines)
    assert any([d["ftime"] for d in data] != sorted((d["ftime"] for d in data), reverse=True) for data in lines)
    assert any(len(line["time"]) < len(line["ftime"]) for data in lines for line in data)
    assert any(r["state"] != "3" and p.scans[-1].step is Step.SIGNED for r, p in zip(results, parcels, strict=True))


def subscribe(parcel, **more) -> dict[str, str]:
    parameters = {"callbackurl": "http://house/hook", "salt": "s4lt", "resultv2": "4"}
    param = {"company": parcel.carrier, "number": parcel.number, "key": kuaidi100.KEY, "parameters": parameters, **more}
    return {"schema": "json", "param": json.dumps(param)}


def test_a_subscriber_is_called_with_a_signed_form_when_something_came_to_light(calls, parcel):
    """One call per parcel and span, with the whole list and MD5(param + salt)."""
    got = calls.post("/kuaidi100/poll", subscribe(parcel), parcel.uploaded_at)
    assert (got["result"], got["returnCode"]) == (True, "200")
    scan = parcel.scans[2]
    span = (scan.shown_at - timedelta(seconds=1), scan.shown_at)
    (push,) = kuaidi100.pushes(calls.world, calls.memory, *span)
    assert (push.method, push.url) == ("POST", "http://house/hook")
    form = {key: values[0] for key, values in parse_qs(push.body.decode()).items()}
    assert form["sign"] == md5(form["param"] + "s4lt")
    body = json.loads(form["param"])
    assert (body["status"], body["lastResult"]["nu"]) == ("polling", parcel.number)
    assert kuaidi100.pushes(calls.world, calls.memory, *span)[0] == push
    assert kuaidi100.pushes(calls.world, calls.memory, span[1], span[1]) == []


def test_a_signed_parcel_shuts_its_subscription(calls, calm):
    """The last push says shutdown."""
    parcel = next(t.parcel for t in calm.tales if t.parcel and t.parcel.source == "kuaidi100"
                  and t.parcel.scans[-1].step is Step.SIGNED)  # fmt: skip
    calls.post("/kuaidi100/poll", subscribe(parcel), parcel.uploaded_at)
    (push,) = kuaidi100.pushes(calm, calls.memory, late(parcel) - timedelta(days=2), late(parcel))
    assert json.loads(parse_qs(push.body.decode())["param"][0])["status"] == "shutdown"


def test_a_subscription_with_a_wrong_key_or_twice_is_refused(calls, parcel):
    """601 for the key, 501 for the repetition."""
    assert calls.post("/kuaidi100/poll", subscribe(parcel, key="x"), parcel.uploaded_at)["returnCode"] == "601"
    calls.post("/kuaidi100/poll", subscribe(parcel), parcel.uploaded_at)
    assert calls.post("/kuaidi100/poll", subscribe(parcel), parcel.uploaded_at)["returnCode"] == "501"


def test_a_subscription_under_the_wrong_carrier_is_corrected_after_three_days(calls, parcel):
    """An abort that names the right code; then pushes go on under it, and say that it was corrected."""
    at = parcel.uploaded_at
    assert calls.post("/kuaidi100/poll", subscribe(parcel, company="ems"), at)["returnCode"] == "200"
    first, *more = pushed(calls, at, late(parcel) + timedelta(days=4), timedelta(hours=6))
    assert (first["status"], first["autoCheck"], first["comNew"]) == ("abort", "0", parcel.carrier)
    assert first["lastResult"]["data"] == []
    assert {(b["status"] in {"polling", "shutdown"}, b["autoCheck"], b["comOld"], b["comNew"]) for b in more} <= {
        (True, "1", "ems", parcel.carrier)
    }
    assert more or parcel.scans[-1].shown_at <= at + timedelta(days=3)


def test_a_lost_parcels_subscription_is_given_up_after_sixty_days(calls, wide):
    """And only then can be renewed."""
    calls.world = wide
    parcel = next(
        t.parcel for t in wide.tales
        if t.truth.plot == "lost" and t.injected and t.parcel.source == "kuaidi100"
    )  # fmt: skip
    calls.post("/kuaidi100/poll", subscribe(parcel), parcel.uploaded_at)
    end = parcel.scans[-1].shown_at + timedelta(days=60)
    (body,) = pushed(calls, end - timedelta(hours=1), end, timedelta(hours=1))
    assert (body["status"], body["message"], body["comNew"]) == ("abort", "60天无变化", "")
    assert calls.post("/kuaidi100/poll", subscribe(parcel), end - timedelta(hours=1))["returnCode"] == "501"
    assert calls.post("/kuaidi100/poll", subscribe(parcel), end)["returnCode"] == "200"
    assert pushed(calls, end, end + timedelta(days=59), timedelta(days=1)) == []


def pushed(calls, since, until, step):
    """What is pushed in even steps."""
    bodies = []
    while since < until:
        now = min(since + step, until)
        got = kuaidi100.pushes(calls.world, calls.memory, since, now)
        bodies += [json.loads(parse_qs(push.body.decode())["param"][0]) for push in got]
        since = now
    return bodies
