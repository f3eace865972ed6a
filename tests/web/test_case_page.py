"""One case: everything that happened around it on one timeline; personal data only to who asks, and on record."""

from engines import ON_BOTH
from web_support import HTMX, NOW, add_parcel, add_route, open_case, scan

from domain.case import Kind
from domain.tracking import Milestone
from doorstep.web.timeline import timeline
from store import facts, reads


@ON_BOTH
def test_everything_around_a_case_is_on_one_line_in_time_order(house, lin):
    """Scans, the case's own history, letters with their reason, and the order's facts; the newest first."""
    shipment = add_parcel(house)
    scan(house, shipment, "arrived at the hub", hours_ago=40, place="Hub")
    case_id = open_case(house, shipment, hours_left=20)
    lin.post(f"/cases/{case_id}/acts", {"act": "comment", "words": "the hub was called"})
    page = lin.get(f"/cases/{case_id}").text
    line = page[page.index('<ol class="timeline">') :]
    told = ["the hub was called", "<b>alert</b>", "arrived at the hub", "shipment uploaded", "order received"]
    places = [line.index(text) for text in told]
    assert places == sorted(places)
    assert "opened" in line[line.index("<b>alert</b>") :]


def test_the_timeline_is_sorted_and_forgets_nothing(house):
    shipment = add_parcel(house)
    for hours in (50, 10, 30):
        scan(house, shipment, f"scan {hours}", hours_ago=hours)
    entries = timeline(house.store.read(reads.case_page, open_case(house, shipment)))
    times = [entry.at for entry in entries]
    assert times == sorted(times, reverse=True)
    assert sum(entry.room == "scan" for entry in entries) == 3


def test_a_scan_without_a_readable_time_comes_first_where_it_is_seen(house, lin):
    shipment = add_parcel(house)
    case_id = open_case(house, shipment)
    page = house.store.read(reads.case_page, case_id)
    scan(house, shipment, "timeless", hours_ago=1)
    seen = house.store.read(reads.case_page, case_id).scans[0]
    undated = type(seen)(seen.number, _undated(seen.event), seen.source, seen.received_at)
    entries = timeline(_with_scans(page, [undated]))
    assert entries[0].scan is not None
    assert entries[0].at is None


def _undated(event):
    fields = {name: getattr(event, name) for name in type(event).__dataclass_fields__}
    time = type(event.time)("??", None, event.time.zone, event.time.certainty)
    return type(event)(**(fields | {"time": time}))


def _with_scans(page, scans):
    fields = {name: getattr(page, name) for name in type(page).__dataclass_fields__}
    return type(page)(**(fields | {"scans": scans}))


@ON_BOTH
def test_personal_data_is_masked_until_asked_for_and_who_asked_is_on_record(house, lin):
    case_id = open_case(house, add_parcel(house))
    page = lin.get(f"/cases/{case_id}").text
    assert "张**" in page
    assert "138****5601" in page
    assert "梧桐路" not in page
    shown = lin.post("/orders/A1/reveal", headers=HTMX).text
    assert "张三丰" in shown
    assert "梧桐路 1 号" in shown
    seen = [fact for fact in house.store.read(facts.history, "order", "A1") if fact.event == "revealed"]
    assert [(fact.by, fact.at) for fact in seen] == [("lin", NOW)]


def test_revealing_an_unknown_order_writes_nothing(house, lin):
    assert lin.post("/orders/nope/reveal").status_code == 404
    assert house.store.read(facts.history, "order", "nope") == []


def test_the_order_shows_its_items_and_what_they_cost(house, lin):
    page = lin.get(f"/cases/{open_case(house, add_parcel(house))}").text
    assert "Mug" in page
    assert "¥98.00" in page
    assert "¥266.00" in page


def test_acting_on_the_case_page_answers_with_the_page_as_it_stands(house, lin):
    case_id = open_case(house, add_parcel(house))
    reply = lin.post(f"/cases/{case_id}/acts", {"act": "resolve", "view": "case"}, headers=HTMX)
    assert reply.text.lstrip().startswith('<div id="case-body"')
    assert 'class="act"' not in reply.text
    assert "resolved" in reply.text


def test_a_returns_history_stands_on_its_cases_page(house, lin):
    add_route(house, stops=1)
    shipment = house.store.read(reads.case_page, open_case(house, 1)).views[0].shipment.id
    page = lin.get(f"/cases/{open_case(house, shipment, kind=Kind.DISPUTED)}").text
    assert "return requested" in page
    assert "pickup planned" in page
    assert "Other cases" in page


def test_an_unmapped_code_is_shown_as_it_came(house, lin):
    shipment = add_parcel(house)
    scan(house, shipment, "internal move", hours_ago=2, code="ZX-77", milestone=Milestone.UNMAPPED)
    page = lin.get(f"/cases/{open_case(house, shipment)}").text
    assert '<code class="unmapped">ZX-77</code>' in page
    assert "unknown status" in page


def test_an_unknown_case_is_a_friendly_404(lin):
    reply = lin.get("/cases/99")
    assert reply.status_code == 404
    assert "There is no such page." in reply.text
    assert lin.get("/cases/abc").status_code == 422
