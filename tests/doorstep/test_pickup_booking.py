"""Carriers' couriers, the whole way: asked for over HTTP, sent to the carrier, called back, cancelled; once, whatever dies."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from booking_desk import (
    CUSTOMER,
    FX_ORDER,
    FX_TOKEN,
    FX_URL,
    KD_URL,
    NOW,
    ORDER,
    SF_URL,
    TOML,
    WAREHOUSE,
    Desk,
    Kuaidi100,
    answer,
    desk,
    told,
)
from engines import ON_BOTH, ON_SQLITE

from domain.errors import RuleError
from doorstep import bookings as house_bookings
from doorstep.beat import beat as house_beat
from doorstep.operations import perform
from doorstep.solving import Here
from doorstep.web.push import MAX_BODY_BYTES
from scheduler.router import Steps
from store import bookings, budgets, check, facts
from store.bookings import Stage
from store.packed import unpack

QUOTE = {k: v for k, v in ORDER.items() if k != "id"}


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as opened:
        yield opened
        clean(opened)


def clean(opened: Desk) -> None:
    assert [str(d) for d in opened.house.store.read(check.differences, now=opened.house.now())] == []


def beat(opened: Desk) -> int:
    return asyncio.run(house_bookings.look_after_due(opened.house, now=opened.house.now()))


# --- the whole way -------------------------------------------------------------------------------------------------


@ON_BOTH
def test_from_a_price_to_a_settlement(at_desk: Desk) -> None:
    """Quoted, booked, asked for again, collected, settled in two parts, each of them told twice, and too late to cancel.

    One order reaches the carrier; each settlement counts once; what was collected stays collected.
    """
    offer = at_desk.post("pickups/quotes", QUOTE).json()
    assert [(q["amount_cents"], q["currency"]) for q in offer["quotes"]] == [(1250, "CNY")]
    first = at_desk.post("pickups", ORDER)
    assert (first.status_code, first.json()["status"], first.json()["number"]) == (201, "placed", "YT0001")
    again = at_desk.post("pickups", {**ORDER, "weight_g": 9_000})
    assert (again.status_code, again.json()) == (200, first.json())
    for status in ("1", "10"):
        assert at_desk.call(status, courierName="赵六", courierMobile="13900001111").status_code == 200
    collected = at_desk.get("pickups/R-1").json()
    assert (collected["status"], collected["courier"]) == ("collected", {"name": "赵六", "phone": "13900001111"})
    for freight in ("12.50", "12.50", "3.00", "12.50", "3.00"):
        done = at_desk.call("15", freight=freight)
        assert done.json() == {"result": True, "returnCode": "200", "message": "成功"}
    assert at_desk.row().charge_cents == 1550
    assert at_desk.call("1").status_code == 200
    refused = at_desk.post("pickups/R-1/cancel")
    assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    assert at_desk.row().status is Stage.COLLECTED
    assert at_desk.kuaidi100.calls == ["price", "bOrder"]


def test_a_courier_is_called_off_once(at_desk: Desk) -> None:
    """While nobody came it is free; cancelling again asks the carrier nothing."""
    at_desk.post("pickups", ORDER)
    for _ in range(2):
        done = at_desk.post("pickups/R-1/cancel")
        assert (done.status_code, done.json()["status"]) == (200, "cancelled")
    assert at_desk.kuaidi100.count("cancel") == 1


def test_a_carrier_that_refuses_to_cancel_is_believed(at_desk: Desk) -> None:
    """The courier was faster than the callback: 409 with the carrier's own words, and the booking stands."""
    at_desk.post("pickups", ORDER)
    at_desk.wire.post(KD_URL).mock(return_value=answer(told("400", "快递员已揽收，不能取消")))
    refused = at_desk.post("pickups/R-1/cancel")
    assert refused.status_code == 409
    assert "快递员已揽收，不能取消" in refused.json()["detail"]
    assert at_desk.row().status is Stage.PLACED


