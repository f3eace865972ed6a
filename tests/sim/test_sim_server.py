"""The world as a process: its clock, its file, its pages, its end."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sim_support import FORM, START

from domain.errors import RuleError, Unreachable
from sim import clock as clocks
from sim import kuaidi100, sf
from sim.clock import WorldClock, fresh, load
from sim.server import app_of, push, running, state_of
from sim.wire import Hook, Subscribed

ROOT = Path(__file__).parents[2]


class Seconds:
    """A stopwatch that is turned by hand."""

    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "world.json"


def new(**more):
    return fresh(**{"seed": 3, "start": START, "days": 4, "parcels": 30, **more})


def clock_of(file, seconds):
    return WorldClock(file, load(file) or new(), seconds)


# --- the clock ---


def test_a_new_clock_stands_at_the_worlds_start(file, seconds):
    """And the past is still to be played."""
    clock = clock_of(file, seconds)
    seconds.at += 50
    assert clock.now() == START
    assert (clock.as_json()["speed"], clock.as_json()["played"]) == (0, False)


def test_at_speed_sixty_a_second_is_a_minute(file, seconds):
    """Changing the speed keeps the time."""
    clock = clock_of(file, seconds)
    clock.set_speed(60)
    seconds.at += 10
    assert clock.now() == START + timedelta(minutes=10)
    clock.set_speed(3600)
    seconds.at += 1
    assert clock.now() == START + timedelta(minutes=70)
    clock.set_speed(0)
    seconds.at += 100
    assert clock.now() == START + timedelta(minutes=70)


def test_a_standing_clock_can_be_moved_forward_only(file, seconds):
    """While the past is played; going back changes nothing, and a running clock can't be moved."""
    clock = clock_of(file, seconds)
    clock.advance(START + timedelta(days=1))
    clock.advance(START)
    assert clock.now() == START + timedelta(days=1)
    clock.set_speed(1)
    with pytest.raises(RuleError, match="speed to 0"):
        clock.advance(START + timedelta(days=2))


def test_unknown_speeds_are_refused(file, seconds):
    """Only the offered ones."""
    with pytest.raises(RuleError, match="0, 1, 60, 3600"):
        clock_of(file, seconds).set_speed(7)


def test_a_stopped_world_goes_on_where_it_was(file, seconds):
    """However long it was down: its clock stood."""
    clock = clock_of(file, seconds)
    clock.set_speed(60)
    kept = {
        "acted_until": START + timedelta(minutes=5),
        "subscribed": {"ups": {"1": Subscribed(START, "http://x", "s")}},
        "hooks": {"ups": Hook("http://x", "k")},
        "pushed": {"ups": START + timedelta(minutes=7)},
    }
    clock.note(**kept)
    seconds.at += 10
    clock.stop()
    seconds.at += 10_000
    again = clock_of(file, seconds)
    assert again.now() == START + timedelta(minutes=10)
    assert again.state.speed == 60
    assert {name: getattr(again.state, name) for name in kept} == kept


def test_a_file_of_the_first_three_sources_is_still_read(file):
    """It knew one pusher and named no sources; it goes on with these three."""
    old = {
        "seed": 3, "start": START.isoformat(), "days": 4, "parcels": 30, "now": START.isoformat(),
        "acted_until": START.isoformat(), "pushed_until": START.isoformat(), "speed": 0, "played": False,
        "subscribed": {"1": ["http://x", "s"]}, "troubles": 0.12,
    }  # fmt: skip
    file.write_text(json.dumps(old))
    state = load(file)
    assert state.sources == ("kuaidi100", "sf", "fedex")
    assert state.subscribed == {"kuaidi100": {"1": Subscribed(START, "http://x", "s")}}
    assert state.pushed == {"kuaidi100": START}


def test_a_killed_world_never_goes_back_behind_what_it_told(file, seconds):
    """The file is ahead of a running clock by more than the time between two savings."""
    clock = clock_of(file, seconds)
    clock.set_speed(3600)
    seconds.at += clocks.SAVE_EVERY_S * 1.5
    told = clock.now()
    assert clock_of(file, seconds).now() >= told


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"seed": 1, "now": "yesterday"}'])
def test_a_file_that_is_no_state_is_refused(file, text):
    """With its name, and what to do."""
    file.write_text(text)
    with pytest.raises(RuleError, match=r"world\.json.*name another file"):
        load(file)


class Arguments:
    def __init__(self, file, **given):
        self.state = file
        for name in ("seed", "parcels", "days", "start", "troubles", "sources"):
            setattr(self, name, given.get(name))


def test_a_file_of_another_world_is_refused(file, seconds):
    """Asking for other parcels than the file holds is a mistake; asking for nothing takes what is there."""
    clock_of(file, seconds)
    assert state_of(Arguments(file), START).seed == 3
    with pytest.raises(RuleError, match="holds a world with seed 3, not 4"):
        state_of(Arguments(file, seed=4), START)
    with pytest.raises(RuleError, match="holds a world with sources"):
        state_of(Arguments(file, sources="sf"), START)


def test_a_fresh_world_begins_so_that_half_of_it_is_past(file):
    """At midnight at the shop."""
    state = state_of(Arguments(file, days=20, seed=0), datetime(2026, 11, 22, 5, tzinfo=UTC))
    assert state.start == datetime(2026, 11, 11, 16, tzinfo=UTC)
    assert (state.seed, state.days, state.parcels) == (0, 20, 500)


# --- the pages ---


