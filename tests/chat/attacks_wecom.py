"""Attacks on the encrypted calls of a WeCom app: how a good one is spoiled, and what must come back."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from attacks import Attack
from telegram_support import serving
from wecom_app_support import PATH, USERS, a_desk, a_gateway

from doorstep.house import House
from sim.chats.wecom_app import document

STAMP, SIGNATURE = "timestamp", "msg_signature"


class WecomAppScene:
    path = PATH

    def __init__(self, folder: Path, port: int) -> None:
        self.gateway, self._runner = a_gateway(), asyncio.Runner()
        self._serving = serving(self.gateway, port)  # type: ignore[arg-type]
        self.desk = a_desk(folder, self.gateway, self._serving.__enter__())
        self.case = self.desk.open()
        self._runner.run(self.desk.send())
        [card] = self.desk.messages(self.case)
        self.task = card.id

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
        return self._brought("good", self._press(), 200)

    def _press(self, **changes: str) -> bytes:
        return self.gateway.press(USERS["li"], self.task, "ack", **changes)

    def _brought(self, name: str, told: bytes, status: int, **more: object) -> Attack:
        """A call that proves itself, whatever it brings."""
        query, body = self.gateway.call(told, **{"at_s": self._now_s, **more})  # type: ignore[arg-type]
        return _call(name, query, body, status)

    def _sealed(self, name: str, sealed: str, status: int) -> Attack:
        """One whose signature is right, over an encrypted text that isn't."""
        return _call(name, self.gateway.query(sealed, at_s=self._now_s), self._around(sealed), status)

    def _around(self, sealed: str) -> bytes:
        return document({"ToUserName": self.gateway.corp, "AgentID": str(self.gateway.agent), "Encrypt": sealed})

    def attacks(self) -> Iterator[Attack]:
        yield from self._forged()
        yield from self._out_of_time()
        yield from self._malformed()
        yield from self._badly_encrypted()
        yield from self._somebody_else_s()
        yield from self._means_nothing()

    def _forged(self) -> Iterator[Attack]:
        query, body = self.gateway.call(self._press(), at_s=self._now_s)
        asked = dict(parse_qsl(query))
        good = asked[SIGNATURE]
        for name, value in {
            "empty": "", "zeros": "0" * 40, "cut": good[:-1], "longer": good + "0", "upper": good.upper(), "not hex": "z" * 40,
            "not ASCII": "é" * 40, "NUL": "\x00" + good[1:], "of 4,000": "a" * 4_000,
        }.items():  # fmt: skip
            yield _call(f"signature {name}", {**asked, SIGNATURE: value}, body, 401)
        for missing in asked:
            yield _call(f"without {missing}", {k: v for k, v in asked.items() if k != missing}, body, 401)
        yield _call("without a query", {}, body, 401)
        yield _call("another nonce under the signature", {**asked, "nonce": "n2"}, body, 401)
        yield _call("another time under the signature", {**asked, STAMP: str(self._now_s + 1)}, body, 401)
        other = self.gateway.call(self.gateway.press(USERS["li"], self.task, "snooze"), at_s=self._now_s)[1]
        yield _call("another body under the signature", asked, other, 401)
        yield _call("in the clear", asked, self._press(), 401)
        yield _call("in the clear where the encrypted belongs", asked, self._around(self._press().decode()), 401)
        stranger = a_gateway()
        stranger.callback_token = "anotherToken"
        stranger.messages = self.gateway.messages
        yield _call("another token", *stranger.call(self._press(), at_s=self._now_s), 401)

    def _out_of_time(self) -> Iterator[Attack]:
        for age in (301, 3_600, 86_400, 3 * 365 * 86_400, -301, -86_400):
            yield self._brought(f"signed {age} s ago", self._press(), 401, at_s=self._now_s - age)
        for stamp in ("", "abc", "1e9", "-5", "0", " ", "1764000000.0", "9" * 400, "１７６４"):
            yield self._brought(f"stamp {stamp[:12]!r}", self._press(), 401, at_s=stamp)
        yield _call("an old check of the address", self.gateway.check("c", at_s=self._now_s - 301), b"", 401, "GET")

    def _malformed(self) -> Iterator[Attack]:
        query, body = self.gateway.call(self._press(), at_s=self._now_s)
        entity = b'<!DOCTYPE a [<!ENTITY b "c">]>'
        laughs = (
            b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
        )
        for name, spoiled, status in (
            ("empty", b"", 400), ("cut", body[:-3], 400), ("no text", b"\xff\xfe\x00", 400), ("JSON", b'{"Encrypt": "x"}', 400),
            ("gzip", b"\x1f\x8b\x08\x00" + b"\x00" * 50, 400), ("with a document type", entity + body, 400),
            ("entities in entities", laughs, 400), ("an external entity", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><xml/>', 400),
            ("nested", b"<xml>" * 20_000, 400), ("nested and closed", b"<xml>" * 9_000 + b"</xml>" * 9_000, 401),
            ("Encrypt twice", body.replace(b"</xml>", b"<Encrypt>x</Encrypt></xml>"), 400),
            ("ToUserName twice", body.replace(b"</xml>", b"<ToUserName>x</ToUserName></xml>"), 400),
            ("text between", body.replace(b"</xml>", b"x</xml>"), 400), ("two documents", body + body, 400),
            ("nothing encrypted", document({"ToUserName": self.gateway.corp}), 401),
            ("an unknown entity", b"<xml><Encrypt>&x;</Encrypt></xml>", 400), ("NUL", body.replace(b"<xml>", b"<xml>\x00"), 400),
        ):  # fmt: skip
            yield _call(f"body {name}", query, spoiled, status)
        yield _call("oversized", query, b"x" * 300_000, 413)
        yield _call("oversized query", {"nonce": "n" * 5_000}, body, 413)
        yield Attack("another method", {}, body, 405, method="PUT", path=f"{PATH}?{query}")
        yield _call("read, not told", query, b"", 401, "GET")

    def _badly_encrypted(self) -> Iterator[Attack]:
        gateway = self.gateway
        for name, sealed in {
            "no base64": "***", "no block": base64.b64encode(b"x" * 17).decode(), "one block": base64.b64encode(b"x" * 16).decode(),
            "noise": base64.b64encode(b"x" * 96).decode(), "padding 0": gateway.encrypted(b"x" * 32 + b"\x00" * 32),
            "padding 33": gateway.encrypted(b"x" * 31 + b"\x21" * 33), "padding uneven": gateway.encrypted(b"x" * 62 + b"\x03\x02"),
            "longer than it is": gateway.encrypted(b"r" * 16 + b"\xff\xff\xff\xff" + b"x" * 11 + b"\x01"),
            "no length": gateway.encrypted(b"\x10" * 16),
            "a receiver that is no text": gateway.encrypted(b"r" * 16 + b"\x00" * 4 + b"\xff" * 11 + b"\x01"),
        }.items():  # fmt: skip
            yield self._sealed(f"encrypted: {name}", sealed, 400)
        for name, told in {
            "nothing": b"", "JSON": b"{}", "no XML": b"<xml>", "a document type": b"<!DOCTYPE a><xml/>", "no text": b"\xff" * 9,
        }.items():  # fmt: skip
            yield self._brought(f"it holds {name}", told, 400)

    def _somebody_else_s(self) -> Iterator[Attack]:
        sealed = self.gateway.sealed(self._press(), "wwother")
        yield self._sealed("another company's, with our keys", sealed, 403)
        yield self._sealed("no company's", self.gateway.sealed(self._press(), "\x00"), 403)
        yield self._brought("another company inside", self._press(ToUserName="wwother"), 403)
        yield self._brought("another app inside", self._press(AgentID="1000003"), 403)
        yield self._brought("no app inside", self._press(AgentID=""), 403)
        yield self._brought("another company outside", self._press(), 403, outer={"ToUserName": "wwother"})
        yield self._brought("another app outside", self._press(), 403, outer={"AgentID": "1000003"})
        checked = self.gateway.sealed(b"c", "wwother")
        query = f"{self.gateway.query(checked, at_s=self._now_s)}&{urlencode({'echostr': checked})}"
        yield _call("another company's check of the address", query, b"", 403, "GET")

    def _means_nothing(self) -> Iterator[Attack]:
        for name, changes in {
            "a button that isn't ours": {"EventKey": "refund"}, "another event": {"Event": "enter_agent"},
            "a menu's click under a button's name": {"Event": "click"}, "no task": {"TaskId": ""}, "nobody": {"FromUserName": ""},
            "a card of somebody else's": {"TaskId": "t-other"}, "an unknown person": {"FromUserName": "Eve2"},
            "somebody who left": {"FromUserName": USERS["gone"]},
            "a message": {"MsgType": "text", "Content": "ACKED by boss", "MsgId": "1"},
            "a message of nobody's": {"MsgType": "text", "Content": f"#{self.case} ack", "MsgId": "2", "FromUserName": ""},
            "a message to no case": {"MsgType": "text", "Content": "#99999999 ack", "MsgId": "3"},
            "a picture": {"MsgType": "image", "MsgId": "4"},
        }.items():  # fmt: skip
            yield self._brought(name, self._press(**changes), 200)


def _call(name: str, query: dict[str, str] | str, body: bytes, status: int, method: str = "POST") -> Attack:
    asked = query if isinstance(query, str) else urlencode(query)
    return Attack(name, {}, body, status, method, f"{PATH}?{asked}")