def test_a_price_is_asked_once_while_it_holds(at_desk: Desk) -> None:
    """The same question within half an hour is answered from what was said; other goods, or later, are asked anew."""
    first, second = (at_desk.post("pickups/quotes", QUOTE).json() for _ in range(2))
    assert first["quotes"] == second["quotes"]
    assert at_desk.kuaidi100.count("price") == 1
    at_desk.post("pickups/quotes", {**QUOTE, "weight_g": 2_000})
    assert at_desk.kuaidi100.count("price") == 2
    at_desk.later(minutes=30)
    at_desk.post("pickups/quotes", QUOTE)
    assert at_desk.kuaidi100.count("price") == 3


def test_a_price_without_a_time_is_for_the_first_slot_that_is_free(at_desk: Desk) -> None:
    """At 10:00 the window from 9 to 12 closed (no booking in its last two hours): the next one is offered."""
    offer = at_desk.post("pickups/quotes", {k: v for k, v in QUOTE.items() if k != "slot"}).json()
    assert offer["slots"][0] == {"from": "2026-11-25T04:00:00+00:00", "to": "2026-11-25T08:00:00+00:00"}


def test_a_hundred_at_once_are_one_order(at_desk: Desk) -> None:
    """However often the network repeats it at the same moment; those that came while the call was out say so."""
    replies = at_desk.client.post_at_once("/api/pickups", 30, json=ORDER, headers=at_desk.headers())
    statuses = [r.status_code for r in replies]
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 202}
    assert at_desk.kuaidi100.count("bOrder") == 1


# --- answers that get lost -----------------------------------------------------------------------------------------


def test_a_lost_answer_is_found_again_by_asking(at_desk: Desk) -> None:
    """202 while nobody knows; the state finds the one booking that the carrier has, under our id."""
    at_desk.kuaidi100.lose = 1
    lost = at_desk.post("pickups", ORDER)
    assert (lost.status_code, lost.json()["status"]) == (202, "tried")
    assert "ReadTimeout" in lost.json()["error"]
    found = at_desk.post("pickups/R-1/state")
    assert (found.json()["status"], found.json()["number"], found.json()["error"]) == ("placed", "YT0001", "")
    assert at_desk.events() == ["tried", "unanswered", "tried", "booked"]
    assert len(at_desk.kuaidi100.orders) == 1


def test_a_lost_answer_is_looked_for_by_the_beat(at_desk: Desk) -> None:
    """Nobody needs to ask: after ten minutes the house does, once."""
    at_desk.kuaidi100.lose = 1
    at_desk.post("pickups", ORDER)
    assert beat(at_desk) == 0
    at_desk.later(minutes=10)
    assert beat(at_desk) == 1
    assert at_desk.row().status is Stage.PLACED
    assert beat(at_desk) == 0


DYING = """
import json, os, sys
from pathlib import Path
from booking_desk import KD_URL, ORDER, Kuaidi100, desk

carrier = Kuaidi100()

def die(request):
    if sys.argv[2] == "True":
        carrier(request)
    print(json.dumps(carrier.orders), flush=True)
    os._exit(9)

with desk(Path(sys.argv[1]), carrier=carrier) as before:
    before.wire.post(KD_URL).mock(side_effect=die)
    before.post("pickups", ORDER)
"""


@ON_SQLITE
@pytest.mark.parametrize("arrived", [True, False])
def test_killed_between_the_commit_and_the_answer(tmp_path: Path, *, arrived: bool) -> None:
    """Whether the order reached the carrier or not: what was committed says that it was tried, and there is one in the end.

    Until its sender is surely dead nobody else sends it; then the beat finds out, and the same id is the same booking.
    """
    paths = os.pathsep.join(str(folder) for folder in (Path(__file__).parent, *Path(__file__).parents[1:3]))
    dead = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path), str(arrived)], env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert dead.returncode == 9, dead.stderr
    carrier = Kuaidi100(orders=json.loads(dead.stdout))
    assert len(carrier.orders) == int(arrived)
    with desk(tmp_path, carrier=carrier) as after:
        assert (after.row().status, after.row().tried_at) == (Stage.TRIED, NOW)
        in_doubt = after.post("pickups", ORDER)
        assert (in_doubt.status_code, in_doubt.json()["status"]) == (202, "tried")
        assert (beat(after), after.kuaidi100.calls) == (0, [])
        after.later(minutes=3)
        assert beat(after) == 1
        assert after.row().status is Stage.PLACED
        assert after.post("pickups", ORDER).status_code == 200
        assert len(carrier.orders) == 1
        clean(after)


