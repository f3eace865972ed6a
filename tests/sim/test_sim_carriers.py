"""All carriers under one address: outages, the in-process transport, and that our adapters understand them."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sim_support import FORM, late, of

from carriers.base import Account, Stands, Token, failing_softly, read_safely
from carriers.kuaidi100_carriers import carrier_code
from carriers.registry import CARRIERS, account_settings
from domain.errors import RateLimited, Unreachable
from domain.parcel import Delivered, fold
from domain.tracking import Ask, Failed, Found, Milestone, NoData
from net.http import Http, HttpReply, HttpRequest
from sim import dhl, fedex, kuaidiniao, sf, tokens, track17, ups, usps
from sim.carriers import SimTransport, answer, settings
from sim.lives import DELIVERED
from sim.pushing import PUSHERS
from sim.sources import SOURCES
from sim.wire import Hook, Memory, Subscribed

REGISTERED = 11031  # Royal Mail's key in 17TRACK's carrier list

FEW = 25
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


def _account(memory, parcel, now, carrier, *, registered=True):
    """An account that has a token where one is needed, and the registration where that is needed first."""
    account = Account(carrier.id, "main", account_settings(carrier, settings("http://sim")[carrier.id]))
    if carrier.token:
        secret = account.settings.client_secret
        account = replace(account, token=Token(tokens.made(secret, now + timedelta(hours=1)), now))
    if carrier.id == "17track" and registered:
        memory.subscribe("17track", parcel.number, Subscribed(now - timedelta(hours=1), carrier=str(REGISTERED)))
    return account


def _read(world, parcel, now, source="", memory=None):
    carrier, memory = CARRIERS[source or parcel.source], Memory() if memory is None else memory
    account = _account(memory, parcel, now, carrier)
    ask = Ask(parcel.number, carrier=carrier_code(parcel.carrier), phone4=parcel.phone4)
    reply = answer(world, memory, carrier.request([ask], account, now, "nonce"), now)
    (reading,) = read_safely(carrier, reply, [ask], now)
    return reading


@pytest.mark.parametrize("source", sorted(set(SOURCES) & set(CARRIERS)))
def test_our_adapters_understand_every_word(wide, source):
    """No scan of any life stays unmapped, and what arrived reads as delivered: two independent tables agree."""
    assert len(of(wide, source)) > FEW
    for parcel in of(wide, source):
        truth, now = wide.by_number[parcel.number].truth, late(parcel)
        reading = _read(wide, parcel, now)
        assert isinstance(reading, Found), (truth.plot, reading)
        (read,) = reading.parcels
        assert [e for e in read.events if e.milestone is Milestone.UNMAPPED] == []
        arrived = parcel.scans[-1].step in DELIVERED
        assert (fold(read.events, now=now).delivered is Delivered.YES) == arrived, truth.plot


@pytest.mark.parametrize("source", sorted(set(SOURCES) & set(CARRIERS)))
def test_our_adapters_read_every_time_right(wide, source):
    """Local, unpadded, with offset, in UTC or with nanoseconds: always the instant that the source meant."""
    for parcel in of(wide, source)[:60]:
        now = late(parcel)
        reading = _read(wide, parcel, now)
        read = {e.time.at.replace(second=0, microsecond=0) for e in reading.parcels[0].events if e.time.at}
        meant = {s.dated.replace(second=0, microsecond=0) for s in parcel.shown(now)}
        assert meant <= read, parcel.number


@pytest.mark.parametrize("source", sorted(set(SOURCES) & set(CARRIERS) - {"kuaidi100", "usps"}))
def test_our_adapters_take_an_outage_for_one(world, source):
    """503 or "busy" in the source's own words: it is down, and nothing is said of the parcel. (Two never answer.)"""
    parcel = of(world, source)[0]
    reading = _read(world, parcel, middle(outage_of(world, source)))
    assert isinstance(reading, Failed)
    assert (type(reading.error), reading.no_data) == (Unreachable, NoData.SOURCE_DOWN)


LIMITED = [
    ("sf", sf.PARTNER_ID, sf.LIMITS),
    ("fedex", fedex.CLIENT_ID, fedex.LIMITS),
    ("ups", ups.CLIENT_ID, ups.LIMITS),
    ("dhl", dhl.API_KEY, dhl.LIMITS),
    ("usps", usps.CLIENT_ID, usps.LIMITS),
    ("17track", track17.KEY, track17.LIMITS),
    ("kuaidiniao", f"{kuaidiniao.EBUSINESS_ID}/8001", kuaidiniao.QUERIES["8001"]),
]


