"""The warehouse's page: scanning in, taking it back, deciding, and who may."""

from web_support import CODE, NOW, add_route

from domain.pickup import ReturnEvent, ReturnStatus
from scheduler import refund
from store import cases, check, checkins, facts, ledger, returns
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
