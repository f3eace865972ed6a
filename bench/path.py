"""The whole path of a poll: fetch, decode, dedupe, persist, against a bare loop on the same httpx client.

The far side is a local HTTP server in a process of its own (bench/answering.py) that answers with ready replies over
connections kept open. Both sides send the same requests to it, eight in flight; figures by CPU count this process only.
Sides of a comparison:
- bare httpx loop (the baseline): an `httpx.AsyncClient` with the product's limits and timeout; requests built and signed
  beforehand; eight workers send one after the other, and read the body as bytes. Nothing is decoded, checked or kept;
- sent only: the same requests through the product's `net.http.Http`: its connections are lanes of their own, which costs
  less than one client for all;
- asked and read: the product's `Line.ask`: the request built and signed, `net.http.Http`, the reply decoded;
- product: `monitor.poll.poll_due` until nothing is due: what is due read from the database, budgets taken, asked, read,
  masked, raw bodies scrubbed and kept, events deduplicated and written, parcels refolded, next polls set, detectors run;
  one transaction a turn of 64 calls, with the daemon's own synchronous=FULL.
"""

import asyncio
import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter, process_time

import httpx

from bench.answering import SEED, FarSide, calls_of, far_side
from bench.caches import forget
from bench.harness import Comparison, Run, Side
from bench.replies import EVENTS, NOW, START, Call
from carriers.base import Account, Carrier, Token
from carriers.registry import CARRIERS
from carriers.sender import Answer, Line, answer_of
from config.policies import load_detection
from domain.parcel import order_key
from domain.shipment import Shipment
from domain.tracking import Found, Reading
from monitor.poll import IN_FLIGHT, Lines, ask_of, keep, poll_due
from net.http import MAX_IN_FLIGHT, TIMEOUT_S, Http, HttpRequest
from store import asking, intake
from store.asking import Due, Polled
from store.base import Db, Store

POLICY = load_detection()
ACCOUNT = "main"
EARLIER = NOW - timedelta(hours=4)
"""The poll before, and since when every shipment is due."""
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "kuaidi100": {"customer": "CUSTOMER", "key": "key"},
    "fedex": {"client_id": "id", "client_secret": "secret"},
}
SIZES = (("kuaidi100", 640, 0.75), ("fedex", 1_920, 0.5))
"""Source, shipments, and the share of the bare loop that we want to keep: single numbers, and thirty a call."""


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"{source}, {which}", "shipments/s", "bare httpx loop", partial(sides, source, shipments, which), runs=5,
            aim=f"product >= {aim}", seed=SEED, note=f"{shipments} shipments x {EVENTS} events; {told}; synchronous=FULL",
        )
        for source, shipments, aim in SIZES
        for which, told in (
            ("every event new", "the first answer of every parcel"),
            ("one event new", "each list has a line more than the last time"),
            ("nothing new", "the same lists again"),
        )
    ]  # fmt: skip


@contextmanager
def sides(source: str, shipments: int, which: str) -> Iterator[Mapping[str, Side]]:
    calls, carrier = calls_of(source, shipments), CARRIERS[source]
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder, far_side(source, shipments) as far:
        template = Path(folder) / "template.sqlite3"
        with Store(template, synchronous="OFF") as store:
            store.write(fill, calls, which)
        account = account_of(carrier, far)
        built = [carrier.request(call.asks, account, NOW, f"nonce-{n}") for n, call in enumerate(calls)]
        run = partial(taken, far, shipments, len(calls))
        yield {
            "bare httpx loop": lambda: run(bare(built)),
            "sent only": lambda: run(sent_only(carrier, built)),
            "asked and read": lambda: run(asked_and_read(carrier, account, calls)),
            "product": lambda: run(product(carrier, account, template)),
        }


# --- the sides -----------------------------------------------------------------------------------------------------

Opened = AbstractAsyncContextManager[Callable[[], Awaitable[object]]]
"""A side that is ready to begin; what it gives does the work."""


def taken(far: FarSide, shipments: int, calls: int, side: Opened) -> Run:
    """One run on a loop of its own: opening and closing are not timed, the far side's count is checked."""
    before = far.asked()
    wall, cpu = asyncio.run(clocked(side))
    asked = far.asked() - before
    assert asked == calls, f"{asked} calls reached the far side, not {calls}"
    return Run(shipments / wall, shipments / cpu)


async def clocked(side: Opened) -> tuple[float, float]:
    async with side as work:
        forget()
        gc.collect()
        gc.freeze()  # as the daemon does once it has started
        try:
            wall, cpu = perf_counter(), process_time()
            await work()
            return perf_counter() - wall, process_time() - cpu
        finally:
            gc.unfreeze()


