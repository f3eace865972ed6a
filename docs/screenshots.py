"""Takes the pictures of docs/screenshots/ anew, from the demo: `.venv/bin/python docs/screenshots.py`.

Needs Chromium and fonts for Chinese: `apt-get install chromium fonts-noto-cjk`. The demo plays its three weeks in a folder of
its own, goes on until the couriers are half through their stops, and is then paused, so that all pictures show one moment.
"""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

SHOTS = Path(__file__).parent / "screenshots"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
ENDED = {"collected", "partly_collected", "failed", "cancelled"}
SHARE = 0.5
"""Of today's stops, how many are over in the pictures."""
LOOKS = 120


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A demo whose past was played; gives the one-time sign-in link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "doorstep.cli", "demo", "--folder", str(folder / "demo"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if "The past was played" in line:
                break
        try:
            yield re.findall(r"http\S+/enter/\S+", told)[0]
        finally:
            process.terminate()


def at_speed(page: Page, speed: int) -> None:
    page.locator(f".speeds button[value='{speed}']").click()
    page.wait_for_load_state()


def go_on(page: Page, url: str) -> None:
    """Let time run until SHARE of today's stops are over, then stand."""
    at_speed(page, 3600)
    for _ in range(LOOKS):
        routes = page.request.get(f"{url}/routes/data").json()["routes"]
        stops = [stop["status"] in ENDED for route in routes for stop in route["stops"]]
        if stops and sum(stops) >= SHARE * len(stops):
            break
        page.wait_for_timeout(200)
    at_speed(page, 0)


def busiest(page: Page, url: str) -> str:
    """The courier's link of today's longest route that still has stops ahead."""
    routes = page.request.get(f"{url}/routes/data").json()["routes"]
    open_ = {route["id"]: sum(stop["status"] not in ENDED for stop in route["stops"]) for route in routes}
    return max(open_, key=lambda route: open_[route])


def take(browser: Browser, link: str, folder: Path) -> None:
    url = link.partition("/enter/")[0]
    desk = browser.new_context(**DESK).new_page()
    desk.goto(link)
    go_on(desk, url)
    shot(desk, url, "desk-zh")
    desk.locator(".cast button[value=sam]").click()
    desk.wait_for_load_state()
    shot(desk, url, "desk-en")
    shot(desk, f"{url}/routes", "routes")
    phone = browser.new_context(locale="en-GB", **PHONE).new_page()
    shot(phone, link_of(folder, busiest(desk, url)), "courier")


def link_of(folder: Path, route: str) -> str:
    """The link that the courier of a route was sent, as the demo's settings sign it."""
    from doorstep.running import read_settings
    from doorstep.simulated import StoreReads
    from doorstep.web.pages.courier import router  # noqa: F401


def shot(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_timeout(1_500)  # maps draw, and the first live refresh has come
    page.screenshot(path=SHOTS / f"{name}.png")


if __name__ == "__main__":
    SHOTS.mkdir(exist_ok=True)