def test_killed_before_a_callback_is_answered_it_counts_once(tmp_path: Path) -> None:
    """The settlement was committed, the carrier didn't hear so and calls again after the restart: it adds up once."""
    carrier = Kuaidi100()
    with desk(tmp_path, carrier=carrier) as before:
        before.post("pickups", ORDER)
        assert before.call("15", freight="12.50").status_code == 200
    with desk(tmp_path, carrier=carrier) as after:
        assert after.call("15", freight="12.50").status_code == 200
        assert after.row().charge_cents == 1250
        clean(after)


def test_what_may_book_twice_waits_for_a_person(at_desk: Desk) -> None:
    """FedEx knows no key of repeating: the lost order is never sent again; somebody looks, and says what is there."""
    at_desk.house.now.at = NOW.replace(hour=14)  # type: ignore[attr-defined]
    at_desk.wire.post(FX_TOKEN).mock(return_value=answer({"access_token": "T", "expires_in": 3600}))
    route = at_desk.wire.post(FX_URL).mock(side_effect=httpx.ReadTimeout("lost"))
    assert at_desk.post("pickups", FX_ORDER).status_code == 202
    for _ in range(3):
        again = at_desk.post("pickups", FX_ORDER)
        assert (again.status_code, again.json()["status"]) == (202, "uncertain")
        assert "console" in again.json()["error"]
    at_desk.later(days=1)
    assert beat(at_desk) == 0
    assert route.call_count == 1
    assert "console" in at_desk.post("pickups/F-1/cancel").json()["detail"]
    with pytest.raises(RuleError, match="is no booking of this carrier"):
        perform(at_desk.house, "pickups_settle", {"id": "F-1", "ref": "nonsense"})
    settled = perform(at_desk.house, "pickups_settle", {"id": "F-1", "ref": "301|2026-11-25|FDXE|EWRA"})
    assert settled["status"] == "placed"
    with pytest.raises(RuleError, match="is placed: only one that may or may not be booked"):
        perform(at_desk.house, "pickups_settle", {"id": "F-1", "nothing": True})


def test_what_was_not_let_in_is_refused_and_may_be_tried_again(at_desk: Desk) -> None:
    """A wrong key books nothing: the same id is free for the next try."""
    at_desk.wire.post(KD_URL).mock(return_value=answer(told("503", "验证签名失败")))
    refused = at_desk.post("pickups", ORDER)
    assert refused.status_code == 422
    assert "503 验证签名失败" in refused.json()["detail"]
    at_desk.wire.post(KD_URL).mock(side_effect=at_desk.kuaidi100)
    assert at_desk.post("pickups", ORDER).status_code == 201
    assert at_desk.events() == ["tried", "refused", "tried", "booked"]


# --- being called --------------------------------------------------------------------------------------------------


def test_a_call_that_is_faster_than_the_answer_is_not_lost(at_desk: Desk) -> None:
    """The carrier calls about an order whose answer is still on its way: it counts as soon as we know which one it is."""

    def early(request: httpx.Request) -> httpx.Response:
        done = at_desk.kuaidi100(request)
        calls.append(done)
        return done

    calls: list[httpx.Response] = []
    assert at_desk.call("10").status_code == 200
    assert at_desk.call("15", freight="8.00").status_code == 200
    at_desk.wire.post(KD_URL).mock(side_effect=early)
    booked = at_desk.post("pickups", ORDER).json()
    assert (booked["status"], booked["charge_cents"], len(calls)) == ("collected", 800, 1)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"salt": "wrong"}, 401),
        ({"salt": ""}, 401),
        ({"path": "/pickup-callback/kuaidi100/main/00000000000000000000000000000000"}, 404),
        ({"path": "/pickup-callback/kuaidi100/other/x"}, 404),
        ({"path": "/pickup-callback/sf/main/x"}, 404),
        ({"path": "/pickup-callback/nobody/main/x"}, 404),
        ({"extra": "&x=" + "y" * MAX_BODY_BYTES}, 413),
    ],
)
def test_a_forged_call_changes_nothing(at_desk: Desk, call: dict[str, Any], status: int) -> None:
    """Signed with another salt, by another path, too large: refused, and the database stays as it was."""
    at_desk.post("pickups", ORDER)
    before, received = at_desk.house.store.read(check.digest), count(at_desk, "inbound")
    assert at_desk.call("10", **call).status_code == status
    assert (at_desk.house.store.read(check.digest), count(at_desk, "inbound")) == (before, received)


