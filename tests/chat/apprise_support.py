"""A house whose last resort is Apprise, at the simulated server; with a Slack channel before it where a test wants one."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gateway_support
from chat_support import PEOPLE, read_settings, settings_file
from engines import a_store

from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.wiring import open_house
from sim.chats.apprise import AppriseGateway, Service
from store import people

__all__ = ["Desk", "a_desk", "a_gateway", "table"]
KEY, USER, PASSWORD = "doorstep", "desk", "sim_password"


def a_gateway() -> AppriseGateway:
    return AppriseGateway(
        {KEY: [Service(frozenset({"desk"})), Service(frozenset({"lead"}))]}, user=USER, password=PASSWORD
    )


def table(url: str, *, after: int = 0, tag: str = "", per_minute: int = 600) -> str:
    return (
        f'[chats.apprise.last]\nurl = "{url}"\nkey = "{KEY}"\nuser = "{USER}"\npassword = "{PASSWORD}"\nlang = "en"\n'
        f'after_minutes = {after}\ntag = "{tag}"\nper_minute = {per_minute}\n'
    )


class Desk(gateway_support.Desk):
    """``channel`` is Apprise; ``other`` the chat before it, if there is one."""

    other: Channel | None = None

    def bodies(self) -> list[str]:
        return [f"{one['title']}\n{one['body']}" for one in self.gateway.said(KEY)]


def a_desk(folder: Path, gateway: AppriseGateway, url: str, *, more: str = "", **laid: Any) -> Desk:
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    store = a_store(folder / "chat.sqlite3")
    settings = read_settings(settings_file(folder, table(url, **laid) + more))
    house = replace(open_house(settings, store, now=clock), wall=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
    channels = {channel.name: channel for channel in channels_of(house)}
    desk = Desk(house, channels.pop("apprise:last"), gateway, clock)
    desk.other = next(iter(channels.values()), None)
    return desk
