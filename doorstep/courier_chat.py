"""Couriers in chats: who they are (a one-time code, or set by the desk), and what they say there of their routes.

A code is shown once to whoever gives it to the courier, by phone or on paper, and works once within ten minutes for whoever
writes it to us. Its hash is kept; guessing is locked after a few tries by the same person.
"""

import hashlib
from datetime import datetime, timedelta

from chat.acts import Heard, RouteWord
from chat.messages import Answer
from chat.registry import CHATS
from domain.words import Words
from doorstep.house import House
from scheduler import courier_says, letters
from scheduler.courier_says import Saying
from store import chat_queue, courier_chats, facts
from store.base import Db
from store.chat_queue import ChannelRow
from store.courier_chats import CourierChat
from store.facts import FactRow

CODE_CHARS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""What can't be taken for another when it is read out."""
CODE_LENGTH = 8
CODE_FOR = timedelta(minutes=10)
MAX_TRIES = 5
"""Wrong codes of one person within CODE_FOR before theirs are no longer looked at."""
WRONG_CODE = "code_refused"


def new_code(house: House, courier: str, *, by: str | None, via: str) -> str:
    """A code for a courier of the settings; earlier ones end. It has a digit, so that no word is taken for one."""
    first = "23456789"[house.randbelow(8)]
    code = first + "".join(CODE_CHARS[house.randbelow(len(CODE_CHARS))] for _ in range(CODE_LENGTH - 1))
    house.store.write(_keep_code, house, code, courier, by, via)
    return code


def _keep_code(db: Db, house: House, code: str, courier: str, by: str | None, via: str) -> None:
    wall = house.wall()
    courier_chats.new_code(db, digest(code), courier, now=wall, expires_at=wall + CODE_FOR)
    facts.append(db, [FactRow("courier", courier, "code_made", house.now(), by, via)])


def digest(code: str) -> str:
    return hashlib.sha256(f"courier/{code}".encode()).hexdigest()


def set_by_hand(
    house: House, courier: str, channel: str, identity: str, lang: str, *, by: str | None, via: str
) -> Words | None:
    """Where a courier is written to, as the desk knows it; what is wrong with it, else None. Their open routes are sent there."""
    if courier not in {one.id for one in house.settings.couriers}:
        return Words("courier_chat.no_courier", {"courier": courier})
    wanted = CourierChat(courier, channel, identity.strip(), lang if lang in {"zh", "en"} else "", house.now())
    why: Words | None = house.store.write(_set, house, wanted, by, via)
    return why


def _set(db: Db, house: House, wanted: CourierChat, by: str | None, via: str) -> Words | None:
    if wanted.channel not in {one.name for one in chat_queue.channels(db) if not CHATS[one.adapter].last_resort}:
        return Words("courier_chat.no_channel", {"channel": wanted.channel})
    if not wanted.identity:
        return Words("courier_chat.no_identity", {})
    _link(db, house, wanted, by=by, via=via, about=house.new_id())
    return None


def _link(db: Db, house: House, chat: CourierChat, *, by: str | None, via: str, about: str) -> None:
    """From now on, and with what they have to drive already."""
    courier_chats.link(db, chat, by=by, via=via)
    for route in courier_chats.open_routes(db, chat.courier, after=house.now()):
        letters.tell_anew(db, route, house.route_link, now=house.now(), about=f"chat-{about}")


# --- what is heard -------------------------------------------------------------------------------------------------


def heard_from(house: House, db: Db, heard: Heard, channel: ChannelRow, now: datetime) -> tuple[Answer, str] | None:
    """What somebody who may be a courier said to us: their answer and its language; None where it is nothing to us.

    Staff write to us alone, too, and a bot is in more rooms than ours: whoever is no courier is only answered where they
    said something that only a courier says.
    """
    if heard.wish.kind is RouteWord.LINK:
        return _linking(house, db, heard, channel, now)
    chat = courier_chats.of_identity(db, channel.name, heard.who)
    if chat is None:
        stray = heard.wish.kind is RouteWord.ROUTE or _elsewhere(db, channel, heard.who)
        return None if stray else _answer(Words("route_said.no_courier", {}))
    if heard.wish.kind is RouteWord.LANG:
        courier_chats.set_lang(db, chat.courier, heard.wish.words, now=now, via=channel.name)
        return Answer((Words("route_said.lang", {}),)), heard.wish.words
    about = courier_chats.route_of_message(db, channel.name, heard.who, heard.about) if heard.about else None
    saying = Saying(chat.courier, heard.wish, heard.key, about, channel.name)
    said = courier_says.say(db, saying, policy=house.pickups.policy, now=now)
    return Answer(said.lines, said.choices), chat.lang


def _answer(words: Words) -> tuple[Answer, str]:
    return Answer((words,)), ""


def _elsewhere(db: Db, channel: ChannelRow, who: str) -> bool:
    """Whether another channel of the same chat knows them: two of our accounts may hear the same words."""
    others = (one for one in chat_queue.channels(db) if one.adapter == channel.adapter and one.name != channel.name)
    return any(courier_chats.of_identity(db, one.name, who) is not None for one in others)


def _linking(house: House, db: Db, heard: Heard, channel: ChannelRow, now: datetime) -> tuple[Answer, str] | None:
    code, wall = digest(heard.wish.words), house.wall()
    if courier_chats.was_used_by(db, code, heard.who):
        return None  # it comes again, or by another account of ours
    if _guesses(db, channel, heard.who, now):
        return None  # nobody learns anything by going on
    courier = courier_chats.use_code(db, code, heard.who, now=wall)
    if courier is None:
        data = {"identity": heard.who}
        facts.append(db, [FactRow("chat", channel.name, WRONG_CODE, now, None, channel.name, data=data)])
        return _answer(Words("route_said.link_unknown", {}))
    before = courier_chats.of_courier(db, courier)
    chat = CourierChat(courier, channel.name, heard.who, before.lang if before else "", now)
    _link(db, house, chat, by=courier, via=channel.name, about=code[:12])
    names = {one.id: one.name for one in house.settings.couriers}
    return Answer((Words("route_said.linked", {"by": names.get(courier, courier)}),)), chat.lang


def _guesses(db: Db, channel: ChannelRow, who: str, now: datetime) -> bool:
    """Whether somebody tried too many codes of late."""
    wrong = [f for f in facts.history(db, "chat", channel.name) if f.event == WRONG_CODE and f.at > now - CODE_FOR]
    return len([fact for fact in wrong if fact.data.get("identity") == who]) >= MAX_TRIES
