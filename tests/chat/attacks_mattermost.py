"""Attacks on Mattermost's buttons: how a good press is spoiled, and what must come back."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from attacks import Attack
from mattermost_support import CHANNEL, HOOK, JSON, USERS, a_desk, a_gateway
from telegram_support import serving

from doorstep.house import House
from sim.chats.mattermost import an_id

ACK = "✅ Acknowledge"


class MattermostScene:
    path = HOOK

    def __init__(self, folder: Path, port: int) -> None:
        self.gateway = a_gateway()
        self._serving = serving(self.gateway, port)  # type: ignore[arg-type]
        self.desk = a_desk(folder, self.gateway, self._serving.__enter__())
        self.other, second = self.desk.shown(2)
        self.case, post = self.desk.shown(1)
        self.post, self.second = post.id, second.id

    @property
    def house(self) -> House:
        return self.desk.house

    def close(self) -> None:
        self.desk.close()
        self._serving.__exit__(None, None, None)

    def good(self) -> Attack:
        return self._press("good", 200)

    def _press(self, name: str, status: int, **changes: Any) -> Attack:
        press = self.gateway.press(USERS["li"], self.post, ACK) | changes
        return Attack(name, JSON, json.dumps(press).encode(), status)

    def _signed(self, name: str, status: int, **changes: Any) -> Attack:
        """Something in the button itself changed, under the old signature."""
        context = self.gateway.press(USERS["li"], self.post, ACK)["context"]
        return self._press(name, status, context=context | changes)

    def spoiled(self, rng: Random) -> Attack:
        """A character of something in the button changed, left out or doubled; the rest of a press is the server's word."""
        context = self.gateway.press(USERS["li"], self.post, ACK)["context"]
        name = rng.choice([one for one, value in context.items() if str(value)])
        text = str(context[name])
        at = rng.randrange(len(text))
        changed = text[:at] + rng.choice(("", text[at] * 2, chr(ord(text[at]) + 1))) + text[at + 1 :]
        value = int(changed) if name == "until" and changed.isdigit() else changed
        return self._signed("spoiled", 401, **{name: value})

    def attacks(self) -> Iterator[Attack]:
        yield from self._forged()
        yield from self._malformed()
        yield from self._somebody_else_s()

    def _forged(self) -> Iterator[Attack]:
        context = self.gateway.press(USERS["li"], self.post, ACK)["context"]
        mac = context["mac"]
        flipped = mac[:-1] + ("0" if mac[-1] != "0" else "1")
        for name, value in {
            "empty": "", "cut": mac[:-1], "longer": mac + "0", "upper": mac.upper(), "zeros": "0" * 64, "not ASCII": "é" * 64,
            "NUL": "\x00" + mac[1:], "twice": mac * 2, "ten thousand": "a" * 10_000, "one flipped": flipped,
        }.items():  # fmt: skip
            yield self._signed(f"signature {name}", 401, mac=value)
        for name, change in {
            "another case": {"about": f"case/{self.other}"}, "an incident": {"about": "incident/1"}, "another act": {"do": "false_alarm"},
            "a route's act": {"do": "route:full"}, "another place": {"place": an_id("other")}, "another key": {"key": "x"},
            "another post": {"post": self.second}, "later": {"until": context["until"] + 1}, "for ever": {"until": 2**60},
        }.items():  # fmt: skip
            yield self._signed(f"signed for {name}", 401, **change)
        for name in context:
            less = {key: value for key, value in context.items() if key != name}
            yield self._press(f"without {name}", 400, context=less)
        yield self._press("no context", 401, context=None)
        yield self._press("an empty context", 400, context={})
        yield self._signed("more in the button", 400, tenant="x")
        yield Attack("by GET", JSON, b"", 405, method="GET")
        good = self.good()
        yield Attack("to a channel that isn't set", JSON, good.body, 404, path="/chats/mattermost/other")
        yield Attack("to another chat's address", JSON, good.body, 404, path="/chats/console/desk")
        yield Attack("to a chat nobody knows", JSON, good.body, 404, path="/chats/nochat/desk")

    def _malformed(self) -> Iterator[Attack]:
        good = self.good().body
        for name, body in {
            "empty": b"", "cut": good[:-9], "no text": b"\xff\xfe", "null": b"null", "a list": b"[]", "a number": b"5",
            "nested": b"[" * 30_000, "nested objects": b'{"a":' * 5_000, "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 50,
            "XML": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a form": b"payload=%7B%7D", "two": good + good,
            "a name twice": good[:-1] + b', "user_id": "x"}', "NUL in it": b"\x00" + good,
        }.items():  # fmt: skip
            yield Attack(f"body {name}", JSON, body, 400)
        yield Attack("an empty object", JSON, b"{}", 401)
        yield Attack("long", JSON, b'{"a": "' + b"x" * 40_000 + b'"}', 413)
        yield Attack("oversized", JSON, b"x" * 300_000, 413)
        for name, change in {
            "a number for the user": {"user_id": 5}, "a list for the post": {"post_id": []}, "context a word": {"context": "ack"},
            "context a list": {"context": []}, "a null place": {"channel_id": None},
        }.items():  # fmt: skip
            yield self._press(name, 400, **change)
        yield self._signed("until a word", 400, until="soon")
        yield self._signed("a list to do", 400, do=["ack"])

    def _somebody_else_s(self) -> Iterator[Attack]:
        yield self._press("another channel", 403, channel_id=an_id("other"))
        yield self._press("no channel", 403, channel_id="")
        for name, change in {
            "another case's post": {"post_id": self.second}, "a post that isn't ours": {"post_id": an_id("elsewhere")}, "no post": {"post_id": ""},
            "nobody": {"user_id": ""}, "a stranger": {"user_id": an_id("new")}, "who has left": {"user_id": USERS["gone"]},
            "who may only look": {"user_id": USERS["eve"]},
        }.items():  # fmt: skip
            yield self._press(name, 200, **change)
        foreign = self.gateway.press(USERS["li"], self.second, ACK)["context"]
        yield self._press("another case's button", 200, context=foreign)
        assert foreign["place"] == CHANNEL
