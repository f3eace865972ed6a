"""A courier's phone tells where it is, once its owner agreed, also after some time without a net; real daemon, real browser."""

import contextlib
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser_support import FLEET, PHONE, Watch, chromium
from clocked_daemon import FileClock
from playwright.sync_api import expect
from running_support import daemon, free_port, wait_for

from config.settings import load
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import Customer, Item, Order
from doorstep.operations import perform
from doorstep.wiring import STRUCTS, open_house
from store import intake, returns
from store.base import Db, Store

pytestmark = pytest.mark.browser

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TOML = """
[doorstep]
port = {port}
lang = "en"
[returns]
courier_positions = true
"""
PATIENCE_MS = 20_000
NO_NET = ("console: htmx:", "console: Failed to load resource: net::ERR_INTERNET_DISCONNECTED")


def add_route(db: Db) -> None:
    """One stop, an hour ahead."""
    home = Customer("张三丰", "13811112222", address="梧桐路 1 号", lat=30.26, lon=120.17)
    intake.add_order(db, Order("A1", (Item("MUG", "Mug", 1, 4_900),), NOON - timedelta(days=4), customer=home))
    value = Return("R1", "A1", (ReturnItem("MUG", 1),), ReturnReason.QUALITY, NOON - timedelta(days=1), depot="hz")
    returns.add_return(db, value, by=None, channel="api")
    when = NOON + timedelta(hours=1)
    stop = Stop("S-R1-1", "R-li", "R1", 1, 30.26, 120.17, when, when, when)
    returns.dispatch(
        db, Route("R-li", "2026-11-23", "hz", "fast", "li", NOON, NOON + timedelta(hours=3), NOON, (stop,))
    )


def test_a_position_is_told_with_consent_only_and_kept_for_the_time_without_a_net(tmp_path: Path) -> None:
    """Nothing before the yes; then where the phone is; the newest place once the net is back; after the no nothing is left. The desk's
    map shows it meanwhile.
    """
    port, file, clock = free_port(), tmp_path / "doorstep.toml", FileClock(tmp_path / "clock")
    clock.set(NOON)
    file.write_text((TOML + FLEET).format(port=port), "utf-8")
    settings = load(file, environ={}, structs=STRUCTS)
    with Store(settings.database) as store:
        house = open_house(settings, store, now=clock)
        store.write(add_route)
        perform(house, "person_add", {"id": "chen", "name": "Chen", "role": "agent"})
        desk, link = perform(house, "sign_in", {"id": "chen"})["url"], house.route_link("R-li")

    def kept() -> list[float]:
        with contextlib.closing(sqlite3.connect(f"file:{settings.database}?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute("SELECT lat FROM courier_position")]

    program = (sys.executable, str(Path(__file__).parent / "clocked_daemon.py"))
    with daemon(tmp_path, str(file), str(clock.file), port=port, program=program) as running, chromium() as browser:
        expect.set_options(timeout=PATIENCE_MS)
        watch = Watch(running.url)
        phone = watch.over(
            browser.new_context(
                locale="en-US",
                geolocation={"latitude": 30.27, "longitude": 120.18},
                permissions=["geolocation"],
                **PHONE,
            )
        )
        page = phone.new_page()
        page.clock.install()
        page.goto(link, wait_until="networkidle")  # the page asks for itself anew once it is there
        page.get_by_text("May the desk see where you are?").click()
        assert kept() == []
        page.get_by_role("button", name="Share my position").click()
        expect(page.get_by_text("until this route is done")).to_be_visible()
        wait_for(lambda: kept() == [30.27])

        looking = watch.over(browser.new_context(locale="en-US")).new_page()
        looking.goto(desk)
        looking.goto(f"{running.url}/routes?day=2026-11-23")
        expect(looking.locator(".pin.here")).to_be_visible()

        phone.set_offline(True)
        phone.set_geolocation({"latitude": 30.28, "longitude": 120.18})
        clock.set(NOON + timedelta(minutes=5))
        page.clock.fast_forward("02:00")
        assert kept() == [30.27]
        phone.set_offline(False)
        wait_for(lambda: kept() == [30.28])

        page.get_by_role("button", name="Stop sharing").click()
        expect(page.get_by_text("May the desk see where you are?")).to_be_visible()
        wait_for(lambda: kept() == [])
        assert watch.strangers == []
        assert [said for said in watch.complaints if not said.startswith(NO_NET)] == []
        assert running.stop() == 0, running.log()
        assert "30.27" not in running.log()
