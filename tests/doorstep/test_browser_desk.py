"""The desk's work in a browser: the morning list, handovers, many cases at once, a case by hand with a photo."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_support import DESK, PHONE, Demo, Watch, chromium, chromium_path, demo
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.browser

TOWN: dict[str, int] = {"parcels": 160, "days": 6, "seed": 83}
PATIENCE_MS = 20_000
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SAID = "客户在等重发，我下午催站点，晚上给客户回话。"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Demo]:
    chromium_path()
    with demo(tmp_path, **TOWN) as started:
        yield started


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def enter(browser: Browser, running: Demo, watch: Watch, person: str, **more: object) -> Page:
    page = watch.over(browser.new_context(viewport=DESK, locale="zh-CN", **more)).new_page()  # type: ignore[arg-type]
    page.goto(running.link_for(person))
    expect(page.locator("#board")).to_be_visible()
    return page


def stop_time(page: Page) -> None:
    page.locator(".speeds button[value='0']").click()
    expect(page.locator("#board")).to_be_visible()


def case_ids(page: Page) -> list[int]:
    rows = page.locator("#board .case-row")
    return [int(str(row.get_attribute("id")).removeprefix("case-")) for row in rows.all()]


def morning(page: Page, running: Demo) -> None:
    """Disputes stand before refunds, those before what is due, each part by the time that is left."""
    page.goto(f"{running.url}/?queue=morning")
    expect(page.locator(".queues a[aria-current]")).to_contain_text("早班清单")
    shown = case_ids(page)
    marks = ",".join("?" * len(shown))
    kept = {row["id"]: (row["rank"], row["promise_by"], row["id"]) for row in running.rows(f"SELECT * FROM cases WHERE id IN ({marks})", *shown)}  # fmt: skip
    assert shown
    assert [kept[i] for i in shown] == sorted(kept.values())


def acknowledge_several(page: Page, running: Demo) -> list[int]:
    """Picked with the keyboard and the mouse, approved in one dialog that says how many."""
    page.goto(f"{running.url}/?queue=unowned")
    rows = page.locator("#board .case-row:has([data-key=a])")
    picked = [int(str(rows.nth(n).get_attribute("id")).removeprefix("case-")) for n in range(3)]
    page.keyboard.press("j")
    page.keyboard.press("x")
    for case_id in picked[1:]:
        page.locator(f"#case-{case_id} .pick").check()
    page.locator(".bulk button[value=acknowledged]").click()
    expect(page.locator("[role=dialog] h1")).to_contain_text("3")
    assert running.rows("SELECT count(*) AS n FROM cases WHERE acknowledged_by = 'li'")[0]["n"] == 0
    page.locator("[role=dialog] button.main").click()
    expect(page.locator("#bulk-title")).to_contain_text("3")
    assert running.rows("SELECT count(*) AS n FROM cases WHERE acknowledged_by = 'li'")[0]["n"] == 3
    return picked


def a_refresh_that_comes_late_takes_no_pick(page: Page, running: Demo) -> None:
    """A list that was asked for before somebody picked a case, and arrives after it, leaves the pick; it comes once that is undone."""
    page.goto(f"{running.url}/?queue=unowned")
    held: list[Route] = []
    page.route("**/desk/board**", lambda route: held.append(route))  # noqa: PLW0108 - it sets an attribute on what it is given
    page.evaluate("htmx.trigger(document.body, 'live:cases')")
    pick = page.locator("#board .case-row .pick").first
    page.wait_for_function("() => document.querySelector('#board').classList.contains('htmx-request')")
    pick.check()
    with page.expect_response("**/desk/board**") as late:
        held[0].continue_()
    late.value.finished()
    page.unroute("**/desk/board**")
    page.wait_for_function("() => !document.querySelector('#board').classList.contains('htmx-request')")
    expect(pick).to_be_checked()
    with page.expect_response("**/desk/board**"):
        pick.uncheck()


def by_hand_with_a_photo(page: Page, running: Demo) -> None:
    """A case opened on a parcel with its photo, which is shown on the case's page."""
    [parcel] = running.rows("SELECT number FROM shipment ORDER BY id LIMIT 1")
    page.goto(f"{running.url}/cases/new?ref={parcel['number']}")
    page.locator("#type").select_option("courier_conduct")
    page.locator("#text").fill("不送上门，还发脾气")
    page.locator("#photo").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PHOTO})
    page.locator("form.sheet button.main").click()
    expect(page.locator("#evidence img")).to_be_visible()
    assert page.locator("#evidence img").evaluate("img => img.decode().then(() => img.naturalWidth)") == 1
    expect(page.locator(".case-top h1")).to_contain_text("快递服务态度")


