"""A real daemon that is killed in the middle of its work, again and again: nothing that it said is lost or said twice."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from running_support import Daemon, daemon, doorstep, free_port, town, wait_for

from config.settings import Settings
from domain.errors import RuleError
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from doorstep.control import ask_daemon, control_file
from doorstep.demo import write_settings
from doorstep.operations import perform
from doorstep.wiring import open_house
from net.http import HttpRequest
from sim.acting import Door, NoReads
from sim.people import acts
from sim.world import World
from store import cases, check, intake, returns
from store.base import Db, Store

PARCELS, DAYS, KILLS = 60, 6, 4
CODE = "246810"


@dataclass
class Said:
    """What the daemon has answered: all of it must still be true after every kill."""

    ids: dict[str, str] = field(default_factory=dict)
    cases: set[int] = field(default_factory=set)
    owners: dict[int, str] = field(default_factory=dict)
    collected: set[str] = field(default_factory=set)


@dataclass
class Shop:
    """The merchant's side: a folder with settings, a key, a route of today, and a world of the last days."""

    folder: Path
    settings: Settings
    key: str
    world: World
    courier_path: str
    stops: tuple[str, ...]
    now: datetime


def prepared(folder: Path, address: str, port: int, world: World, now: datetime) -> Shop:
    settings = write_settings(folder, port, int(address.rsplit(":", 1)[1]))
    text = (folder / "doorstep.toml").read_text("utf-8")
    (folder / "doorstep.toml").write_text(re.sub(r"clock_url = .*\n", "", text), encoding="utf-8")
    with Store(settings.database) as store:
        house = open_house(settings, store)
        perform(house, "person_add", {"id": "li", "name": "李梅", "role": "agent"})
        key = perform(house, "key_create", {"name": "shop"})["key"]
        route = store.write(a_route, world, now)
        link = house.route_link(route.id).removeprefix(settings.doorstep.public_url)
    return Shop(folder, settings, key, world, link, tuple(s.id for s in route.stops), now)


def a_route(db: Db, world: World, now: datetime) -> Route:
    """A dispatched route over six returns, whose stops are due in the next hours."""
    stops = []
    for n, tale in enumerate(world.tales[:6]):
        intake.add_order(db, tale.order)
        sku = tale.order.items[0].sku
        value = Return(
            f"R{n}", tale.order.ref, (ReturnItem(sku, 1),), ReturnReason.QUALITY, now, code=CODE, depot="east"
        )
        returns.add_return(db, value, by=None, channel="api")
        at = now + timedelta(hours=1, minutes=10 * n)
        stops.append(Stop(f"S{n}", "RT", value.ref, n, 30.2, 120.1, at, at, at))
    day = now.astimezone().date().isoformat()
    route = Route("RT", day, "east", "swift", "zhao", now, now + timedelta(hours=5), now, tuple(stops))
    returns.dispatch(db, route)
    return route


def send(request: HttpRequest) -> httpx.Response:
    return httpx.request(request.method, request.url, headers=dict(request.headers), content=request.body, timeout=30)


def said_again(running: Daemon, request: HttpRequest) -> httpx.Response:
    """Send until an answer comes, as a shop's system does; a dead daemon is started again."""
    for _ in range(3):
        try:
            return send(request)
        except httpx.HTTPError:
            running.start()
    raise AssertionError("no answer")


def take_cases(shop: Shop, said: Said) -> None:
    """See the open cases, and take one that nobody has yet."""
    found = ask_daemon(shop.settings.database, "cases_list", {})
    assert found is not None
    said.cases |= {case["id"] for case in found["cases"]}
    free = [case["id"] for case in found["cases"] if case["owner"] is None and case["kind"] != "source_silent"]
    for case_id in free[:2]:
        params = {"case": case_id, "kind": "acknowledge", "by": "li", "key": f"take-{case_id}"}
        try:
            taken = ask_daemon(shop.settings.database, "case_act", params)
        except RuleError:
            assert not is_open(shop, case_id)  # it cleared itself between the look and the grasp
            continue
        assert taken is not None
        said.owners[case_id] = taken["case"]["owner"]


def is_open(shop: Shop, case_id: int) -> bool:
    found = ask_daemon(shop.settings.database, "cases_list", {})
    assert found is not None
    return case_id in {case["id"] for case in found["cases"]}


def collect(shop: Shop, url: str, stop: str, said: Said) -> None:
    """The courier collects; the same tap is sent twice."""
    for _ in range(2):
        form = {"action": "collected", "code": CODE, "id": f"tap-{stop}"}
        reply = httpx.post(
            f"{url}{shop.courier_path}/stops/{stop}", data=form, headers={"accept": "application/json"}, timeout=30
        )
        assert reply.status_code == 200, reply.text
        said.collected.add(stop)


