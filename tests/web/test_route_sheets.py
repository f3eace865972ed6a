"""A route as paper, table and track: with customers for the courier and for who may take data out, without for everybody else."""

import csv
import io
import re
import zlib
from xml.etree import ElementTree as ET

import pytest
from web_support import Browser, a_house, add_route, app_of

from config.settings import Collector
from doorstep.house import House
from store import audit, facts

EN = {"Accept-Language": "en"}
GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture
def town(tmp_path) -> House:
    firms = tuple(Collector(id=one, name=one.title(), depots=("hz",), licence="X1") for one in ("fast", "other"))
    return a_house(tmp_path, collectors=firms)


def drawn(pdf: bytes) -> str:
    """What a paper's pages draw."""
    packed = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    return "\n".join(zlib.decompress(one).decode("latin-1") for one in packed)


def test_the_courier_takes_the_route_along(town: House) -> None:
    """Paper with a code for the route and one for each stop; a table that spreadsheets read; a track of numbers without names."""
    link = add_route(town, stops=3)
    phone = Browser(app_of(town))
    phone.get(link)
    pdf = phone.get(f"{link}/sheet.pdf", headers=EN)
    assert pdf.headers["content-type"] == "application/pdf"
    pages = drawn(pdf.content)
    assert pages.count(" re f") == 4
    assert "13812345602" in pages
    rows = list(csv.reader(io.StringIO(phone.get(f"{link}/sheet.csv", headers=EN).content.decode("utf-8-sig"))))
    assert rows[0][:5] == ["No.", "Arrival", "Promised", "District", "Name"]
    assert rows[2][:8] == [
        "2",
        "14:30",
        "14:00–16:00",
        "西渡区",
        "张三丰",
        "13812345602",
        "梧桐路 1 号",
        "Mug × 2, Tea × 1",
    ]
    gpx = phone.get(f"{link}/sheet.gpx").content
    points = ET.fromstring(gpx).findall(f"{GPX}wpt")
    assert [point.findtext(f"{GPX}name") for point in points] == ["1", "2", "3"]
    assert "张三丰".encode() not in gpx
    assert phone.get(f"{link}/sheet.exe").status_code == 404


def test_another_phone_gets_no_paper(town: House) -> None:
    link = add_route(town)
    Browser(app_of(town)).get(link)
    assert Browser(app_of(town)).get(f"{link}/sheet.csv").status_code == 403


def test_a_collectors_paper_has_no_customers_and_others_have_none(town: House) -> None:
    """Districts and numbers; no track, since its points are homes; another firm's route is 404 and on record."""
    add_route(town)
    url = town.settings.doorstep.public_url
    own, other = (town.collector_link(one).removeprefix(url) for one in ("fast", "other"))
    browser = Browser(app_of(town))
    table = browser.get(f"{own}/routes/r-li/sheet.csv", headers=EN).text
    assert "西渡区" in table
    assert not [word for word in ("张三丰", "13812345601", "梧桐路") if word in table]
    assert "13812345601" not in drawn(browser.get(f"{own}/routes/r-li/sheet.pdf").content)
    assert browser.get(f"{own}/routes/r-li/sheet.gpx").status_code == 404
    assert browser.get(f"{other}/routes/r-li/sheet.pdf").status_code == 404
    assert "act_refused" in [f.event for f in town.store.read(facts.history, "collector", "other")]


def test_at_the_desk_taking_it_out_needs_a_right_and_is_on_record(house: House, lin: Browser, chen: Browser) -> None:
    add_route(house)
    assert "/routes/r-li/sheet.pdf" in lin.get("/routes").text
    assert lin.get("/routes/r-li/sheet.csv").status_code == 200
    assert "/routes/r-li/sheet.pdf" not in chen.get("/routes").text
    assert chen.get("/routes/r-li/sheet.csv").status_code == 403
    record = [(e.fact.event, e.fact.by) for e in house.store.read(audit.page).entries]
    assert ("exported", "lin") in record
    assert ("refused", "chen") in record
