"""Letters that workers send beside the daemon: one sender at a time on each way out, in order, at the pace of one, none lost."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engines import ask
from far_side import FarSide
from merchant_support import SECRET, Receiver, receiver
from sending_support import Sender, sender_on
from worker_support import shop_in

from config.settings import Settings
from doorstep import worker
from doorstep.in_hand import in_hand
from doorstep.worker_figures import Figures
from doorstep.worker_sending import close
from net.webhook import message_id
from store import check, holds, jobs, mail
from store.base import Store
from store.jobs import Counts
from store.mail import Letter

pytestmark = pytest.mark.usefixtures("plain_logs")

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
MERCHANT = '[merchant]\nurl = "{url}"\nsecret = "{secret}"\nprivate = ["127.0.0.0/8"]\n'
WECOM = '[chats.wecom.desk]\nbot_id = "B"\nsecret = "S"\ncorp = "ww1"\nchat = "C"\n'


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as side:
        yield side


def settings_in(folder: Path, far: FarSide, shop: Receiver) -> Settings:
    return shop_in(folder, far, tail=MERCHANT.format(url=shop.url, secret=SECRET))


def write(sender: Sender, count: int, channel: str = "merchant", kind: str = "instruction") -> list[str]:
    """So many letters, a second between one and the next; the ids under which they arrive."""
    letters = [
        Letter(f"L{n:03d}", channel, kind, "refund", "order", f"A{n}", due_at=NOW + timedelta(seconds=n - count))
        for n in range(count)
    ]
    sender.house.store.write(mail.post, letters, now=NOW)
    return [message_id(letter.id) for letter in letters]


async def both(*senders: Sender, way: str = "merchant") -> list[int]:
    try:
        return await asyncio.gather(*(one.work_off(way) for one in senders))
    finally:
        for one in senders:
            await close(one.ways)


def test_one_sends_at_a_time_and_in_order(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """Two workers are told to send on the same way: one does, all of it, in the order of the queue; each letter arrives once."""
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        pair = [sender_on(stack, settings, NOW) for _ in range(2)]
        ids = write(pair[0], 60)
        assert sorted(asyncio.run(both(*pair))) == [0, 60]
        assert [one.id for one in shop.got] == ids
        assert pair[0].house.store.read(mail.counts) == {"waiting": 0, "sent": 60, "dead": 0}
        assert pair[0].house.store.read(check.differences, now=NOW) == []


def test_a_pause_holds_for_whoever_sends_next(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """After a failure another worker leaves the far side alone as long as the first one would have."""
    settings = settings_in(tmp_path, far, shop)
    shop.answers = [503]
    with ExitStack() as stack:
        first, second = (sender_on(stack, settings, NOW) for _ in range(2))
        write(first, 2)
        first.ways["merchant"].lane.failures = 9  # in a row, so that it is left alone for a minute
        assert asyncio.run(both(first)) == [0]
        assert asyncio.run(both(second)) == [0]
        assert len(shop.got) == 1
        second.clock.set(NOW + timedelta(seconds=61))
        assert asyncio.run(both(second)) == [2]
        assert second.ways["merchant"].lane.failures == 0


def test_what_a_dead_sender_had_in_hand_is_sent_by_another_after_its_time(
    tmp_path: Path, far: FarSide, shop: Receiver
) -> None:
    """While it may still be sending nobody else does; then somebody does, and knows that something may have got there."""
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        sender = sender_on(stack, settings, NOW)
        store, way = sender.house.store, sender.ways["merchant"]
        ids = write(sender, 3)
        assert store.write(holds.take, "send/merchant", "dead", now=NOW, until=NOW + timedelta(seconds=30))
        assert asyncio.run(both(sender)) == [0]
        sender.clock.set(NOW + timedelta(seconds=31))
        assert asyncio.run(both(sender)) == [3]
        assert [one.id for one in shop.got] == ids
        assert way.lane.unsure_before == sender.clock.at
        assert not store.write(holds.renew, "send/merchant", "dead", until=NOW + timedelta(minutes=9), state={})


def test_who_cannot_say_that_it_holds_stops(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """A hold that another one has by now isn't renewed, and cuts off what is done under it."""
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        sender = sender_on(stack, settings, NOW)
        store = sender.house.store

        async def live() -> None:
            async with in_hand(store, "work", sender.house.wall) as hold:
                assert hold
                sender.clock.set(NOW + timedelta(minutes=1))
                later = sender.clock.at + timedelta(seconds=30)
                assert await store.awrite(holds.take, "work", "other", now=sender.clock.at, until=later)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            asyncio.run(live())
        assert store.read(holds.look, "work", now=sender.clock.at).held


