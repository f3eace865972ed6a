"""Parcels, returns, routes, money, sources, letters: what the console shows of each."""

import json

import pytest
from engines import ON_BOTH
from web_support import HTMX, NOW, Browser, add_parcel, add_route, app_of, open_case, scan

from domain.pickup import ReturnReason, ReturnStatus
from domain.returns import Return, ReturnItem
from domain.shipment import Shipment
from domain.tracking import Manner, Milestone, NoData
from scheduler import refund
from store import asking, budgets, facts, intake, ledger, mail, overviews, returns, sources, tracking, unidentified
from store.asking import Polled
from store.budgets import Window
from store.facts import FactRow
from store.ledger import Instruction
from store.mail import Letter
from store.sources import SourceState


def instruction(order="A1", item="MUG", cents=4_900, id_="i1"):
    return Instruction(id_, order, item, "refund", cents, "CNY", NOW)


# --- parcels -------------------------------------------------------------------------------------------------------


def test_a_parcel_shows_each_scan_as_it_came_with_the_evidence_for_its_time(house, lin):
    shipment = add_parcel(house)
    scan(house, shipment, "the van has it", hours_ago=50, milestone=Milestone.PICKED_UP)
    scan(house, shipment, "odd", hours_ago=20, milestone=Milestone.UNMAPPED, code="ZX")
    page = lin.get("/parcels/73100000001").text
    assert page.index(">odd") < page.index(">the van has it")
    assert "raw" in page
    assert "zone assumed: the carrier&#39;s" in page
    assert '<code class="unmapped">ZX</code>' in page


def test_the_bar_lights_up_to_where_the_parcel_is(house, lin):
    scan(house, add_parcel(house), "in transit", hours_ago=5)
    page = lin.get("/parcels/73100000001").text
    assert page.count('<li class="past">') == 2
    assert page.count('aria-current="step"') == 1


def test_a_parcel_says_why_it_is_watched_and_which_cases_it_has(house, lin):
    shipment = add_parcel(house)
    case_id = open_case(house, shipment)
    house.store.write(asking.reschedule, "kuaidi100", [Polled(shipment, NOW, NoData.NOT_SCANNED)], now=NOW)
    page = lin.get("/parcels/73100000001").text
    assert "not scanned yet" in page
    assert "11-22 16:00" in page
    assert f'href="/cases/{case_id}"' in page


def test_an_unknown_number_offers_the_search(lin):
    reply = lin.get("/parcels/NOPE%2F1")
    assert reply.status_code == 404
    assert 'value="NOPE/1"' in reply.text


@ON_BOTH
def test_the_list_counts_parcels_by_state_and_narrows_to_one(house, lin):
    for n, milestone in enumerate([Milestone.IN_TRANSIT, Milestone.IN_TRANSIT, Milestone.DELIVERED], 1):
        scan(house, add_parcel(house, n), "s", hours_ago=n, milestone=milestone, manner=Manner.SELF)
    add_parcel(house, 4)
    counts = house.store.read(overviews.parcel_counts)
    assert counts == {Milestone.IN_TRANSIT: 2, Milestone.DELIVERED: 1, None: 1}
    assert "73100000003" in lin.get("/parcels?state=delivered").text
    assert "73100000001" not in lin.get("/parcels?state=delivered").text
    assert "73100000004" in lin.get("/parcels?state=none").text
    assert "73100000003" not in lin.get("/parcels?state=none").text


# --- search --------------------------------------------------------------------------------------------------------


@ON_BOTH
def test_a_number_an_order_and_the_end_of_a_phone_find_the_parcel(house, lin):
    add_parcel(house, 1)
    add_parcel(house, 2)
    for text in ("73100000002", "0002", "5602", "A2"):
        reply = lin.get(f"/search?q={text}")
        assert reply.headers["location"] == "/parcels/73100000002", text


def test_several_hits_are_listed_and_none_says_how_to_search(house, lin):
    add_parcel(house, 1)
    add_parcel(house, 2)
    page = lin.get("/search?q=7310").text
    assert "73100000001" in page
    assert "73100000002" in page
    assert "last four digits" in lin.get("/search?q=zzz").text


def test_signs_of_the_query_language_are_only_letters(house, lin):
    """% and _ find themselves, not everything."""
    add_parcel(house)
    for text in ("%25", "_", "' OR 1=1 --"):
        assert "Nothing found." in lin.get(f"/search?q={text}").text


# --- returns and routes --------------------------------------------------------------------------------------------


def add_return(house, number, status=ReturnStatus.REQUESTED, **more):
    """A return on no route."""
    add_parcel(house, number)
    items = (ReturnItem("MUG", 1),)
    value = Return(f"R{number}", f"A{number}", items, ReturnReason.NO_REASON, NOW, status=status, **more)
    house.store.write(returns.add_return, value, by=None, channel="api")


