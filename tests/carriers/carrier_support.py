"""What the carrier tests share: recorded replies with their golden reports, accounts, replies, and mutations of them."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from carriers import registry
from carriers.base import Account, Carrier, Token, failing_softly, read_safely, standing_softly
from domain.tracking import Ask, Failed, Reading
from net.http import HttpReply

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RECORDED = Path(__file__).parent / "recorded"
FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"
SECRET = "s3cr3t-of-"


@dataclass(frozen=True)
class Recorded:
    """One recorded reply: what was asked, the reply, and the report that it must give."""

    carrier: str
    name: str
    body: bytes
    asked: dict[str, Any]
    golden: dict[str, Any]

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.asked["now"])

    def reply(self, body: bytes | None = None) -> HttpReply:
        headers = dict(line.lower().split(": ", 1) for line in self.asked["headers"])
        return HttpReply(self.asked["status"], headers, self.body if body is None else body)


def recorded() -> Iterator[Recorded]:
    for golden in sorted(RECORDED.glob("*/*.golden.json")):
        body = golden.with_name(golden.name.replace(".golden", ""))
        kept = json.loads(golden.read_text(encoding="utf-8"))
        yield Recorded(golden.parent.name, body.stem, body.read_bytes(), kept["asked"], kept["report"])


ALL = tuple(recorded())


def each_recorded() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.carrier}-{case.name}")


def each_carrier() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("carrier", registry.CARRIERS.values(), ids=lambda carrier: carrier.id)


def reading_of(case: Recorded, body: bytes | None = None) -> Reading:
    carrier = registry.get(case.carrier)
    ask, reply = Ask(case.asked["number"]), case.reply(body)
    if case.asked["push"]:
        assert carrier.push
        read = carrier.push.read
        return failing_softly(carrier.id, lambda: read(reply, [ask], case.now), [ask])[0]
    return read_safely(carrier, reply, [ask], case.now)[0]


def account_of(carrier: Carrier, **given: str) -> Account:
    """An account whose every required setting is a recognisable secret."""
    required = {f.name: SECRET + f.name for f in msgspec.structs.fields(carrier.settings) if f.required}
    token = Token(SECRET + "token", NOW + timedelta(hours=1)) if carrier.token else None
    return Account(carrier.id, "main", carrier.settings(**{**required, **given}), token)


def standing_of(carrier: Carrier, reply: HttpReply, *numbers: str) -> list[type[object]]:
    """What the reply to a subscription makes of each number: Stands, what is missing of it, or the error's type."""
    assert carrier.push
    subscription = carrier.push.subscription
    assert subscription
    asks = [Ask(number) for number in numbers]
    standings = standing_softly(carrier.id, lambda: subscription.read(reply, asks), asks)
    return [type(one.error) if isinstance(one, Failed) else type(one) for one in standings]


def ok(body: bytes | str | object, status: int = 200) -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return HttpReply(status, {}, raw)


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    7.5,
    10**30,
    "",
    " ",
    "9999-12-31",
    "0001-01-01T00:00:00",
    "💥",
    [],
    {},
    [None],
    [[]],
)


def mutations(body: bytes, rng: Random, times: int) -> Iterator[bytes]:
    """The body with something odd in it: bytes cut, turned or doubled; values swapped, dropped, retyped."""
    for _ in range(times):
        kind = rng.random()
        if kind < 0.1:
            yield body[: rng.randrange(len(body) + 1)]
        elif kind < 0.25:
            turned = bytearray(body)
            turned[rng.randrange(len(turned))] = rng.randrange(256)
            yield bytes(turned)
        else:
            yield _odd_value(body, rng)


def _odd_value(body: bytes, rng: Random) -> bytes:
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return body[::-1]
    holder: Any = {"root": copy.deepcopy(whole)}
    spots = list(_spots(holder))
    box, key = rng.choice(spots)
    if isinstance(box[key], str) and box[key].startswith("{") and rng.random() < 0.8:
        box[key] = _odd_value(box[key].encode(), rng).decode()
    elif isinstance(box, dict) and key != "root" and rng.random() < 0.2:
        del box[key]
    else:
        box[key] = rng.choice(ODD)
    return json.dumps(holder["root"], ensure_ascii=False).encode()


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _spots(value[key])


def shuffled(body: bytes, rng: Random) -> bytes:
    """The body with every list in another order, also inside JSON strings."""
    return json.dumps(_shuffled(json.loads(body), rng), ensure_ascii=False).encode()


def _shuffled(value: Any, rng: Random) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        return shuffled(value.encode(), rng).decode()
    if isinstance(value, dict):
        return {key: _shuffled(inner, rng) for key, inner in value.items()}
    if isinstance(value, list):
        return rng.sample([_shuffled(inner, rng) for inner in value], len(value))
    return value
