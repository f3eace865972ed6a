"""A house with one WeCom app at the simulated platform."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import wecom_support
from fastapi import FastAPI
from gateway_support import converse, open_desk, serving
from wecom_support import USERS

from doorstep.web.chat_hooks import chat_hook_router
from sim.chats.wecom_app import WecomAppGateway

__all__ = ["USERS", "Desk", "a_desk", "a_gateway", "run", "serving"]
CORP, AGENT, SECRET, TOKEN = "wwcorp1", 1000002, "sim_secret", "simCallbackToken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PATH = "/chats/wecom_app/desk"


def a_gateway(**more: Any) -> WecomAppGateway:
    return WecomAppGateway(CORP, AGENT, SECRET, token=TOKEN, aes_key=AES_KEY, **more)


class Desk(wecom_support.Desk):
    async def called(self, *told: bytes) -> list[httpx.Response]:
        """What the platform is answered when it brings these, all at once."""
        calls = [self.gateway.call(one, at_s=int(self.clock.at.timestamp())) for one in told]
        async with self._platform() as client:
            return list(await asyncio.gather(*(client.post(f"{PATH}?{query}", content=body) for query, body in calls)))

    async def checked(self, query: str) -> httpx.Response:
        """What the platform is answered when it looks whether the address is ours."""
        async with self._platform() as client:
            return await client.get(f"{PATH}?{query}")

    def _platform(self) -> httpx.AsyncClient:
        app = FastAPI()
        app.include_router(chat_hook_router(self.house))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk")


def table(url: str, *, per_minute: int = 1_000) -> str:
    return (
        f'[chats.wecom_app.desk]\ncorp = "{CORP}"\nagent = {AGENT}\nsecret = "{SECRET}"\ntoken = "{TOKEN}"\naes_key = "{AES_KEY}"\n'
        f'users = ["LiMei", "Sam"]\nlang = "en"\nbase_url = "{url}"\nper_minute = {per_minute}\n'
    )


def a_desk(folder: Path, gateway: WecomAppGateway, url: str, *, link: bool = True, per_minute: int = 1_000) -> Desk:
    identities = {person: f"{CORP}/{user}" for person, user in USERS.items()}
    desk: Desk = open_desk(Desk, folder, table(url, per_minute=per_minute), gateway, identities, link=link)
    return desk


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: WecomAppGateway | None = None, **more: Any
) -> None:
    """One conversation from beginning to end."""
    used = gateway or a_gateway()
    converse(used, lambda url: a_desk(folder, used, url, **more), talk)
