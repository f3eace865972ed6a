"""Takes the pictures of docs/screenshots/ anew, from the demo: `.venv/bin/python docs/screenshots.py`.

Needs Chromium and a Chinese font: `apt-get install chromium fonts-noto-cjk`. The demo plays its three weeks in a folder of its
own, goes on until half of today's stops are over, and then stands still: all pictures show one moment.
"""

import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

SHOTS = Path(__file__).parent / "screenshots"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
TOWN = ("--parcels", "1200", "--seed", "7")
"""More parcels than the demo has by default: several couriers' routes."""
ENDED = {"collected", "partly_collected", "failed", "cancelled"}
SHARE, LOOKS = 0.5, 600
"""Of today's stops, how many are over in the pictures; how often to look for that."""
LEFT = 8
"""The simulated town has nobody at its desk: the oldest cases are resolved, so that this many are left."""


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A demo whose past was played; gives its one-time sign-in link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "doorstep.cli", "demo", "--folder", str(folder), "--port", port, *TOWN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield link_in(process)
        finally:
            process.terminate()


def link_in(process: subprocess.Popen[str]) -> str:
    """The sign-in link of what the demo prints until its past was played."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "The past was played" in line:
            break
    found = re.search(r"http\S+/enter/\S+", told)
    if found is None:
        raise SystemExit(f"the demo did not start: {told}")
    return found[0]


def today(page: Page, url: str) -> dict[str, list[bool]]:
    """Of each route of today, which stops are over."""
    routes = page.request.get(f"{url}/routes/data").json()["routes"]
    return {route["id"]: [stop["status"] in ENDED for stop in route["stops"]] for route in routes}


def go_on(page: Page, url: str) -> None:
    """Let time run until SHARE of today's stops are over, then stand."""
    for _ in range(LOOKS):
        stops = [over for route in today(page, url).values() for over in route]
        if sum(stops) >= SHARE * len(stops):
            break
        page.wait_for_timeout(500)
    page.locator(".speeds button[value='0']").click()
    page.wait_for_load_state()


def work(page: Page, url: str) -> None:
    """What a desk does: resolve old cases, take two of the others."""
    cases = [str(row.get_attribute("id")).removeprefix("case-") for row in page.locator(".case-row").all()]
    form = {"csrf": page.locator("input[name=csrf]").first.input_value(), "view": "row", "next": "/"}
    for case in cases[:-LEFT]:
        page.request.post(f"{url}/cases/{case}/acts", form={**form, "act": "resolve", "key": case})
    for case in cases[-LEFT:][1:3]:
        page.request.post(f"{url}/cases/{case}/acts", form={**form, "act": "acknowledge", "key": case})


def courier_link(folder: Path, route: str) -> str:
    """The link that a route's courier was sent."""
    query = "SELECT json_extract(payload, '$.url') FROM outbox WHERE channel LIKE 'courier:%' AND subject_id = ?"
    with closing(sqlite3.connect(f"file:{folder / 'doorstep.sqlite3'}?mode=ro", uri=True)) as db:
        return str(db.execute(query, (route,)).fetchone()[0])


def shot(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_timeout(1_500)  # the map is drawn, the first live refresh has come
    page.screenshot(path=SHOTS / f"{name}.png")


def take(browser: Browser, link: str, folder: Path) -> None:
    url = link.partition("/enter/")[0]
    desk = browser.new_context(**DESK).new_page()
    desk.goto(link)
    go_on(desk, url)
    work(desk, url)
    shot(desk, url, "desk-zh")
    desk.locator(".cast button[value=sam]").click()
    desk.wait_for_load_state()
    shot(desk, url, "desk-en")
    shot(desk, f"{url}/routes", "routes")
    ahead = {route: over.count(False) for route, over in today(desk, url).items()}
    phone = browser.new_context(locale="en-GB", **PHONE).new_page()
    shot(phone, courier_link(folder, max(ahead, key=lambda route: ahead[route])), "courier")


def main() -> None:
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("no `chromium` on the PATH: install it with `apt-get install chromium fonts-noto-cjk`")
    SHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made, demo(Path(made) / "demo") as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        take(browser, link, Path(made) / "demo")
        browser.close()


if __name__ == "__main__":
    main()
