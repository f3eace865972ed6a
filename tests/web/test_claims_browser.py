"""In a browser, as the desk uses it: an enquiry for a batch with its pasted reply; a claim with its evidence pack."""

import contextlib
import os
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright
from web_support import NOW, PASSWORD, add_parcel, app_of, open_case, scan

from domain.case import CaseEvent, Kind
from domain.claim import ClaimState
from doorstep.house import House
from monitor.tick import look_around
from store import cases, claims

pytestmark = pytest.mark.browser
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
PATIENCE_S = 20.0
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}


@contextlib.contextmanager
def served(house: House) -> Iterator[str]:
    """The house's pages on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app_of(house), port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def page_at(url: str, **device: Any) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in page, and everything that it complained about."""
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no `chromium` on the PATH")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=url, locale="en-US", **device)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in")
        page.fill("[name=name]", "chen")
        page.fill("[name=password]", PASSWORD)
        page.click("form[action='/sign-in'] button")
        page.wait_for_url(f"{url}/")
        try:
            yield page, complaints
        finally:
            browser.close()


def parcels(house: House) -> list[int]:
    found = []
    for n, kind in enumerate((Kind.STALLED, Kind.LOST, Kind.STALLED), 1):
        shipment = add_parcel(house, n)
        scan(house, shipment, "已到达", hours_ago=60, place="杭州转运中心", physical=True)
        found.append(open_case(house, shipment, kind=kind, hours_left=3 * n))
    house.store.write(look_around, house.policy, now=NOW)
    return found


def told(house: House, case: int) -> list[str]:
    history = house.store.read(cases.history_of, case)
    return [fact.words for fact in history if fact.event is CaseEvent.CARRIER_ANSWERED]


def test_a_batch_is_asked_with_one_tick_and_its_pasted_reply_is_split(house):
    """Copy, tick, paste, look, write: three cases, one text, and nothing is written before the look."""
    ids = parcels(house)
    with served(house) as url, page_at(url) as (page, complaints):
        page.goto("/enquiries")
        expect(page.locator(".sheet")).to_have_count(1)
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert [line for line in copied.split("\n") if line.startswith("731")] == [
            "73100000001",
            "73100000003",
            "73100000002",
        ]
        page.get_by_role("button", name="Mark all as contacted").click()
        expect(page.get_by_text("3 cases marked as contacted")).to_be_visible()
        expect(page.locator(".waiting li")).to_have_count(3)
        expect(page.locator(".sheet")).to_have_count(0)
        page.fill(
            "#reply",
            f"{copied}\n小李 14:20\n73100000001 今天派送\n7310 0000 002：丢失\n走理赔\n75399999999999 查无此单",
        )
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("#placed li")).to_have_count(2)
        expect(page.get_by_text("Numbers that nobody knows here")).to_be_visible()
        assert [told(house, one) for one in ids] == [[], [], []]
        page.get_by_role("button", name="Write it on 2 cases").click()
        expect(page.get_by_text("Written on 2 cases")).to_be_visible()
        expect(page.locator(".waiting li")).to_have_count(1)
        assert complaints == []
    assert told(house, ids[0]) == ["73100000001\n73100000001 今天派送"]
    assert told(house, ids[1]) == ["73100000002\n7310 0000 002：丢失\n走理赔"]
    assert told(house, ids[2]) == []


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
def test_a_claim_is_filed_with_its_evidence_pack(house, tmp_path: Path, device):
    """From the case to the claim, a photo added, the pack taken, the claim filed and partly paid; on a phone as well."""
    case = parcels(house)[1]
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    with served(house) as url, page_at(url, **device) as (page, complaints):
        page.goto(f"/cases/{case}")
        page.locator("#case-claims a").first.click()
        expect(page.locator("h1")).to_contain_text("lost")
        page.set_input_files("#u-file", photo)
        page.get_by_role("button", name="Upload").click()
        expect(page.locator(".exhibits .held-have", has_text="statement of non-receipt")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download ZIP").click()
        with zipfile.ZipFile(saved.value.path()) as packed:
            assert packed.read("files/01-statement_of_non_receipt.png") == PNG
        page.goto(page.url)
        page.fill("#f-claimed", "266.00")
        page.get_by_role("button", name="Mark as filed").click()
        expect(page.locator("h1 .cl-filed")).to_be_visible()
        page.locator("#way-partly_paid summary").click()
        page.fill("#f-partly_paid", "100")
        page.locator("#way-partly_paid button").click()
        expect(page.locator("h1 .cl-partly")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.goto("/claims")
        expect(page.locator(".claim-sums li", has_text="Recovered").first).to_contain_text("¥100.00")
        assert complaints == []
    [row] = house.store.read(claims.queue, [ClaimState.PARTLY])
    assert (row.claim.claimed_cents, row.claim.recovered_cents) == (26_600, 10_000)