@pytest.fixture
def sim(file, seconds):
    return running(file, new(), seconds)


class Web:
    """Asks the application in process."""

    def __init__(self, app):
        self.app = app

    def ask(self, method, path, **more):
        async def call():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **more):
        return self.ask("POST", path, **more)


@pytest.fixture
def web(sim):
    return Web(app_of(sim))


def test_the_clock_is_read_and_set(web, seconds):
    """speed, then time goes by; the past counts as played."""
    assert web.get("/clock").json()["played"] is False
    web.post("/clock/advance", json={"to": "2026-11-02T00:00:00+08:00"})
    assert web.post("/clock", json={}).json()["speed"] == 60
    seconds.at += 60
    got = web.get("/clock").json()
    assert got["now"] == "2026-11-01T17:00:00+00:00"
    assert got["played"] is True
    acted = web.post("/clock/acted", json={"until": "2026-11-02T00:30:00+08:00"}).json()["acted_until"]
    assert datetime.fromisoformat(acted) == datetime(2026, 11, 1, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {"speed": 5}),
        ("/clock/advance", {}),
        ("/clock/advance", {"to": "2026-11-02T00:00:00"}),
        ("/clock", []),
    ],
)
def test_bad_settings_of_the_clock_are_refused_in_words(web, path, body):
    """422 and what is wrong."""
    reply = web.post(path, json=body)
    assert reply.status_code == 422
    assert reply.json()["error"]


def test_the_world_can_be_built_elsewhere_from_its_page(web, sim):
    """Seed, start, days, parcels and sources are all that it takes."""
    page = web.get("/world").json()
    start = datetime.fromisoformat(page["start"])
    again = type(sim.world)(page["seed"], start, page["days"], page["parcels"], sources=page["sources"])
    assert again.tales == sim.world.tales


def test_the_carriers_answer_at_the_worlds_time(web, sim):
    """The same number is unknown at first, and known later."""
    parcel = next(t.parcel for t in sim.world.tales if t.parcel and t.parcel.source == "sf")
    text = json.dumps({"trackingNumber": [parcel.number], "trackingType": "1", "checkPhoneNo": parcel.phone4})
    fields = {
        "partnerID": sf.PARTNER_ID, "requestID": "1", "serviceCode": sf.SERVICE, "timestamp": "1", "msgData": text,
        "msgDigest": sf.digest(text, "1"),
    }  # fmt: skip

    def routes():
        got = web.post("/sf/std/service", content=urlencode(fields), headers=FORM).json()
        return json.loads(got["apiResultData"])["msgData"]["routeResps"][0]["routes"]

    assert routes() == []
    web.post("/clock/advance", json={"to": (parcel.scans[2].shown_at).isoformat()})
    assert len(routes()) >= 3


def test_a_subscription_outlives_a_restart(web, sim, file, seconds):
    """It is kept in the file."""
    parcel = next(t.parcel for t in sim.world.tales if t.parcel and t.parcel.source == "kuaidi100")
    param = {
        "company": parcel.carrier, "number": parcel.number, "key": kuaidi100.KEY,
        "parameters": {"callbackurl": "http://house/hook", "salt": "s"},
    }  # fmt: skip
    web.post("/kuaidi100/poll", content=urlencode({"schema": "json", "param": json.dumps(param)}), headers=FORM)
    again = running(file, load(file), seconds)
    assert again.memory.subscribed == {
        "kuaidi100": {parcel.number: Subscribed(sim.world.start, "http://house/hook", "s", parcel.carrier)}
    }


def test_the_address_of_a_console_is_entered_and_outlives_a_restart(web, file, seconds):
    """For sources whose subscriptions don't tell it; others are refused."""
    assert web.post("/consoles/ups", json={"url": "http://house/ups", "credential": "k"}).status_code == 200
    assert running(file, load(file), seconds).memory.hooks == {"ups": Hook("http://house/ups", "k")}
    assert web.post("/consoles/fedex", json={"url": "http://house/x"}).status_code == 422
    assert web.post("/consoles/sf", json={}).status_code == 422


async def _refuse(request):
    raise Unreachable("subscriber", "refused")


def test_a_push_that_nobody_takes_is_counted_and_not_repeated(sim):
    """Polling brings what it held."""
    parcel = next(t.parcel for t in sim.world.tales if t.parcel and t.parcel.source == "kuaidi100")
    sim.memory.subscribe("kuaidi100", parcel.number, Subscribed(sim.world.start, "http://house/hook", "s"))
    now = parcel.scans[3].shown_at
    asyncio.run(push(sim, _refuse, now))
    asyncio.run(push(sim, _refuse, now))
    assert sim.lost_pushes == 1


# --- the process ---


@pytest.fixture
def process(file):
    command = [sys.executable, "-m", "sim", "--state", str(file), "--port", "0", "--seed", "5", "--parcels", "20"]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield child
    if child.poll() is None:
        child.kill()
    child.wait(20)
    child.stdout.close()


def test_the_process_says_ready_and_ends_with_its_parent(process, file):
    """One line when it listens; when standard input closes it saves and ends with 0."""
    word, port = process.stdout.readline().split()
    assert word == "ready"
    assert httpx.get(f"http://127.0.0.1:{port}/clock", timeout=10).json()["speed"] == 0
    process.stdin.close()
    assert process.wait(20) == 0
    assert load(file).seed == 5


def test_the_process_refuses_a_bad_file(file):
    """Exit 2 and a sentence."""
    file.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "sim", "--state", str(file)], cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "name another file" in done.stderr
