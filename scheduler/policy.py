"""Return policy: may this be sent back, until when, who pays the freight, how much comes back. Pure.

The figures are configuration (`config/policies/returns.toml`, each beside its source); the rules are:
消保法 25 (7 days without a reason, four exceptions, consumer pays the freight), 暂行办法 7 and 20 (further goods, only where the
customer confirmed it at purchase), 消保法 24 (quality: the business pays), 三包规定 (7 days to return, 15 to exchange),
电子商务法 20 (risk in transit lies with the seller). Times are aware; days are local days in the policy's zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.pickup import Payer, ReturnReason, Want
from domain.shipment import Item
from domain.words import Words
from scheduler.plan_types import Refused, at_local, local_day


class RefundOn(StrEnum):
    """What starts the refund: the courier's proof, the carrier's first scan on the way back, or the warehouse's inspection."""

    COLLECTED = "collected"
    CARRIER_SCAN = "carrier_scan"
    INSPECTED = "inspected"


class Floor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days that the statutes give; a profile may give more, never less."""

    no_reason_days: int
    fault_days: int


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days a customer has, counted from the day after signing. ``version`` goes up with every change of a figure;
    ``price_protection_days`` from the order's own day on, 0: none; ``refund_on`` and ``no_reason_payer`` None: as the file
    says for all.
    """

    version: int
    no_reason_days: int
    fault_refund_days: int
    fault_exchange_days: int
    price_protection_days: int = 0
    refund_on: RefundOn | None = None
    no_reason_payer: Payer | None = None


class ReasonRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays for a reason, under which statute; ``fault``: the exceptions don't bar it; ``evidence``: what is wanted of the
    customer, such as photos. Wanted isn't needed: who has none is asked, not refused.
    """

    payer: Payer
    fault: bool
    statute: str
    evidence: tuple[str, ...] = ()


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that can't be returned without a reason; ``unless_sealed``: only once they were opened or activated;
    ``if_agreed``: only where the customer confirmed at purchase that they can't be sent back (暂行办法 7, 20).
    """

    id: str
    statute: str
    categories: tuple[str, ...]
    unless_sealed: bool = False
    if_agreed: bool = False


class CategoryRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Windows of some goods under a rule of their own; where a profile gives longer, that counts."""

    id: str
    statute_refund: str
    statute_exchange: str
    categories: tuple[str, ...]
    fault_refund_days: int
    fault_exchange_days: int


class AtDoor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Before a courier may give up on a customer: so many tries to reach them, so many minutes since the arrival."""

    contact_tries: int = 2
    wait_min: int = 10


