"""The loop of a post that sends letters outside: due ones are sent under their one id, put off where the far side fails, given up in the end.

A loop beside the beat, so that a server that hangs holds up nobody. A failure moves the letter's stored deadline, hence survives a crash.
"""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar

import structlog

from domain.errors import AccessDenied, OutsideError, Permanent, RateLimited
from doorstep.house import House
from doorstep.lane import Lane
from doorstep.outbound import Outbound
from store import mail as outbox
from store.base import Db
from store.mail import Letter
from store.trouble import trouble_of

log = structlog.get_logger()

BATCH = 20
IDLE_S = 1.0
OWN_TRIES = 4
"""How often a letter that our own fault breaks is tried; then it is dead, for people to see and to send again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 3_600.0


class LetterPost(Outbound):
    """``run`` lives as long as the daemon. ``prefix``: the channels whose letters it sends; ``give_up``: how long one is tried."""

    prefix: ClassVar[str]
    give_up: ClassVar[timedelta]

    def __init__(self, house: House) -> None:
        super().__init__(house, Lane(house.now()))

    @property
    def name(self) -> str:
        return self.prefix

    @abstractmethod
    async def send(self, letter: Letter) -> str | None:
        """Send a letter; returns the id that the far side gave, None where it was put off instead. Raises OutsideError."""

    @abstractmethod
    def undelivered(self, db: Db, letter: Letter, *, error: str, now: datetime) -> None:
        """It is given up: whoever relied on it is told, in one transaction with that."""

    async def run(self) -> None:
        """Send what is due until cancelled; an error of ours is logged, and the loop goes on."""
        while True:
            await self.look_and_rest()

    async def look(self) -> float:
        try:
            return await super().look()
        except Exception:
            log.exception("post failed", post=self.prefix)
            return IDLE_S

    def due(self, db: Db, *, now: datetime, limit: int) -> list[Letter]:
        return outbox.due_with(db, self.prefix, now=now, limit=limit)

    async def send_due(self) -> float:
        """Send what is due; returns for how many seconds there is nothing to do."""
        letters = await self.house.store.aread(self.due, now=self.house.now(), limit=BATCH)
        for letter in letters:
            if not self.stopping.is_set():
                await self._deliver(letter)
        if letters:
            self.house.bus.publish("outbox")
            self.house.bus.publish("cases")
        return IDLE_S

    async def _deliver(self, letter: Letter) -> None:
        try:
            remote_id = await self.send(letter)
        except OutsideError as exc:
            await self._failed(letter, exc)
        except Exception as exc:
            log.exception("our own fault in sending", letter=letter.id)
            await self._failed(letter, exc)
        else:
            if remote_id is not None:
                await self.house.store.awrite(outbox.mark_sent, letter.id, now=self.house.now(), remote_id=remote_id)
                self.sent += 1

    async def _failed(self, letter: Letter, error: Exception) -> None:
        now, store = self.house.now(), self.house.store
        old = letter.created_at is not None and now - letter.created_at > self.give_up
        refused = isinstance(error, Permanent) and not isinstance(error, AccessDenied)
        broken = not isinstance(error, OutsideError) and letter.attempts + 1 >= OWN_TRIES
        if old or refused or broken:
            await self._give_up(letter, str(error), now)
        else:
            retry_at = now + timedelta(seconds=pause_s(letter.attempts + 1, error))
            await store.awrite(outbox.mark_failed, letter.id, error=str(error), retry_at=retry_at, now=now)
        log.warning("letter not sent", letter=letter.id, error=str(error), given_up=old or refused or broken)

    async def _give_up(self, letter: Letter, error: str, now: datetime) -> None:
        try:
            await self.house.store.awrite(self.undelivered, letter, error=error, now=now)
        except Exception as exc:
            if trouble_of(exc):
                raise
            log.exception("our own fault in giving up", letter=letter.id)
            await self.house.store.awrite(outbox.mark_failed, letter.id, error=error, retry_at=None, now=now)


def pause_s(attempts: int, error: Exception) -> float:
    """Twice as long each time; where the other side says when, then."""
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return float(min(error.retry_after_s, LONGEST_PAUSE_S))
    return float(min(FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 12), LONGEST_PAUSE_S))
