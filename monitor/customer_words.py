"""What a message to a customer says: its text in their language, and by what it can reach them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from carriers.kuaidi100_carriers import carrier_name
from config.customer_settings import Customers
from config.customer_texts import Overlaid, said
from config.words import texts
from domain.case import Kind, SubjectType
from domain.contact import email_of, greeted_name, phone_of, plain
from domain.shipment import Order
from domain.telling import Quiet, Step
from store import customers, returns, telling, tracking
from store.base import Db
from store.cases import CaseRow
from store.unidentified import UNKNOWN

SMS_LIMIT = 500
"""Characters: a longer text is cut into many messages, each of them paid for."""


@dataclass(frozen=True, slots=True, repr=False)
class Rules:
    """How this shop writes to its customers. ``secret`` keys the hashes by which they are known again."""

    settings: Customers
    texts: Overlaid
    lang: str
    zone: ZoneInfo
    shop: str
    secret: str

    @property
    def ways(self) -> tuple[str, ...]:
        """By what messages can be sent here, in the order in which it is tried."""
        return tuple(way for way in self.settings.ways if getattr(self.settings, way) is not None)

    @property
    def quiet(self) -> Quiet:
        return Quiet(self.settings.quiet_from, self.settings.quiet_to)


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` is the body alone: greeting, link and signature are added when it is sent, so that no letter keeps them."""

    subject: str
    text: str
    lang: str


def ways_to(rules: Rules, order: Order) -> list[str]:
    """By what an order's customer can be reached, the shop's first choice first."""
    has = {"mail": email_of(order.customer.email), "sms": phone_of(order.customer.phone), "webhook": order.ref}
    return [way for way in rules.ways if has[way]]


def language(db: Db, rules: Rules, order: Order) -> str:
    """The customer's own choice, else the shop's, else the installation's."""
    return customers.lang_of(db, order.ref) or rules.settings.langs.get(order.shop) or rules.settings.lang or rules.lang


def compose(
    db: Db, rules: Rules, case: CaseRow, step: Step, order: Order, *, now: datetime, lang: str = "",
    next_at: datetime | None = None,
) -> Message:  # fmt: skip
    """A message of a case as the templates have it."""
    lang = lang or language(db, rules, order)
    params = params_of(db, rules, case, order, lang, now=now, next_at=next_at)
    subject = said(rules.texts, lang, "subject", step.value, params, rules.zone)
    return Message(subject, said(rules.texts, lang, step.value, case.kind.value, params, rules.zone), lang)


def params_of(
    db: Db, rules: Rules, case: CaseRow, order: Order, lang: str, *, now: datetime, next_at: datetime | None = None
) -> dict[str, Any]:
    """What a text may speak of. A promise that is over is no longer given."""
    number, carrier, promised_at = _parcel(db, case)
    return {
        "order": plain(order.ref),
        "number": plain(number) or plain(order.ref),
        "carrier": carrier_name(carrier, lang)
        if carrier not in {"", UNKNOWN}
        else texts(lang)["customer.frame.carrier"],
        "promised_at": promised_at,
        "answer_by_at": case.promise_by if case.promise_by and case.promise_by > now and case.is_open else None,
        "next_at": next_at or _slot_ahead(db, case, now),
        "shop": plain(order.shop or rules.shop),
    }


def _slot_ahead(db: Db, case: CaseRow, now: datetime) -> datetime | None:
    """When the courier comes next, of a case about a pickup that has a new slot already."""
    value = returns.find(db, case.subject.id) if case.kind is Kind.PICKUP_MISSED else None
    return value.slot_from if value and value.slot_from and value.slot_from > now else None


def _parcel(db: Db, case: CaseRow) -> tuple[str, str, datetime | None]:
    """(number, carrier, promised time) of what a case is about; of an order, of its one parcel."""
    ids = [int(case.subject.id)] if case.subject.type is SubjectType.SHIPMENT else []
    if not ids and (order_ref := telling.order_of(db, case)):
        own = telling.shipments_of(db, order_ref)
        ids = own if len(own) == 1 else []
    for view in tracking.views(db, ids).values():
        return view.shipment.number, view.shipment.carrier, view.shipment.promised_at
    return "", "", None


def whole(rules: Rules, payload: Mapping[str, Any], order: Order, link: str) -> str:
    """A message as it is sent: greeting, body, link, signature; of a text message only what must be said."""
    lang, body = payload["lang"], payload["text"]
    name, shop = greeted_name(order.customer.name), plain(order.shop or rules.shop)
    zone, own = rules.zone, rules.texts
    where = said(own, lang, "frame", "answer" if payload.get("ask") else "link", {"link": link}, zone)
    if payload["way"] == "sms":
        prefix = said(own, lang, "frame", "prefix", {"shop": shop}, zone) if shop else ""
        return f"{prefix}{body[:SMS_LIMIT]} {where}"
    greeting = said(own, lang, "frame", "greeting" if name else "greeting_plain", {"name": name}, zone)
    parts = [greeting, body, where]
    return "\n\n".join([*parts, said(own, lang, "frame", "sign", {"shop": shop}, zone)] if shop else parts)
