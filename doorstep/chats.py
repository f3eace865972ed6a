"""Chats outside the house: for each channel a loop that sends its letters inside the platform's limits, and one that listens.

A letter is sent under one id that never changes, and marked when the chat gave the message's id; a crash in between sends it
again under the same id. What was heard is committed one by one, then the cursor moves: a crash in between hears it again, and the
inbox knows it. Loops live as long as the daemon; an error puts a channel off, never the daemon.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from chat.acts import Heard
from chat.base import Account
from chat.pace import Pace
from chat.registry import CHATS
from chat.sender import Line, Said
from config.settings import Settings
from domain.errors import AccessDenied, OutsideError, Permanent, RateLimited, UnreadableReply
from doorstep.chat_hearing import ear_of, publish
from doorstep.chat_plan import Plan, last_resort, plan_for
from doorstep.chat_sockets import Listening
from doorstep.clock import wall
from doorstep.house import House
from doorstep.invitations import keyed, url_of
from doorstep.lane import Lane
from doorstep.outbound import Outbound
from doorstep.retrying import IDLE_S, Health, for_ever, pause_s
from monitor import alerts, heard
from net.http import Http, Transport
from store import aside, chat_codes, chat_people, chat_queue, mail
from store.base import Db
from store.chat_queue import ChannelRow, Told
from store.mail import Letter
from store.trouble import trouble_of

log = structlog.get_logger()

BATCH = 10
"""Letters looked at together: an urgent one that is written meanwhile waits for no more than these."""
GIVE_UP = timedelta(days=3)
"""How long a letter is tried while a chat is down or refuses the account; then a person must look."""
PERMANENT_TRIES = 5
LOOK_BACK = timedelta(minutes=2)
"""How much earlier than a letter was written we look for it: clocks differ."""
LONGEST_LIMIT_S = 600


def accounts_of(settings: Settings) -> list[Account]:
    """The accounts whose chat is outside the house."""
    return [
        Account(adapter, name, account)
        for adapter, named in settings.chats.items()
        if CHATS[adapter].outward is not None
        for name, account in named.items()
    ]


def rows_of(settings: Settings) -> list[ChannelRow]:
    """What the store keeps of the open channels: how their readers read."""
    doorstep = settings.doorstep
    return [
        ChannelRow(a.channel, a.adapter, a.settings.lang or doorstep.lang, doorstep.timezone, doorstep.console_url)
        for a in accounts_of(settings)
    ]


def lines_of(
    settings: Settings, *, transport: Transport | None = None, wall: Callable[[], datetime] = wall
) -> list[Line]:
    """An open line for every channel that is set."""
    return [
        Line(CHATS[account.adapter], account, Http(account.channel, transport=transport), wall)
        for account in accounts_of(settings)
    ]


class Channel(Outbound):
    """One channel: its line, its pace, how it is doing. ``Channel.run`` lives as long as the daemon."""

    def __init__(self, house: House, line: Line) -> None:
        super().__init__(house, Lane(house.now(), Pace(line.limits.windows)))
        self.line = line
        self.hearing = Health()
        self.acts = 0
        self._ear = ear_of(house, line.account)
        by_socket = line.chat.socket is not None and line.chat.by_socket(line.account)
        self.listening = Listening(house, line, self._ear, self.hearing) if by_socket else None
        self.shared = self.listening is None or not self.listening.carries

    @property
    def name(self) -> str:
        return self.line.channel

    async def run(self) -> None:
        """Send and listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(for_ever(self.look_and_rest, self.sending, name=self.name, wall=self.house.wall))
            if self.line.chat.polled is not None:
                tasks.create_task(for_ever(self._listen_on, self.hearing, name=self.name, wall=self.house.wall))
            if self.listening is not None:
                tasks.create_task(for_ever(self.listening.once, self.hearing, name=self.name, wall=self.house.wall))

    # --- sending ---------------------------------------------------------------------------------------------------

    def due(self, db: Db, *, now: datetime, limit: int) -> list[Letter]:
        return chat_queue.due(db, self.name, now=now, limit=limit)

    async def send_due(self) -> float:
        """Send what is due and allowed; returns for how many seconds there is nothing to do."""
        for letter in await self.house.store.aread(self.due, now=self.house.now(), limit=BATCH):
            wait = self.lane.wait_s(self.house.wall())
            if wait > 0 or self.stopping.is_set():
                return wait
            await self._deliver(letter)
        more = await self.house.store.aread(self.due, now=self.house.now(), limit=1)
        return self.lane.wait_s(self.house.wall()) if more else IDLE_S

    async def _deliver(self, letter: Letter) -> None:
        """Send one letter, and write down what came of it."""
        try:
            await self._deliver_by_plan(letter)
        except OutsideError as exc:
            await self._failed(letter, exc)
        except Exception as exc:
            if trouble_of(exc):
                raise
            log.exception("our own fault in sending", channel=self.name, letter=letter.id)
            await self._broken(letter, exc)

    async def _deliver_by_plan(self, letter: Letter) -> None:
        store = self.house.store
        plan = await store.aread(self._plan, letter, self.house.now())
        if plan.needless:
            await store.awrite(chat_queue.pass_over, letter, now=self.house.now(), why=plan.needless)
            return
        if plan.wait:
            until = self.house.now() + plan.wait
            await store.awrite(chat_queue.put_off, letter.id, until=until, error=plan.waits_for)
            return
        self.lane.pace.made(self.house.wall())
        try:
            said = await self._send(letter, plan)
        except UnreadableReply:
            if plan.code is not None:  # not taken: the news becomes a new message
                await store.awrite(chat_codes.spend, self.name, plan.code.value)
            raise
        self.lane.well(self.house.wall())
        await store.awrite(heard.sent, letter, said, self._ear, now=self.house.now())
        self.sent += 1
        self.house.bus.publish("outbox")

    async def _broken(self, letter: Letter, error: Exception) -> None:
        """Our own fault breaks this letter: it alone is put off, and given up after some tries."""
        now, spent = self.house.now(), letter.attempts + 1 >= PERMANENT_TRIES
        retry_at = None if spent else now + timedelta(seconds=pause_s(letter.attempts + 1))
        told = f"{type(error).__name__}: {error}"
        await self.house.store.awrite(mail.mark_failed, letter.id, error=told, retry_at=retry_at, now=now)
        self.house.bus.publish("outbox")

    async def _send(self, letter: Letter, plan: Plan) -> Said:
        """The message that now stands for the letter."""
        key = keyed(self.house, f"letter/{letter.id}")[:40]
        payload = plan.content if plan.content is not None else letter.payload
        match letter.kind:
            case "alert_edit" if plan.code:
                await self.line.edit(payload, plan.code.remote_id, plan.code.value)
                await self.house.store.awrite(chat_codes.spend, self.name, plan.code.value)
                return Said(plan.code.remote_id)
            case "alert_edit" if plan.told and self._can_edit(plan.told):
                await self.line.edit(payload, plan.told.remote_id, key)
                return Said(plan.told.remote_id)
            case "reply":
                thread = letter.payload["to"]
                said = await self._said_already(letter, key, thread=thread)
                return said or await self.line.reply(letter.payload["content"], thread, key)
            case "reminder" if plan.told:
                thread = plan.told.remote_id
                said = await self._said_already(letter, key, thread=thread)
                return said or await self.line.reply(payload, thread, key)
            case "private":
                return await self._send_alone(letter, plan.address, key)
            case _:
                return await self._said_already(letter, key) or await self.line.say(payload, key)

    async def _said_already(self, letter: Letter, key: str, *, to: str = "", thread: str = "") -> Said | None:
        """The message, where it got there though nobody heard of it: an answer got lost, or we were killed. Only asked
        where that may be: the letter was tried before, or written before it was us who sent.
        """
        if letter.created_at is None or (letter.attempts == 0 and letter.created_at > self.lane.unsure_before):
            return None
        found = await self.line.find(key, letter.created_at - LOOK_BACK, to=to, thread=thread)
        return Said(found) if found else None

    def _plan(self, db: Db, letter: Letter, now: datetime) -> Plan:
        """What the letter needs, as this chat can say it."""
        if self.line.chat.last_resort:
            return last_resort(db, letter, timedelta(minutes=self.line.account.settings.after_minutes))
        codes = self.line.outward.codes
        return plan_for(db, letter, codes_since=now - codes.good_for if codes is not None else None)

    def _can_edit(self, told: Told) -> bool:
        """Where the platform lets nobody edit a message that old, or without a code, its news is a new message."""
        window = self.line.limits.edit_for
        if self.line.outward.codes is not None:
            return False
        return window is None or self.house.now() - told.sent_at < window

    async def _send_alone(self, letter: Letter, address: str, key: str) -> Said:
        who, store = letter.payload["who"], self.house.store
        if not address:
            address = await self.line.open(who)
            await store.awrite(chat_people.keep_private_address, self.name, who, address)
        content = letter.payload.get("content")
        if content is None:
            row = next(c for c in await store.aread(chat_queue.channels) if c.name == self.name)
            told = heard.invitation(url_of(self.house, letter.payload["invitation"]))
            content = self.line.chat.render(told, alerts.reader_of(row))
        try:
            return await self._said_already(letter, key, to=address) or await self.line.say(content, key, address)
        except AccessDenied:
            await store.awrite(chat_people.keep_private_address, self.name, who, "")  # they left it: another next time
            raise

    async def _failed(self, letter: Letter, error: OutsideError) -> None:
        """Put the channel off where the fault is the chat's, the letter alone where it is the letter's; give up in the end."""
        now, store = self.house.now(), self.house.store
        self.sending.failed(error, self.house.wall())
        if isinstance(error, RateLimited):
            wait = min(error.retry_after_s if error.retry_after_s is not None else 5, LONGEST_LIMIT_S)
            self.lane.rest(self.house.wall(), wait)
            return
        own_fault = isinstance(error, Permanent) and not isinstance(error, AccessDenied)
        if not own_fault:
            self.lane.stumbled(self.house.wall())
        old = letter.created_at is not None and now - letter.created_at > GIVE_UP
        spent = own_fault and letter.attempts + 1 >= PERMANENT_TRIES
        retry_at = None if old or spent else now + timedelta(seconds=pause_s(letter.attempts + 1))
        await store.awrite(mail.mark_failed, letter.id, error=str(error), retry_at=retry_at, now=now)
        log.warning("letter not sent", channel=self.name, letter=letter.id, error=str(error), given_up=retry_at is None)
        self.house.bus.publish("outbox")

    # --- listening -------------------------------------------------------------------------------------------------

    async def _listen_on(self) -> None:
        """Enter, then listen until something fails."""
        await self.line.enter()
        while True:
            await self.listen()

    async def listen(self) -> int:
        """One look: what was heard is committed one by one, then the cursor moves; returns how many had an effect."""
        store = self.house.store
        cursor = await store.aread(chat_queue.cursor, self.name)
        batch = await self.line.listen(cursor)
        taken = 0
        for one in batch.heard:
            taken += await self._take(one)
        if batch.cursor and batch.cursor != cursor:
            await store.awrite(chat_queue.move_cursor, self.name, batch.cursor)
        self.hearing.well(self.house.wall())
        self.acts += taken
        if taken:
            publish(self.house)
        return taken

    async def _take(self, one: Heard) -> bool:
        try:
            taken = await self.house.store.awrite(heard.take, one, self._ear, now=self.house.now())
        except Exception as exc:
            if trouble_of(exc):
                raise  # nobody can be understood now: the cursor stays
            # our bug; the channel goes on with what came after it
            log.exception("not understood", channel=self.name, key=one.key)
            await self.house.store.awrite(aside.put, "heard", f"{self.name} {one.key}", exc, now=self.house.now())
            return False
        await self._answer(one)
        return taken

    async def _answer(self, one: Heard) -> None:
        """Tell the chat what became of it: an act that was refused left its reason in the inbox. It is committed: that
        nobody is told is a smaller trouble.
        """
        account = self.line.account
        refused = await self.house.store.aread(mail.received_before, account.adapter, account.name, one.key)
        try:
            await self.line.answer(one, taken=not refused)
        except OutsideError as exc:
            log.warning("click not answered", channel=self.name, error=str(exc))


def channels_of(house: House) -> list[Channel]:
    """Every channel that is set, ready to run."""
    return [Channel(house, line) for line in lines_of(house.settings, wall=house.wall)]
