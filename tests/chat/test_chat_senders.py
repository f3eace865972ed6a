"""A chat to which several processes send: its pace holds over all of them, and what one may have said is looked for by the next."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chat_support import a_case
from far_side import FarSide, far_side
from running_support import free_port
from sending_support import sender_on
from slack_support import a_gateway
from slack_support import table as slack
from telegram_support import serving
from worker_support import shop_in

from doorstep.chats import Channel
from doorstep.clock import SetClock
from doorstep.wiring import open_house
from doorstep.worker_sending import close
from store import holds
from store.base import Db, Store

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def far() -> Iterator[FarSide]:
    with far_side() as side:
        yield side


def cases_said(db: Db) -> int:
    return int(db.exec_driver_sql("SELECT count(*) FROM outbox WHERE remote_id <> ''").scalar_one())


def test_a_chats_pace_holds_over_all_senders(tmp_path: Path, far: FarSide) -> None:
    """One message a minute: what a first worker said counts for the second, which says the next when the minute is over."""

    async def live() -> list[int]:
        gateway = a_gateway()
        said: list[int] = []
        with serving(gateway, free_port()) as url:
            settings = shop_in(tmp_path, far, tail=slack(url, per_minute=1))
            with ExitStack() as stack:
                store = stack.enter_context(Store(settings.database, url=settings.store_url))
                keeper = open_house(settings, store, now=SetClock(NOW))
                for n in (1, 2):
                    store.write(a_case, keeper, n)
                pair = [sender_on(stack, settings, NOW) for _ in range(2)]
                for sender, seconds in ((pair[0], 0), (pair[1], 0), (pair[1], 50), (pair[1], 60)):
                    sender.clock.set(NOW + timedelta(seconds=seconds))
                    await sender.work_off("slack:desk")
                    said.append(store.read(cases_said))
                for sender in pair:
                    await close(sender.ways)
        return said

    assert asyncio.run(live()) == [1, 1, 1, 2]


def test_what_a_chat_may_have_heard_is_looked_for_first(tmp_path: Path, far: FarSide) -> None:
    """A sender is killed after the chat took the message, before that was noted: whoever goes on finds it there, and says it once."""

    async def live() -> tuple[int, int]:
        gateway = a_gateway()
        with serving(gateway, free_port()) as url:
            settings = shop_in(tmp_path, far, tail=slack(url))
            with ExitStack() as stack:
                store = stack.enter_context(Store(settings.database, url=settings.store_url))
                keeper = open_house(settings, store, now=SetClock(NOW))
                first, second = (sender_on(stack, settings, datetime.now(UTC)) for _ in range(2))
                await first.work_off("slack:desk")  # so that somebody had it, and let go
                keeper = replace(keeper, now=SetClock(first.clock.at))
                store.write(a_case, keeper, 1)
                channel = first.ways["slack:desk"]
                assert isinstance(channel, Channel)
                [letter] = store.read(channel.due, now=first.clock.at, limit=5)
                plan = store.read(channel._plan, letter, first.clock.at)
                until = first.clock.at + timedelta(seconds=30)
                store.write(holds.take, "send/slack:desk", "dead", now=first.clock.at, until=until)
                await channel._send(letter, plan)  # and killed here
                second.clock.set(until + timedelta(seconds=1))
                sent = await second.work_off("slack:desk")
                for sender in (first, second):
                    await close(sender.ways)
                return sent, len(gateway.messages)

    assert asyncio.run(live()) == (1, 1)
