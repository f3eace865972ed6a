"""On a phone without a net: what is done is kept, survives the tab, and is sent once when the net is back; run without service
workers too.
"""

import os
import shutil
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright
from test_claims_browser import served
from web_support import CODE, add_route

from domain.pickup import ReturnStatus
from store import returns

pytestmark = pytest.mark.browser
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("workers", ["allow", "block"])
def test_a_route_is_driven_without_a_net(house, workers):
    """Offline: collected, the tab closed, the same link opened again from the browser's cache, the action still there; online:
    sent once.
    """
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no `chromium` on the PATH")
    link = add_route(house)
    with served(house) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=url, locale="en-US", service_workers=workers, **PHONE)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_role("link", name="Amap").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        context.set_offline(True)
        page.fill(".next-stop [name=code]", CODE)
        page.locator(".next-stop").get_by_role("button", name="Collected").click()
        expect(page.locator("[data-queued]")).to_be_visible()
        page.close()
        page = context.new_page()
        page.goto(link)
        expect(page.locator("[data-queued]")).to_be_visible()
        expect(page.locator(".sent-later")).to_have_count(1)
        assert house.store.read(returns.find, "R1").status is ReturnStatus.PLANNED
        context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("[data-queued]")).to_be_hidden()
        expect(page.locator(".next-stop h2")).to_contain_text("2")
        page.locator("details.whole summary").click()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    value = house.store.read(returns.find, "R1")
    assert value.status is ReturnStatus.INSTRUCTED
    assert sum(item.qty for item in value.collected) == 3
