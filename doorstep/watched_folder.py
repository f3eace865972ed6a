"""The watched import folder as something that the daemon does before each beat."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from doorstep import importing
from doorstep.house import House
from doorstep.taking import Sender, takers_of

SETTLE = timedelta(seconds=3)
"""A file written to this lately may still be growing."""


def importer(house: House) -> Callable[[], Awaitable[None]]:
    """What takes new files of the configured folder; nothing where none is configured."""
    folder = house.settings.import_folder
    if folder is None:
        return _nothing

    async def take_files() -> None:
        takers = takers_of(house, Sender(None, "folder"))
        settled = house.wall() - SETTLE
        reports = await asyncio.to_thread(
            importing.watch_folder, house.store, folder, takers=takers, now=house.now(), settled_before=settled
        )
        if reports:
            house.bus.publish("cases")

    return take_files


async def _nothing() -> None:
    return None
