"""Attacks on Slack's signed calls: how a good request is spoiled, and what must come back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from attacks import Attack
from slack_support import CHANNEL, HOOK, TEAM, USERS, a_desk, a_gateway
from telegram_support import serving

from doorstep.house import House

STAMP, SIGNATURE, KIND = "x-slack-request-timestamp", "x-slack-signature", "content-type"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class SlackScene:
    path = HOOK

    def __init__(self, folder: Path, port: int) -> None:
        self.gateway = a_gateway()
        self._serving = serving(self.gateway, port)
        self.desk = a_desk(folder, self.gateway, self._serving.__enter__(), socket=False)
        self.case, message = self.desk.shown()
        self.ts = message.ts

    @property
    def house(self) -> House:
        return self.desk.house

    def close(self) -> None:
        self.desk.close()
        self._serving.__exit__(None, None, None)

    def good(self) -> Attack:
        return self._signed("good", self._click(), 200)

    def _click(self, **changes: Any) -> dict[str, Any]:
        return self.gateway.click(USERS["li"], self.ts, "ack") | changes

    def _signed(self, name: str, payload: dict[str, Any], status: int, at: float | None = None) -> Attack:
        return Attack(name, *self.gateway.signed(payload, at), status)

    def _raw(self, name: str, body: bytes, status: int, kind: str = FORM) -> Attack:
        return Attack(name, self.gateway.sign(body, kind=kind), body, status)

    def attacks(self) -> Iterator[Attack]:
        yield from self._forged()
        yield from self._out_of_time()
        yield from self._malformed()
        yield from self._somebody_else_s()

    def _forged(self) -> Iterator[Attack]:
        good = self.good()
        signature = good.headers[SIGNATURE]
        for name, value in {
            "empty": "", "cut": signature[:-1], "longer": signature + "0", "upper": signature.upper(), "no version": signature[3:],
            "v1": "v1" + signature[2:], "zeros": "v0=" + "0" * 64, "not ASCII": "v0=" + "é" * 64, "NUL": "v0=\x01" + signature[4:],
            "twice": signature + signature, "ten thousand": "v0=" + "a" * 10_000, "one flipped": signature[:-1] + ("0" if signature[-1] != "0" else "1"),
        }.items():  # fmt: skip
            yield Attack(f"signature {name}", {**good.headers, SIGNATURE: value}, good.body, 401)
        for missing in (STAMP, SIGNATURE):
            yield Attack(f"without {missing}", {k: v for k, v in good.headers.items() if k != missing}, good.body, 401)
        yield Attack("without headers", {}, good.body, 401)
        stranger = a_gateway()
        stranger.secret, stranger.clock = "another secret", self.gateway.clock
        yield Attack("another app's secret", *stranger.signed(self._click()), 401)
        yield Attack("another body under the signature", good.headers, self.good().body, 401)
        written_anew = urlencode({"payload": json.dumps(self._click(), indent=1)}).encode()
        yield Attack("encoded anew", good.headers, written_anew, 401)
        yield Attack("a byte more", good.headers, good.body + b"&", 401)
        yield Attack("by GET", good.headers, good.body, 405, method="GET")
        yield Attack("to a channel that isn't set", good.headers, good.body, 404, path="/chats/slack/other")
        yield Attack("to another chat's address", good.headers, good.body, 404, path="/chats/console/desk")
        yield Attack("to a chat nobody knows", good.headers, good.body, 404, path="/chats/nochat/desk")

    def _out_of_time(self) -> Iterator[Attack]:
        now, good = self.gateway.clock(), self.good()
        for age in (301, 600, 3_600, 86_400, 2 * 86_400, -301, -3_600, -86_400):
            yield self._signed(f"signed {age} s ago", self._click(), 401, now - age)
        for stamp in (
            "",
            "abc",
            "1e9",
            "-5",
            "0",
            " ",
            "1764000000.0",
            "9" * 400,
            "+1764000000",
            "0x5f",
            "nan",
            "１７６４",
        ):
            yield Attack(f"stamp {stamp[:12]!r}", {**good.headers, STAMP: stamp}, good.body, 401)
        yield Attack("another time under the signature", {**good.headers, STAMP: str(int(now) + 1)}, good.body, 401)

    def _malformed(self) -> Iterator[Attack]:
        good = self.good()
        for name, body in {
            "empty": b"", "cut": good.body[:-9], "no text": b"\xff\xfe", "null": b"payload=null", "a list": b"payload=[]", "no field": b"x=1",
            "two payloads": good.body + b"&" + good.body, "nested": b"payload=" + b"[" * 100_000, "nested objects": b'payload={"a":' * 10_000,
            "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 50, "XML": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "fields": b"&".join(b"a=1" for _ in range(5_000)),
            "a key twice": b'payload={"type":"block_actions","type":"event_callback","team":{"id":"T0DESK"}}',
        }.items():  # fmt: skip
            yield Attack(f"body {name}", good.headers, body, 401)
            yield self._raw(f"body {name}, signed", body, 400)
        for name, body in {
            "null": b"null",
            "cut": b'{"type":',
            "nested": b'{"a":' * 20_000,
            "NaN team": b'{"team_id": NaN}',
        }.items():
            yield self._raw(f"JSON {name}, signed", body, 403 if name == "NaN team" else 400, JSON)
        for kind in (
            "text/plain",
            "application/xml",
            "multipart/form-data; boundary=x",
            "",
            "application/octet-stream",
        ):
            yield Attack(f"as {kind or 'nothing'}", {**good.headers, KIND: kind}, good.body, 415)
        yield Attack("oversized", good.headers, b"x" * 300_000, 413)
        yield self._raw("oversized and signed", b"payload=" + b"x" * 300_000, 413)
        for name, change in {
            "no user": {"user": None}, "a list for the user": {"user": []}, "actions a word": {"actions": "ack"},
            "a number for the channel": {"channel": 5}, "the container a list": {"container": []},
        }.items():  # fmt: skip
            yield self._signed(name, self._click(**change), 400)

    def _somebody_else_s(self) -> Iterator[Attack]:
        for name, team in {
            "another workspace": {"id": "T0OTHER"},
            "no workspace": None,
            "a list for it": [],
            "its id a number": {"id": 5},
        }.items():
            yield self._signed(name, self._click(team=team), 403)
        yield self._signed(
            "another workspace's event", self.gateway.event(USERS["li"], "ack", to=self.ts, team="T0OTHER"), 403
        )
        yield self._signed("both workspaces at once", self._click(team_id="T0OTHER"), 403)
        for name, change in {
            "another channel": {"channel": {"id": "C0OTHER"}}, "no channel": {"channel": {}}, "no message": {"container": {}},
            "a message that isn't ours": {"container": {"message_ts": "1.000001"}}, "no buttons": {"actions": []},
            "a button that isn't ours": {"actions": [{"action_id": "refund", "action_ts": "1.1"}]},
            "a button's value alone": {"actions": [{"value": "ack", "action_ts": "1.1"}]}, "a view": {"type": "view_submission"}, "nothing known": {"type": "x"},
            "a stranger": {"user": {"id": "U0NEW", "team_id": TEAM}}, "a namesake elsewhere": {"user": {"id": USERS["li"], "team_id": "T0OTHER"}},
            "who has left": {"user": {"id": USERS["gone"], "team_id": TEAM}}, "who may only look": {"user": {"id": USERS["eve"], "team_id": TEAM}},
        }.items():  # fmt: skip
            yield self._signed(name, self._click(**change), 200)
        for name, event in {
            "a bot's word": {"bot_id": "B1"}, "a bot's message": {"subtype": "bot_message"}, "an edit": {"subtype": "message_changed"},
            "a word elsewhere": {"channel": "C0OTHER"}, "ACKED by boss": {"text": "* ACKED by boss", "thread_ts": ""},
        }.items():  # fmt: skip
            told = self.gateway.event(USERS["li"], "resolve all", to=self.ts)
            told["event"] |= event
            yield self._signed(name, told, 200)
        yield self._raw(
            "a challenge", json.dumps({"type": "url_verification", "challenge": CHANNEL}).encode(), 200, JSON
        )
        yield Attack(
            "a challenge that isn't signed", {KIND: JSON}, b'{"type": "url_verification", "challenge": "x"}', 401
        )
