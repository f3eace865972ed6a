"""A hundred thousand shipments over five carriers that allow few calls, in simulated time: nothing above a budget, and
hardly anything left of it while work waits.

What counts is what the carriers count (bench/scarce_carriers.py). The product's side is `monitor.poll.poll_due` with a
real database, real lines and the carriers' own formats, called once a simulated second while budgets of seconds decide, and
else once in half a minute, for budgets of hours and days.

``used`` is how full a credential's fullest window is, the mean over the time during which shipments of it are due: where
work waits, some window must be (nearly) full. Windows shorter than the time between two ticks can't be judged by it and are
left out of it, but never out of counting what exceeds them. A call above a budget stops the bench.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bench.harness import Comparison, Run, Side
from bench.scarce_carriers import MONEY_A_DAY, SOURCES, ScarceCarrier
from carriers.base import Account, Carrier
from carriers.registry import CARRIERS
from carriers.sender import Line
from config.policies import load_detection
from domain.errors import RuleError
from monitor.poll import Lines, poll_due
from net.http import Http
from store.base import Db, Store
from store.tables import to_seconds

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
POLICY = load_detection()
ACCOUNT = "main"
SHIPMENTS: Mapping[str, int] = {"ups": 30_000, "sf": 35_000, "kuaidi100": 20_000, "usps": 8_000, "dhl": 7_000}
SECOND, HALF_MINUTE = timedelta(seconds=1), timedelta(seconds=30)
PHASES = (
    (timedelta(minutes=25), SECOND),
    (timedelta(hours=24), HALF_MINUTE),
    (timedelta(hours=24, minutes=35), SECOND),
    (timedelta(hours=26), HALF_MINUTE),
)
"""Until when after the start, and how much time lies between two ticks until then: the daemon's second while budgets of
seconds fill those of days, and when these are free again a day later; else half a minute, which hours and days don't feel.
"""
ENOUGH = 0.95
PRICE = 0.06
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "ups": {"client_id": "id", "client_secret": "secret"},
    "sf": {"partner_id": "P", "checkword": "W"},
    "kuaidi100": {"customer": "C", "key": "K", "price": PRICE, "daily_cap": PRICE * MONEY_A_DAY},
    "usps": {"client_id": "id", "client_secret": "secret"},
    "dhl": {"api_key": "K"},
}
CODES = {"kuaidi100": "zhongtong", "sf": "shunfeng"}
Phases = Sequence[tuple[timedelta, timedelta]]


@dataclass(slots=True)
class Used:
    """How a credential's budgets were used while work waited."""

    calls: int = 0
    exceeded: int = 0
    waited_s: float = 0.0
    full_s: float = 0.0
    """Seconds of waiting, times the fullness of the fullest window."""
    enough_s: float = 0.0
    """Seconds of waiting during which that was at least ENOUGH."""

    @property
    def share(self) -> float:
        return self.full_s / self.waited_s if self.waited_s else 0.0

    @property
    def remark(self) -> str:
        waited, enough = timedelta(seconds=round(self.waited_s)), self.enough_s / max(self.waited_s, 1)
        return f"{self.calls:,} calls, {self.exceeded} above a budget; work waited for {waited}, {enough:.1%} of it nearly full"


def measure() -> list[Comparison]:
    shipments = sum(SHIPMENTS.values())
    return [
        Comparison(
            f"{shipments:,} shipments, five carriers", "% used", "all that is allowed", sides, runs=1, aim="each >= 0.95",
            note=f"{PHASES[-1][0]} of simulated time; counted by the carriers, while shipments are due",
        )
    ]  # fmt: skip


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    used = play(SHIPMENTS, PHASES)
    for source, one in used.items():
        assert not one.exceeded, f"{source}: {one.remark}"

    def side(one: Used) -> Side:
        return lambda: Run(100 * one.share, remark=one.remark)

    yield {"all that is allowed": lambda: Run(100.0), **{source: side(one) for source, one in used.items()}}


Settings = Mapping[str, Mapping[str, object]]