@asynccontextmanager
async def bare(built: Sequence[HttpRequest]) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    limits = httpx.Limits(max_connections=MAX_IN_FLIGHT, max_keepalive_connections=MAX_IN_FLIGHT)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits) as client:

        async def worker(waiting: Iterator[HttpRequest]) -> None:
            for one in waiting:
                response = await client.request(one.method, one.url, headers=one.headers, content=one.body)
                assert response.content

        async def work() -> None:
            waiting = iter(built)
            await asyncio.gather(*(worker(waiting) for _ in range(IN_FLIGHT)))

        yield work


@asynccontextmanager
async def sent_only(carrier: Carrier, built: Sequence[HttpRequest]) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    async with Http(carrier.id) as http:

        async def worker(waiting: Iterator[HttpRequest]) -> None:
            for one in waiting:
                reply = await http.send(one)
                assert reply.body

        async def work() -> None:
            waiting = iter(built)
            await asyncio.gather(*(worker(waiting) for _ in range(IN_FLIGHT)))

        yield work


@asynccontextmanager
async def asked_and_read(
    carrier: Carrier, account: Account, calls: Sequence[Call]
) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    async with Http(carrier.id) as http:
        line = Line(carrier, account, http, lambda: NOW)

        async def worker(waiting: Iterator[Call]) -> None:
            for call in waiting:
                answer = await line.ask(call.asks, "nonce")
                assert all(isinstance(reading, Found) for reading in answer.readings)

        async def work() -> None:
            waiting = iter(calls)
            await asyncio.gather(*(worker(waiting) for _ in range(IN_FLIGHT)))

        yield work


@asynccontextmanager
async def product(carrier: Carrier, account: Account, template: Path) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """On a fresh copy of the template; afterwards every event is there, once."""
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        path = Path(shutil.copy(template, Path(folder) / "doorstep.sqlite3"))
        async with Http(carrier.id) as http:
            with Store(path) as store:
                lines = {(carrier.id, ACCOUNT): Line(carrier, account, http, lambda: NOW)}
                yield partial(until_idle, store, lines)
                kept, waiting = store.read(counted)
        assert kept == waiting * EVENTS, f"{kept} events of {waiting} shipments are kept"


async def until_idle(store: Store, lines: Lines) -> None:
    numbers = count()
    while True:
        report = await poll_due(store, lines, POLICY, now=NOW, nonce=lambda: f"nonce-{next(numbers)}")
        assert not report.failed
        if not report.asked:
            return


def counted(db: Db) -> tuple[int, int]:
    """Events and shipments."""
    events, shipments = db.exec_driver_sql("SELECT (SELECT count(*) FROM scan), (SELECT count(*) FROM shipment)").one()
    return events, shipments


# --- the template --------------------------------------------------------------------------------------------------


def account_of(carrier: Carrier, far: FarSide) -> Account:
    token = Token("t0ken", NOW + timedelta(days=30)) if carrier.token else None
    return Account(carrier.id, ACCOUNT, carrier.settings(**SETTINGS[carrier.id], base_url=far.url), token)


def fill(db: Db, calls: Sequence[Call], which: str) -> None:
    """Every shipment, due now; and what an earlier poll brought."""
    carrier = CARRIERS[calls[0].carrier]
    for call in calls:
        for ask in call.asks:
            shipment = Shipment(ask.number, ask.carrier or carrier.id, carrier.id, START, account=ACCOUNT)
            intake.add_shipment(db, shipment, next_poll_at=EARLIER, alarm_at=None)
    if which == "every event new":
        return
    known = {ask.number: n for n, ask in enumerate((ask for call in calls for ask in call.asks), 1)}
    keep(db, carrier, ACCOUNT, [earlier(call, known, which) for call in calls], POLICY, now=EARLIER)
    asking.reschedule(db, carrier.id, [Polled(n, EARLIER) for n in known.values()], now=EARLIER)


def earlier(call: Call, known: Mapping[str, int], which: str) -> tuple[list[Due], Answer]:
    """What the poll before brought: the same lists, without one line of each where one is to be new; never the same body,
    for replies may have an id or a time of their own.
    """
    shipped = START.date().isoformat()
    due = [
        Due(known[a.number], a.number, a.carrier or call.carrier, "", "", EARLIER, shipped_on=shipped)
        for a in call.asks
    ]
    answer = answer_of(CARRIERS[call.carrier], call.reply, [ask_of(one) for one in due], (), NOW)
    if which == "one event new":
        answer = replace(answer, readings=tuple(map(shortened, answer.readings)), digests=())
    return due, replace(answer, reply=replace(call.reply, body=call.reply.body + b" "))


LATE = 5


def shortened(reading: Reading) -> Reading:
    """Without its sixth newest event, which a hub reports late: what stands open at the desk is another measurement's
    matter, so the parcels are delivered before and after.
    """
    assert isinstance(reading, Found)
    (parcel,) = reading.parcels
    late = sorted(parcel.events, key=order_key, reverse=True)[LATE]
    return replace(reading, parcels=(replace(parcel, events=tuple(e for e in parcel.events if e is not late)),))
