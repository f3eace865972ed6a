"""Sending messages to customers: by mail, text message or the shop's own system, each under one id, at least once.

The loop is doorstep/letter_post. What can't be delivered is given up in the end, and the case says so.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.customer_settings import Customers, Sms
from config.customer_settings import Mail as MailAccount
from domain.contact import email_of, phone_of
from domain.errors import AccessDenied, Permanent, RateLimited, Unreachable
from domain.shipment import Order
from domain.telling import Step
from doorstep.customers import rules_of
from doorstep.house import House
from doorstep.letter_post import LetterPost
from monitor import telling as desk
from monitor.customer_words import whole
from net import mail as net_mail
from net.http import Http, HttpReply, HttpRequest, Transport
from net.mail import Mail, Server
from net.signing import signed
from net.webhook import Network, address_of
from store import chat_queue, intake, telling
from store.base import Db
from store.mail import Letter

AUTOMATIC = "customer-auto-"
_BLANKS = re.compile(r"\{(?:phone|text|id)\}")


@dataclass(frozen=True, slots=True)
class Post:
    """A message ready to be sent: ``id`` is the one under which the other side sees it, however often."""

    id: str
    subject: str
    text: str
    lang: str
    order: Order
    link: str


Way = Callable[[Post], Awaitable[str]]
"""Sends, and returns the id that the other side gave (or ours). Raises OutsideError."""


# --- the ways --------------------------------------------------------------------------------------------------------


def by_mail(server: Server, sender: str, reply_to: str) -> Way:
    async def send(post: Post) -> str:
        to = email_of(post.order.customer.email)
        if not to:
            raise Permanent("mail", "the customer has no mail address any more")
        return await net_mail.send(
            server, Mail(post.id, to, sender, post.subject, post.text, reply_to, _HTML_LANG[post.lang])
        )

    return send


_HTML_LANG = {"zh": "zh-CN", "en": "en"}


Where = Callable[[str], Awaitable[str]]
"""The network address to connect to for an address; '' is whatever its name leads to. Raises OutsideError where it may not be."""


async def anywhere(_url: str) -> str:
    return ""


def public_only(networks: Sequence[Network], who: str) -> Where:
    """Public addresses, and those in the networks that the operator named."""

    async def where(url: str) -> str:
        return await address_of(url, networks, who)

    return where


def by_sms(settings: Sms, http: Http, wall: Callable[[], datetime], where: Where = anywhere) -> Way:
    async def send(post: Post) -> str:
        phone = phone_of(post.order.customer.phone)
        if not phone:
            raise Permanent("sms", "the customer has no phone number any more")
        blanks = {"{phone}": phone, "{text}": post.text, "{id}": post.id}
        body = json.dumps(filled(json.loads(settings.body), blanks), ensure_ascii=False).encode()
        headers = {name: value.replace("{key}", settings.key) for name, value in settings.headers.items()}
        more = signed(settings.secret, post.id, wall(), body) if settings.secret else {}
        headers = {"content-type": "application/json", **headers, **more}
        reply = await http.send(HttpRequest("POST", settings.url, headers, body, await where(settings.url)))
        _check(http.who, reply, settings.ok)
        return post.id

    return send


def filled(shape: Any, blanks: Mapping[str, str]) -> Any:
    """A JSON value with the blanks inside its texts filled: nothing in a text can change its shape."""
    if isinstance(shape, str):
        return _BLANKS.sub(lambda blank: blanks.get(blank.group(0), blank.group(0)), shape)
    if isinstance(shape, dict):
        return {key: filled(value, blanks) for key, value in shape.items()}
    return [filled(value, blanks) for value in shape] if isinstance(shape, list) else shape


def by_webhook(url: str, secret: str, http: Http, wall: Callable[[], datetime], where: Where = anywhere) -> Way:
    async def send(post: Post) -> str:
        told = {
            "type": "customer.message", "id": post.id, "order": post.order.ref, "lang": post.lang,
            "subject": post.subject, "text": post.text, "link": post.link,
        }  # fmt: skip
        body = json.dumps(told, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", **signed(secret, post.id, wall(), body)}
        _check(http.who, await http.send(HttpRequest("POST", url, headers, body, await where(url))), {})
        return post.id

    return send


def _check(who: str, reply: HttpReply, ok: Mapping[str, Any]) -> None:
    """Raises what the status, or the answer's own code, means."""
    if reply.status == 429:
        after = reply.headers.get("retry-after", "")
        raise RateLimited(who, "429", retry_after_s=int(after[:9]) if after.isascii() and after.isdigit() else None)
    if reply.status in {401, 403}:
        raise AccessDenied(who, str(reply.status))
    if reply.status >= 500 or reply.status == 408:
        raise Unreachable(who, str(reply.status))
    if not 200 <= reply.status < 300:
        raise Permanent(who, f"refused the message ({reply.status})")
    if not ok:
        return
    try:
        answer = json.loads(reply.body)
    except ValueError as exc:
        raise Permanent(who, "its answer is no JSON") from exc
    wrong = [key for key, value in ok.items() if not isinstance(answer, dict) or str(answer.get(key)) != str(value)]
    if wrong:
        raise Permanent(who, f"refused the message ({', '.join(wrong)} isn't as `ok` has it)")