def play(shipments: Mapping[str, int], phases: Phases, settings: Settings = SETTINGS) -> dict[str, Used]:
    """Watch so many shipments of each source, all due at the start, and poll them through all phases."""
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF"):
            pass
        fill(path, shipments)
        with Store(path, synchronous="OFF") as store:
            return asyncio.run(Play(store, list(shipments), settings).through(phases))


@dataclass
class Play:
    """A stretch of simulated time."""

    store: Store
    sources: Sequence[str]
    settings: Settings
    now: datetime = START
    used: dict[str, Used] = field(default_factory=dict)

    async def through(self, phases: Phases) -> dict[str, Used]:
        carriers = {source: ScarceCarrier(SOURCES[source], lambda: self.now) for source in self.sources}
        lines = {(source, ACCOUNT): self.line(CARRIERS[source], carrier) for source, carrier in carriers.items()}
        self.used = {source: Used() for source in self.sources}
        for until, step in phases:
            while self.now < START + until:
                await self.tick(lines)
                self.look(carriers, step)
                self.now += step
        for line in lines.values():
            await line.close()
        return self.used

    def line(self, carrier: Carrier, far: ScarceCarrier) -> Line:
        account = Account(carrier.id, ACCOUNT, carrier.settings(**self.settings[carrier.id]))
        return Line(carrier, account, Http(carrier.id, transport=far), lambda: self.now)

    async def tick(self, lines: Lines) -> None:
        numbers = count()
        report = await poll_due(self.store, lines, POLICY, now=self.now, nonce=lambda: f"nonce-{next(numbers)}")
        if report.failed:
            raise RuleError(
                f"{report.failed} questions failed at {self.now}: the replies of bench/scarce_carriers.py are wrong"
            )

    def look(self, carriers: Mapping[str, ScarceCarrier], step: timedelta) -> None:
        """After a tick: who still waits, and how full the windows are."""
        seconds, now = step.total_seconds(), self.now.timestamp()
        for source, carrier in carriers.items():
            used = self.used[source]
            used.calls, used.exceeded = carrier.calls, carrier.exceeded
            judged = [window for window in carrier.counted if window.limit.seconds >= seconds]
            if judged and self.store.read(waits, source, self.now):
                fullness = max(window.fullness(now) for window in judged)
                used.waited_s += seconds
                used.full_s += seconds * fullness
                used.enough_s += seconds * (fullness >= ENOUGH)


def waits(db: Db, source: str, now: datetime) -> bool:
    """Whether a shipment is due that could be asked about now."""
    row = db.exec_driver_sql(
        "SELECT 1 FROM asking WHERE source = ? AND account = ? AND next_poll_at <= ? LIMIT 1",
        (source, ACCOUNT, to_seconds(now)),
    ).one_or_none()
    return row is not None


def fill(path: Path, shipments: Mapping[str, int]) -> None:
    """Shipments, parcels and watches; each source's own numbers."""
    start, sources = to_seconds(START), [s for s, n in shipments.items() for _ in range(n)]
    rows = [(n, source, f"{source.upper()}{n:09d}") for n, source in enumerate(sources, 1)]
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO shipment (id, carrier, source, account, service, number, leg, origin, destination, region, created_at)"
            f" VALUES (?, ?, ?, '{ACCOUNT}', '', ?, 'out', '', '', 'cn', {start})",
            ((n, CODES.get(source, source), source, number) for n, source, number in rows),
        )
        db.executemany(
            "INSERT INTO parcel (id, shipment_id, identity, number, leg, delivered) VALUES (?, ?, '', ?, 'out', 'no')",
            ((n, n, number) for n, _, number in rows),
        )
        db.executemany("INSERT INTO watch (shipment_id, note, ended) VALUES (?, '', '')", ((n,) for n, _, _ in rows))
        db.executemany(
            "INSERT INTO asking (shipment_id, source, account, place, worth, next_poll_at, failures)"
            f" VALUES (?, ?, '{ACCOUNT}', 0, 1, {start}, 0)",
            ((n, source) for n, source, _ in rows),
        )
