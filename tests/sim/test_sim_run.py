"""Driving a house through a month: the order of things, pushes, and what is counted."""

import asyncio
import json
from datetime import timedelta

import pytest
from sim_support import START

from net.http import HttpReply
from sim import kuaidi100
from sim.acting import Door
from sim.run import run
from sim.tales import Outage
from sim.wire import Hook, Memory, Subscribed
from sim.world import World


class Notebook:
    """A house that writes down what reaches it."""

    def __init__(self, status=201):
        self.status, self.now, self.told, self.ticks = status, None, [], []

    async def start(self, now):
        self.now = now

    async def tick(self, now):
        assert now >= self.now
        self.now = now
        self.ticks.append(now)

    async def inbound(self, request):
        self.told.append((self.now, request))
        return HttpReply(self.status, {}, b"{}")

    async def kill(self):
        self.now = None


@pytest.fixture(scope="module")
def small():
    return World(3, START, 10, 60)


def play(house, world, **more):
    return asyncio.run(run(house, world, step=timedelta(minutes=30), door=Door("http://house"), **more))


def test_nobody_acts_in_the_houses_future(small):
    """An order reaches the house when its clock is at or past the order's time, and less than a step later."""
    house = Notebook()
    play(house, small, days=10)
    for now, request in house.told:
        body = json.loads(request.body)
        if "created_at" in body:
            created = small.start.fromisoformat(body["created_at"])
            assert timedelta() <= now - created <= timedelta(minutes=30)


def test_a_month_is_played_in_even_steps(small):
    """One tick a step and a last one."""
    house = Notebook()
    played = play(house, small, days=2)
    assert played.until == small.start + timedelta(days=2)
    assert len(house.ticks) == 97
    assert played.acts == len(house.told)
    assert (played.refused, played.refusals) == (0, [])


def test_refusals_are_kept_to_look_at(small):
    """With the request and the answer."""
    played = play(Notebook(status=422), small, days=3)
    assert played.refused == played.acts == len(played.refusals) > 0
    assert played.refusals[0].reply.status == 422


def test_pushes_reach_a_house_that_subscribed(small):
    """Once for each step in which something came to light; an outage only holds them back."""
    parcel = next(t.parcel for t in small.tales if t.parcel and t.parcel.source == "kuaidi100")
    memory = Memory()
    memory.subscribe("kuaidi100", parcel.number, Subscribed(small.start, "http://house/hook", "salt"))
    house = Notebook()
    played = play(house, small, days=30, memory=memory)
    pushed = [request for _, request in house.told if request.url == "http://house/hook"]
    assert played.pushes == len(pushed) > 3
    assert kuaidi100.pushes(small, memory, small.start, played.until)[0].body == pushed[-1].body


def test_an_outage_holds_back_the_pushes_of_its_source_alone(small):
    """They come once it is over, none is lost; SF's pushes go to the address of its console."""
    world = World(3, START, 10, 60, outages=(Outage("sf", START, START + timedelta(days=4), "http_503"),))
    memory, house = Memory(hooks={"sf": Hook("http://house/sf")}), Notebook()
    parcel = next(t.parcel for t in world.tales if t.parcel and t.parcel.source == "kuaidi100")
    memory.subscribe("kuaidi100", parcel.number, Subscribed(world.start, "http://house/hook", "salt"))
    play(house, world, days=20, memory=memory)
    of_sf = [(now, json.loads(r.body)["Body"]["WaybillRoute"][0]) for now, r in house.told if r.url.endswith("/sf")]
    assert min(now for now, _ in of_sf) >= START + timedelta(days=4)
    told = {(line["mailno"], line["opCode"], line["acceptTime"]) for _, line in of_sf}
    scans = [s for t in world.tales if t.parcel and t.parcel.source == "sf" for s in t.parcel.scans]
    assert len(told) == sum(s.shown_at <= START + timedelta(days=20) for s in scans)
    assert min(now for now, r in house.told if r.url.endswith("/hook")) < START + timedelta(days=4)


def test_each_step_can_be_looked_at(small):
    """For a screen, or a checker."""
    seen = []

    async def look(now):
        seen.append(now)

    play(Notebook(), small, days=1, each=look)
    assert len(seen) == 48