def count(at_desk: Desk, table: str) -> int:
    return int(at_desk.house.store.read(lambda db: db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()))


def test_a_settlement_in_another_envelope_is_the_same_one(at_desk: Desk) -> None:
    """The proof covers ``param`` only: a copy with other fields around it adds nothing."""
    at_desk.post("pickups", ORDER)
    for extra in ("", "&note=1", "&note=2"):
        assert at_desk.call("15", freight="12.50", extra=extra).status_code == 200
    assert at_desk.row().charge_cents == 1250


def test_a_proven_call_that_cannot_be_read_is_kept_without_people(at_desk: Desk) -> None:
    """Answered, for the same bytes would come again; kept for whoever mends it; no booking is touched."""
    at_desk.post("pickups", ORDER)
    before = at_desk.row()
    assert at_desk.call("", courierName="赵六", courierMobile="13900001111").status_code == 200
    assert at_desk.row() == before
    [(body,)] = at_desk.house.store.read(lambda db: db.exec_driver_sql("SELECT body FROM raw_reply").all())
    text = unpack(body).decode()
    assert "20061" in text
    assert "赵六" not in text
    assert "13900001111" not in text


# --- looking after it ----------------------------------------------------------------------------------------------


def test_without_calls_the_carrier_is_asked(tmp_path: Path) -> None:
    """Where nobody can reach us, bookings are asked about around their slot; a settlement is taken as the carrier says it."""
    toml = TOML.replace('lang = "en"', 'lang = "en"\nreachable = false').replace(
        'customer = "C"', 'customer = "C"\ncallback_url = "https://elsewhere.example/kd"'
    )
    with desk(tmp_path, toml=toml) as house:
        house.post("pickups", ORDER)
        for status, hours in (("1", 4), ("2", 1), ("10", 1)):
            house.kuaidi100.states["TASK1"] = {"status": status, "courierMobile": "13900001111"}
            house.later(hours=hours)
            assert beat(house) == 1
        assert house.row().status is Stage.COLLECTED
        for _ in range(2):
            house.kuaidi100.states["TASK1"] = {"status": "15", "freight": "12.50"}
            house.later(hours=6)
            beat(house)
        assert (house.row().charge_cents, house.row().state_at) == (1250, None)
        assert house.events().count("charged") == 1
        clean(house)


def test_a_carrier_that_fails_is_asked_again_later(at_desk: Desk) -> None:
    """What we knew stays; what went wrong is said until it goes well."""
    at_desk.post("pickups", ORDER)
    at_desk.wire.post(KD_URL).mock(return_value=httpx.Response(503))
    assert "503" in at_desk.post("pickups/R-1/state").json()["error"]
    assert at_desk.row().status is Stage.PLACED
    at_desk.wire.post(KD_URL).mock(side_effect=at_desk.kuaidi100)
    at_desk.later(minutes=10)
    assert beat(at_desk) == 1
    assert (at_desk.row().status, at_desk.row().error) == (Stage.ACCEPTED, "")


def test_an_account_that_was_taken_out_is_said(tmp_path: Path) -> None:
    """Its bookings wait; nothing of the beat breaks."""
    with desk(tmp_path) as before:
        before.post("pickups", ORDER)
    bare = TOML[: TOML.index("[carriers.kuaidi100")] + TOML[TOML.index("[carriers.sf") :]
    with desk(tmp_path, toml=bare) as after:
        after.later(hours=7)
        assert beat(after) == 1
        assert "no account 'main' is set any more" in after.row().error


