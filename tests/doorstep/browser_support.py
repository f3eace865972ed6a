"""Chromium for tests, the demo that it looks at, and a watch over what pages ask for and complain about."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    sync_playwright,
)
from running_support import daemon, doorstep, free_port, wait_for

from sim.clock import PLAY_SPEED

NO_CHROMIUM = "no `chromium` on the PATH: install it with `apt-get install chromium`"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PLAY_PATIENCE_S = 120.0
"""How long the past may take to play before the test gives up; never a figure that is measured."""
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}

FLEET = """
[[depots]]
id = "hz"
name = "North depot"
lat = 30.25
lon = 120.16
[[collectors]]
id = "fast"
name = "Fast Collectors"
depots = ["hz"]
licence = "国邮20110001A"
licence_until = 2099-12-31
[[couriers]]
id = "li"
name = "Courier Li"
collector = "fast"
depot = "hz"
"""
"""A depot, a firm with its licence, one courier: for settings."""


def chromium_path() -> str:
    """Where Chromium is. Without it the test is skipped and says why; in continuous integration it fails."""
    found = shutil.which("chromium")
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(NO_CHROMIUM, pytrace=False)
    pytest.skip(NO_CHROMIUM)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that ends with the test."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


# --- the demo ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo whose past has been played. ``link`` signs its administrator in, once."""

    folder: Path
    url: str
    link: str

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the database holds, read past the program."""
        file = self.folder / "doorstep.sqlite3"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query, values)]

    def link_for(self, person: str) -> str:
        """A one-time sign-in link, made by the command while the demo runs."""
        told = doorstep("people", "link", person, "--config", self.folder / "doorstep.toml", cwd=self.folder)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout.strip()

    def speed(self) -> int:
        """Simulated seconds a second, as the town keeps it."""
        kept = json.loads((self.folder / "world.json").read_text("utf-8"))
        return int(kept["speed"])


@contextlib.contextmanager
def demo(folder: Path, *, parcels: int, days: int, seed: int) -> Iterator[Demo]:
    """The demo as people start it, from the moment at which its time runs on."""
    port = free_port()
    asked = {"folder": folder / "demo", "port": port, "parcels": parcels, "days": days, "seed": seed}
    arguments = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    with daemon(folder, "demo", *arguments, port=port) as running:
        told = folder / "daemon-1.log"
        deadline = time.monotonic() + PLAY_PATIENCE_S
        while "The past was played" not in told.read_text("utf-8"):
            assert running.lives(), running.log()
            assert time.monotonic() < deadline, f"the past never ended: {running.log()}"
            time.sleep(0.2)
        link = re.search(rf"{running.url}/enter/\S+", told.read_text("utf-8"))
        assert link, running.log()
        started = Demo(folder / "demo", running.url, link[0])
        wait_for(lambda: started.speed() == PLAY_SPEED)
        yield started
        assert running.stop() == 0, running.log()


# --- what pages do -------------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """Everything that pages asked of others than their own house, and all that went wrong in them."""

    origin: str
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: int = 0

    def over(self, context: BrowserContext) -> BrowserContext:
        """Watch a context from its first page on. A page that its policy forbids something says so on its console."""
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        return context

    def _request(self, request: Request) -> None:
        self.asked += 1
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.strangers.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.complaints.append(f"console: {said.text}")


def mark(page: Page) -> None:
    """Leave a mark that a reload of the page would wipe out."""
    page.evaluate("() => { window.theSamePage = true; }")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("() => window.theSamePage === true"))
