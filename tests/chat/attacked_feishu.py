"""Feishu under attack: a house with one group whose platform calls us, and the table of its attacks."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from attacks import Attack
from attacks_feishu import attacks
from feishu_support import USERS, a_desk, a_gateway
from telegram_support import serving

from doorstep.house import House

CALLBACK = 'mode = "callback"\n'


class FeishuScene:
    path = "/chats/feishu/desk"

    def __init__(self, folder: Path, port: int) -> None:
        self.gateway, self._runner = a_gateway(), asyncio.Runner()
        self._serving = serving(self.gateway, port)  # type: ignore[arg-type]
        self.desk = a_desk(folder, self.gateway, self._serving.__enter__(), more=CALLBACK)
        self.case = self.desk.open()
        self._runner.run(self.desk.send())
        self.message = self.desk.message(self.case).id

    @property
    def house(self) -> House:
        return self.desk.house

    @property
    def _now_s(self) -> int:
        return int(self.desk.clock.at.timestamp())

    def close(self) -> None:
        self._runner.run(self.desk.channel.line.close())
        self._runner.close()
        self.house.store.close()
        self._serving.__exit__(None, None, None)

    def good(self) -> Attack:
        headers, body = self.gateway.call(self.gateway.click(USERS["li"], self.message, "ack"), at_s=self._now_s)
        return Attack("good", headers, body, 200)

    def attacks(self) -> Iterator[Attack]:
        for one in attacks(self.gateway, self.message, self._now_s):
            yield Attack(one.name, one.headers, one.body, one.status)
