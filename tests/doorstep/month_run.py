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
from doorstep.simulating import evidence_of
from doorstep.town_house import Clocked, HouseReads
from sim import checkers
from sim.acting import Door
from sim.carriers import SimTransport
from sim.run import run
from sim.wire import Memory
from sim.world import World
from store import check, evidence
from store.base import Db

START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
STEP = timedelta(minutes=60)
PORT, KEY = 8791, "ds_month"


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
    played = await run(house, world, days=days, step=STEP, reads=HouseReads(house), door=door, memory=memory, each=each)  # type: ignore[arg-type]
    store = house.house.store
    differences = store.read(check.differences, now=played.until)
    violations = checkers.check(world, evidence_of(store), played.until)
    return {
        "digest": store.read(check.digest),
        "differences": [str(d) for d in differences],
        "violations": [f"{v.checker} {v.subject} {v.at:%m-%d %H:%M}: {v.text}" for v in violations],
        "errors": [f"{r.reply.status} {r.request.url}" for r in played.refusals if r.reply.status >= 500],
        "acts": played.acts,
        "counts": store.read(evidence.counts),
        "letters": store.read(letters),
        "exceeded": dict(memory.exceeded),
        "calls": dict(memory.calls),
        "pushes": played.pushes,
    }


def power_cuts(house: SimulatedHouse, every: timedelta) -> Any:
    last = [START]

    async def each(now: datetime) -> None:
        if now - last[0] >= every:
            last[0] = now
            await house.kill()
            await house.start(now)

    return each


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
