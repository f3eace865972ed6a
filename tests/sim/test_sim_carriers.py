"""All carriers under one address: outages, the in-process transport, and that our adapters understand them."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sim_support import FORM

from carriers.base import Account, Token, read_safely
from carriers.kuaidi100_carriers import carrier_code
from carriers.registry import CARRIERS, account_settings
from domain.errors import Unreachable
from domain.parcel import Delivered, fold
from domain.tracking import Ask, Found, Milestone
from net.http import Http, HttpRequest
from sim import tokens
from sim.carriers import SimTransport, answer, settings
from sim.lives import DELIVERED
from sim.sources import SOURCES
from sim.wire import Memory, Subscribed

REGISTERED = 11031  # Royal Mail's key in 17TRACK's carrier list

MOST_OF_THEM = 25
"""Parcels of a source below which a table was hardly tried out."""


def middle(outage):
    return outage.since + (outage.until - outage.since) / 2


def outage_of(world, source):
    return next(o for o in world.outages if o.source == source)


def test_an_outage_is_honoured_in_each_manner(world, memory):
    """FedEx answers 503, SF says busy inside HTTP 200, Kuaidi100 never answers; afterwards all is well."""
    seen = {}
    for source in ("fedex", "sf", "kuaidi100"):
        request = HttpRequest("POST", f"http://sim/{source}/x", FORM, b"a=b")
        seen[source] = answer(world, memory, request, middle(outage_of(world, source)))
        after = answer(world, memory, request, outage_of(world, source).until)
        assert after is not None
        assert after.status != 503
    assert seen["fedex"].status == 503
    assert json.loads(seen["sf"].body)["apiResultCode"] == "A1009"
    assert seen["kuaidi100"] is None


def test_the_transport_turns_silence_into_a_timeout(world):
    """As httpx does when nobody answers."""
    request = HttpRequest("POST", "http://sim/kuaidi100/poll/query.do", FORM, b"")
    now = middle(outage_of(world, "kuaidi100"))

    async def ask():
        async with Http("kuaidi100", transport=SimTransport(world, lambda: now)) as http:
            await http.send(request)

    with pytest.raises(Unreachable, match="ReadTimeout"):
        asyncio.run(ask())


def test_the_transport_answers_what_the_carriers_answer(calm, memory):
    """The same bytes, in process."""
    transport = SimTransport(calm, lambda: calm.start, memory)

    async def ask():
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.post("http://sim/sf", data={"partnerID": "x"})

    reply = asyncio.run(ask())
    assert reply.json()["apiResultCode"] == "A1001"


def test_no_such_carrier(calm, memory):
    """404."""
    reply = answer(calm, memory, HttpRequest("GET", "http://sim/tnt/track"), calm.start)
    assert reply is not None
    assert reply.status == 404


def _asked(memory, parcel, now, carrier):
    """An account that has a token where one is needed, and the registration where that is needed first."""
    account = Account(carrier.id, "main", account_settings(carrier, settings("http://sim")[carrier.id]))
    if carrier.token:
        secret = account.settings.client_secret
        account = replace(account, token=Token(tokens.made(secret, now + timedelta(hours=1)), now))
    if carrier.id == "17track":
        memory.subscribe("17track", parcel.number, Subscribed(now - timedelta(hours=1), note=str(REGISTERED)))
    return account


def _read(world, parcel, now, source=""):
    carrier, memory = CARRIERS[source or parcel.source], Memory()
    account = _asked(memory, parcel, now, carrier)
    code = carrier_code(parcel.carrier)
    assert code, parcel.carrier
    ask = Ask(parcel.number, carrier=code, phone4=parcel.phone4)
    reply = answer(world, memory, carrier.request([ask], account, now, "nonce"), now)
    (reading,) = read_safely(carrier, reply, [ask], now)
    return reading


@pytest.mark.parametrize("source", sorted(set(SOURCES) & set(CARRIERS)))
def test_our_adapters_understand_every_word(wide, source):
    """No scan of any life stays unmapped, and what arrived reads as delivered: two independent tables agree."""
    parcels = [(t.truth, t.parcel) for t in wide.tales if t.parcel and t.parcel.source == source]
    assert len(parcels) > MOST_OF_THEM
    for truth, parcel in parcels:
        now = max(s.shown_at for s in parcel.scans) + timedelta(hours=3)
        reading = _read(wide, parcel, now)
        assert isinstance(reading, Found), (truth.plot, reading)
        (read,) = reading.parcels
        assert [e for e in read.events if e.milestone is Milestone.UNMAPPED] == []
        arrived = parcel.scans[-1].step in DELIVERED
        assert (fold(read.events, now=now).delivered is Delivered.YES) == arrived, truth.plot


@pytest.mark.parametrize("source", sorted(set(SOURCES) & set(CARRIERS)))
def test_our_adapters_read_every_time_right(wide, source):
    """Local, unpadded, with offset, in UTC or with nanoseconds: always the instant that the source meant."""
    for parcel in [t.parcel for t in wide.tales if t.parcel and t.parcel.source == source][:60]:
        now = max(s.shown_at for s in parcel.scans) + timedelta(hours=3)
        reading = _read(wide, parcel, now)
        read = {e.time.at.replace(second=0, microsecond=0) for e in reading.parcels[0].events if e.time.at}
        meant = {s.dated.replace(second=0, microsecond=0) for s in parcel.shown(now)}
        assert meant <= read, parcel.number


AGGREGATORS = [("kuaidi100", "sf"), ("kuaidi100", "kuaidiniao"), ("kuaidiniao", "sf"), ("kuaidiniao", "kuaidi100")]


@pytest.mark.parametrize(("asked", "source"), AGGREGATORS)
def test_aggregators_know_the_parcels_of_other_sources(wide, asked, source):
    """So that one can stand in for the other: the same instants, in other words."""
    for parcel in [t.parcel for t in wide.tales if t.parcel and t.parcel.source == source][:40]:
        now = max(s.shown_at for s in parcel.scans) + timedelta(hours=3)
        reading = _read(wide, parcel, now, asked)
        assert isinstance(reading, Found), reading
        assert {e.time.at for e in reading.parcels[0].events} == {s.dated for s in parcel.scans}


def test_our_adapters_see_a_signature_undone(calm):
    """Delivered, then a failed attempt: undone until the real signature."""
    tale = next(t for t in calm.tales if t.truth.plot == "undone" and t.injected and t.parcel.source == "kuaidi100")
    reading = _read(calm, tale.parcel, tale.truth.visible_at + timedelta(minutes=1))
    assert isinstance(reading, Found)
    state = fold(reading.parcels[0].events, now=tale.truth.visible_at + timedelta(minutes=1))
    assert state.delivered is Delivered.UNDONE
