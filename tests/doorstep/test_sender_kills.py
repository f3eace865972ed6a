"""Whoever sends is killed: every letter gets to a real server, none twice but what was in hand at the kill, and that under its one id.

`make faults` alone: two daemons and three workers, 30 kills. DOORSTEP_LETTERS and DOORSTEP_KILLS say others, to try it.
"""

import asyncio
import os
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from far_side import far_side
from merchant_support import SECRET, Receiver, receiver
from running_support import Daemon, free_port, wait_for
from sending_support import sender_on
from test_worker_sending import MERCHANT
from worker_support import shop_in

from doorstep.clock import wall
from net.webhook import message_id
from store import check, jobs, mail
from store.base import Store
from store.mail import Letter

LETTERS = int(os.environ.get("DOORSTEP_LETTERS", "6000"))
KILLS = int(os.environ.get("DOORSTEP_KILLS", "30"))
WORKERS = ("a", "b", "c")
STANDSTILL_S = 120.0
"""Longer than a dead sender's hold, and than its job takes to be found."""
SEED = 11

pytestmark = pytest.mark.slow


def sown(store: Store, count: int = LETTERS) -> list[str]:
    """Letters that are due; the ids under which they arrive."""
    letters = [Letter(f"L{n:05d}", "merchant", "instruction", "refund", "order", f"A{n}") for n in range(count)]
    store.write(mail.post, letters, now=datetime.now(UTC))
    return [message_id(letter.id) for letter in letters]


def reach(shop: Receiver, wanted: int) -> None:
    """Wait until so many different letters arrived; fails where nothing more comes."""
    done, since = -1, time.monotonic()
    while done < wanted:
        now = len({one.id for one in shop.got})
        if now > done:
            done, since = now, time.monotonic()
        assert time.monotonic() - since < STANDSTILL_S, f"{done} of {wanted}, and no more"
        time.sleep(0.05)


def test_what_a_killed_worker_had_in_hand_goes_again_under_its_id(tmp_path: Path) -> None:
    """A real worker is killed while the far side keeps it waiting: once its time is over another sends that letter again, the rest once."""
    with far_side() as far, receiver() as shop, ExitStack() as stack:
        shop.answers = ["hang"]
        settings = shop_in(tmp_path, far, tail=MERCHANT.format(url=shop.url, secret=SECRET))
        store = stack.enter_context(Store(settings.database, url=settings.store_url))
        ids = sown(store, 3)
        store.write(jobs.hand_out, jobs.sending("merchant"))
        first = Daemon(tmp_path, ("worker", "--queues", "sends"), 0)
        first.begin()
        try:
            wait_for(lambda: shop.got)
            early = sender_on(stack, settings, datetime.now(UTC))
            assert asyncio.run(early.work_off()) == 0
        finally:
            first.kill()
        late = sender_on(stack, settings, datetime.now(UTC) + timedelta(seconds=31))
        assert asyncio.run(late.work_off()) == 3
        assert [one.id for one in shop.got] == [ids[0], *ids]
        assert store.read(mail.counts) == {"waiting": 0, "sent": 3, "dead": 0}


@pytest.mark.skipif(os.environ.get("DOORSTEP_FAULTS") != "full", reason="takes long: make faults")
def test_whoever_is_killed_every_letter_arrives(tmp_path: Path) -> None:
    """None is lost, in the end all are noted as sent; of each kill at most the one letter in hand arrives twice, under the same id."""
    rng = Random(SEED)
    with far_side() as far, receiver() as shop:
        tail = MERCHANT.format(url=shop.url, secret=SECRET)
        settings = shop_in(tmp_path / "one", far, port=(port := free_port()), tail=tail)
        shop_in(tmp_path / "two", far, port=(other := free_port()), tail=tail, dsn=settings.store_url)
        for name in WORKERS:
            shop_in(tmp_path / name, far, tail=tail, dsn=settings.store_url)
        crew = [
            Daemon(tmp_path / "one", ("run",), port),
            Daemon(tmp_path / "two", ("run",), other),
            *(Daemon(tmp_path / name, ("worker", "--queues", "sends"), 0) for name in WORKERS),
        ]
        with Store(tmp_path / "look.sqlite3", url=settings.store_url) as store:
            ids = sown(store)
            try:
                for one in crew:
                    one.begin()
                for kill in range(KILLS):
                    reach(shop, LETTERS * (kill + 1) // (KILLS + 2))
                    killed = rng.choice(crew)
                    killed.kill()
                    killed.begin()
                reach(shop, LETTERS)
                while store.read(mail.counts)["waiting"]:
                    time.sleep(0.05)
                arrived = Counter(one.id for one in shop.got)
                assert set(arrived) == set(ids)
                assert arrived.total() - LETTERS <= KILLS
                assert store.read(mail.counts) == {"waiting": 0, "sent": LETTERS, "dead": 0}
                assert store.read(check.differences, now=wall()) == []
                print(f"{arrived.total()} arrived for {LETTERS}, starts {[one.starts for one in crew]}")
            finally:
                for one in crew:
                    one.close()