def still_true(db: Db, said: Said) -> None:
    kept = {case.id: case for case in cases.list_cases(db, only_open=False, limit=10_000)}
    assert said.cases <= set(kept)
    assert {case_id: kept[case_id].owner for case_id in said.owners} == said.owners
    stops = {stop.id: stop.status for stop in returns.stops_of(db, ["RT"])}
    assert {stop for stop, status in stops.items() if status == "collected"} == said.collected
    route = returns.find_route(db, "RT")
    assert route is not None
    assert len(route.stops) == 6
    twice = db.exec_driver_sql("SELECT id FROM outbox WHERE attempts > 1").all()
    assert twice == []
    payments = db.exec_driver_sql("SELECT return_ref, count(*) FROM instruction GROUP BY 1").all()
    assert {(f"R{stop[1:]}", 1) for stop in said.collected} == {tuple(row) for row in payments}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    now = datetime.now(UTC)
    start = (now - timedelta(days=DAYS)).replace(microsecond=0)
    with town(tmp_path, parcels=PARCELS, days=DAYS, start=start.isoformat()) as address:
        told = httpx.post(f"{address}/clock/advance", json={"to": now.isoformat()})
        assert told.status_code == 200
        world = World(7, start, DAYS, PARCELS)
        yield prepared(tmp_path, address, free_port(), world, now)


@pytest.mark.slow
def test_killed_in_the_middle_of_its_work(shop: Shop) -> None:
    """Killed four times while orders come in, parcels are asked about, cases are taken and goods are collected.

    Every id, case, owner and collected stop that was answered stays; nothing is taken, paid or sent twice; the check is
    clean; in the end SIGTERM ends it cleanly.
    """
    said, port = Said(), shop.settings.doorstep.port
    requests = acts(shop.world, NoReads(), shop.world.start, shop.now, Door(f"http://127.0.0.1:{port}", shop.key))
    cuts = {len(requests) * (n + 1) // (KILLS + 1) for n in range(KILLS)}
    stops = iter(shop.stops)
    with daemon(shop.folder, "run", port=port) as running:
        for n, request in enumerate(requests):
            if n in cuts:
                collect(shop, running.url, next(stops), said)
                take_cases(shop, said)
                running.kill()
            reply = said_again(running, request)
            assert reply.status_code in {200, 201, 422}, reply.text
            if reply.status_code != 422:
                said.ids[f"{request.url} {request.headers['idempotency-key']}"] = reply.json()["id"]
        for request in requests:
            again = send(request)
            key = f"{request.url} {request.headers['idempotency-key']}"
            if key in said.ids:
                assert (again.status_code, again.json()["id"]) == (200, said.ids[key])
        wait_for(lambda: len(ask_daemon(shop.settings.database, "cases_list", {})["cases"]) > 1)  # type: ignore[index]
        take_cases(shop, said)
        wait_for(lambda: httpx.get(f"{running.url}/readyz").json()["letters"]["waiting"] == 0)
        assert running.starts == KILLS + 1
        assert running.stop() == 0, running.log()
    assert not control_file(shop.settings.database).exists()
    assert said.owners
    assert len(said.collected) == KILLS
    with Store(shop.settings.database) as store:
        assert [str(d) for d in store.read(check.differences, now=datetime.now(UTC))] == []
        store.read(still_true, said)
        orders = store.read(lambda db: int(db.exec_driver_sql("SELECT count(*) FROM orders").scalar_one()))
        assert orders == len(
            {json.loads(r.body)["order"] for r in requests if r.url.endswith("/orders")}
            | {t.order.ref for t in shop.world.tales[:6]}
        )


@pytest.mark.slow
def test_a_demo_killed_while_it_plays_goes_on(tmp_path: Path) -> None:
    """Killed in its past and started again, the demo goes on where it was, with nothing lost and the check clean."""
    port = free_port()
    arguments = ("demo", "--folder", "shown", "--port", str(port), "--parcels", "20")
    database = tmp_path / "shown" / "doorstep.sqlite3"

    def orders() -> int:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM orders").fetchone()[0])

    with daemon(tmp_path, *arguments, port=port) as shown:
        wait_for(lambda: orders() >= 2)
        shown.kill()
        before = orders()
        shown.start()
        wait_for(lambda: orders() > before)
        assert shown.stop() == 0, shown.log()
    done = doorstep("check", "--config", "shown/doorstep.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
