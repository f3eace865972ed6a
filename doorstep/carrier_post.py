"""Sending enquiries to carriers' branches by mail, from the shop's own mail account: each under one id, at least once.

The tick that marks the cases as asked and the letter are one transaction. Where a mail can't be delivered its cases say so, and are due
to be asked again.
"""

import asyncio
from datetime import timedelta

import structlog

from config.customer_settings import Customers
from domain.errors import AccessDenied, OutsideError, Permanent
from doorstep.customer_post import BATCH, IDLE_S, pause_s
from doorstep.house import House
from monitor import enquiries
from net import mail as net_mail
from net.mail import Mail, Server
from store import mail as outbox
from store.mail import Letter

log = structlog.get_logger()

GIVE_UP = timedelta(hours=12)
"""How long a mail is tried: by then the branch is better phoned."""


class CarrierPost:
    """``run`` lives as long as the daemon; ``send_due`` is one look."""

    def __init__(self, house: House, customers: Customers) -> None:
        self.house = house
        self._mail = customers.mail

    async def run(self) -> None:
        """Send what is due until cancelled; an error of ours is logged, and the loop goes on."""
        while True:
            try:
                await self.send_due()
            except Exception:
                log.exception("carrier post failed")
            await asyncio.sleep(IDLE_S)

    async def send_due(self) -> int:
        """Send what is due; returns how many letters were looked at."""
        letters = await self.house.store.aread(outbox.due_with, enquiries.CHANNEL, now=self.house.now(), limit=BATCH)
        for letter in letters:
            await self._deliver(letter)
        if letters:
            self.house.bus.publish("outbox")
            self.house.bus.publish("cases")
        return len(letters)

    async def _deliver(self, letter: Letter) -> None:
        try:
            remote_id = await self._send(letter)
        except OutsideError as exc:
            await self._failed(letter, exc)
        else:
            await self.house.store.awrite(outbox.mark_sent, letter.id, now=self.house.now(), remote_id=remote_id)

    async def _send(self, letter: Letter) -> str:
        ours = self._mail
        if ours is None:
            raise Permanent("mail", "[customers.mail] is no longer set up")
        ca_file = self.house.settings.path(ours.ca_file) if ours.ca_file else None
        server = Server(ours.host, ours.port, ours.security, ours.user, ours.password, ca_file)
        said = letter.payload
        return await net_mail.send(
            server, Mail(letter.id, said["to"], ours.sender, said["subject"], said["text"], ours.reply_to, said["lang"])
        )

    async def _failed(self, letter: Letter, error: OutsideError) -> None:
        """Again later, or never: then the cases are due to be asked again, another way."""
        now, store = self.house.now(), self.house.store
        old = letter.created_at is not None and now - letter.created_at > GIVE_UP
        refused = isinstance(error, Permanent) and not isinstance(error, AccessDenied)
        if old or refused:
            await store.awrite(enquiries.undelivered, letter, error=str(error), now=now)
        else:
            retry_at = now + timedelta(seconds=pause_s(letter.attempts + 1, error))
            await store.awrite(outbox.mark_failed, letter.id, error=str(error), retry_at=retry_at, now=now)
        log.warning("enquiry not sent", letter=letter.id, error=str(error), given_up=old or refused)
