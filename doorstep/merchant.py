"""Instructions on their way to the merchant's system: signed webhooks, each at least once under its one id.

A letter is written with its instruction, sent after the commit and marked once it was taken; a crash in between sends it again
under the same id. When to try again is stored (``due_at``): five seconds after the first failure, in the end a day, as the Standard
Webhooks specification proposes. What nobody took by then is dead, for people to see and to send again (/outbox).
"""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.errors import OutsideError, RateLimited, Unreachable
from doorstep.house import House
from doorstep.lane import Lane
from doorstep.outbound import Outbound
from doorstep.retrying import IDLE_S, for_ever
from net.http import Http
from net.webhook import Gone, address_of, check, message_id, webhook
from store import chat_queue, mail
from store.base import Db
from store.ledger import CHANNEL
from store.mail import Letter
from store.tables import iso_of, to_json

log = structlog.get_logger()
BATCH = 20
MINUTE, HOUR = 60, 3_600
WAITS_S = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Between one try and the next (Standard Webhooks 1.0.0, "Deliverability and reliability"); after the last the letter is dead."""
JITTER = 0.1
"""By how much a wait is stretched at most, so that what failed together doesn't come again together."""
LONGEST_WAIT_S = 24 * HOUR


class Merchant(Outbound):
    """The line to the merchant's system. ``run`` lives as long as the daemon."""

    name = CHANNEL

    def __init__(self, house: House, http: Http | None = None) -> None:
        super().__init__(house, Lane(house.now()))
        self.settings = house.settings.merchant
        self._http = http or Http(CHANNEL, direct=True)

    async def run(self) -> None:
        """Send until cancelled."""
        await for_ever(self.look_and_rest, self.sending, name=CHANNEL, wall=self.house.wall)

    def due(self, db: Db, *, now: datetime, limit: int) -> list[Letter]:
        return chat_queue.due(db, CHANNEL, now=now, limit=limit)

    async def send_due(self) -> float:
        """Send what is due; returns for how many seconds there is nothing to do."""
        for letter in await self.house.store.aread(self.due, now=self.house.now(), limit=BATCH):
            if self.lane.wait_s(self.house.wall()) > 0 or self.stopping.is_set():
                break
            await self._deliver(letter)
        return max(self.lane.wait_s(self.house.wall()), IDLE_S)

    async def _deliver(self, letter: Letter) -> None:
        """Send one letter, and write down what came of it."""
        store = self.house.store
        now = await store.aread(mail.get, letter.id)
        if now is None or now.sent_at or now.dead_at:
            return  # settled or held since we looked
        message = message_id(letter.id)
        try:
            await self._send(letter, message)
        except OutsideError as exc:
            await self._failed(letter, exc)
        except Exception as exc:
            log.exception("our own fault in sending", letter=letter.id)
            await self._failed(letter, exc)
        else:
            self.lane.well(self.house.wall())
            await store.awrite(mail.mark_sent, letter.id, now=self.house.now(), remote_id=message)
            self.sent += 1
        for topic in ("outbox", "money", "cases"):
            self.house.bus.publish(topic)

    async def _send(self, letter: Letter, message: str) -> None:
        """Raises OutsideError where it wasn't taken."""
        at_s = int(self.house.wall().timestamp())
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                address = await address_of(self.settings.url, self.settings.networks, CHANNEL)
                request = webhook(
                    self.settings.url, self.settings.keys, message, at_s, body_of(letter), connect_to=address
                )
                check(await self._http.send(request), CHANNEL)
        except TimeoutError as exc:
            raise Unreachable(CHANNEL, f"no answer within {self.settings.timeout_s} s") from exc

    async def _failed(self, letter: Letter, error: Exception) -> None:
        """Put the line off for a moment, where the fault isn't ours, and the letter for longer; give up in the end."""
        now = self.house.now()
        if isinstance(error, OutsideError):
            self.sending.failed(error, self.house.wall())
            self.lane.stumbled(self.house.wall())
        wait_s = None if isinstance(error, Gone) else next_wait_s(letter.id, letter.attempts, error)
        retry_at = None if wait_s is None else now + timedelta(seconds=wait_s)
        await self.house.store.awrite(mail.mark_failed, letter.id, error=str(error), retry_at=retry_at, now=now)
        log.warning("instruction not sent", letter=letter.id, error=str(error), given_up=retry_at is None)

    async def close(self) -> None:
        await self._http.close()


def body_of(letter: Letter) -> bytes:
    """The very bytes of a letter, the same at each try: type, time and data, as the specification proposes."""
    assert letter.created_at is not None, "a letter of the outbox says when it was written"
    body: dict[str, Any] = {
        "type": f"instruction.{letter.reason}",
        "timestamp": iso_of(letter.created_at),
        "data": letter.payload,
    }
    return to_json(body).encode()


def next_wait_s(letter_id: str, attempts: int, error: Exception) -> float | None:
    """How long until the next try, after ``attempts`` tries before this one; None: there is none."""
    if attempts >= len(WAITS_S):
        return None
    spread = int.from_bytes(hashlib.sha256(f"{letter_id}/{attempts}".encode()).digest()[:4]) / 2**32
    wait_s = WAITS_S[attempts] * (1 + JITTER * spread)
    asked = error.retry_after_s if isinstance(error, RateLimited) else None
    return min(max(wait_s, asked or 0), LONGEST_WAIT_S * (1 + JITTER))


def merchant_of(house: House) -> Merchant | None:
    """The line, where an address is set."""
    return Merchant(house) if house.settings.merchant.url else None