def test_a_return_left_out_of_the_plan_says_why(house, lin):
    add_return(house, 1)
    house.store.write(returns.note_unserved, "R1", "no_courier", "")
    for page in ("/returns", "/returns/R1", "/routes"):
        assert "no courier works from this depot" in lin.get(page).text
        assert "R1" in lin.get(page).text


def test_a_refused_return_says_why_and_waits_for_no_route(house, lin):
    """Whatever code a policy gives: people read words."""
    known = {"rule": "Art. 25", "unserved_code": "return_excepted_perishable"}
    add_return(house, 1, ReturnStatus.REFUSED, **known)
    add_return(house, 2, ReturnStatus.REFUSED, unserved_code="return_excepted_own_rule")
    assert "perishable (Art. 25)" in lin.get("/returns/R1").text
    assert "the policy excludes it" in lin.get("/returns/R2").text
    for page in ("/returns", "/returns/R1", "/returns/R2", "/routes"):
        assert "return_excepted" not in lin.get(page).text
    assert "perishable (Art. 25)" in lin.get("/returns").text
    assert "/returns/R" not in lin.get("/routes").text


def test_returns_narrow_by_status(house, lin):
    add_route(house, stops=2)
    assert '/returns/R2"' in lin.get("/returns?status=planned").text
    assert '/returns/R2"' not in lin.get("/returns?status=failed").text


def test_a_returns_page_tells_its_slot_payer_and_history(house, lin):
    add_route(house, stops=1)
    page = lin.get("/returns/R1").text
    for text in ("shop pays", "¥266.00", "11-22 14:00", "pickup planned", "Mug"):
        assert text in page
    assert lin.get("/returns/nope").status_code == 404


def test_the_routes_page_says_what_going_and_waiting_cost(house, lin):
    """Of each return that could have waited: what was decided, and both figures; unknown is said as such."""
    choices = {"R1": {"wait": False, "now": 350, "later": None}, "R2": {"wait": True, "now": 4_200, "later": 900}}
    planned = FactRow("depot", "sh", "planned", NOW, data={"choices": choices})
    house.store.write(facts.append, [planned])
    page = lin.get(f"/routes?day={NOW.astimezone(house.settings.zone).date().isoformat()}").text
    assert "1 go today, 1 wait; waiting saves about ¥33.00." in page
    assert page.index("/returns/R2") < page.index("/returns/R1")
    assert "today ¥42.00 · later ¥9.00" in page
    assert "today ¥3.50 · later unknown" in page


def test_the_routes_page_says_what_a_carrier_fetches_cheaper(house, lin):
    """What the carrier takes and what our route would have added."""
    planned = FactRow("depot", "sh", "planned", NOW, data={"carriers": {"R7": {"carrier": 1_200, "route": 4_550}}})
    house.store.write(facts.append, [planned])
    page = lin.get(f"/routes?day={NOW.astimezone(house.settings.zone).date().isoformat()}").text
    assert "carrier ¥12.00 · our route would add ¥45.50" in page
    assert "Go today or wait" not in page


def test_a_day_that_is_none_is_not_found(lin):
    """An address that was typed wrong is no error of ours."""
    assert lin.get("/routes?day=tomorrow").status_code == 404


def test_what_a_return_was_not_paid_for_is_approved_by_who_may(house, lin):
    """The page says what was paid before; a lead approves with a reason, on the record; an agent is refused, on the record."""
    add_route(house, stops=1)
    value = Return(
        "R9", "A1", (ReturnItem("MUG", 1),), ReturnReason.QUALITY, NOW, status=ReturnStatus.COLLECTED,
        collected=(ReturnItem("MUG", 1),), payer="merchant", refund_cents=4_900,
    )  # fmt: skip
    house.store.write(returns.add_return, value, by=None, channel="api")
    house.store.write(ledger.write, instruction(item="*"))
    house.store.write(refund.instruct, "R9", now=NOW)
    page = lin.get("/returns/R9").text
    assert "i1 of order A1 were paid for before" in page
    assert "Approve anyway" in page
    form = {"return": "R9", "words": "the second mug broke too", "sure": "1"}
    chen = Browser(app_of(house)).sign_in("chen")
    assert "Approve anyway" not in chen.get("/returns/R9").text
    assert chen.post("/returns/approve-anyway", form).status_code == 403
    assert [f.by for f in house.store.read(facts.history, "person", "chen") if f.event == "refused"] == ["chen"]
    assert lin.post("/returns/approve-anyway", form | {"words": ""}).status_code == 422
    assert lin.post("/returns/approve-anyway", form).headers["location"] == "/returns/R9"
    assert lin.post("/returns/approve-anyway", form).status_code == 422
    page = lin.get("/returns/R9").text
    assert "approved to be paid all the same" in page
    assert "the second mug broke too" in page
    assert "Approve anyway" not in page
    assert [i.approval for i in house.store.read(ledger.of_return, "R9")] == ["lin"]


