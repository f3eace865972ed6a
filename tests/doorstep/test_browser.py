"""The demo in a browser, as its people use it: the desk, the map, a courier's phone, the money."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_support import DESK, PHONE, Demo, Watch, chromium, chromium_path, demo, is_marked, mark
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.browser

TOWN: dict[str, int] = {"parcels": 120, "days": 6, "seed": 83}
"""A small town: open cases, and on the last day a route with two pickups that are still ahead of its courier."""
PATIENCE_MS = 20_000


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Demo]:
    chromium_path()
    with demo(tmp_path, **TOWN) as started:
        yield started


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def open_desk(context: BrowserContext, link: str) -> Page:
    """A signed-in desk."""
    page = context.new_page()
    page.goto(link)
    expect(page.locator("#board .case-row").first).to_be_visible()
    return page


def pause(page: Page, running: Demo) -> None:
    """Let the town's time stand, so that its couriers do nothing of their own."""
    page.locator(".speeds button[value='0']").click()
    expect(page.locator("#board")).to_be_visible()
    assert running.speed() == 0


def acknowledge(page: Page, colleague: Page) -> str:
    """One click takes the case in place, here and on a colleague's screen; gives the case's id."""
    row = page.locator(".case-row:has([data-key=a])").first
    case = str(row.get_attribute("id"))
    here, there = page.locator(f"#{case}"), colleague.locator(f"#{case}")
    expect(there.locator(".st-open")).to_be_visible()
    mark(page)
    mark(colleague)
    here.locator("[data-key=a]").click()
    for side in (here, there):
        expect(side.locator(".st-acknowledged")).to_be_visible()
        expect(side.locator("[data-key=a]")).to_have_count(0)
        expect(side.locator(".r-owner .person")).to_have_text("陈静")
    assert is_marked(page)
    assert is_marked(colleague)
    return case.removeprefix("case-")


def check_timeline(page: Page, running: Demo, case: str) -> None:
    """The case's page says who took it and when."""
    page.locator(f"#case-{case} a.open").click()
    expect(page.locator("#case-body .st-acknowledged").first).to_be_visible()
    [kept] = running.rows("SELECT * FROM cases WHERE id = ?", case)
    assert kept["acknowledged_by"] == "chen"
    entry = page.locator(".timeline li.t-case", has_text="陈静").filter(has_text="接手")
    expect(entry).to_have_count(1)
    expect(entry.locator(".t-when time")).to_be_visible()
    title = str(entry.locator(".t-when time").get_attribute("datetime"))
    assert title.startswith(running.rows("SELECT date(?, 'unixepoch') AS day", kept["acknowledged_at"])[0]["day"])


def way_ahead(running: Demo) -> tuple[str, list[dict[str, Any]]]:
    """Today's last route: the link that its courier was sent, and its stops in order."""
    [route, *_] = running.rows("SELECT id FROM route ORDER BY day DESC, depart_at DESC")
    stops = running.rows("SELECT * FROM stop WHERE route_id = ? ORDER BY position", route["id"])
    ahead = [stop["status"] for stop in stops]
    assert len(ahead) >= 2, f"another seed is needed for TOWN: {ahead}"
    assert set(ahead) == {"planned"}, f"another seed is needed for TOWN: {ahead}"
    letter = (
        "SELECT json_extract(payload, '$.url') AS url FROM outbox WHERE channel LIKE 'courier:%' AND subject_id = ?"
    )
    return str(running.rows(letter, route["id"])[0]["url"]), stops


def check_map(page: Page, running: Demo, stops: list[dict[str, Any]]) -> None:
    """Today's routes are drawn, their stops numbered in their order, on streets of our own."""
    today = running.rows("SELECT id FROM route WHERE day = (SELECT max(day) FROM route)")
    page.goto(f"{running.url}/routes")
    expect(page.locator("#map .leaflet-overlay-pane path.leaflet-interactive")).to_have_count(len(today))
    expect(page.locator("#map canvas").first).to_be_visible()
    for n, stop in enumerate(stops, 1):
        card = page.locator("#routes-list li", has=page.get_by_role("link", name=stop["return_ref"]))
        expect(card.locator(".pin")).to_have_text(str(n))
        pin = page.locator("#map .leaflet-marker-icon", has_text=str(n))
        expect(pin.first).to_be_in_viewport()


