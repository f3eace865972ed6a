"""All carriers under one address: outages, the in-process transport, and that our adapters understand them."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from sim_support import FORM

from carriers import fedex, kuaidi100, sf
from carriers.base import Account, Token, read_safely
from domain.errors import Unreachable
from domain.parcel import Delivered, fold
from domain.tracking import Ask, Found, Milestone
from net.http import Http, HttpRequest
from sim.carriers import SimTransport, answer, settings
from sim.fedex import token as fedex_token
from sim.lives import DELIVERED
from sim.wire import Memory

ADAPTERS = {
    "kuaidi100": (kuaidi100, kuaidi100.Kuaidi100Settings),
    "sf": (sf, sf.SfSettings),
    "fedex": (fedex, fedex.FedexSettings),
}


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
    reply = answer(calm, memory, HttpRequest("GET", "http://sim/dhl/track"), calm.start)
    assert reply is not None
    assert reply.status == 404


def _read(world, parcel, now):
    adapter, shape = ADAPTERS[parcel.source]
    token = Token(fedex_token(now + timedelta(hours=1)), now + timedelta(hours=1))
    account = Account(parcel.source, "main", shape(**settings("http://sim")[parcel.source]), token)
    ask = Ask(parcel.number, carrier=parcel.carrier, phone4=parcel.phone4)
    reply = answer(world, Memory(), adapter.request([ask], account, now, "nonce"), now)
    (reading,) = read_safely(adapter.CARRIER, reply, [ask], now)
    return reading


@pytest.mark.parametrize("source", ["kuaidi100", "sf", "fedex"])
def test_our_adapters_understand_every_word(calm, source):
    """No scan of any life stays unmapped, and what arrived reads as delivered: two independent tables agree."""
    parcels = [(t.truth, t.parcel) for t in calm.tales if t.parcel and t.parcel.source == source]
    assert len(parcels) > 30
    for truth, parcel in parcels:
        now = max(s.shown_at for s in parcel.scans) + timedelta(hours=3)
        reading = _read(calm, parcel, now)
        assert isinstance(reading, Found), (truth.plot, reading)
        (read,) = reading.parcels
        assert [e for e in read.events if e.milestone is Milestone.UNMAPPED] == []
        arrived = parcel.scans[-1].step in DELIVERED
        assert (fold(read.events, now=now).delivered is Delivered.YES) == arrived, truth.plot


def test_our_adapters_see_a_signature_undone(calm):
    """Delivered, then a failed attempt: undone until the real signature."""
    tale = next(t for t in calm.tales if t.truth.plot == "undone" and t.injected)
    reading = _read(calm, tale.parcel, tale.truth.visible_at + timedelta(minutes=1))
    assert isinstance(reading, Found)
    state = fold(reading.parcels[0].events, now=tale.truth.visible_at + timedelta(minutes=1))
    assert state.delivered is Delivered.UNDONE
