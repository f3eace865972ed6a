"""Twenty planted customers, and everything that somebody who may only look can open: nobody's name, phone, mail or door is there."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest
from planted import PASSWORD, PLANTS, Plant, fail_stops, opened, sow

from doorstep.house import House
from doorstep.metrics import Metrics
from doorstep.web.api import health_router
from doorstep.web.app import create_app
from store import cases, facts

HREF = re.compile(r'(?:href|src|hx-get|action)="([^"#]+)')
MOST = 2_000
"""Pages that one walk opens: far more than there are."""
SKIPPED = re.compile(r"^/(static/|sign-out|sign-in)")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("masked")
    with opened(folder) as made:
        sow(made)
        fail_stops(made)
        yield made


class Browser:
    """Somebody's, signed in; it keeps its cookies and the token of its last page."""

    def __init__(self, house: House, name: str) -> None:
        self._runner = asyncio.Runner()
        app = create_app(house, extra_routers=(health_router(house, Metrics()),))
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        self._csrf = ""
        self.get("/sign-in")
        assert self.post("/sign-in", name=name, password=PASSWORD).status_code == 303
        self.get("/")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._kept(self._runner.run(self._client.get(path, headers=headers)))

    def post(self, path: str, **form: str) -> httpx.Response:
        return self._runner.run(self._client.post(path, data={"csrf": self._csrf, **form}))

    def _kept(self, reply: httpx.Response) -> httpx.Response:
        found = re.search(r'name="csrf" value="([^"]+)"', reply.text)
        self._csrf = found.group(1) if found else self._csrf
        return reply

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture
def eve(house: House) -> Iterator[Browser]:
    """Somebody who may only look."""
    made = Browser(house, "eve")
    yield made
    made.close()


@pytest.fixture
def chen(house: House) -> Iterator[Browser]:
    """An agent."""
    made = Browser(house, "chen")
    yield made
    made.close()


def walk(who: Browser) -> dict[str, str]:
    """Every page that can be reached from the first one by its links, by address: what it says."""
    seen: dict[str, str] = {}
    todo = deque(["/", "/parcels", "/cases", "/search?q=P-3", "/metrics", "/readyz", "/language"])
    while todo and len(seen) < MOST:
        path = todo.popleft()
        if path in seen or SKIPPED.match(path):
            continue
        reply = who.get(path)
        seen[path] = unescape(reply.text)
        if "location" in reply.headers:
            todo.append(reply.headers["location"])
        if "text/html" in reply.headers.get("content-type", ""):
            links = (urlsplit(urljoin(path, unescape(one))) for one in HREF.findall(reply.text))
            todo.extend(x.path + (f"?{x.query}" if x.query else "") for x in links if x.scheme in {"", "http"})
    return seen


def traces(plant: Plant) -> list[str]:
    bare = plant.phone
    return [*plant.values, f"{bare[:3]} {bare[3:7]}-{bare[7:]}", plant.address.split("号")[0]]


def leaks(pages: dict[str, str]) -> list[str]:
    return [
        f"{path}: {trace}"
        for path, said in pages.items()
        for plant in PLANTS
        for trace in traces(plant)
        if trace in said or trace in unquote(said)
    ]


KINDS = {
    "/", "/cases/N", "/parcels/N", "/returns/R-N", "/routes", "/money", "/claims", "/customers/N", "/figures", "/figures.csv",
    "/figures.json", "/outbox", "/sources", "/enquiries", "/search", "/metrics",
}  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_may_only_look_meets_nobody(
    house: House, eve: Browser, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Pages, tables to download, figures of the machine, and what was logged meanwhile, in either language."""
    caplog.set_level(logging.DEBUG)
    eve.post("/language", lang=lang)
    pages = walk(eve)
    assert {re.sub(r"\d+", "N", path.split("?")[0]) for path in pages} >= KINDS
    assert leaks({**pages, "log": caplog.text}) == []


def test_what_a_customer_is_to_the_desk_stays_masked_until_it_is_asked_for(house: House, chen: Browser) -> None:
    """An agent works with the pages of a customer and meets them nowhere on these; looking is one press, and on record."""
    for plant in PLANTS:
        case = next(c for c in house.store.read(cases.list_cases) if c.order_ref == plant.order)
        page = unescape(chen.get(f"/cases/{case.id}").text)
        assert [trace for trace in traces(plant) if trace in page] == []
        assert (
            f"not to be mixed up with {PLANTS[(plant.n - 7) % 20].name}" in page
        )  # somebody else's: as the colleague wrote it
    plant = PLANTS[3]
    revealed = unescape(chen.post(f"/orders/{plant.order}/reveal").text)
    assert [value for value in plant.values if value not in revealed] == []
    assert [f.by for f in house.store.read(facts.history, "order", plant.order) if f.event == "revealed"] == ["chen"]


def test_who_may_only_look_reveals_nothing_and_that_they_tried_is_on_record(house: House, eve: Browser) -> None:
    assert eve.post("/orders/P-3/reveal").status_code == 403
    assert [f.event for f in house.store.read(facts.history, "person", "eve")] == ["refused"]
