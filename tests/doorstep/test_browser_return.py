"""A return from its customer's phone to the money, through the courier's phone without a net and the warehouse; real daemon, real browser."""

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browser_support import FLEET, PHONE, Watch, chromium
from clocked_daemon import FileClock
from merchant_support import SECRET, Receiver, receiver, verified
from playwright.sync_api import Browser, BrowserContext, Page, expect
from running_support import Daemon, daemon, free_port, wait_for

from config.settings import load
from domain.shipment import Customer, Item, Order
from doorstep.operations import perform
from doorstep.wiring import STRUCTS, open_house
from store import check, intake, returns
from store.base import Db, Store

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
EVENING = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday, 20:00 in Shanghai
CUT_OFF = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ITEMS = (Item("MUG", "Mug", 2, 4_900, "home"), Item("TEA", "Tea pot", 1, 16_800, "home"))
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
NO_NET = ("console: htmx:", "console: Failed to load resource: net::ERR_INTERNET_DISCONNECTED")
"""What a browser says of what it can't send or load without a net."""
TOML = """
[doorstep]
port = {port}
lang = "en"
[returns]
profile = "three_guarantees"
[merchant]
url = "{merchant}"
secret = "{secret}"
private = ["127.0.0.0/8"]
"""


@dataclass
class Shop:
    """A running daemon at a time of our own. ``orders``: each order's page; ``warehouse`` signs in who works there, once."""

    daemon: Daemon
    clock: FileClock
    database: Path
    merchant: Receiver
    orders: dict[str, str]
    warehouse: str
    desk: str

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the database holds, read past the program."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query, values)]

    def standing(self, ref: str) -> str:
        return str(self.rows("SELECT status FROM returns WHERE ref = ?", ref)[0]["status"])


def add_orders(db: Db) -> None:
    """Two orders that their customers fetched at the shop two days ago."""
    for ref, name, lat in (("A1", "张三丰", 30.26), ("A2", "李莫愁", 30.29)):
        home = Customer(name, f"138{ref[1] * 8}", address="梧桐路 1 号", district="西渡区", lat=lat, lon=120.17)
        intake.add_order(db, Order(ref, ITEMS, EVENING - timedelta(days=4), customer=home))
        returns.note_order(db, ref, "picked_up_at", EVENING - timedelta(days=2), by=None, channel="api")


@contextlib.contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    port, file, clock = free_port(), folder / "doorstep.toml", FileClock(folder / "clock")
    clock.set(EVENING)
    with receiver() as merchant:
        file.write_text((TOML + FLEET).format(port=port, merchant=merchant.url, secret=SECRET), "utf-8")
        settings = load(file, environ={}, structs=STRUCTS)
        with Store(settings.database) as store:
            house = open_house(settings, store, now=clock)
            store.write(add_orders)
            signs: list[str] = []
            for person, name, role in (("wu", "Wu", "warehouse"), ("chen", "Chen", "agent")):
                perform(house, "person_add", {"id": person, "name": name, "role": role})
                signs.append(perform(house, "sign_in", {"id": person})["url"])
            orders = {ref: house.status_link(ref) for ref in ("A1", "A2")}
        program = (sys.executable, str(Path(__file__).parent / "clocked_daemon.py"))
        with daemon(folder, str(file), str(clock.file), port=port, program=program) as running:
            yield Shop(running, clock, settings.database, merchant, orders, *signs)
            assert running.stop() == 0, running.log()
        with Store(settings.database) as store:
            assert store.read(check.differences, now=clock()) == []


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# --- who does what -------------------------------------------------------------------------------------------------


def ask(page: Page, link: str, *, way: int) -> str:
    """The customer sends everything back, and takes the slot at this place of those that are offered; gives the handover code."""
    page.goto(link)
    page.get_by_role("link", name="Return or exchange").click()
    page.get_by_label("Mug").select_option("2")
    page.get_by_label("Tea pot").select_option("1")
    page.get_by_label("Faulty").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("The shop pays the return freight").first).to_be_visible()
    page.locator("[name=way]").nth(way).check()
    fits(page)
    page.get_by_role("button", name="Confirm").click()
    code = page.locator(".big")
    expect(code).to_be_visible()
    fits(page)
    return code.inner_text()


def sent_route(shop: Shop) -> tuple[str, list[dict[str, Any]]]:
    """The cut-off has come: the link that the courier was sent, and the stops in their order."""
    shop.clock.set(CUT_OFF + timedelta(seconds=1))
    letter = "SELECT json_extract(payload, '$.url') AS url FROM outbox WHERE channel = 'courier:li'"
    [sent] = wait_for(lambda: shop.rows(letter))
    stops = shop.rows("SELECT * FROM stop ORDER BY position")
    assert len(stops) == 2
    return str(sent["url"]), stops


