"""Attacks on Feishu's call: how a good request is spoiled, and what must come back."""

import base64
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sim.chats.feishu import FeishuGateway, encrypt

STAMP, NONCE, SIGNATURE = "x-lark-request-timestamp", "x-lark-request-nonce", "x-lark-signature"


@dataclass(frozen=True)
class Attack:
    name: str
    headers: dict[str, str]
    body: bytes
    status: int


def attacks(gateway: FeishuGateway, message: str, now_s: int) -> Iterator[Attack]:
    """Every one of them stands for a click of Li's that must not count."""
    click = gateway.click("ou_li", message, "ack")
    headers, body = gateway.call(click, at_s=now_s)

    def resigned(event: dict[str, Any], **more: Any) -> tuple[dict[str, str], bytes]:
        return gateway.call(event, **{"at_s": now_s, **more})

    for name, value in {
        "empty": "", "zeros": "0" * 64, "cut": headers[SIGNATURE][:-1], "longer": headers[SIGNATURE] + "0", "upper": headers[SIGNATURE].upper(),
        "not hex": "z" * 64, "latin": "\u00e9" * 64, "another key's": "a" * 64,
    }.items():  # fmt: skip
        yield Attack(
            f"signature {name}", {**headers, SIGNATURE: value.encode("latin-1", "replace").decode("latin-1")}, body, 401
        )
    for missing in (STAMP, NONCE, SIGNATURE):
        yield Attack(f"without {missing}", {k: v for k, v in headers.items() if k != missing}, body, 401)
    yield Attack("without headers", {}, body, 401)
    for age in (301, 3_600, 86_400, 2 * 86_400, -301, -86_400):
        yield Attack(f"signed {age} s ago", *resigned(click, at_s=now_s - age), 401)
    for stamp in ("", "abc", "1e9", "-5", "0", " ", "1764000000.0", "9" * 400, "１７６４"):
        if stamp.isascii():
            yield Attack(f"stamp {stamp[:12]!r}", *_stamped(gateway, body, stamp), 401)
    yield Attack("another time under the signature", {**headers, STAMP: str(now_s + 1)}, body, 401)
    yield Attack("another nonce under the signature", {**headers, NONCE: "n2"}, body, 401)
    yield Attack("the same JSON written anew", headers, json.dumps(json.loads(body), indent=1).encode(), 401)
    yield Attack(
        "another body under the signature", headers, resigned(gateway.click("ou_li", message, "snooze"))[1], 401
    )
    yield Attack("not encrypted", headers, json.dumps(click).encode(), 401)

    def with_header(**changes: str) -> dict[str, Any]:
        event = copy.deepcopy(click)
        event["header"] |= changes
        return event

    yield Attack("another app", *resigned(with_header(app_id="cli_other")), 403)
    yield Attack("no app", *resigned(with_header(app_id="")), 403)
    yield Attack("another verification token", *resigned(with_header(token="other")), 401)
    yield Attack("no verification token", *resigned(with_header(token="")), 401)
    stranger = FeishuGateway(
        "cli_sim1", "s", chat="oc_desk", encrypt_key="another key", verification_token="sim_verification"
    )
    yield Attack("another encrypt key", *stranger.call(click, at_s=now_s), 401)
    challenge = {"type": "url_verification", "challenge": "c", "token": "other"}
    yield Attack(
        "a challenge with another token",
        {},
        json.dumps({"encrypt": encrypt(json.dumps(challenge).encode(), "sim_encrypt_key")}).encode(),
        401,
    )
    yield Attack("a challenge in the clear", {}, json.dumps({**challenge, "token": "sim_verification"}).encode(), 401)
    for name, spoiled in {
        "empty": b"", "cut": body[:-3], "no text": b"\xff\xfe", "null": b"null", "a list": b"[]", "nested": b"[" * 100_000,
        "nested objects": b'{"a":' * 20_000, "no base64": b'{"encrypt": "***"}', "a number": b'{"encrypt": 5}',
        "no block": json.dumps({"encrypt": base64.b64encode(b"x" * 17).decode()}).encode(),
        "no padding": json.dumps({"encrypt": base64.b64encode(b"x" * 48).decode()}).encode(), "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 50,
        "XML": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    }.items():  # fmt: skip
        yield Attack(f"body {name}", headers, spoiled, 401)
        yield Attack(f"body {name}, signed", *_signed(gateway, spoiled, now_s), 400)
    yield Attack("oversized", headers, b"x" * 300_000, 413)
    yield Attack("oversized and signed", *_signed(gateway, b"x" * 300_000, now_s), 413)
    for name, event in {
        "no event": {"schema": "2.0", "header": click["header"]}, "an empty event": {**click, "event": {}},
        "no operator": {**click, "event": {**click["event"], "operator": None}},
        "a list for the action": {**click, "event": {**click["event"], "action": []}},
    }.items():  # fmt: skip
        yield Attack(name, *resigned(event), 400)
    yield Attack("no header", *resigned({"event": click["event"], "token": "sim_verification"}), 400)

    def with_event(**changes: Any) -> dict[str, Any]:
        event = copy.deepcopy(click)
        event["event"] |= changes
        return event

    nowhere = {"open_message_id": message, "open_chat_id": "oc_other"}
    yield Attack("another group", *resigned(with_event(context=nowhere)), 200)
    yield Attack(
        "somebody of another company", *resigned(with_event(operator={"open_id": "ou_li", "tenant_key": "evil"})), 200
    )
    yield Attack("a button that isn't ours", *resigned(with_event(action={"value": {"do": "refund"}})), 200)
    yield Attack("a value that is no object", *resigned(with_event(action={"value": "ack"})), 200)
    yield Attack("an event that we know nothing of", *resigned(with_header(event_type="contact.user.created_v3")), 200)
    bot = gateway.write("ou_bot", "ack", to=message)
    bot["event"]["sender"]["sender_type"] = "app"
    yield Attack("another bot's text", *resigned(bot), 200)


def _signed(gateway: FeishuGateway, body: bytes, now_s: int) -> tuple[dict[str, str], bytes]:
    from chat.feishu_wire import signature

    stamp = str(now_s)
    return {STAMP: stamp, NONCE: "n1", SIGNATURE: signature(stamp, "n1", gateway.encrypt_key, body)}, body


def _stamped(gateway: FeishuGateway, body: bytes, stamp: str) -> tuple[dict[str, str], bytes]:
    from chat.feishu_wire import signature

    return {STAMP: stamp, NONCE: "n1", SIGNATURE: signature(stamp, "n1", gateway.encrypt_key, body)}, body