@pytest.mark.parametrize(("source", "credential", "limits"), LIMITED)
def test_our_adapters_take_a_refusal_for_asking_too_often_for_one(wide, source, credential, limits):
    """In the source's own words: the account must wait, and nothing is said of the parcel."""
    parcel, memory = of(wide, source)[0], Memory()
    while memory.spend(source, credential, limits, late(parcel)) is None:
        pass
    reading = _read(wide, parcel, late(parcel), memory=memory)
    assert isinstance(reading, Failed)
    assert isinstance(reading.error, RateLimited)
    assert memory.exceeded == {source: 2}


@pytest.mark.parametrize("source", sorted(PUSHERS))
def test_our_adapters_subscribe_and_believe_the_pushes(wide, source):
    """Subscribed through the adapter, where one subscribes at all; what the source then sends proves itself, where it
    has a proof, names its parcels, and reads as the parcel's lines.
    """
    carrier, memory = CARRIERS[source], Memory()
    if carrier.push is None:
        pytest.skip(f"the adapter of {source} reads no pushes")
    parcel = next(p for p in of(wide, source) if len(p.scans) > 6)
    since, now = parcel.uploaded_at, parcel.scans[5].shown_at
    account = _account(memory, parcel, since, carrier, registered=False)
    ask = Ask(parcel.number, carrier=carrier_code(parcel.carrier), phone4=parcel.phone4)
    memory.hook(source, Hook("http://house/push", ups.PUSH_CREDENTIAL))
    subscription = carrier.push.subscription
    if subscription is not None:
        request = subscription.request([ask], account, "http://house/push", since)
        assert subscription.read(answer(wide, memory, request, since), [ask]) == [Stands()]
    pushes = [p for p in PUSHERS[source](wide, memory, since, now) if parcel.number.encode() in p.body]
    assert pushes
    read = set()
    for push in pushes:
        assert carrier.push.verify is None or carrier.push.verify(push.body, push.headers, account)
        body = carrier.push.unwrap(push.body)
        assert carrier.push.numbers(body) == (parcel.number,)
        for reading in failing_softly(
            source, lambda b=body: carrier.push.read(HttpReply(200, {}, b), [ask], now), [ask]
        ):
            assert isinstance(reading, Found), reading
            read |= {e.time.at for found in reading.parcels for e in found.events}
    assert read == {s.dated for s in parcel.known(now)}


def test_a_forged_push_is_not_believed(wide):
    """Another key, salt or credential: the three sources that have a proof."""
    for source in ("kuaidi100", "17track", "ups"):
        carrier, memory, parcel = CARRIERS[source], Memory(), of(wide, source)[0]
        memory.hook(source, Hook("http://house/push", "forged"))
        named = str(REGISTERED) if source == "17track" else ""
        subscribed = Subscribed(parcel.uploaded_at, "http://house/push", "forged", named)
        memory.subscribe(source, parcel.number, subscribed)
        push = PUSHERS[source](wide, memory, parcel.uploaded_at, late(parcel))[0]
        account = _account(memory, parcel, late(parcel), carrier, registered=False)
        forged = replace(push, headers={**push.headers, "sign": "0" * 64}) if source == "17track" else push
        assert not carrier.push.verify(forged.body, forged.headers, account)


AGGREGATORS = [
    *(("kuaidi100", source) for source in SOURCES if source != "kuaidi100"),
    *(("kuaidiniao", source) for source in ("kuaidi100", "sf", "jd")),
]


@pytest.mark.parametrize(("asked", "source"), AGGREGATORS)
def test_aggregators_know_the_parcels_of_other_sources(wide, asked, source):
    """So that one can stand in for the other: the same instants, in other words."""
    for parcel in of(wide, source)[:40]:
        reading = _read(wide, parcel, late(parcel), asked)
        assert isinstance(reading, Found), reading
        assert {e.time.at for e in reading.parcels[0].events} == {s.dated for s in parcel.scans}


def test_our_adapters_see_a_signature_undone(calm):
    """Delivered, then a failed attempt: undone until the real signature."""
    tale = next(t for t in calm.tales if t.truth.plot == "undone" and t.injected and t.parcel.source == "kuaidi100")
    reading = _read(calm, tale.parcel, tale.truth.visible_at + timedelta(minutes=1))
    assert isinstance(reading, Found)
    state = fold(reading.parcels[0].events, now=tale.truth.visible_at + timedelta(minutes=1))
    assert state.delivered is Delivered.UNDONE
