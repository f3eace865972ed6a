"""Return policy: may this be sent back, until when, who pays the freight, how much comes back. Pure.

The figures are configuration (`config/policies/returns.toml`, each beside its source); the rules are:
消保法 25 (7 days without a reason, four exceptions, consumer pays the freight), 消保法 24 (quality: the business pays),
电子商务法 20 (risk in transit lies with the seller). Times are aware; days are local days in the policy's zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.pickup import Payer, ReturnReason, Want
from domain.shipment import Item
from domain.words import Words
from scheduler.plan_types import Refused, at_local, local_day


class RefundOn(StrEnum):
    """What starts the refund: the courier's proof, or the warehouse's inspection after it."""

    COLLECTED = "collected"
    INSPECTED = "inspected"


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days a customer has, counted from the day after signing."""

    no_reason_days: int
    fault_refund_days: int
    fault_exchange_days: int


class ReasonRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays for a reason, under which statute; ``fault``: the exceptions don't bar it."""

    payer: Payer
    fault: bool
    statute: str


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that can't be returned without a reason; ``unless_sealed``: only once they were opened."""

    id: str
    statute: str
    categories: tuple[str, ...]
    unless_sealed: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`config/policies/returns.toml` as a value. Raises ValueError where it names what isn't there."""

    profile: str
    zone: str
    refund_on: RefundOn
    freight_cents: int
    book_days: int
    max_attempts: int
    profiles: dict[str, Profile]
    reasons: dict[ReturnReason, ReasonRule]
    exceptions: tuple[Exclusion, ...] = ()

    def __post_init__(self) -> None:
        if self.profile not in self.profiles:
            raise ValueError(f"profile `{self.profile}` is none of {', '.join(sorted(self.profiles))}")
        if missing := sorted(set(ReturnReason) - set(self.reasons)):
            raise ValueError(f"[reasons] lacks {', '.join(missing)}")
        for name in ("freight_cents", "book_days", "max_attempts"):
            if getattr(self, name) < (0 if name == "freight_cents" else 1):
                raise ValueError(f"{name} is too small: {getattr(self, name)}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"zone `{self.zone}` is no time zone; write it like Asia/Shanghai") from exc


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an order, and how many of it are to go back."""

    item: Item
    qty: int


@dataclass(frozen=True, slots=True)
class Eligible:
    """A yes. ``until`` is the end of the last day (exclusive); ``statute`` says why, ``words`` say it to people.

    ``refund_cents`` is what comes back once everything is collected; ``freight_cents`` is already taken off it where
    the customer pays.
    """

    payer: Payer
    statute: str
    refund_cents: int
    freight_cents: int
    last_day: date
    until: datetime
    words: Words


def judge(
    policy: Policy,
    lines: Sequence[Line],
    *,
    reason: ReturnReason,
    want: Want,
    signed_at: datetime | None,
    requested_at: datetime,
    sealed: bool = False,
) -> Eligible | Refused:
    """Whether these goods may be sent back; only the moment of the request counts, never the slot.

    ``sealed``: the customer says that media or software are unopened.
    """
    rule = policy.reasons[reason]
    if signed_at is None:
        return Refused(Words("return_not_received", {"statute": rule.statute, "way": "after_delivery"}))
    if not rule.fault and (barred := _barred(policy, lines, sealed=sealed)):
        return Refused(barred)
    last_day = last_day_of(policy, reason, want, signed_at)
    until = at_local(last_day + timedelta(days=1), time(), ZoneInfo(policy.zone))
    if requested_at >= until:
        return Refused(_late(rule, last_day, days_of(policy, reason, want)))
    return _eligible(policy, rule, lines, want, last_day, until)


def _barred(policy: Policy, lines: Sequence[Line], *, sealed: bool) -> Words | None:
    for line in lines:
        for exception in policy.exceptions:
            opened = not (exception.unless_sealed and sealed)
            if opened and line.item.category.strip().lower() in exception.categories:
                params = {"item": line.item.name or line.item.sku, "sku": line.item.sku, "way": "quality_only"}
                return Words(f"return_excepted_{exception.id}", {"statute": exception.statute, **params})
    return None


def _late(rule: ReasonRule, last_day: date, days: int) -> Words:
    way = "repair_or_replace" if rule.fault else "ask_desk"
    return Words(
        "return_too_late", {"statute": rule.statute, "last_day": last_day.isoformat(), "days": days, "way": way}
    )


def days_of(policy: Policy, reason: ReturnReason, want: Want) -> int:
    """The length of the window in days."""
    profile = policy.profiles[policy.profile]
    if not policy.reasons[reason].fault:
        return profile.no_reason_days
    return profile.fault_exchange_days if want is Want.EXCHANGE else profile.fault_refund_days


def last_day_of(policy: Policy, reason: ReturnReason, want: Want, signed_at: datetime) -> date:
    """The last local day of the window: the day of signing itself isn't counted (七日无理由退货暂行办法)."""
    return local_day(signed_at, ZoneInfo(policy.zone)) + timedelta(days=days_of(policy, reason, want))


def _eligible(
    policy: Policy, rule: ReasonRule, lines: Sequence[Line], want: Want, last_day: date, until: datetime
) -> Eligible:
    value = sum(line.item.price_cents * line.qty for line in lines)
    refund = 0 if want is Want.EXCHANGE else refund_cents(value, rule.payer, policy.freight_cents)
    params: dict[str, Any] = {"statute": rule.statute, "last_day": last_day.isoformat(), "refund_cents": refund}
    words = Words(f"return_eligible_{rule.payer}_pays", {**params, "freight_cents": policy.freight_cents})
    return Eligible(rule.payer, rule.statute, refund, policy.freight_cents, last_day, until, words)


def refund_cents(value_cents: int, payer: Payer, freight_cents: int) -> int:
    """What comes back of goods worth ``value_cents``: the freight is taken off where the customer pays it, not below 0."""
    return value_cents if payer is Payer.MERCHANT else max(0, value_cents - freight_cents)
