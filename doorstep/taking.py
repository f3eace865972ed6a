"""Taking what merchants send: parse, write, in one transaction. The API, imports and the watched folder share it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from carriers.carrier_tables import known_carriers
from carriers.detect import guesses, sure_carrier
from carriers.registry import MANUAL, parse_event, parse_leg
from config.policies.case_types import OTHER, type_named
from config.settings import Settings
from config.words import LANGS, texts
from domain.errors import RuleError
from domain.pickup import ReturnStatus
from domain.privacy import NOBODY
from domain.returns import Return
from domain.shipment import DeliveryWish, Shipment
from domain.tracking import Leg, Milestone, ParcelReading
from domain.words import Words
from doorstep import money, warehouse
from doorstep.case_intake import parse_case, subject_of
from doorstep.house import House
from doorstep.intake import parse_dispute, parse_order, parse_order_news, parse_return, parse_shipment, parse_wish
from doorstep.intake_money import parse_refund
from doorstep.intake_values import text_of
from doorstep.sources import can_detect, needs_subscription, region_of_source, source_of, standby_of, subscribes
from monitor import look
from monitor.by_hand import open_by_hand
from monitor.orders import dispute
from monitor.poll import masked
from scheduler.request import GONE, Accepted, Asked, request_return
from store import facts, intake, returns, subscriptions, tracking, unidentified, wishes
from store.base import Db
from store.facts import FactRow
from store.unidentified import UNKNOWN


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row became: its id, whether it is new, and what is to be said of it (a refused return says why)."""

    id: str
    created: bool
    status: str = ""
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends it: a person or key, and the channel it came through."""

    by: str | None
    channel: str


Take = Callable[[House, Db, Mapping[str, Any], Sender, datetime], Taken]


def take_order(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Write an order; what became of it since (fetched at a shop, settled) may come with it or later, once each."""
    news = parse_order_news(raw, now, zone=house.settings.zone)
    written = intake.add_order(
        db, parse_order(raw, now, zone=house.settings.zone), by=sender.by, channel=sender.channel
    )
    for name, at in news.items():
        returns.note_order(db, written.id, name, at, by=sender.by, channel=sender.channel)
    return Taken(written.id, written.created)


