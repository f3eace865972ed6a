"""A daemon and two workers on one PostgreSQL, killed again and again, any of them: every shipment is polled, each effect is there once.

`make faults` alone: 100,000 shipments and 20 kills. DOORSTEP_SHIPMENTS and DOORSTEP_KILLS say others, to try it.
"""

import os
import time
from pathlib import Path
from random import Random

import pytest
from far_side import SCANS, far_side
from running_support import Daemon, free_port
from worker_support import count, polled, shop_in, sow

from doorstep.clock import wall
from store import check
from store.base import Db, Store

SHIPMENTS = int(os.environ.get("DOORSTEP_SHIPMENTS", "100000"))
KILLS = int(os.environ.get("DOORSTEP_KILLS", "20"))
STANDSTILL_S = 420.0
"""Longer than a dead process holds its numbers: without any progress for so long they are lost."""
SEED = 8
TWICE = "SELECT subject_type, subject_id, kind FROM cases WHERE closed_at IS NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"
NOT_ONCE = f"SELECT parcel_id FROM scan GROUP BY 1 HAVING count(*) <> {SCANS}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("DOORSTEP_FAULTS") != "full", reason="takes long: make faults"),
]


def rows(db: Db, sql: str) -> list[object]:
    return list(db.exec_driver_sql(sql).all())


class Progress:
    """How many are polled; fails where nothing more comes."""

    def __init__(self, store: Store) -> None:
        self.store, self.done, self.since = store, 0, time.monotonic()

    def reach(self, wanted: int) -> None:
        while self.done < wanted:
            now = self.store.read(polled)
            if now > self.done:
                self.done, self.since = now, time.monotonic()
            assert time.monotonic() - self.since < STANDSTILL_S, f"{self.done} of {wanted}, and no more"
            time.sleep(0.2)


def test_whoever_is_killed_every_shipment_is_polled(tmp_path: Path) -> None:
    """Whatever moment a kill falls into: all are asked about, every scan and every case is there once, the check is clean."""
    rng = Random(SEED)
    with far_side() as far:
        far.after_s = 0.05
        shop = shop_in(tmp_path / "daemon", far, port=(port := free_port()))
        for name in ("a", "b"):
            shop_in(tmp_path / name, far, dsn=shop.store_url)
        numbers = sow(shop, SHIPMENTS, "fedex")
        crew = [
            Daemon(tmp_path / "daemon", ("run",), port),
            *(Daemon(tmp_path / n, ("worker",), 0) for n in ("a", "b")),
        ]
        try:
            for one in crew:
                one.begin()
            with Store(tmp_path / "look.sqlite3", url=shop.store_url) as store:
                progress = Progress(store)
                for kill in range(KILLS):
                    progress.reach(SHIPMENTS * (kill + 1) // (KILLS + 2))
                    killed = rng.choice(crew)
                    killed.kill()
                    killed.begin()
                progress.reach(SHIPMENTS)
                assert set(far.asked) == set(numbers)
                assert [one.stop() for one in crew] == [0, 0, 0]
                assert store.read(count, "scan") == SCANS * SHIPMENTS
                assert store.read(rows, NOT_ONCE) == store.read(rows, TWICE) == []
                assert store.read(count, "cases") > 0
                assert store.read(check.differences, now=wall()) == []
                print(f"asked {far.asked.total()} numbers for {SHIPMENTS}, starts {[one.starts for one in crew]}")
        finally:
            for one in crew:
                if one.process and one.process.poll() is None:
                    one.kill()
