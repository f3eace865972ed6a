"""What couriers are told: a new route, or what became different of the one they have; on its page, and in their chat.

``tell`` is the way to say anything of a route. The letter to the page says what the courier knows from then on: the next
differences are those from it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chat.messages import Reader, RouteMessage
from chat.registry import CHATS
from domain.returns import Route
from domain.words import Words
from scheduler.progress import DECLINED
from scheduler.route_news import Known, News, at_first, differences
from store import chat_queue, courier_chats, mail
from store.base import Db
from store.chat_queue import ChannelRow
from store.mail import Letter

Link = Callable[[str], str]
"""The signed, absolute link to a route's page."""
SOON = 1
"""Before new cases and after what is urgent: somebody is on the road."""


def route_letter(route: Route, link: Link, *, reason: str = "dispatched", about: str = "") -> Letter:
    """The letter to a route's page. ``about``: what changed (a stop's id); each change is told once, under its own id."""
    left = sum(stop.ended_at is None for stop in route.stops)
    payload = {"route": route.id, "url": link(route.id), "day": route.day, "stops": left}
    name = f"route-{route.id}-{about}" if about else f"route-{route.id}"
    return Letter(name, f"courier:{route.courier}", "route", reason, "route", route.id, payload)


def tell(
    db: Db, route: Route, link: Link, *, now: datetime, reason: str = "dispatched", about: str = ""
) -> tuple[Words, ...]:
    """Write the letters of a route, or of what changed since the last one; gives the changes. A chat hears nothing where nothing is
    different for its courier.
    """
    letter = route_letter(route, link, reason=reason, about=about)
    known = known_of(db, route)
    news = differences(known, route) if known else News((), at_first(route))
    told = {"order": list(news.known.order), "numbers": dict(news.known.numbers)}
    letters = [replace(letter, payload={**letter.payload, "known": told})]
    over = route.status == DECLINED
    if known is None or over or news.changes:
        changes = () if over else news.changes
        letters += _to_chat(db, letter, RouteMessage(route.id, "", route.day, 0, changes, over))
    mail.post(db, letters, now=now)
    return news.changes


def tell_anew(db: Db, route: Route, link: Link, *, now: datetime, about: str) -> None:
    """The whole route to its courier's chat, which is new."""
    letter = route_letter(route, link, about=about)
    mail.post(db, _to_chat(db, letter, RouteMessage(route.id, "", route.day, 0)), now=now)


def known_of(db: Db, route: Route) -> Known | None:
    """What the courier knows of a route by the last letter about it; None where there was none."""
    mine = [x for x in mail.letters_about(db, "route", route.id) if x.channel == f"courier:{route.courier}"]
    if not mine:
        return None
    told: dict[str, Any] = mine[-1].payload.get("known") or {}
    return Known(tuple(told["order"]), told["numbers"]) if told else at_first(route)


def numbers_of(db: Db, route: Route) -> dict[str, int]:
    """Under which number the courier knows each stop; a stop that wasn't told yet has none."""
    known = known_of(db, route) or at_first(route)
    return dict(known.numbers)


def chat_of(db: Db, courier: str) -> tuple[ChannelRow, str] | None:
    """Where a courier is written to and who they are there, in their language; None where nowhere, or the channel is closed."""
    found = courier_chats.of_courier(db, courier)
    channel = next((c for c in chat_queue.channels(db) if found and c.name == found.channel), None)
    return (replace(channel, lang=found.lang or channel.lang), found.identity) if found and channel else None


def _to_chat(db: Db, letter: Letter, message: RouteMessage) -> list[Letter]:
    """The same to the courier's chat, where they have one."""
    found = chat_of(db, letter.channel.removeprefix("courier:"))
    if found is None:
        return []
    channel, who = found
    whole = replace(message, url=letter.payload["url"], stops=letter.payload["stops"])
    content = CHATS[channel.adapter].render(whole, Reader(channel.lang, ZoneInfo(channel.zone), channel.url))
    payload = {"who": who, "content": content}
    name = f"{letter.id}@{channel.name}"
    return [Letter(name, channel.name, "private", letter.reason, "route", letter.subject_id, payload, priority=SOON)]