def take_shipment(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Write a shipment and start watching it: its first question is due at once."""
    shipment = _located(
        parse_shipment(
            raw,
            now,
            lambda name: source_of(house.settings, name),
            whose=lambda number: whose(house.settings, number),
            zone=house.settings.zone,
            carrier_names=carrier_names,
        ),
        raw,
    )
    asked, wish = text_of(raw.get("instruction")), parse_wish(raw)
    if shipment.carrier == UNKNOWN:
        taken = _take_unidentified(house, db, shipment, sender, now)
        _wished(house, db, taken, wish, sender, now)
        _sent_again(db, shipment, asked, taken, sender, now)
        return taken
    if shipment.account not in house.settings.carriers.get(shipment.source, {}):
        known = ", ".join(sorted(house.settings.carriers.get(shipment.source, {})))
        raise RuleError(f"account: {shipment.source} has no account {shipment.account!r}; it has {known}")
    _check_order(db, shipment)
    written = watch_shipment(house, db, shipment, by=sender.by, channel=sender.channel, now=now)
    taken = Taken(written.id, written.created)
    _wished(house, db, taken, wish, sender, now)
    _sent_again(db, shipment, asked, taken, sender, now)
    return taken


def watch_shipment(
    house: House, db: Db, shipment: Shipment, *, by: str | None, channel: str, now: datetime
) -> intake.Written:
    """Write a shipment whose carrier is known and start watching it."""
    settings, source, account = house.settings, shipment.source, shipment.account
    written = intake.add_shipment(
        db, shipment, next_poll_at=None if needs_subscription(source) else now, alarm_at=None,
        standby=standby_of(settings, source, shipment.carrier), by=by, channel=channel,
    )  # fmt: skip
    if written.created:
        if subscribes(settings, source, account):
            subscriptions.want(db, int(written.id), source, account, now=now)
        look.look_at(db, [int(written.id)], house.policy, now=now)
    return written


def _wished(house: House, db: Db, taken: Taken, wish: DeliveryWish | None, sender: Sender, now: datetime) -> None:
    """A wish may come after the parcel: then it is looked at with it."""
    if wish is not None:
        wishes.write(db, int(taken.id), wish, at=now, by=sender.by, channel=sender.channel)
        look.look_at(db, [int(taken.id)], house.policy, now=now)


def _sent_again(db: Db, shipment: Shipment, asked: str, taken: Taken, sender: Sender, now: datetime) -> None:
    """A new parcel may be goods that were to be sent again; a known one only where it is said."""
    if asked or taken.created:
        order = shipment.order_ref
        money.sent_again(db, order, asked, int(taken.id), now=now, by=sender.by, channel=sender.channel)


def take_refund(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Money that the platform gave back: it settles ours, or is written down so that it isn't paid again."""
    said = parse_refund(raw, now, zone=house.settings.zone)
    found, news = money.settle(db, said, now=now, by=sender.by, channel=sender.channel)
    return Taken(found, news)


def carrier_names() -> list[str]:
    """Every name of every carrier: what an unknown one might have meant."""
    return [name for carrier in known_carriers().values() for name in carrier.names.values()]


def whose(settings: Settings, number: str) -> tuple[str, str] | None:
    """(source, carrier) of a number that came without a carrier: by the number alone where that is sure, else unknown for
    now where a source is set that can be asked whose it is. Raises RuleError where only the merchant can say it.
    """
    carrier = sure_carrier(number)
    if carrier:
        return source_of(settings, carrier)
    if can_detect(settings):
        return "", UNKNOWN
    maybe = [guess.name for guess in guesses(number)]
    raise RuleError(f"is missing; it may be {', '.join(maybe)}: name it" if maybe else "is missing: name it")


def _take_unidentified(house: House, db: Db, shipment: Shipment, sender: Sender, now: datetime) -> Taken:
    """Write a shipment whose carrier is to be found out; the same number again is the same question."""
    _check_order(db, shipment)
    known = tracking.shipment_ids_by_number(db, shipment.number)
    if known:
        return Taken(str(known[0]), created=False)
    written = intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None, by=sender.by, channel=sender.channel)
    maybe = [guess.carrier for guess in guesses(shipment.number) if guess.carrier]
    unidentified.add(db, int(written.id), maybe, due_at=now)
    look.look_at(db, [int(written.id)], house.policy, now=now)
    return Taken(written.id, written.created)


def _check_order(db: Db, shipment: Shipment) -> None:
    if shipment.order_ref and intake.find_order(db, shipment.order_ref) is None:
        raise RuleError(f"order: {shipment.order_ref} is unknown; send the order first, or leave `order` empty")


