"""The daemon killed again and again while seven disturbed platforms carry its alerts: none lost, and none twice where that can be known.

The real program against all simulated platforms at once (Matrix has a real homeserver: ``test_faults.py``). `make test` runs a sample,
`make faults` the full size.
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dingtalk_support
import feishu_support
import mattermost_support
import pytest
import slack_support
import telegram_support
import wecom_app_support
import wecom_support
from chat_support import a_case, read_settings, settings_file
from faulty import Dice, Disturbed, killed_while_sending, until_told
from running_support import daemon, free_port
from telegram_support import serving

from chat.registry import CHATS
from doorstep.wiring import open_house
from store import check, mail
from store.base import Store

pytestmark = pytest.mark.slow
FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
ALERTS, KILLS, SHARE = (1_000, 20, 0.3) if FULL else (10, 1, 0.3)
PATIENCE_S = 3 * 3_600 if FULL else 600


@dataclass(frozen=True)
class Platform:
    """A platform and how the daemon is told of it. ``sends``: how the paths of its calls that say something end; ``said``: the ids of what
    was said to the desk, one for each message there; ``sure``: whether it takes a message once under our key, or shows what was said.
    """

    gateway: Callable[[], Any]
    table: Callable[[str], str]
    sends: tuple[str, ...]
    said: Callable[[Any], Collection[str]]
    sure: bool = True


PLATFORMS = {
    "dingtalk": Platform(
        dingtalk_support.a_gateway, dingtalk_support.table, ("/createAndDeliver",),
        lambda gateway: [card.id for card in gateway.delivered],
    ),
    "feishu": Platform(
        feishu_support.a_gateway, feishu_support.table, ("/im/v1/messages",), lambda gateway: list(gateway.messages),
    ),
    "mattermost": Platform(
        mattermost_support.a_gateway, mattermost_support.table, ("/api/v4/posts",),
        lambda gateway: [kept.id for kept in gateway.in_channel()],
    ),
    "slack": Platform(
        slack_support.a_gateway, slack_support.table, ("/chat.postMessage",),
        lambda gateway: [kept.ts for kept in gateway.in_channel()],
    ),
    "telegram": Platform(
        lambda: telegram_support.TelegramGateway(telegram_support.TOKEN, group=telegram_support.GROUP), telegram_support.table,
        ("/sendMessage",), lambda gateway: [str(kept.id) for kept in gateway.in_group()], sure=False,
    ),
    "wecom": Platform(
        wecom_support.a_gateway, wecom_support.table, (), lambda gateway: list(gateway.messages),
    ),
    "wecom_app": Platform(
        wecom_app_support.a_gateway, wecom_app_support.table, ("/message/send",), lambda gateway: list(gateway.messages),
    ),
}  # fmt: skip


@dataclass
class Disturbance:
    """A platform at work: what was said there, and what was broken."""

    platform: Platform
    gateway: Any
    dice: Dice
    table: str = field(default="", repr=False)

    @property
    def said(self) -> list[str]:
        return list(self.platform.said(self.gateway))

    @property
    def unknown(self) -> int:
        """How often nobody could know whether a message had arrived: no answer came, or we were killed."""
        return self.dice.met["lost"] + self.dice.met["swallowed"] + KILLS


@pytest.fixture
def disturbed() -> Iterator[dict[str, Disturbance]]:
    """Every platform at a port of its own, each with its own dice."""
    with contextlib.ExitStack() as open_:
        made = {}
        for number, (name, platform) in enumerate(PLATFORMS.items()):
            one = made[name] = Disturbance(platform, platform.gateway(), Dice(SHARE, seed=number))
            url = open_.enter_context(serving(Disturbed(one.gateway, platform.sends, one.dice), free_port()))
            one.table = platform.table(url)
            if name == "slack":
                one.gateway.base = url
            if name == "wecom":
                one.gateway.breaks = one.dice
        yield made


def test_every_chat_outside_the_house_is_disturbed() -> None:
    """But the last resort, which only speaks where these don't."""
    outside = {chat.id for chat in CHATS.values() if chat.outward is not None and not chat.last_resort}
    assert outside == {"matrix", *PLATFORMS}


def test_killed_and_disturbed_no_alert_is_lost_or_said_twice(disturbed: dict[str, Disturbance], tmp_path: Path) -> None:
    """Every case has a message on every platform, and nothing was given up. Nothing is there twice where the platform has a key or
    can be asked; elsewhere no more than the times when nobody could know.
    """
    tables = "".join(one.table for one in disturbed.values())
    settings = read_settings(settings_file(tmp_path, tables, port=free_port()))
    with Store(settings.database, synchronous="OFF") as store:
        house = open_house(settings, store)
        wanted = {str(store.write(a_case, house, n)) for n in range(ALERTS)}
    with daemon(tmp_path, "run", port=settings.doorstep.port) as running:
        tries = ALERTS * len(disturbed)
        killed_while_sending(
            running, lambda: sum(one.dice.thrown for one in disturbed.values()), KILLS, tries, PATIENCE_S
        )
        until_told(running, settings.database, PATIENCE_S)
        assert running.stop() == 0, running.log()
    with Store(settings.database) as store:
        letters = [letter for case in wanted for letter in store.read(mail.letters_about, "case", case)]
        assert store.read(check.differences, now=open_house(settings, store).now()) == []
    for name, one in disturbed.items():
        sent = {x.subject_id: x.remote_id for x in letters if x.channel == f"{name}:desk" and x.kind == "alert"}
        noted = {x.remote_id for x in letters if x.channel == f"{name}:desk"}
        twice = len(set(one.said) - noted)
        faults = ", ".join(f"{one.dice.met[fault]} {fault}" for fault in sorted(one.dice.met))
        print(f"{name}: {len(one.said)} said for {len(wanted)} alerts, {twice} twice; {faults}; {KILLS} kills")
        assert set(sent) == wanted, name
        assert len(set(sent.values())) == len(wanted), name
        assert set(sent.values()) <= set(one.said), name
        assert twice <= (0 if one.platform.sure else one.unknown), name
        assert one.dice.met.total() > 0, name
