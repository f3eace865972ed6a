"""A storm in every chat that is called over HTTP, at once: what leaves for each is counted at its simulated platform.

Matrix has the storms' own tests (``tests/monitor/test_storm.py``); WeCom's bot has no calls but its socket. `make faults` runs the
full size.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dingtalk_support
import feishu_support
import httpx
import mattermost_support
import pytest
import slack_support
import telegram_support
import wecom_app_support
from storm_support import SECOND, START, Stage, fall, look, stage, untold

from chat.registry import CHATS
from chat.sender import Line
from doorstep.chats import Channel, accounts_of
from net.http import Http
from store import check

pytestmark = pytest.mark.slow
FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
FINDINGS, CAUSES, HOURS = (10_000, 200, 26) if FULL else (300, 12, 1)
MINUTE = timedelta(minutes=1)
TOKENS = ("/accessToken", "/tenant_access_token/internal")
URL = "https://platform.example.com"


@dataclass
class Platform:
    """A platform, how the house is told of it at its usual pace, and when something was said or edited there."""

    gateway: Any
    table: str
    said: list[datetime] = field(default_factory=list)

    def most_within(self, span: timedelta) -> int:
        return max((sum(at <= other < at + span for other in self.said) for at in self.said), default=0)


class Counted(httpx.ASGITransport):
    """The way to a platform. What isn't a question or a request for a token says something."""

    def __init__(self, platform: Platform, now: Callable[[], datetime]) -> None:
        super().__init__(app=platform.gateway.app)
        self._said, self._now = platform.said, now

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.method != "GET" and not request.url.path.endswith(TOKENS):
            assert answer.is_success, (request.url.path, answer.status_code)
            self._said.append(self._now())
        return answer


def platforms() -> dict[str, Platform]:
    usual = {
        "dingtalk": (dingtalk_support.a_gateway(), dingtalk_support.table(URL, per_minute=20)),
        "feishu": (feishu_support.a_gateway(), feishu_support.table(URL).replace("per_minute = 1000\n", "")),
        "mattermost": (
            mattermost_support.a_gateway(),
            mattermost_support.table(URL).replace("per_minute = 6000\n", ""),
        ),
        "slack": (slack_support.a_gateway(), slack_support.table(URL, per_minute=50)),
        "telegram": (
            telegram_support.TelegramGateway(telegram_support.TOKEN, group=telegram_support.GROUP),
            telegram_support.table(URL, per_minute=20),
        ),
        "wecom_app": (wecom_app_support.a_gateway(), wecom_app_support.table(URL, per_minute=30)),
    }
    return {name: Platform(*one) for name, one in usual.items()}


@dataclass(frozen=True)
class Scene:
    stage: Stage
    platforms: dict[str, Platform]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    there = platforms()
    with stage(tmp_path, "".join(one.table for one in there.values())) as made:
        for account in accounts_of(made.house.settings):
            if account.adapter in there:
                way = Counted(there[account.adapter], made.clock)
                line = Line(CHATS[account.adapter], account, Http(account.channel, transport=way), made.clock)
                made.channels.append(Channel(made.house, line))
        yield Scene(made, there)


def test_a_storm_is_a_few_messages_in_every_chat(scene: Scene) -> None:
    """Hundreds of findings of a dozen hubs within a minute (`make faults`: ten thousand of two hundred): everywhere the first word within
    10 s, at most 25 messages and edits in any five minutes and 40 in all, inside the platform's own pace; every case is told everywhere.
    """
    fall(scene.stage, FINDINGS, CAUSES)
    scene.stage.run(6 * MINUTE)
    scene.stage.run(HOURS * timedelta(hours=1) - 6 * MINUTE, MINUTE)
    for name, platform in scene.platforms.items():
        channel = f"{name}:desk"
        counts = (channel, len(platform.said), platform.most_within(5 * MINUTE))
        assert min(platform.said) <= START + 10 * SECOND, counts
        assert platform.most_within(5 * MINUTE) <= 25, counts
        assert len(platform.said) <= 40, counts
        assert untold(scene.stage, channel) == 0, counts
    assert look(scene.stage.store, "SELECT count(*) FROM cases WHERE kind = 'stalled'") == [(FINDINGS,)]
    assert scene.stage.store.read(check.differences, now=scene.stage.clock.at) == []
