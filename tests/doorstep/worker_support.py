"""A shop on a real PostgreSQL whose carriers are a far side of ours, and workers on it."""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engines import fresh, server
from far_side import FarSide

from config import settings as configured
from config.settings import Settings
from domain.shipment import Shipment
from doorstep.clock import Clock
from doorstep.wiring import STRUCTS, lines_of
from doorstep.worker import make_queue
from doorstep.worker_polling import Asker
from store import intake
from store.base import Db, Store

KUAIDI, FEDEX = ("kuaidi100", "main"), ("fedex", "main")
TOML = """
[doorstep]
port = {port}
[store]
url = "{dsn}"
[carriers.kuaidi100.main]
customer = "C"
key = "K"
base_url = "{far}"
{more}
[carriers.fedex.main]
client_id = "I"
client_secret = "S"
base_url = "{far}"
{tail}
"""


def shop_in(folder: Path, far: FarSide, *, port: int = 8722, more: str = "", tail: str = "", dsn: str = "") -> Settings:
    """Settings on a database with a queue; ``more`` of the Kuaidi100 account, ``tail`` of anything else."""
    server()
    folder.mkdir(exist_ok=True)
    dsn = dsn or fresh()
    (folder / "doorstep.toml").write_text(TOML.format(port=port, dsn=dsn, far=far.url, more=more, tail=tail))
    settings = configured.load(folder / "doorstep.toml", environ={}, structs=STRUCTS)
    with Store(settings.database, url=dsn) as store:
        store.write(make_queue)
    return settings


def sow(settings: Settings, count: int, source: str = "kuaidi100", *, at: datetime | None = None) -> list[str]:
    """So many shipments, due since a minute; their numbers."""
    numbers = [f"{source[:2].upper()}{n:08d}" for n in range(count)]
    with Store(settings.database, url=settings.store_url) as store:
        store.write(_add, numbers, source, (at or datetime.now(UTC)) - timedelta(minutes=1))
    return numbers


def _add(db: Db, numbers: Iterable[str], source: str, created: datetime) -> None:
    carrier = "zhongtong" if source == "kuaidi100" else source
    for number in numbers:
        intake.add_shipment(db, Shipment(number, carrier, source, created), next_poll_at=created, alarm_at=None)


def worker_on(stack: ExitStack, settings: Settings, now: Clock) -> Asker:
    """What a worker polls with, with a connection of its own."""
    store = stack.enter_context(Store(settings.database, url=settings.store_url))
    return Asker(store, lines_of(settings, wall_clock=now), settings.detection, now, lambda: "nonce")


def polled(db: Db) -> int:
    """How many shipments were asked about, with what came of it kept."""
    return int(
        db.exec_driver_sql("SELECT count(*) FROM asking WHERE polled_at IS NOT NULL AND no_data IS NULL").scalar_one()
    )


def count(db: Db, table: str) -> int:
    return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