def action(phone: Page, kind: str) -> Locator:
    """The form of the next stop for one kind of action."""
    return phone.locator(f".next-stop form:has(input[name=action][value={kind}])")


def collect(phone: Page, code: str) -> None:
    form = action(phone, "collected")
    form.locator("input[name=code]").fill(code)
    form.locator("button.main").click()


def standing(running: Demo, stop: dict[str, Any]) -> str:
    return str(running.rows("SELECT status FROM stop WHERE id = ?", stop["id"])[0]["status"])


def instructions(running: Demo, stop: dict[str, Any]) -> list[dict[str, Any]]:
    return running.rows("SELECT * FROM instruction WHERE return_ref = ?", stop["return_ref"])


def test_a_day_at_the_desk_on_the_map_and_at_the_door(running: Demo, browser: Browser) -> None:
    """What one person does is there at once for all who look; a return is collected once and paid once."""
    expect.set_options(timeout=PATIENCE_MS)
    watch = Watch(running.url)

    # the desk, and a colleague at another screen and in another language
    desk = open_desk(watch.over(browser.new_context(viewport=DESK, locale="zh-CN")), running.link)
    pause(desk, running)
    colleague = open_desk(watch.over(browser.new_context(viewport=DESK, locale="en-GB")), running.link_for("li"))
    colleague.locator(".cast button[value=sam]").click()
    expect(colleague.locator("html")).to_have_attribute("lang", "en")
    check_timeline(desk, running, acknowledge(desk, colleague))

    # today's route
    link, stops = way_ahead(running)
    check_map(desk, running, stops)
    stop = stops[0]
    [back] = running.rows("SELECT * FROM returns WHERE ref = ?", stop["return_ref"])

    # at the door; the same link is open on a second phone
    pocket = watch.over(browser.new_context(locale="zh-CN", **PHONE))
    phone, second = pocket.new_page(), pocket.new_page()
    for one in (phone, second):
        one.goto(link)
        expect(action(one, "collected")).to_be_visible()
        mark(one)
    collect(phone, f"{(int(back['code']) + 1) % 10**6:06d}")
    expect(phone.locator(".notice.bad:visible")).to_contain_text("取件码")
    assert standing(running, stop) == "planned"
    action(phone, "arrived").locator("button").click()
    expect(phone.locator(".notice.good")).to_be_visible()
    assert standing(running, stop) == "arrived"

    # the money page is open while the courier collects
    colleague.goto(f"{running.url}/money")
    line = colleague.locator("#money tbody tr", has=colleague.get_by_role("link", name=stop["return_ref"]))
    expect(colleague.locator("#money")).to_be_visible()
    expect(line).to_have_count(0)
    mark(colleague)
    collect(phone, back["code"])
    expect(phone.locator(".notice.good")).to_be_visible()
    expect(phone.locator(".next-stop .mute").first).to_have_text("2")
    assert standing(running, stop) == "collected"
    paid = instructions(running, stop)
    skus = [item["sku"] for item in json.loads(back["items"])]
    assert sorted(one["item"] for one in paid) == sorted(f"{sku}#1" for sku in skus)
    assert sum(one["amount_cents"] for one in paid) == back["refund_cents"] > 0
    expect(line).to_have_count(len(skus))
    assert is_marked(colleague)

    # once more, from the phone that still shows the stop: refused, and nothing changes
    collect(second, back["code"])
    expect(second.locator(".notice.bad:visible")).to_be_visible()
    assert instructions(running, stop) == paid
    colleague.reload()
    expect(line).to_have_count(len(skus))
    assert is_marked(phone)
    assert is_marked(second)

    assert watch.asked > 20
    assert watch.strangers == []
    assert watch.complaints == []