def test_a_call_is_a_call_of_its_credential(tmp_path: Path) -> None:
    """Counted in its budget with the questions about parcels; where nothing is left nothing is begun, and it says so."""
    with desk(tmp_path, toml=TOML.replace('customer = "C"', 'customer = "C"\ncalls_per_day = 2')) as house:
        house.post("pickups/quotes", QUOTE)
        assert house.post("pickups", ORDER).status_code == 201
        now = house.house.now()
        assert house.house.store.read(budgets.spent, "kuaidi100/main", 86_400, now=now) == 2
        refused = house.post("pickups", {**ORDER, "id": "R-2"})
        assert (refused.status_code, "calls are used up" in refused.json()["detail"]) == (422, True)
        assert house.house.store.read(bookings.find, "R-2") is None
        clean(house)


# --- people --------------------------------------------------------------------------------------------------------


def test_facts_know_no_people(at_desk: Desk) -> None:
    """Names, phones and addresses stand in one column, are erased a month after the slot, and nothing else breaks."""
    at_desk.post("pickups", ORDER)
    at_desk.call("10", courierName="赵六", courierMobile="13900001111")
    people = [CUSTOMER["name"], CUSTOMER["phone"], CUSTOMER["address"], WAREHOUSE["name"], "赵六", "13900001111"]
    told_facts = json.dumps(
        [fact.data for fact in at_desk.house.store.read(facts.history, "pickup", "R-1")], ensure_ascii=False
    )
    assert [one for one in people if str(one) in told_facts] == []
    assert at_desk.house.store.read(bookings.order_of, "R-1") is not None
    at_desk.later(days=31)
    beat(at_desk)
    assert at_desk.house.store.read(bookings.order_of, "R-1") is None
    assert at_desk.get("pickups/R-1").json()["courier"] is None
    assert "赵六" not in str(
        at_desk.house.store.read(lambda db: db.exec_driver_sql("SELECT * FROM pickup_booking").all())
    )
    assert at_desk.post("pickups", ORDER).json()["status"] == "collected"


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_slot_that_the_carrier_does_not_offer_says_which_it_does(at_desk: Desk) -> None:
    """Out of its windows, too late, too far ahead: nothing is sent or written, and free slots are named."""
    wanted = {
        "2026-11-25T11:00/13:00": "out_of_hours",
        "2026-11-25T09:00/12:00": "too_late",
        "2026-12-02T12:00/16:00": "too_far_ahead",
        "2026-11-25T14:00/14:30": "too_short",
    }
    for slot, reason in wanted.items():
        refused = at_desk.post("pickups", {**ORDER, "slot": slot})
        assert (refused.status_code, refused.json()["reason"]) == (422, reason), slot
        assert refused.json()["slots"][0]["from"] == "2026-11-25T04:00:00+00:00"
    assert at_desk.kuaidi100.calls == []
    assert at_desk.post("pickups", ORDER).status_code == 201


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, "id: is missing"),
        ({"id": "a b"}, "letters, digits"),
        ({"id": "x" * 33}, "our_id may have 32 characters, not 33"),
        ({"source": "dhl"}, "nobody books pickups through 'dhl': use one of fedex, kuaidi100, sf, ups"),
        ({"source": "ups"}, "add [carriers.ups.main]"),
        ({"account": "other"}, "add [carriers.kuaidi100.other]"),
        ({"source": "", "carrier": ""}, "name one of fedex, kuaidi100, sf"),
        ({"carrier": ""}, "name one, such as yuantong"),
        ({"sender": {"name": "A"}}, "sender.phone: is missing"),
        ({"recipient": None}, "recipient: is missing"),
        ({"weight_g": 0}, "weight_g"),
        ({"slot": "tomorrow"}, "is no slot; write it like"),
        ({"slot": ""}, "slot: is missing"),
        ({"slot": "2026-11-25T16:00/14:00"}, "must end after it starts"),
        ({"zone": "Mars/Base"}, "unknown time zone"),
        ({"order": "O-9"}, "O-9 is unknown"),
        ({"parcels": 2}, "an order is one parcel"),
        ({"goods_": "x", "goods": ""}, "goods"),
    ],
)
def test_a_bad_order_is_told_what_is_wrong(at_desk: Desk, change: dict[str, Any], words: str) -> None:
    """Before anything is written or sent."""
    refused = at_desk.post("pickups", {**ORDER, **change})
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert words in refused.json()["detail"]
    assert (at_desk.kuaidi100.calls, count(at_desk, "pickup_booking")) == ([], 0)


