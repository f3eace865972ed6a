"""A house with one DingTalk group at the simulated platform."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gateway_support
from gateway_support import converse, open_desk, serving

from sim.chats.dingtalk import DingtalkGateway, Kept

__all__ = ["Desk", "a_desk", "a_gateway", "run", "serving"]
APP, SECRET, CORP, GROUP, TEMPLATE = "dingsim1", "sim_secret", "dingcorp1", "cidDesk1==", "00000000-desk.schema"
USERS = {"li": "0165li", "sam": "0165sam", "eve": "0165eve", "gone": "0165gone"}


def a_gateway(**more: Any) -> DingtalkGateway:
    return DingtalkGateway(APP, SECRET, corp=CORP, conversation=GROUP, template=TEMPLATE, **more)


class Desk(gateway_support.Desk):
    def card(self, case_id: int) -> Kept:
        kept: Kept = self.gateway.cards[self.remote_id(case_id)]
        return kept


def table(url: str, *, per_minute: int = 1_000) -> str:
    return (
        f'[chats.dingtalk.desk]\nclient_id = "{APP}"\nclient_secret = "{SECRET}"\ncorp = "{CORP}"\nconversation = "{GROUP}"\n'
        f'template = "{TEMPLATE}"\nlang = "en"\nbase_url = "{url}"\nper_minute = {per_minute}\n'
    )


def a_desk(folder: Path, gateway: DingtalkGateway, url: str, *, link: bool = True, per_minute: int = 1_000) -> Desk:
    identities = {person: f"{CORP}/{user}" for person, user in USERS.items()}
    desk: Desk = open_desk(Desk, folder, table(url, per_minute=per_minute), gateway, identities, link=link)
    return desk


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: DingtalkGateway | None = None, **more: Any
) -> None:
    """One conversation from beginning to end."""
    used = gateway or a_gateway()
    converse(used, lambda url: a_desk(folder, used, url, **more), talk)
