"""A real daemon that is killed between the commit and the sending, and between the sending and its mark: at least once, one id."""

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from merchant_support import SECRET, Receiver, receiver, verified
from running_support import daemon, free_port, wait_for

from config.settings import load
from domain.shipment import Item, Order
from doorstep.wiring import STRUCTS, open_house
from store import check, intake, ledger
from store.base import Db, Store
from store.ledger import Instruction


def prepared(folder: Path, port: int, url: str) -> Path:
    """A house whose instructions are committed, and nobody has sent them yet: as a kill at that moment leaves it."""
    file = folder / "doorstep.toml"
    file.write_text(
        f'[doorstep]\nport = {port}\n[merchant]\nurl = "{url}"\nsecret = "{SECRET}"\nprivate = ["127.0.0.0/8"]\n',
        encoding="utf-8",
    )
    settings = load(file, environ={}, structs=STRUCTS)
    with Store(settings.database) as store:
        open_house(settings, store)
        store.write(written)
    return settings.database


def written(db: Db) -> None:
    now = datetime.now(UTC)
    intake.add_order(db, Order("O1", (Item("A", "a", 9, 100),), now))
    for n in (1, 2, 3):
        assert ledger.write(db, Instruction(f"i{n}", "O1", f"A#{n}", "refund", 100, "CNY", now))


def unsent(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()[0])


def ids_of(other: Receiver) -> set[str]:
    assert all(verified(one.headers, one.body) for one in other.got)
    return {one.id for one in other.got}


@pytest.mark.slow
def test_killed_around_the_sending(tmp_path: Path) -> None:
    """Committed and not sent: sent at the next start. Taken and not marked, because the daemon was killed before the answer
    came: sent again under the same id. In the end each instruction has one id and is marked, and the check is clean.
    """
    port = free_port()
    with receiver() as other:
        database = prepared(tmp_path, port, other.url)
        assert unsent(database) == 3
        other.answers = ["hang"]  # the first request is taken, and answered to nobody
        with daemon(tmp_path, "run", port=port) as running:
            wait_for(lambda: other.got)
            running.kill()
            assert unsent(database) == 3
            running.start()
            wait_for(lambda: unsent(database) == 0)
            assert running.stop() == 0, running.log()
        taken = [one.data["id"] for one in other.got]
        assert sorted(set(taken)) == ["i1", "i2", "i3"]
        assert len(taken) > 3
        assert len(ids_of(other)) == 3
    with Store(database) as store:
        assert [str(d) for d in store.read(check.differences, now=datetime.now(UTC))] == []