def test_a_worker_that_stops_finishes_its_letter(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """The one that is on its way is noted, the next stays due, and nothing is left unsure."""
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        sender = sender_on(stack, settings, NOW)
        way = sender.ways["merchant"]
        write(sender, 5)
        way.stopping.set()
        assert asyncio.run(both(sender)) == [0]
        assert sender.house.store.read(mail.counts)["waiting"] == 5
        assert not sender.house.store.read(holds.look, "send/merchant", now=NOW).broken


def test_the_daemon_leaves_letters_to_workers_and_sends_what_nobody_takes(
    tmp_path: Path, far: FarSide, shop: Receiver
) -> None:
    """One job for a way on which something is due, none where nothing is; after 15 seconds without a taker it sends by itself, at once
    from then on.
    """
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        daemon = sender_on(stack, settings, NOW)
        way, store = daemon.ways["merchant"], daemon.house.store

        async def look(times: int = 1) -> None:
            for _ in range(times):
                await way.look()

        asyncio.run(look())
        assert store.read(jobs.counts) == Counts()
        ids = write(daemon, 2)
        asyncio.run(look(3))
        assert store.read(jobs.counts) == Counts(waiting=1)
        assert shop.got == []
        ask(settings.store_url, "UPDATE procrastinate_events SET at = at - interval '16 s'")
        asyncio.run(look())
        assert [one.id for one in shop.got] == ids
        write_more = Letter("M1", "merchant", "instruction", "refund", "order", "A1")
        store.write(mail.post, [write_more], now=NOW)
        asyncio.run(look())
        assert [one.id for one in shop.got][2:] == [message_id("M1")]
        assert store.read(jobs.counts) == Counts(waiting=1)


def test_a_letter_written_now_is_taken_by_a_worker(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """The daemon looks, the worker is told through the queue, sends, and its figures say so; the queue is empty afterwards."""
    settings = settings_in(tmp_path, far, shop)
    with ExitStack() as stack:
        daemon = sender_on(stack, settings, datetime.now(UTC))
        ids = write(daemon, 3)
        store = stack.enter_context(Store(settings.database, url=settings.store_url))
        crew = worker.crew_of(settings, store, {"sends"})
        figures = Figures()

        async def live() -> None:
            pools = worker.pools_of(crew, {"sends"})
            working = asyncio.create_task(worker.work_off(settings.store_url, crew, figures, pools))
            while figures.sent < 3:
                await daemon.ways["merchant"].look_and_rest()
            crew.stopping.set()
            await working
            await crew.close()

        asyncio.run(asyncio.wait_for(live(), 60))
        assert [one.id for one in shop.got] == ids
        assert store.read(jobs.counts) == Counts()


def test_what_goes_over_the_daemons_own_connection_stays_with_it(tmp_path: Path, far: FarSide, shop: Receiver) -> None:
    """WeCom's bot is spoken to over its long connection: no worker sends there, and no queue says so."""
    settings = shop_in(tmp_path, far, tail=WECOM + MERCHANT.format(url=shop.url, secret=SECRET))
    with ExitStack() as stack:
        store = stack.enter_context(Store(settings.database, url=settings.store_url))
        crew = worker.crew_of(settings, store, {"sends"})
        assert sorted(crew.ways) == ["carrier:", "customer:", "merchant"]
        [pool] = worker.pools_of(crew, {"sends"})
        assert pool.queues == ("keeping", "send/carrier:", "send/customer:", "send/merchant")
        asyncio.run(crew.close())
