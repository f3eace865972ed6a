"""The warehouse's page: scanning in, taking it back, deciding, and who may."""

from engines import ON_BOTH
from web_support import CODE, HOUR, NOW, add_parcel, add_route, scan

from domain.case import CaseEvent, Kind
from domain.pickup import ReturnEvent, ReturnReason, ReturnStatus, Want
from domain.returns import Return, ReturnItem
from domain.tracking import Milestone
from monitor.tick import look_around
from scheduler import refund, warehouse
from scheduler.warehouse import see_scans
from store import cases, check, checkins, facts, ledger, reships, returns
from store.returns import ReturnFact

ALL = [{"sku": "MUG", "qty": 2}, {"sku": "TEA", "qty": 1}]
GOOD = ["MUG:ok:2", "TEA:ok:1"]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


def fetched(house, ref="R1"):
    """A return that its courier collected and whose refund waits for the warehouse."""
    add_route(house)
    data = {"stop": "r-li-1", "items": ALL, "refund_cents": 26_600, "proof": {}}
    house.store.write(returns.record, ref, ReturnFact(ReturnEvent.COLLECTED, NOW, "li", "courier", data))


def decide(browser, looks, photos=()):
    files = [("photo", ("p.png", data, "image/png")) for data in photos] or [("photo", ("", b"", "text/plain"))]
    return browser.post("/warehouse/decide", {"return": "R1", "look": looks, "note": ""}, files=files)


@ON_BOTH
def test_scanned_and_all_good_is_refunded_once(house, chen):
    """The scan pays nothing; the decision does, and neither counts twice. The check agrees with what is stored."""
    fetched(house)
    chen.get("/warehouse")
    assert chen.post("/warehouse/scan", {"code": " R1 "}).headers["location"] == "/warehouse?ref=R1&said=in"
    assert "said=again" in chen.post("/warehouse/scan", {"code": "R1"}).headers["location"]
    assert house.store.read(ledger.of_return, "R1") == []
    assert "R1" in chen.get("/warehouse?ref=R1&said=in").text
    for _ in range(2):
        assert decide(chen, GOOD).headers["location"] == "/warehouse?ref=R1&said=said_ok"
    assert [i.amount_cents for i in house.store.read(ledger.of_return, "R1")] == [9_800, 16_800]
    assert house.store.read(returns.find, "R1").status is ReturnStatus.INSTRUCTED
    assert house.store.read(check.differences, now=NOW) == []


def test_a_part_is_refunded_for_that_part(house, chen):
    """One mug of two came: the refund is for that, and the desk is told that less came than was signed for."""
    fetched(house)
    chen.get("/warehouse")
    chen.post("/warehouse/scan", {"code": "R1"})
    assert "said_part" in decide(chen, ["MUG:part:1", "TEA:ok:1"]).headers["location"]
    assert sum(i.amount_cents for i in house.store.read(ledger.of_return, "R1")) == 4_900 + 16_800
    assert [c.type for c in house.store.read(cases.list_cases)] == ["return_differs"]
    assert house.store.read(check.differences, now=NOW) == []


def test_what_differs_is_a_case_and_no_refund(house, chen):
    """It needs a photo; nothing is paid until somebody who may approves it."""
    fetched(house)
    chen.get("/warehouse")
    chen.post("/warehouse/scan", {"code": "R1"})
    assert decide(chen, ["MUG:differs:0", "TEA:ok:1"]).status_code == 422
    assert "said_differs" in decide(chen, ["MUG:differs:0", "TEA:ok:1"], [PNG]).headers["location"]
    assert house.store.read(ledger.of_return, "R1") == []
    assert house.store.read(refund.withheld, "R1").code == "inspection_differs"
    assert [c.type for c in house.store.read(cases.list_cases)] == ["return_differs"]
    assert house.store.read(check.differences, now=NOW) == []


def test_a_wrong_scan_is_taken_back_until_it_is_decided(house, chen):
    """Afterwards money may have followed: then it stays."""
    fetched(house)
    chen.get("/warehouse")
    chen.post("/warehouse/scan", {"code": "R1"})
    assert "said=back" in chen.post("/warehouse/undo", {"return": "R1"}).headers["location"]
    assert house.store.read(checkins.find, "R1") is None
    chen.post("/warehouse/scan", {"code": "R1"})
    decide(chen, GOOD)
    assert chen.post("/warehouse/undo", {"return": "R1"}).status_code == 422
    assert house.store.read(check.differences, now=NOW) == []


def test_a_code_of_two_returns_is_asked_about(house, chen):
    """The handover code of more than one return, and one that nobody knows, check nothing in."""
    add_route(house)
    chen.get("/warehouse")
    for code in (CODE, "nobody's"):
        assert chen.post("/warehouse/scan", {"code": code}).status_code == 422
    assert house.store.read(checkins.waiting) == []


def test_who_only_looks_scans_nothing(house, stranger):
    """403, and the refusal is on record."""
    fetched(house)
    stranger.sign_in("eve").get("/warehouse")
    assert stranger.post("/warehouse/scan", {"code": "R1"}).status_code == 403
    assert [f.event for f in house.store.read(facts.history, "person", "eve")][-1] == "refused"


# --- by carrier ----------------------------------------------------------------------------------------------------

LABEL = "73199990001"


def handed(house, chen, ref="R1", number=LABEL):
    chen.get(f"/returns/{ref}")
    return chen.post("/warehouse/handover", {"return": ref, "carrier": "zhongtong", "number": number})


