"""A house with one Feishu group at the simulated platform."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gateway_support
from gateway_support import converse, open_desk, serving

from sim.chats.feishu import TENANT, FeishuGateway, Kept

__all__ = ["Desk", "a_desk", "a_gateway", "run", "serving"]
APP, SECRET, CHAT, KEY, TOKEN = "cli_sim1", "sim_secret", "oc_desk", "sim_encrypt_key", "sim_verification"
USERS = {"li": "ou_li", "sam": "ou_sam", "eve": "ou_eve", "gone": "ou_gone"}


def a_gateway(**more: Any) -> FeishuGateway:
    return FeishuGateway(APP, SECRET, chat=CHAT, encrypt_key=KEY, verification_token=TOKEN, **more)


class Desk(gateway_support.Desk):
    def message(self, case_id: int) -> Kept:
        kept: Kept = self.gateway.messages[self.remote_id(case_id)]
        return kept


def table(url: str) -> str:
    return (
        f'[chats.feishu.desk]\napp_id = "{APP}"\napp_secret = "{SECRET}"\nchat = "{CHAT}"\nlang = "en"\nbase_url = "{url}"\n'
        f'encrypt_key = "{KEY}"\nverification_token = "{TOKEN}"\nper_minute = 1000\n'
    )


def a_desk(folder: Path, gateway: FeishuGateway, url: str, *, link: bool = True, more: str = "") -> Desk:
    identities = {person: f"{TENANT}/{user}" for person, user in USERS.items()}
    desk: Desk = open_desk(Desk, folder, table(url) + more, gateway, identities, link=link)
    return desk


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: FeishuGateway | None = None, **more: Any
) -> None:
    """One conversation from beginning to end."""
    used = gateway or a_gateway()
    converse(used, lambda url: a_desk(folder, used, url, **more), talk)
