"""What an adapter's table of attacks is made of; ``test_attacks.py`` runs all of them against a whole house.

An adapter has a ``Scene``: a house with one channel and one open case that is shown there, a good request that would acknowledge it, and
how that one is spoiled, each with the answer that must come back.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from doorstep.house import House
from doorstep.web.app import create_app
from doorstep.web.chat_hooks import chat_hook_router
from store import dialect
from store.base import Db


@dataclass(frozen=True)
class Attack:
    """One call to our address, and how it is answered. A refusal (not 200) changes nothing at all; what is proven but means
    nothing to us, or is somebody's who isn't known, is answered 200 and changes no case.
    """

    name: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int
    method: str = "POST"
    path: str = ""


class Scene(Protocol):
    """An adapter under attack. ``path``: where its chat calls us; ``case``: the one that is shown in the channel."""

    house: House
    case: int
    path: str

    def good(self) -> Attack:
        """A call that acknowledges the case: another one each time."""
        ...

    def attacks(self) -> Iterator[Attack]: ...

    def close(self) -> None: ...


async def called(scene: Any, attacks: list[Attack], *, per_s: float = 0) -> list[httpx.Response]:
    """Answers to calls that are made all at once, or so many a second, however long each takes to be answered. An exception of ours is a
    500, as it would be outside.
    """
    app = create_app(scene.house, extra_routers=(chat_hook_router(scene.house),))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        loop, answers = asyncio.get_running_loop(), []
        begin = loop.time()
        for number, a in enumerate(attacks):
            request = client.build_request(a.method, a.path or scene.path, content=a.body, headers=_bytes(a.headers))
            if per_s:
                await asyncio.sleep(begin + number / per_s - loop.time())
            answers.append(asyncio.create_task(client.send(request)))
        return await asyncio.gather(*answers)


def _bytes(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as they are on the wire: an attacker isn't held to ASCII."""
    return [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]


def everything(db: Db) -> dict[str, str]:
    """Every row of every table."""
    names = dialect.tables(db)
    return {name: str(db.exec_driver_sql(f"SELECT * FROM {name}").all()) for name in names}