def waiting_return(house, ref="R1"):
    """A return that nobody fetches yet."""
    add_parcel(house)
    items = (ReturnItem("MUG", 2), ReturnItem("TEA", 1))
    value = Return(
        ref, "A1", items, ReturnReason.QUALITY, NOW, payer="merchant", code=CODE, depot="hz", refund_cents=26_600
    )
    house.store.write(returns.add_return, value, by=None, channel="api")


def ticked(house, hours=0):
    house.store.write(see_scans, house.pickups.policy, now=NOW + hours * HOUR)


def test_a_carrier_s_first_scan_is_the_proof_and_pays_once(house, chen):
    """A label alone pays nothing. The parcel is watched on its way back; its first physical scan refunds, once."""
    waiting_return(house)
    assert 'action="/warehouse/handover"' in chen.get("/returns/R1").text
    assert handed(house, chen).headers["location"] == "/returns/R1"
    [shipment] = house.store.read(checkins.parcels_of, "R1")
    assert house.store.read(returns.find, "R1").status is ReturnStatus.BY_CARRIER
    ticked(house)
    scan(house, shipment, "已下单", hours_ago=1, milestone=Milestone.ANNOUNCED, physical=False)
    ticked(house)
    assert house.store.read(ledger.of_return, "R1") == []
    scan(house, shipment, "已揽收", hours_ago=0.5, milestone=Milestone.PICKED_UP, physical=True)
    for _ in range(2):
        ticked(house)
    assert [i.amount_cents for i in house.store.read(ledger.of_return, "R1")] == [9_800, 16_800]
    told = [f.event for f in house.store.read(facts.history, "return", "R1")]
    assert told.count("carrier_scanned") == 1
    assert house.store.read(check.differences, now=NOW) == []


def test_a_parcel_s_number_scans_its_return_in(house, chen):
    """What is stuck on the box is enough. It isn't expected any more, and the decision pays nothing a second time."""
    waiting_return(house)
    handed(house, chen)
    [shipment] = house.store.read(checkins.parcels_of, "R1")
    assert "R1" in chen.get("/warehouse").text
    scan(house, shipment, "已揽收", hours_ago=0.5, milestone=Milestone.PICKED_UP, physical=True)
    ticked(house)
    assert "ref=R1" in chen.post("/warehouse/scan", {"code": LABEL}).headers["location"]
    decide(chen, GOOD)
    assert len(house.store.read(ledger.of_return, "R1")) == 2
    assert house.store.read(checkins.expected, until=NOW + 24 * HOUR) == []


def test_a_label_of_another_parcel_is_no_label(house, chen):
    """The number that is watched already, a carrier nobody knows: said, and nothing changes."""
    waiting_return(house)
    for fields in ({"number": "73100000001"}, {"carrier": "", "number": "1"}):
        chen.get("/returns/R1")
        reply = chen.post("/warehouse/handover", {"return": "R1", "carrier": "zhongtong", **fields})
        assert reply.status_code == 422, fields
    assert house.store.read(returns.find, "R1").status is ReturnStatus.REQUESTED


def test_goods_that_somebody_brings_are_taken_without_a_courier(house, chen):
    """Nobody is to fetch them any more; taken back, somebody is again."""
    waiting_return(house)
    chen.get("/warehouse")
    chen.post("/warehouse/scan", {"code": "R1"})
    assert house.store.read(returns.waiting, before=NOW + HOUR) == []
    chen.post("/warehouse/undo", {"return": "R1"})
    assert [one.ref for one in house.store.read(returns.waiting, before=NOW + HOUR)] == ["R1"]
    chen.post("/warehouse/scan", {"code": "R1"})
    decide(chen, ["MUG:part:1", "TEA:ok:1"])
    assert [i.amount_cents for i in house.store.read(ledger.of_return, "R1")] == [4_900, 16_800]
    assert house.store.read(check.differences, now=NOW) == []


def test_what_is_exchanged_is_waited_for_on_its_return(house, chen):
    """The replacement's parcel stands in the return's history from when it is sent until it arrives."""
    add_parcel(house)
    items = (ReturnItem("MUG", 2),)
    value = Return(
        "R1", "A1", items, ReturnReason.QUALITY, NOW, want=Want.EXCHANGE, payer="merchant", code=CODE, depot="hz"
    )
    house.store.write(returns.add_return, value, by=None, channel="api")
    chen.get("/warehouse")
    chen.post("/warehouse/scan", {"code": "R1"})
    decide(chen, ["MUG:ok:2"])
    [line] = house.store.read(ledger.of_return, "R1")
    assert line.kind == "reship"
    assert house.store.read(reships.find, line.id) is not None
    assert house.store.read(check.differences, now=NOW) == []


# --- what is missing -----------------------------------------------------------------------------------------------


def test_goods_that_the_collector_never_brought_are_its_case(house):
    """Fetched, and not scanned in five days after its route came back: a case, the collector is liable; scanned in, it closes."""
    fetched(house)
    look_around_at(house, 4 + 24 * 4)
    assert missing(house) == []
    look_around_at(house, 4 + 24 * 5 + 1)
    [case] = missing(house)
    [opened] = [f for f in house.store.read(cases.history_of, case.id) if f.event is CaseEvent.OPENED]
    assert opened.data["party"] == "collector"
    house.store.write(warehouse.scan, "R1", now=house.now(), by="chen", channel="warehouse")
    look_around_at(house, 4 + 24 * 5 + 2)
    assert missing(house) == []


def missing(house):
    return [c for c in house.store.read(cases.list_cases) if c.kind is Kind.CHECKIN_MISSING and c.is_open]


def look_around_at(house, hours):
    house.now.set(NOW + hours * HOUR)
    house.store.write(look_around, house.policy, now=house.now())