def test_a_days_routes_are_listed_with_times_collector_distance_and_cost(house, lin):
    add_route(house)
    page = lin.get("/routes?day=2026-11-22").text
    for text in ("Courier Li", "Fast Collectors", "North depot", "12.3 km", "¥88.00", "R1", "R2"):
        assert text in page
    assert "No routes on this day." in lin.get("/routes?day=2026-01-01").text


def test_the_maps_data_holds_no_personal_data(house, lin):
    add_route(house)
    data = lin.get("/routes/data?day=2026-11-22").json()
    assert [stop["n"] for stop in data["routes"][0]["stops"]] == [1, 2]
    assert data["routes"][0]["path"][0] == [30.25, 120.16]
    assert data["tiles"] is None
    assert data["area"] is None
    assert data["areas"] == []
    text = json.dumps(data, ensure_ascii=False)
    assert not any(personal in text for personal in ("张三丰", "1381234", "梧桐路"))


def test_the_areas_own_map_is_served_where_the_operator_names_one(tmp_path):
    from web_support import a_house

    from config.settings import Map

    (tmp_path / "town.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    house = a_house(tmp_path, map=Map(geojson="town.geojson", tiles_url="https://{s}.tiles.example/{z}/{x}/{y}.png"))
    lin = Browser(app_of(house)).sign_in()
    assert lin.get("/map/area.geojson").json()["type"] == "FeatureCollection"
    assert "img-src 'self' data: https://*.tiles.example;" in lin.get("/").headers["content-security-policy"]
    lin.close()
    house.store.close()


def test_drawn_areas_of_collectors_are_on_the_desks_map(tmp_path):
    """Latitude first, as the map wants it; the outer ring before its holes; a collector without a drawing isn't there."""
    from web_support import a_house

    from config.settings import Collector
    from domain.area import Area, Polygon
    from domain.place import Location

    ring = tuple(
        Location(lat=lat, lon=lon) for lat, lon in ((30.0, 120.0), (30.0, 120.3), (30.3, 120.3), (30.0, 120.0))
    )
    hole = tuple(
        Location(lat=lat, lon=lon) for lat, lon in ((30.1, 120.2), (30.1, 120.25), (30.15, 120.25), (30.1, 120.2))
    )
    firms = [Collector(id=n, name=f"{n.title()} Collectors", depots=("hz",)) for n in ("fast", "far")]
    house = a_house(tmp_path, collectors=firms, areas={"fast": Area((Polygon(ring, (hole,)),))})
    lin = Browser(app_of(house)).sign_in()
    [drawn] = lin.get("/routes/data").json()["areas"]
    assert drawn["name"] == "Fast Collectors"
    [[outer, inner]] = drawn["polygons"]
    assert outer[0] == [30.0, 120.0]
    assert inner[1] == [30.1, 120.25]
    assert "data-areas=" in lin.get("/routes").text
    lin.close()
    house.store.close()


# --- money, sources, letters ---------------------------------------------------------------------------------------


def test_an_instruction_is_followed_from_written_to_confirmed(house, lin):
    add_parcel(house)
    house.store.write(ledger.write, instruction())
    assert "waiting" in lin.get("/money").text
    house.store.write(mail.mark_sent, "instruction-i1", now=NOW)
    page = lin.get("/money").text
    assert "¥49.00" in page
    assert "Confirm payment" in page
    reply = lin.post("/money/i1/confirm", headers=HTMX)
    assert "Confirm payment" not in reply.text
    assert house.store.read(ledger.get, "i1").confirmed_at == NOW


def test_whoever_may_only_look_confirms_no_money(house):
    add_parcel(house)
    house.store.write(ledger.write, instruction())
    eve = Browser(app_of(house)).sign_in("eve")
    assert "Confirm payment" not in eve.get("/money").text
    assert eve.post("/money/i1/confirm").status_code == 403
    assert house.store.read(ledger.get, "i1").confirmed_at is None
    (refused,) = house.store.read(facts.history, "person", "eve")
    assert (refused.event, refused.data["right"]) == ("refused", "act")
    eve.close()


def test_confirming_what_was_never_instructed_is_a_404(lin):
    assert lin.post("/money/nope/confirm").status_code == 404


def test_sources_say_how_each_account_is_doing(house, lin):
    add_parcel(house)
    states = [SourceState("kuaidi100", "main", NOW), SourceState("sf", "main", NOW, NOW, 3, None, "sf: 503")]
    for state in states:
        house.store.write(sources.save, state)
    house.store.write(budgets.take, "fedex/main", [Window(1400, 10)], now=NOW, wanted=7)
    page = lin.get("/sources").text
    for text in ("kuaidi100/main", "✓ answers", "✕ failing, first", "sf: 503", "7 of 1400 in 10 s"):
        assert text in page


def test_dead_letters_come_first_with_their_reason(house, lin):
    letters = [Letter(f"l{n}", "console", "alert", "opened", "case", "1") for n in range(3)]
    house.store.write(mail.post, letters, now=NOW)
    house.store.write(mail.mark_failed, "l1", error="chat: 400 bad card", retry_at=None, now=NOW)
    house.store.write(mail.mark_failed, "l2", error="chat: 503", retry_at=NOW, now=NOW)
    page = lin.get("/outbox").text
    assert page.index("chat: 400 bad card") < page.index("chat: 503")
    assert ">l0<" not in page
    assert ">l1<" in page


def test_the_outbox_names_open_cases_that_nobody_was_told_of(house, lin):
    assert "nobody was told" not in lin.get("/outbox").text
    case_id = open_case(house, add_parcel(house))
    page = lin.get("/outbox").text
    assert "nobody was told of: 1" in page
    assert f'href="/cases/{case_id}"' in page


def test_every_page_is_whole_on_an_empty_house(lin):
    """A first day: nothing is there yet, and each page says what comes next."""
    for path in ("/", "/parcels", "/returns", "/routes", "/money", "/outbox", "/search"):
        reply = lin.get(path)
        assert reply.status_code == 200, path
        assert "empty" in reply.text, path
        assert "[ui." not in reply.text, path


def test_a_bare_number_is_given_its_carrier(house, lin):
    """A number without a carrier is shown with what it may be; naming one has it watched."""
    shipment = Shipment("7312345678901", unidentified.UNKNOWN, "", NOW)
    shipment_id = int(house.store.write(intake.add_shipment, shipment, next_poll_at=None, alarm_at=None).id)
    house.store.write(unidentified.add, shipment_id, ["zhongtong"], due_at=None)
    page = lin.get("/parcels").text
    assert "Numbers without a carrier" in page
    assert "7312345678901" in page
    assert lin.post(f"/parcels/{shipment_id}/carrier", {"carrier": "no such carrier"}).status_code == 422
    assert lin.post(f"/parcels/{shipment_id}/carrier", {"carrier": "中通快递"}).status_code in {200, 303}
    view = house.store.read(tracking.views, [shipment_id])[shipment_id]
    assert (view.shipment.carrier, view.shipment.source) == ("zhongtong", "kuaidi100")
    assert "Numbers without a carrier" not in lin.get("/parcels").text


def test_a_number_that_its_carrier_disowns_waits_for_a_person(house, lin):
    """It is no stalled parcel: it stands on top of the list until somebody corrects it."""
    shipment_id = add_parcel(house)
    house.store.write(asking.reschedule, "kuaidi100", [Polled(shipment_id, NOW, NoData.WRONG_CARRIER)], now=NOW)
    assert "Numbers that need your help" in lin.get("/parcels").text
    assert lin.post(f"/parcels/{shipment_id}/carrier", {"carrier": "圆通速递"}).status_code in {200, 303}
    assert "Numbers that need your help" not in lin.get("/parcels").text
    assert house.store.read(tracking.views, [shipment_id])[shipment_id].shipment.carrier == "yuantong"


@pytest.mark.parametrize(
    ("text", "drawn", "lat"),
    [("30.25, 120.17", "wgs", 30.25), ("120.17，30.25", "wgs", 30.25), ("30.25,120.17", "gcj", 30.2524)],
)
def test_an_address_is_put_on_the_map_by_hand(house, lin, text: str, drawn: str, lat: float) -> None:
    """Where nobody knows it; a Chinese map's coordinates are turned into ours. Then the form is gone."""
    add_parcel(house, lat=None, lon=None)
    value = Return("R1", "A1", (ReturnItem("MUG", 1),), ReturnReason.NO_REASON, NOW, depot="hz", code="1")
    house.store.write(returns.add_return, value, by=None, channel="api")
    assert 'name="where"' in lin.get("/returns/R1").text
    for wrong in ("somewhere", "1,2,3", "200, 300"):
        assert lin.post("/returns/place", {"return": "R1", "where": wrong, "map": "wgs"}).status_code == 422
    assert lin.post("/returns/place", {"return": "R1", "where": text, "map": drawn}).status_code == 303
    customer = house.store.read(intake.find_order, "A1").customer
    assert (customer.located, customer.lat) == ("given", pytest.approx(lat, abs=0.003))
    assert 'name="where"' not in lin.get("/returns/R1").text