def collect_without_a_net(shop: Shop, phone: BrowserContext, link: str, code: str) -> None:
    """Collected offline; the tab is closed, and the same link opens again from the browser's cache with the action still there."""
    page = phone.new_page()
    page.goto(link)
    expect(page.get_by_role("link", name="Amap").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    fits(page)
    phone.set_offline(True)
    page.locator(".next-stop [name=code]").fill(code)
    page.locator(".next-stop [name=photo]").set_input_files([{"name": "p.png", "mimeType": "image/png", "buffer": PNG}])
    page.locator(".next-stop").get_by_role("button", name="Collected").click()
    expect(page.locator("[data-queued]")).to_be_visible()
    page.close()
    page = phone.new_page()
    page.goto(link)
    expect(page.locator("[data-queued]")).to_be_visible()
    expect(page.locator(".sent-later")).to_have_count(1)
    assert len(kept_acts(page)) == 1
    assert {one["status"] for one in shop.rows("SELECT status FROM stop")} == {"planned"}
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-queued]")).to_be_hidden()
    expect(page.locator(".next-stop h2")).to_contain_text("2")
    assert kept_acts(page) == []


def kept_acts(page: Page) -> list[Any]:
    """What the phone keeps to send later."""
    found: list[Any] = page.evaluate(
        """() => new Promise((done) => {
          const opened = indexedDB.open("doorstep", 1);
          opened.onsuccess = () => {
            const all = opened.result.transaction("acts").objectStore("acts").getAll();
            all.onsuccess = () => { opened.result.close(); done(all.result); };
          };
        })"""
    )
    return found


def inspect(page: Page, link: str, ref: str) -> None:
    """Scanned in like a scanner does; a mug of two is there, the pot is good."""
    page.goto(link)
    page.locator("nav .more-pages summary").click()
    page.locator("nav").get_by_role("link", name="Warehouse").click()
    page.locator("#code").fill(ref)
    page.locator("#code").press("Enter")
    looks = page.locator("#look [name=look]")
    expect(looks).to_have_count(2)
    fits(page)
    looks.nth(0).select_option("MUG:part:1")
    page.locator("#look button.main").click()
    expect(page.get_by_role("status").first).to_be_visible()
    expect(page.locator("#look")).to_have_count(0)


def confirm_all(page: Page, link: str, ref: str) -> None:
    """Somebody saw that the money went out."""
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(link)
    page.goto("/money")
    rows = page.locator("#money tbody tr", has=page.get_by_role("link", name=ref))
    expect(rows).to_have_count(2)
    fits(page)
    buttons = rows.get_by_role("button", name="Confirm")
    for left in (1, 0):
        buttons.first.click()
        expect(buttons).to_have_count(left)


# --- the flow ------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("workers", ["allow", "block"])
def test_from_a_customer_s_click_to_the_money(tmp_path: Path, browser: Browser, workers: str) -> None:
    """A slot, a route at the cut-off, goods handed over without a net, proof, warehouse, one instruction for what was good, confirmed;
    every page as wide as a phone, with service workers and without.
    """
    expect.set_options(timeout=PATIENCE_MS)
    with shop(tmp_path) as running:
        watch = Watch(running.daemon.url)

        def phone() -> BrowserContext:
            made = browser.new_context(base_url=running.daemon.url, locale="en-US", service_workers=workers, **PHONE)  # type: ignore[arg-type]
            made.set_default_timeout(PATIENCE_MS)
            return watch.over(made)

        codes = {}
        for order, way in (("A1", 0), ("A2", 1)):
            codes[order] = ask(phone().new_page(), running.orders[order], way=way)
        customer = phone().new_page()
        link, stops = sent_route(running)
        ref = stops[0]["return_ref"]
        [order] = [one["order_ref"] for one in running.rows("SELECT order_ref FROM returns WHERE ref = ?", ref)]

        running.clock.set(datetime.fromtimestamp(stops[0]["arrive_at"], UTC))
        with_courier = phone()
        collect_without_a_net(running, with_courier, link, codes[order])
        assert [said for said in watch.complaints if not said.startswith(NO_NET)] == []
        watch.complaints.clear()
        assert running.standing(ref) == "collected"
        photos = running.rows("SELECT * FROM stored_file WHERE subject_type = 'return' AND subject_id = ?", ref)
        assert [one["size"] for one in photos] == [len(PNG)]
        assert running.rows("SELECT * FROM instruction") == []  # the refund waits for the warehouse

        running.clock.set(datetime.fromtimestamp(stops[1]["arrive_at"], UTC) + timedelta(hours=2))
        inspect(phone().new_page(), running.warehouse, ref)
        paid = running.rows("SELECT * FROM instruction ORDER BY item")
        assert [(one["return_ref"], one["amount_cents"]) for one in paid] == [(ref, 4_900), (ref, 16_800)]
        wait_for(lambda: len(running.merchant.got) == 2)
        assert all(verified(one.headers, one.body) for one in running.merchant.got)
        assert running.standing(ref) == "instructed"

        confirm_all(phone().new_page(), running.desk, ref)
        assert running.standing(ref) == "settled"
        customer.goto(running.orders[order] + f"/return/{ref}")
        expect(customer.locator("h1")).to_have_text("settled")
        assert len(running.merchant.got) == 2
        assert watch.strangers == []
        assert watch.complaints == []
