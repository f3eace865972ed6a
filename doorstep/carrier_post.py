"""Sending enquiries to carriers' branches by mail, from the shop's own mail account.

The tick that marks the cases as asked and the letter are one transaction. Where a mail can't be delivered its cases say so, and are due
to be asked again, another way.
"""

from datetime import datetime, timedelta

from config.customer_settings import Customers
from domain.errors import Permanent
from doorstep.customer_post import server_of
from doorstep.house import House
from doorstep.letter_post import LetterPost
from monitor import enquiries
from net import mail as net_mail
from net.mail import Mail
from store.base import Db
from store.mail import Letter


class CarrierPost(LetterPost):
    prefix = enquiries.CHANNEL
    give_up = timedelta(hours=12)  # by then the branch is better phoned

    def __init__(self, house: House, customers: Customers) -> None:
        super().__init__(house)
        self._mail = customers.mail

    async def send(self, letter: Letter) -> str:
        ours, said = self._mail, letter.payload
        if ours is None:
            raise Permanent("mail", "[customers.mail] is no longer set up")
        mail = Mail(letter.id, said["to"], ours.sender, said["subject"], said["text"], ours.reply_to, said["lang"])
        return await net_mail.send(server_of(self.house, ours), mail)

    def undelivered(self, db: Db, letter: Letter, *, error: str, now: datetime) -> None:
        enquiries.undelivered(db, letter, error=error, now=now)
