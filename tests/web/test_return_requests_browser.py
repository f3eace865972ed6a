"""In a browser on a phone, without script: from the order's page to a return with its code, another time, and keeping it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from test_claims_browser import served
from test_return_requests_page import link, shop

from domain.pickup import ReturnStatus
from doorstep.house import House
from store import returns

pytestmark = pytest.mark.browser
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
__all__ = ["shop"]


@contextlib.contextmanager
def phone_at(url: str) -> Iterator[tuple[Page, list[str]]]:
    """A customer's phone with scripts switched off, and everything that it complained about."""
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no `chromium` on the PATH")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(base_url=url, locale="en-US", java_script_enabled=False, **PHONE).new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        try:
            yield page, complaints
        finally:
            browser.close()


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("DOORSTEP_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_customer_sends_something_back_from_their_phone(shop: House) -> None:
    """Each step is one page of plain forms as wide as the phone."""
    with served(shop) as url, phone_at(url) as (page, complaints):
        page.goto(link(shop).removesuffix("/return"))
        page.get_by_role("link", name="Return or exchange").click()
        page.get_by_label("Mug").select_option("1")
        page.get_by_label("Faulty").check()
        shot(page, "ask")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("The shop pays the return freight").first).to_be_visible()
        shot(page, "terms")
        page.locator("[name=way]").first.check()
        page.get_by_role("button", name="Confirm").click()
        [value] = shop.store.read(returns.of_order, "A1")
        expect(page.locator(".big")).to_have_text(value.code)
        shot(page, "mine")
        page.get_by_text("Another time").click()
        page.locator("[name=way]").nth(1).check()
        page.get_by_role("button", name="Change the time").click()
        expect(page.get_by_role("status")).to_have_text("The time is changed.")
        page.get_by_text("Keep it after all").click()
        page.get_by_role("button", name="Cancel the return").click()
        expect(page.get_by_role("status")).to_have_text("The return is cancelled.")
        assert page.locator(".big").count() == 0
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
        assert complaints == []
    assert shop.store.read(returns.find, value.ref).status is ReturnStatus.CANCELLED
