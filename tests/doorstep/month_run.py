"""One simulated month of the real house in a process of its own: prints what came of it as one JSON line.

python month_run.py FOLDER --parcels N --days D --seed K [--kill-every HOURS]
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from doorstep import logs
from doorstep.demo import write_settings
from doorstep.simulated import SimulatedHouse
from sim import checkers
from sim.carriers import SimTransport
from sim.people import Door
from sim.pushing import CONSOLES
from sim.run import run
from sim.wire import Hook, Memory
from sim.world import World
from store import check, ledger
from store.base import Db
from store.tables import from_seconds

START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
STEP = timedelta(minutes=60)
PORT, KEY = 8791, "ds_month"


class Reads:
    """What the people see of the house that lives now: it may be another one after a power cut."""

    def __init__(self, house: SimulatedHouse) -> None:
        self._house = house

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.reads, name)


async def month(
    folder: Path, *, parcels: int, days: int, seed: int, kill_every: timedelta | None, without: Sequence[str] = ()
) -> dict[str, Any]:
    settings = write_settings(folder, PORT, 1)
    accounts = {source: named for source, named in settings.carriers.items() if source not in without}
    settings = replace(settings, carriers=accounts)
    world, memory = World(seed, START, days, parcels), Memory()
    now = [START]
    transport = SimTransport(world, lambda: now[0], memory)
    house = Clocked(settings, folder / "month.sqlite3", transport, seed=seed, key=KEY, now=now, memory=memory)
    door = Door(f"http://127.0.0.1:{PORT}", KEY)
    each = power_cuts(house, kill_every) if kill_every else None
    played = await run(house, world, days=days, step=STEP, reads=Reads(house), door=door, memory=memory, each=each)  # type: ignore[arg-type]
    store = house.house.store
    differences = store.read(check.differences, now=played.until)
    evidence = store.read(evidence_of)
    violations = checkers.check(world, evidence, played.until)
    return {
        "digest": store.read(check.digest),
        "differences": [str(d) for d in differences],
        "violations": [f"{v.checker} {v.subject} {v.at:%m-%d %H:%M}: {v.text}" for v in violations],
        "errors": [f"{r.reply.status} {r.request.url}" for r in played.refusals if r.reply.status >= 500],
        "acts": played.acts,
        "counts": store.read(counts),
        "letters": store.read(letters),
        "exceeded": dict(memory.exceeded),
        "calls": dict(memory.calls),
        "pushes": played.pushes,
    }


class Clocked(SimulatedHouse):
    """The simulated house, which shows its time to the carriers' side as well, and tells their consoles where it is."""

    def __init__(self, *args: Any, now: list[datetime], memory: Memory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shared = now
        self._memory = memory

    async def start(self, now: datetime) -> None:
        await super().start(now)
        for source in (one for one in CONSOLES if one in self.house.settings.carriers):
            credential = getattr(self.house.settings.carriers[source]["main"], "push_credential", "")
            self._memory.hook(source, Hook(self.house.callback_url(source, "main"), credential))

    async def tick(self, now: datetime) -> None:
        self._shared[0] = now
        await super().tick(now)


def power_cuts(house: SimulatedHouse, every: timedelta) -> Any:
    last = [START]

    async def each(now: datetime) -> None:
        if now - last[0] >= every:
            last[0] = now
            await house.kill()
            await house.start(now)

    return each


def evidence_of(db: Db) -> checkers.Evidence:
    """What the house wrote, as the rows that the checkers judge."""
    at = from_seconds
    found = db.exec_driver_sql(
        "SELECT c.kind, c.subject_type, c.subject_id, min(f.at), c.closed_at FROM cases c"
        " JOIN fact f ON f.subject_type = 'case' AND f.subject_id = CAST(c.id AS TEXT) AND f.event = 'opened'"
        " GROUP BY c.id ORDER BY c.id"
    )
    cases = [checkers.CaseRow(r[0], r[1], r[2], at(r[3]), at(r[4]) if r[4] is not None else None) for r in found]
    stops = [
        checkers.StopRow(r[0], r[1], r[2], r[3], at(r[4]), at(r[5]) if r[5] is not None else None)
        for r in db.exec_driver_sql(
            "SELECT s.id, s.route_id, s.return_ref, s.status, r.dispatched_at, s.ended_at FROM stop s"
            " JOIN route r ON r.id = s.route_id ORDER BY s.id"
        )
    ]
    payments = [
        checkers.PaymentRow(i.order_ref, i.item, i.kind, i.amount_cents, i.approval)
        for i in ledger.instructions(db, limit=100_000)
    ]
    numbers = {str(r[0]): r[1] for r in db.exec_driver_sql("SELECT id, number FROM shipment")}
    asked = {r[0]: r[1] for r in db.exec_driver_sql("SELECT number, source FROM shipment")}
    return checkers.Evidence(cases, payments, stops, numbers, asked)


TABLES = ("orders", "shipment", "scan", "cases", "returns", "route", "stop", "instruction", "outbox")


def counts(db: Db) -> dict[str, int]:
    return {t: int(db.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()) for t in TABLES}


def letters(db: Db) -> dict[str, int]:
    """How many letters there are, how many wait, and how many left more than once."""
    row = db.exec_driver_sql("SELECT count(*), sum(sent_at IS NULL), sum(attempts > 1) FROM outbox").one()
    return {"all": row[0], "waiting": row[1] or 0, "twice": row[2] or 0}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    for name in ("parcels", "days", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--kill-every", type=int, default=0)
    parser.add_argument("--without", nargs="*", default=[], help="sources that the shop has no account at")
    given = parser.parse_args()
    logs.set_up("error")
    cut = timedelta(hours=given.kill_every) if given.kill_every else None
    found = asyncio.run(
        month(
            given.folder,
            parcels=given.parcels,
            days=given.days,
            seed=given.seed,
            kill_every=cut,
            without=given.without,
        )
    )
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