def hand_over_one(page: Page, other: Page, running: Demo, case_id: int) -> None:
    """From the case's page; the colleague reads the summary, says it again, and has it."""
    page.goto(f"{running.url}/cases/{case_id}")
    page.locator("#hand-to").select_option("sam")
    page.locator("#handover button").click()
    expect(page.locator("#handover")).to_contain_text("确认前工单仍由")
    other.goto(f"{running.url}/")
    other.locator(".waits a.button").first.click()
    expect(other.locator(".told li").first).to_be_visible()
    other.locator(f"#say-{case_id}").fill("好")
    other.locator("button[value=confirm]").click()
    expect(other.locator(".take .bad-text")).to_be_visible()
    assert owner(running, case_id) == "li"
    other.locator(f"#say-{case_id}").fill(SAID)
    other.locator("button[value=confirm]").click()
    expect(other.locator(".notice.good")).to_be_visible()
    assert owner(running, case_id) == "sam"


def hand_over_the_shift(page: Page, other: Page, running: Demo, ids: list[int]) -> None:
    """All that is left goes over in one list; what isn't restated stays."""
    page.goto(f"{running.url}/handover")
    expect(page.locator(".picks .pick")).to_have_count(len(ids))
    page.locator("#hand-to").select_option("sam")
    page.locator("#hand-note").fill("仓库下午盘点")
    page.locator("form.act button.main").click()
    expect(page.locator(".notice.good")).to_be_visible()
    other.goto(f"{running.url}/handover")
    other.locator(".waits a.button").click()
    other.locator(f"#say-{ids[0]}").fill(SAID)
    other.locator("button[value=confirm]").click()
    expect(other.locator(f"#take-{ids[0]}")).to_have_count(0)
    expect(other.locator(f"#take-{ids[1]}")).to_be_visible()
    assert [owner(running, i) for i in ids[:2]] == ["sam", "li"]
    page.goto(f"{running.url}/?queue=mine")
    expect(page.locator(f"#case-{ids[1]} .waits-tag")).to_be_visible()


def owner(running: Demo, case_id: int) -> str:
    return str(running.rows("SELECT owner FROM cases WHERE id = ?", case_id)[0]["owner"])


def test_a_day_of_the_desks_own_work(running: Demo, browser: Browser) -> None:
    """From the morning list to the end of the shift, and nothing complains on the way, on a phone neither."""
    expect.set_options(timeout=PATIENCE_MS)
    watch = Watch(running.url)
    li, sam = enter(browser, running, watch, "li"), enter(browser, running, watch, "sam")
    stop_time(li)
    morning(li, running)
    a_refresh_that_comes_late_takes_no_pick(li, running)
    picked = acknowledge_several(li, running)
    by_hand_with_a_photo(li, running)
    assert watch.complaints == []
    hand_over_one(li, sam, running, picked[0])
    hand_over_the_shift(li, sam, running, picked[1:])
    phone = watch.over(browser.new_context(locale="zh-CN", **PHONE)).new_page()
    phone.goto(running.link_for("li"))
    for path in ("/?queue=morning", "/handover", "/cases/new"):
        phone.goto(f"{running.url}{path}")
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert watch.strangers == []
    assert [one for one in watch.complaints if "422" not in one] == []