def take_event(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Write a scan event that a person or the merchant's own system brings; the same event again changes nothing."""
    row = {**raw, "milestone": milestone_of(raw.get("milestone"))}
    number, event = parse_event(row, now, home=house.settings.zone)
    leg = parse_leg(row)
    known = tracking.shipment_ids_by_number(db, number)
    if not known:
        raise RuleError(f"number: {number} is unknown; send the shipment first")
    [view] = tracking.views(db, known[:1]).values()
    apart = leg is Leg.RETURN and view.shipment.leg != Leg.RETURN
    reading = ParcelReading(number, (event,), leg.value if apart else None, leg)
    customer = intake.known_of(db, known[:1]).get(known[0], NOBODY)
    gained = tracking.record(db, [(known[0], MANUAL, masked((reading,), customer))], now=now)
    if gained:
        data = {"milestone": event.milestone.value}
        facts.append(
            db, [FactRow("shipment", str(known[0]), "event_brought", now, sender.by, sender.channel, data=data)]
        )
        look.look_at(db, known[:1], house.policy, now=now)
    return Taken(str(known[0]), created=bool(gained))


def milestone_of(value: Any) -> Any:
    """The wire name of a milestone that is named in Chinese or English; anything else as it is."""
    text = text_of(value).strip().lower() if isinstance(value, str) else value
    return next((m.value for m in Milestone for lang in LANGS if texts(lang)[f"milestone.{m}"].lower() == text), value)


def _located(shipment: Shipment, raw: Mapping[str, Any]) -> Shipment:
    """By its source where neither the row nor its destination says where it lives; open while nobody knows its carrier."""
    if raw.get("region") or raw.get("destination"):
        return shipment
    return replace(shipment, region=region_of_source(shipment.source) if shipment.source else "")


def take_return(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Judge and write a return; a refusal is written too, with its rule.

    A request without a reference of its own is known by what it asks. Where that was refused or cancelled, it is judged
    anew: the parcel may have arrived since, or the customer changed their mind. The same refusal again changes nothing.
    """
    asked = parse_return(raw).asked
    last, free = (asked.ref, "") if raw.get("ref") else returns.last_asked(db, asked.ref)
    known = returns.find(db, last)
    if known is None or known.status not in GONE or not free:
        return _asked_for(house, db, replace(asked, ref=last), sender, now, known)
    again = replace(asked, ref=free)
    with db.begin_nested() as attempt:
        taken = _asked_for(house, db, again, sender, now, None)
        if taken.status != ReturnStatus.REFUSED.value:
            return taken
        attempt.rollback()
    return Taken(known.ref, created=False, status=known.status.value, words=taken.words)


def _asked_for(house: House, db: Db, asked: Asked, sender: Sender, now: datetime, known: Return | None) -> Taken:
    answer = request_return(
        db, asked, policy=house.pickups.policy, fleet=house.pickups.fleet, now=now, randbelow=house.randbelow,
        by=sender.by, channel=sender.channel,
    )  # fmt: skip
    if isinstance(answer, Accepted):
        return Taken(answer.value.ref, answer.created, answer.value.status.value, answer.moved or answer.words)
    return Taken(asked.ref, created=known is None, status=ReturnStatus.REFUSED.value, words=answer.reason)


def take_dispute(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Open a case for what a customer says; saying it again adds to the open one."""
    said = parse_dispute(raw, now, zone=house.settings.zone)
    order = said.order or (intake.find_order_of_number(db, said.number) if said.number else None)
    if order is None or intake.find_order(db, order) is None:
        raise RuleError(f"order: {said.order or said.number} is unknown; send the order or shipment first")
    of = type_named(said.type, house.policy.case_types) or house.policy.case_types[OTHER]
    case_id, created = dispute(db, order, said.text, house.policy, now=now, by=sender.by, channel=sender.channel, of=of)
    return Taken(str(case_id), created, "open")


def take_case(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Open a case of a type of the table; saying it again adds to the open one."""
    said = parse_case(raw, house.policy.case_types)
    about, order = subject_of(db, said)
    case_id, created = open_by_hand(
        db, about, said.type, said.text, house.policy, order_ref=order, now=now, by=sender.by, channel=sender.channel
    )
    return Taken(str(case_id), created, "open")


def take_checkin(house: House, db: Db, raw: Mapping[str, Any], sender: Sender, now: datetime) -> Taken:
    """Goods that came back are scanned in at the warehouse, and decided where the row says how they were found."""
    done = warehouse.take(house, db, raw, by=sender.by, channel=sender.channel, now=now)
    there = done.checkin
    return Taken(there.return_ref, not done.repeated, there.decision.value if there.decision else "waiting")


TAKE: Mapping[str, Take] = {
    "orders": take_order,
    "shipments": take_shipment,
    "returns": take_return,
    "disputes": take_dispute,
    "cases": take_case,
    "events": take_event,
    "refunds": take_refund,
    "checkins": take_checkin,
}


def takers_of(house: House, sender: Sender) -> dict[str, Callable[[Db, Mapping[str, Any], datetime], Taken]]:
    """The same, for files: each row by itself."""
    return {kind: lambda db, raw, now, take=take: take(house, db, raw, sender, now) for kind, take in TAKE.items()}  # type: ignore[misc]