def test_a_setting_that_is_missing_is_named(tmp_path: Path) -> None:
    """Nothing is written: the same id works as soon as it is set."""
    with desk(tmp_path, toml=TOML.replace('pickup_secret = "s3cret"', "")) as house:
        refused = house.post("pickups", ORDER)
        assert "set pickup_secret" in refused.json()["detail"]
        assert count(house, "pickup_booking") == 0


def test_the_id_may_come_as_the_idempotency_key(at_desk: Desk) -> None:
    """One of both is enough; two that differ are a slip."""
    body = {k: v for k, v in ORDER.items() if k != "id"}
    assert at_desk.post("pickups", body, "R-7").json()["id"] == "R-7"
    assert at_desk.post("pickups", {}, "R-7").status_code == 200
    assert "say it once" in at_desk.post("pickups", ORDER, "R-8").json()["detail"]


def test_what_the_sender_leaves_open_is_the_customers(at_desk: Desk) -> None:
    """With the order's reference its name, phone and street need not be said again."""
    order = {
        "order": "O-1", "items": [{"sku": "MUG", "qty": 1, "price_cents": 4900}], "customer": "王小明", "phone": "13800001234",
        "address": "梧桐路 1 号",
    }  # fmt: skip
    assert at_desk.post("orders", order).status_code == 201
    where = {"city": "杭州市", "region": "浙江省"}
    booked = at_desk.post("pickups", {**ORDER, "order": "O-1", "sender": where}).json()
    assert booked["order"] == "O-1"
    assert at_desk.kuaidi100.orders["R-1"]["sendManName"] == "王小明"


def test_keys_and_unknown_ids(at_desk: Desk) -> None:
    """Without a key nothing is said; an id that nobody booked is not found."""
    assert at_desk.client.post("/api/pickups", json=ORDER).status_code == 401
    assert at_desk.client.get("/api/pickups/R-1").status_code == 401
    assert at_desk.get("pickups/R-1").status_code == 404
    assert at_desk.post("pickups/R-1/cancel").status_code == 404
    at_desk.post("pickups", ORDER)
    assert [one["id"] for one in at_desk.get("pickups").json()["pickups"]] == ["R-1"]


# --- calling a parcel back -----------------------------------------------------------------------------------------

CAUGHT = {"id": "I-1", "number": "SF1234567890", "what": "address", "carrier": "顺丰", "source": "sf", "to": WAREHOUSE}


def sf(code: str = "S0000", message: str = "") -> dict[str, object]:
    inner = {"success": code == "S0000", "errorCode": code, "errorMsg": message, "msgData": None}
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(inner)}


def test_a_parcel_is_called_back_once(at_desk: Desk) -> None:
    """The same id again is answered from what was said."""
    route = at_desk.wire.post(SF_URL).mock(return_value=answer(sf()))
    for _ in range(2):
        done = at_desk.post("intercepts", CAUGHT)
        assert (done.status_code, done.json()["number"]) == (200, "SF1234567890"), done.text
    assert route.call_count == 1
    assert at_desk.events("I-1") == ["intercept_tried", "intercepted"]


def test_a_lost_answer_to_a_call_back_is_not_repeated(at_desk: Desk) -> None:
    """Its scans tell; asking again needs another id."""
    route = at_desk.wire.post(SF_URL).mock(side_effect=httpx.ReadTimeout("lost"))
    assert at_desk.post("intercepts", CAUGHT).status_code == 502
    again = at_desk.post("intercepts", CAUGHT)
    assert (again.status_code, "give another id" in again.json()["detail"]) == (422, True)
    assert route.call_count == 1


def test_a_refused_call_back_may_be_asked_again(at_desk: Desk) -> None:
    route = at_desk.wire.post(SF_URL).mock(side_effect=[answer(sf("8252", "x")), answer(sf())])
    refused = at_desk.post("intercepts", CAUGHT)
    assert (refused.status_code, refused.json()["reason"]) == (422, "too_late")
    assert at_desk.post("intercepts", CAUGHT).status_code == 200
    assert route.call_count == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"what": "burn"}, "none of return, branch, address"),
        ({"to": None}, "say where parcel SF1234567890 shall go"),
        ({"source": "fedex"}, "nobody intercepts parcels through 'fedex': use one of kuaidi100, sf"),
        ({"number": ""}, "number: is missing"),
    ],
)
def test_a_bad_call_back_is_told_what_is_wrong(at_desk: Desk, change: dict[str, Any], words: str) -> None:
    refused = at_desk.post("intercepts", {**CAUGHT, **change})
    assert refused.status_code == 422
    assert words in refused.json()["detail"]
    assert at_desk.events("I-1") == []