class Piece(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a piece is taken for of which nobody said how heavy or large it is; grams and millilitres."""

    weight_g: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1_000
    volume_ml: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 5_000


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`config/policies/returns.toml` as a value. Raises ValueError where it names what isn't there."""

    profile: str
    zone: str
    refund_on: RefundOn
    freight_cents: int
    book_days: int
    max_attempts: int
    floor: Floor
    door: AtDoor = AtDoor()
    assumed: Piece = Piece()
    profiles: dict[str, Profile]
    reasons: dict[ReturnReason, ReasonRule]
    exceptions: tuple[Exclusion, ...] = ()
    categories: tuple[CategoryRule, ...] = ()

    @property
    def chosen(self) -> Profile:
        return self.profiles[self.profile]

    @property
    def label(self) -> str:
        """The profile with its version, as it is kept with each return: ``seven_day@1``."""
        return f"{self.profile}@{self.chosen.version}"

    @property
    def trigger(self) -> RefundOn:
        """What starts the refund."""
        return self.chosen.refund_on or self.refund_on

    def __post_init__(self) -> None:
        if self.profile not in self.profiles:
            raise ValueError(f"profile `{self.profile}` is none of {', '.join(sorted(self.profiles))}")
        for name, profile in self.profiles.items():
            _at_least(f"[profiles.{name}] no_reason_days", profile.no_reason_days, self.floor.no_reason_days)
            _at_least(f"[profiles.{name}] fault_refund_days", profile.fault_refund_days, self.floor.fault_days)
            _at_least(f"[profiles.{name}] fault_exchange_days", profile.fault_exchange_days, self.floor.fault_days)
        if missing := sorted(set(ReturnReason) - set(self.reasons)):
            raise ValueError(f"[reasons] lacks {', '.join(missing)}")
        for name in ("freight_cents", "book_days", "max_attempts"):
            if getattr(self, name) < (0 if name == "freight_cents" else 1):
                raise ValueError(f"{name} is too small: {getattr(self, name)}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"zone `{self.zone}` is no time zone; write it like Asia/Shanghai") from exc


def _at_least(name: str, days: int, floor: int) -> None:
    if days < floor:
        raise ValueError(f"{name} = {days} is less than the {floor} days that the law gives ([floor])")


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an order, and how many of it are to go back."""

    item: Item
    qty: int


@dataclass(frozen=True, slots=True)
class Eligible:
    """A yes. ``until`` is the end of the last day (exclusive); ``statute`` says why, ``words`` say it to people.

    ``refund_cents`` is what comes back once everything is collected; ``deducted_cents`` is already taken off it, nothing is
    paid at the door. ``profile`` with its version; ``trigger`` starts the refund; ``evidence`` is wanted with the request.
    """

    payer: Payer
    statute: str
    refund_cents: int
    freight_cents: int
    last_day: date
    until: datetime
    words: Words
    deducted_cents: int = 0
    evidence: tuple[str, ...] = ()
    trigger: RefundOn = RefundOn.COLLECTED
    profile: str = ""


def judge(
    policy: Policy,
    lines: Sequence[Line],
    *,
    reason: ReturnReason,
    want: Want,
    signed_at: datetime | None,
    requested_at: datetime,
    sealed: bool = False,
    self_pickup: bool = False,
    settled_at: datetime | None = None,
) -> Eligible | Refused:
    """Whether these goods may be sent back; only the moment of the request counts, never the slot.

    ``sealed``: the customer says that the goods are unopened. ``self_pickup``: they fetch the order at a shop, ``signed_at`` is
    when they did. ``settled_at``: when after-sales were declared done; that ends what the shop gives of its own will, never
    what the law gives.
    """
    rule = policy.reasons[reason]
    if signed_at is None:
        way = "after_pickup" if self_pickup else "after_delivery"
        return Refused(Words("return_not_received", {"statute": rule.statute, "way": way}))
    if not rule.fault and (barred := _barred(policy, lines, sealed=sealed)):
        return Refused(barred)
    statute, days = _window(policy, lines, reason, want)
    last_day = local_day(signed_at, ZoneInfo(policy.zone)) + timedelta(days=days)
    until = end_of(policy, last_day)
    if requested_at >= until:
        return Refused(_late(rule, statute, last_day, days))
    if settled_at is not None and settled_at <= requested_at and requested_at >= _floor_end(policy, rule, signed_at):
        return Refused(_settled(statute, settled_at))
    return _eligible(policy, reason, statute, lines, want, last_day, until)


def end_of(policy: Policy, last_day: date) -> datetime:
    """The instant at which a local day is over."""
    return at_local(last_day + timedelta(days=1), time(), ZoneInfo(policy.zone))


def _floor_end(policy: Policy, rule: ReasonRule, signed_at: datetime) -> datetime:
    days = policy.floor.fault_days if rule.fault else policy.floor.no_reason_days
    return end_of(policy, local_day(signed_at, ZoneInfo(policy.zone)) + timedelta(days=days))


def _settled(statute: str, settled_at: datetime) -> Words:
    return Words("return_settled", {"statute": statute, "settled_at": settled_at.isoformat(), "way": "ask_desk"})


def _barred(policy: Policy, lines: Sequence[Line], *, sealed: bool) -> Words | None:
    for line in lines:
        for exception in policy.exceptions:
            if _falls_under(exception, line.item, sealed=sealed):
                params = {"item": line.item.name or line.item.sku, "sku": line.item.sku, "way": "quality_only"}
                return Words(f"return_excepted_{exception.id}", {"statute": exception.statute, **params})
    return None


def _falls_under(exception: Exclusion, item: Item, *, sealed: bool) -> bool:
    if (exception.unless_sealed and sealed) or (exception.if_agreed and not item.no_return_agreed):
        return False
    return _category(item) in exception.categories


def _category(item: Item) -> str:
    return item.category.strip().lower()


def _late(rule: ReasonRule, statute: str, last_day: date, days: int) -> Words:
    way = "repair_or_replace" if rule.fault else "ask_desk"
    return Words("return_too_late", {"statute": statute, "last_day": last_day.isoformat(), "days": days, "way": way})


def days_of(policy: Policy, reason: ReturnReason, want: Want) -> int:
    """The length of the profile's own window in days."""
    profile = policy.chosen
    if not policy.reasons[reason].fault:
        return profile.no_reason_days
    return profile.fault_exchange_days if want is Want.EXCHANGE else profile.fault_refund_days


def _window(policy: Policy, lines: Sequence[Line], reason: ReturnReason, want: Want) -> tuple[str, int]:
    """The rule that gives the days and how many: goods with a rule of their own by that, the shortest of all lines."""
    own = [_of_category(policy, line, reason, want) for line in lines]
    general = (policy.reasons[reason].statute, days_of(policy, reason, want))
    return min((found or general for found in own), key=lambda one: one[1], default=general)


def _of_category(policy: Policy, line: Line, reason: ReturnReason, want: Want) -> tuple[str, int] | None:
    rule = policy.reasons[reason]
    found = next((one for one in policy.categories if _category(line.item) in one.categories), None)
    if found is None or reason is not ReturnReason.QUALITY or not rule.fault:
        return None
    exchange = want is Want.EXCHANGE
    days = found.fault_exchange_days if exchange else found.fault_refund_days
    return found.statute_exchange if exchange else found.statute_refund, max(days, days_of(policy, reason, want))


def _eligible(
    policy: Policy,
    reason: ReturnReason,
    statute: str,
    lines: Sequence[Line],
    want: Want,
    last_day: date,
    until: datetime,
) -> Eligible:
    rule = policy.reasons[reason]
    payer = rule.payer
    if reason is ReturnReason.NO_REASON and policy.chosen.no_reason_payer is not None:
        payer = policy.chosen.no_reason_payer
    value = sum(line.item.price_cents * line.qty for line in lines)
    refund = 0 if want is Want.EXCHANGE else refund_cents(value, payer, policy.freight_cents)
    deducted = 0 if want is Want.EXCHANGE else value - refund
    params: dict[str, Any] = {"statute": statute, "last_day": last_day.isoformat(), "refund_cents": refund}
    words = Words(f"return_eligible_{payer}_pays", {**params, "freight_cents": policy.freight_cents})
    return Eligible(
        payer, statute, refund, policy.freight_cents, last_day, until, words, deducted, rule.evidence,
        policy.trigger, policy.label,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceDrop:
    """What a customer gets back because the price fell after they bought."""

    cents: int
    last_day: date
    words: Words


def price_protected(
    policy: Policy, *, ordered_at: datetime, asked_at: datetime, paid_cents: int, price_cents: int, qty: int
) -> PriceDrop | Refused:
    """The difference to today's price for each piece, where the profile protects it: the order's own day is the first one."""
    days = policy.chosen.price_protection_days
    if days == 0:
        return Refused(Words("price_not_protected", {"profile": policy.label, "way": "ask_desk"}))
    last_day = local_day(ordered_at, ZoneInfo(policy.zone)) + timedelta(days=days - 1)
    params: dict[str, Any] = {"profile": policy.label, "last_day": last_day.isoformat(), "days": days}
    if asked_at >= end_of(policy, last_day):
        return Refused(Words("price_protection_over", {**params, "way": "ask_desk"}))
    if price_cents >= paid_cents:
        return Refused(Words("price_not_lower", {**params, "way": "ask_desk"}))
    cents = (paid_cents - price_cents) * qty
    return PriceDrop(cents, last_day, Words("price_protected", {**params, "amount_cents": cents}))


def refund_cents(value_cents: int, payer: Payer, freight_cents: int) -> int:
    """What comes back of goods worth ``value_cents``: the freight is taken off where the customer pays it, not below 0."""
    return value_cents if payer is Payer.MERCHANT else max(0, value_cents - freight_cents)
