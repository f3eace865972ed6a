"""A house with one WeCom group at the simulated bot platform."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import gateway_support
from gateway_support import converse, open_desk, serving

from sim.chats.wecom import Kept, WecomBotGateway
from store import mail

__all__ = ["Desk", "a_desk", "a_gateway", "run", "serving"]
BOT, SECRET, CORP, GROUP = "aibSim1", "sim_secret", "wwcorp1", "wrDesk1"
USERS = {"li": "LiMei", "sam": "Sam", "eve": "Eve", "gone": "Gone"}


def a_gateway(**more: Any) -> WecomBotGateway:
    return WecomBotGateway(BOT, SECRET, chat=GROUP, **more)


class Desk(gateway_support.Desk):
    def messages(self, case_id: int) -> list[Kept]:
        """The messages about a case, the first first."""
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        ids = dict.fromkeys(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)
        return [self.gateway.messages[one] for one in ids]

    async def heard(self, acts: int) -> None:
        """Wait until so many presses and texts had an effect."""
        assert self.channel.listening is not None
        async with asyncio.timeout(10):
            while self.channel.listening.acts < acts:  # noqa: ASYNC110 - it is no event in the program either
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """As elsewhere, once we were let in: nothing is said before."""
        assert self.channel.listening is not None
        async with super().listening():
            async with asyncio.timeout(10):
                while self.channel.listening._connection is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield


def table(url: str, *, per_minute: int = 1_000) -> str:
    return (
        f'[chats.wecom.desk]\nbot_id = "{BOT}"\nsecret = "{SECRET}"\ncorp = "{CORP}"\nchat = "{GROUP}"\nlang = "en"\n'
        f'base_url = "{url.replace("http", "ws", 1)}"\nper_minute = {per_minute}\n'
    )


def a_desk(folder: Path, gateway: WecomBotGateway, url: str, *, link: bool = True, per_minute: int = 1_000) -> Desk:
    identities = {person: f"{CORP}/{user}" for person, user in USERS.items()}
    desk: Desk = open_desk(Desk, folder, table(url, per_minute=per_minute), gateway, identities, link=link)
    return desk


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: WecomBotGateway | None = None, **more: Any
) -> None:
    """One conversation from beginning to end."""
    used = gateway or a_gateway()
    converse(used, lambda url: a_desk(folder, used, url, **more), talk)