# --- the command line's operations ---------------------------------------------------------------------------------


def test_the_same_by_command(at_desk: Desk) -> None:
    """Operations run outside the event loop and say refusals as values."""
    house = at_desk.house
    assert perform(house, "pickups_quote", {"body": QUOTE})["quotes"][0]["amount_cents"] == 1250
    assert perform(house, "pickups_book", {"body": ORDER})["new"] is True
    assert perform(house, "pickups_book", {"body": ORDER})["new"] is False
    assert perform(house, "pickups_state", {"id": "R-1"})["status"] == "accepted"
    assert [one["id"] for one in perform(house, "pickups_list", {})["pickups"]] == ["R-1"]
    assert perform(house, "pickups_cancel", {"id": "R-1"})["status"] == "cancelled"
    late = perform(house, "pickups_book", {"body": {**ORDER, "id": "R-2", "slot": "2026-11-25T09:00/12:00"}})
    assert late["refused"]["reason"] == "too_late"
    with pytest.raises(RuleError, match="there is no pickup 'R-9'"):
        perform(house, "pickups_state", {"id": "R-9"})
    with pytest.raises(RuleError, match="say what you found"):
        perform(house, "pickups_settle", {"id": "R-1"})


def test_the_row_is_what_its_facts_amount_to(at_desk: Desk) -> None:
    """A booking whose status was changed by hand is found by the check."""
    at_desk.post("pickups", ORDER)
    at_desk.house.store.write(lambda db: db.exec_driver_sql("UPDATE pickup_booking SET status = 'collected'").rowcount)
    [found] = at_desk.house.store.read(check.differences, now=NOW)
    assert str(found) == "pickup R-1: status is 'collected', its facts amount to 'placed'"
    at_desk.house.store.write(lambda db: db.exec_driver_sql("UPDATE pickup_booking SET status = 'placed'").rowcount)
    assert replace(at_desk.row(), state_at=None).status is Stage.PLACED


# --- other carriers, and the beat ----------------------------------------------------------------------------------

SF_ORDER = {**ORDER, "source": "sf", "carrier": "顺丰", "slot": "2026-11-25T14:00/15:00"}


def sf_order(code: str = "S0000") -> dict[str, object]:
    waybill = {"waybillType": 1, "waybillNo": "SF7444"}
    order = {"orderId": "R-1", "filterResult": 2, "waybillNoInfoList": [waybill]}
    inner = {"success": code == "S0000", "errorCode": code, "errorMsg": "x", "msgData": order}
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(inner)}


def test_sf_a_lost_answer_is_searched_for_before_anything_is_sent_again(at_desk: Desk) -> None:
    """The beat looks by our id first: found, nothing is ordered; not found, it is ordered then."""
    route = at_desk.wire.post(SF_URL).mock(side_effect=httpx.ReadTimeout("lost"))
    assert at_desk.post("pickups", SF_ORDER).status_code == 202
    route.mock(side_effect=[answer(sf_order("8018")), answer(sf_order())])
    at_desk.later(minutes=10)
    assert beat(at_desk) == 1
    assert (at_desk.row().status, at_desk.row().number) == (Stage.PLACED, "SF7444")
    services = [parse_qs(call.request.content.decode())["serviceCode"][0] for call in route.calls]
    assert services == ["EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP", "EXP_RECE_CREATE_ORDER"]


def test_the_beat_of_the_house_looks_after_bookings(at_desk: Desk) -> None:
    """The daemon's own beat, the one that asks about parcels and sends letters."""
    at_desk.kuaidi100.lose = 1
    at_desk.post("pickups", ORDER)
    at_desk.later(minutes=10)
    asyncio.run(house_beat(at_desk.house, {}, Here(Steps(1)), now=at_desk.house.now(), rng=Random(1)))
    assert at_desk.row().status is Stage.PLACED
