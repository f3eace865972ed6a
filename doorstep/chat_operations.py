"""Chats by command: which are set and how they do, who is who there, and a test that follows one message all the way.

The test is three operations, so that none waits longer than a command may: send, look for the click (again and again), finish.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from chat.acts import ActKind, Heard
from chat.base import Account
from chat.messages import Answer
from chat.registry import CHATS
from chat.sender import Line
from domain.errors import OutsideError, RuleError
from domain.people import Right, may
from domain.words import Words
from doorstep.chats import accounts_of
from doorstep.house import House
from monitor import alerts, heard
from net.http import Http
from store import chat_people, chat_queue, facts, mail, people
from store.base import Db
from store.chat_queue import ChannelRow
from store.facts import FactRow


def chats_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Every channel that is set, what waits for it and what was given up."""
    del params
    counts = house.store.read(chat_queue.counts)
    return {"channels": [{"name": name, **states} for name, states in sorted(counts.items())], "known": sorted(CHATS)}


def chat_link(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Link somebody in a chat to a member of the desk, where they can't open the link themselves."""
    adapter = params["adapter"]
    listened_to = sorted(chat.id for chat in CHATS.values() if chat.outward and not chat.last_resort)
    if adapter not in listened_to:
        outside = ", ".join(listened_to)
        raise RuleError(f"unknown chat {adapter!r}: use one of {outside}")
    if house.store.read(people.find_person, params["person"]) is None:
        raise RuleError(f"there is no person {params['person']!r}: add one with `doorstep people add`")
    house.store.write(_link, adapter, params["identity"], params["person"], house)
    return {"adapter": adapter, "identity": params["identity"], "person": params["person"]}


def _link(db: Db, adapter: str, identity: str, person: str, house: House) -> None:
    chat_people.link(db, adapter, identity, person, now=house.now())
    data = {"adapter": adapter, "identity": identity}
    facts.append(db, [FactRow("chat", adapter, "linked", house.now(), person, "cli", data=data)])


# --- the test ------------------------------------------------------------------------------------------------------

Hops = list[dict[str, Any]]


class Failed(Exception):
    """A hop failed; ``says`` tells what is wrong and what to do."""

    def __init__(self, hop: str, says: Words) -> None:
        super().__init__(hop)
        self.hop, self.says = hop, says


def chat_test_send(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Come in, send the message, see that it is there. Answers ``hops``, and ``state`` for the next operation."""
    return _asked(house, params, _send)


def chat_test_look(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Look once for the click, some seconds long; the message is edited when it came from somebody who may act."""
    return _asked(house, params, _look)


Do = Callable[[House, Line, ChannelRow, dict[str, Any], Hops], Awaitable[None]]


def _asked(house: House, params: Mapping[str, Any], do: Do) -> dict[str, Any]:
    from doorstep.operations import say

    account = _account(house, params["channel"])
    row = next(c for c in house.store.read(chat_queue.channels) if c.name == account.channel)
    hops: Hops = []
    state = dict(params.get("state") or {})
    try:
        asyncio.run(_with_line(house, account, row, state, hops, do))
    except Failed as exc:
        hops.append({"hop": exc.hop, "ok": False})
        return {"hops": hops, "state": state, "ok": False, "says": say(house, exc.says)}
    done = state.get("done", False)
    works = "chat_test.told" if CHATS[account.adapter].last_resort else "chat_test.works"
    says = say(house, Words(works, {"channel": account.channel})) if done else ""
    return {"hops": hops, "state": state, "ok": True, "says": says}


def chat_test_unclicked(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """What to say where nobody reacted in time."""
    from doorstep.operations import say

    return {"says": say(house, Words("chat_test.clicked", {"waited_s": params["waited_s"]}))}


async def _with_line(
    house: House, account: Account, row: ChannelRow, state: dict[str, Any], hops: Hops, do: Do
) -> None:
    line = Line(CHATS[account.adapter], account, Http(account.channel), house.wall)
    line.carry = house.carries.get(account.channel, line.carry)
    try:
        await do(house, line, row, state, hops)
    finally:
        await line.close()


def _account(house: House, channel: str) -> Account:
    known = {account.channel: account for account in accounts_of(house.settings)}
    if channel not in known:
        raise RuleError(f"no channel {channel!r} is set; there is {', '.join(sorted(known)) or 'none: see docs/chat/'}")
    return known[channel]


async def _hop(name: str, hops: Hops, task: Awaitable[Any]) -> Any:
    """Do one hop and note it. Raises Failed where the world refused."""
    try:
        result = await task
    except OutsideError as exc:
        raise Failed(name, Words(f"chat_test.{name}", {"error": exc.what})) from exc
    hops.append({"hop": name, "ok": True})
    return result


async def _send(house: House, line: Line, row: ChannelRow, state: dict[str, Any], hops: Hops) -> None:
    for step in line.steps:
        await _hop(step.name, hops, line.step(step.name))
    if line.chat.polled is not None:
        state["cursor"] = (await line.listen("")).cursor
    payload = line.chat.render(Answer((Words("chat.test", {}),)), alerts.reader_of(row))
    state["message"] = await _hop("sent", hops, line.send(payload, f"test-{house.new_id()}"))
    if line.chat.last_resort:
        state["done"] = True  # nobody can press anything there
        return
    house.store.write(people.set_meta, heard.test_key(row.name), state["message"])
    await _hop("shown", hops, line.look(state["message"]))


async def _look(house: House, line: Line, row: ChannelRow, state: dict[str, Any], hops: Hops) -> None:
    done_to_it = await _heard_of(house, line, state)
    click = next((h for h in done_to_it if h.about == state["message"] and h.wish.kind is ActKind.ACKNOWLEDGE), None)
    if click is None:
        return
    hops.append({"hop": "clicked", "ok": True})
    person_id = house.store.read(chat_people.person_of, row.adapter, click.who)
    person = house.store.read(people.find_person, person_id) if person_id else None
    if person is None:
        raise Failed("verified", Words("chat_test.verified", {"who": click.who}))
    if not person.active or not may(person.role, Right.ACT):
        raise Failed("verified", Words("chat_test.not_allowed", {"who": click.who, "by": person.name}))
    hops.append({"hop": "verified", "ok": True})
    house.store.write(_record, click, person.id, line.account, house)
    hops.append({"hop": "committed", "ok": True})
    done = Answer((Words("chat.test_done", {"by": person.name, "at": house.wall().isoformat()}),))
    payload = line.chat.render(done, alerts.reader_of(row))
    await _hop("edited", hops, line.edit(payload, state["message"], click.code or f"test-{house.new_id()}"))
    state["done"] = True


async def _heard_of(house: House, line: Line, state: dict[str, Any]) -> list[Heard]:
    """What was done to the test message since the last look; what a chat pushes, the daemon hears and keeps for us."""
    if line.chat.polled is None:
        kept = house.store.write(chat_queue.take_unplaced, line.channel, state["message"])
        return [heard.from_json(one) for one in kept]
    batch = await line.listen(state["cursor"])
    state["cursor"] = batch.cursor
    return list(batch.heard)


def _record(db: Db, click: Heard, person_id: str, account: Account, house: House) -> None:
    if mail.receive(db, account.adapter, account.name, click.key, at=house.now(), answer="tested"):
        facts.append(db, [FactRow("chat", account.channel, "tested", house.now(), person_id, account.channel)])