def server_of(house: House, own: MailAccount) -> Server:
    """Where the shop's mail is handed in."""
    ca_file = house.settings.path(own.ca_file) if own.ca_file else None
    return Server(own.host, own.port, own.security, own.user, own.password, ca_file)


def ways_of(house: House, *, transport: Transport | None = None) -> dict[str, Way]:
    """What is set up under [customers]. Where they go is looked up once, and nothing but a public address is called; a test's
    ``transport`` looks nothing up.
    """
    own: Customers = house.settings.customers
    looked_up = transport is None
    ways: dict[str, Way] = {}
    if own.mail is not None:
        ways["mail"] = by_mail(server_of(house, own.mail), own.mail.sender, own.mail.reply_to)
    if own.sms is not None:
        ways["sms"] = by_sms(
            own.sms, Http("sms", transport=transport, direct=looked_up), house.wall,
            public_only(own.sms.networks, "sms") if looked_up else anywhere,
        )  # fmt: skip
    if own.webhook is not None:
        http = Http("customer webhook", transport=transport, direct=looked_up)
        where = public_only(own.webhook.networks, http.who) if looked_up else anywhere
        ways["webhook"] = by_webhook(own.webhook.url, own.webhook.secret, http, house.wall, where)
    return ways


# --- the loop --------------------------------------------------------------------------------------------------------


class CustomerPost(LetterPost):
    """Quiet hours and the limit of a day hold for a second try as for the first."""

    prefix = telling.CHANNEL
    give_up = timedelta(days=2)  # later it tells the customer nothing that is still true

    def __init__(self, house: House, ways: Mapping[str, Way]) -> None:
        super().__init__(house)
        self._ways = ways
        self.rules = rules_of(house)

    async def send(self, letter: Letter) -> str | None:
        store, now = self.house.store, self.house.now()
        if letter.id.startswith(AUTOMATIC):  # it may have waited for us, or for a server, into another hour or day
            wait = await store.aread(
                desk.not_before, self.rules, Step(letter.reason), letter.payload["order"], now=now, but=letter.id
            )
            if wait is not None:
                await store.awrite(chat_queue.put_off, letter.id, until=wait, error=letter.error)
                return None
        order = await store.aread(intake.find_order, letter.payload["order"])
        way = self._ways.get(letter.payload["way"])
        if order is None or way is None:
            raise Permanent("customer", f"{letter.payload['way']} is no longer set up")
        return await way(self._post(letter, order))

    def _post(self, letter: Letter, order: Order) -> Post:
        link = self.house.status_link(order.ref)
        text = whole(self.rules, letter.payload, order, link)
        return Post(letter.id, letter.payload["subject"], text, letter.payload["lang"], order, link)

    def undelivered(self, db: Db, letter: Letter, *, error: str, now: datetime) -> None:
        """A person is to tell the customer another way."""
        desk.undelivered(db, letter, error=error, now=now)
