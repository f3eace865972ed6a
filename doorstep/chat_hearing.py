"""What chats push to us, over a long connection or by a call: committed first, answered then.

One delivery is one transaction with its key in the inbox: a delivery that comes again has no second effect and gets the same
answer. Where it can't be committed nothing is answered as taken: the chat delivers it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from chat.acts import Heard, Question
from chat.base import Account
from doorstep import courier_chat
from doorstep.case_intake import open_from_chat
from doorstep.house import House
from doorstep.invitations import new_invitation
from monitor import heard
from monitor.heard import Ear
from store import mail
from store.base import Db

NOT_REFUSED = frozenset({"", *(question.value for question in Question)})
"""What the inbox keeps of a delivery that was taken: nothing for an act, its name for a question."""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of something heard: whether it had an effect now, whether it was refused (now or when it came before)."""

    taken: bool
    refused: bool


def ear_of(house: House, account: Account) -> Ear:
    """What listening to a channel needs of the house."""
    return Ear(
        account.channel,
        account.name,
        lambda: new_invitation(house),
        house.wall,
        house.policy.desk,
        partial(open_from_chat, house),
        partial(courier_chat.heard_from, house),
    )


def commit(db: Db, one: Heard, account: Account, ear: Ear, *, now: datetime) -> Became:
    """Take one thing that was heard, and say what became of it."""
    taken = heard.take(db, one, ear, now=now)
    outcome = mail.received_before(db, account.adapter, account.name, one.key)
    return Became(taken, refused=(outcome or "") not in NOT_REFUSED)


def publish(house: House) -> None:
    """Something was done: to a case, or by a courier to their route."""
    for topic in ("cases", "routes"):
        house.bus.publish(topic)


async def commit_all(house: House, account: Account, ear: Ear, pushed: Sequence[Heard]) -> list[Became]:
    """Commit what one frame or call brought, one by one. Raises where the database can't take it."""
    became = [await house.store.awrite(commit, one, account, ear, now=house.now()) for one in pushed]
    if any(one.taken for one in became):
        publish(house)
    return became
