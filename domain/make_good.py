"""What can be done for a customer whose order went wrong: ways, what each costs, the rule behind it, who must agree. Pure.

Money is integer cents of the order's currency; what a payment is for, and when it would be a second one: domain/payments.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.distance import Distance
from domain.payments import TROUBLE, WAY_BACK, WHOLE, MakeGood, Need, Paid, clash, first_free
from domain.pickup import Payer
from domain.shipment import Item, Order
from domain.words import Words


class Way(StrEnum):
    """What the desk can do."""

    REFUND = "refund"
    PART = "part"
    RESHIP = "reship"
    RESHIP_PREMIUM = "reship_premium"
    COMPENSATION = "compensation"
    RETURN_FREIGHT = "return_freight"


class Cause(StrEnum):
    """Why it went wrong; decides who bears which freight."""

    CARRIER_LOSS = "carrier_loss"
    CARRIER_DAMAGE = "carrier_damage"
    CARRIER_DELAY = "carrier_delay"
    MISDELIVERY = "misdelivery"
    NOT_SHIPPED = "not_shipped"
    QUALITY = "quality"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    CHANGE_OF_MIND = "change_of_mind"


KIND: Mapping[Way, MakeGood] = {
    Way.REFUND: MakeGood.REFUND,
    Way.PART: MakeGood.REFUND,
    Way.RESHIP: MakeGood.RESHIP,
    Way.RESHIP_PREMIUM: MakeGood.RESHIP,
    Way.COMPENSATION: MakeGood.COMPENSATION,
    Way.RETURN_FREIGHT: MakeGood.FREIGHT,
}


# --- the policy, as config/policies/make_good.toml says it ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """A row of the compensation table. The yardstick is the one-way freight or the share of the order's worth, whichever is
    more, within ``least_cents`` and ``most_cents``. No ``distances``: any.
    """

    least_cents: int
    most_cents: int
    source: str
    distances: tuple[Distance, ...] = ()
    value_from_cents: int = 0
    freight_cents: int = 0
    value_share: float = 0.0
    currency: str = "CNY"

    def fits(self, distance: Distance, worth_cents: int, currency: str) -> bool:
        return (
            self.currency == currency
            and worth_cents >= self.value_from_cents
            and (not self.distances or distance in self.distances)
        )

    def amount_cents(self, worth_cents: int) -> int:
        yardstick = max(self.freight_cents, round(worth_cents * self.value_share))
        return min(max(yardstick, self.least_cents), self.most_cents)


@dataclass(frozen=True, slots=True)
class CauseRule:
    """Who bears the way back, and whether the freight of the way out is taken off a refund."""

    return_freight: Payer
    outbound_deducted: bool
    source: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A carrier to send again with, and what a parcel costs there."""

    carrier: str
    freight_cents: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a role may give alone on one order, and up to which cost it may agree to another's proposal; None: to any."""

    role: str
    currency: str
    alone_cents: int
    approve_cents: int | None = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Figures of the shop. ``undo_s``: how long a make-good waits before it goes out, so that it can be taken back."""

    bands: tuple[Band, ...]
    causes: Mapping[Cause, CauseRule]
    cause_of_case: Mapping[str, Cause]
    tiers: Mapping[Way, Tier]
    limits: tuple[Limit, ...]
    undo_s: int = 30
    goods_cost_share: float = 1.0
    outbound_freight_cents: int = 0
    return_freight_cents: Mapping[Distance, int] = field(default_factory=dict)
    goods_kept_cents: int = 0
    freight_currency: str = "CNY"

    def limit_of(self, role: str, currency: str) -> Limit | None:
        return next((one for one in self.limits if (one.role, one.currency) == (role, currency)), None)

    def may_approve(self, role: str, currency: str, cost_cents: int) -> bool:
        """Whether a role's word is enough for this cost; where no limit of the currency is known, for nothing."""
        limit = self.limit_of(role, currency)
        return limit is not None and (limit.approve_cents is None or cost_cents <= limit.approve_cents)


# --- ways and their cost -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Situation:
    """An order and what happened to it. ``goods_kept``: the customer has the goods and nobody fetches them."""

    order: Order
    cause: Cause
    distance: Distance = Distance.UNKNOWN
    paid: tuple[Paid, ...] = ()
    goods_kept: bool = False

    @property
    def worth_cents(self) -> int:
        return worth(self.order.items)


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to do. ``sku`` '' is the whole order; ``amount_cents`` None leaves the amount to the rule."""

    way: Way
    sku: str = ""
    qty: int = 1
    amount_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A way with its price. ``amount_cents`` is what the customer gets, ``cost_cents`` what it costs the shop; ``least_cents``
    and ``most_cents`` bound an amount that may be chosen; ``deducted_cents`` is the freight taken off.
    """

    way: Way
    item: str
    qty: int
    amount_cents: int
    cost_cents: int
    currency: str
    rule: Words
    least_cents: int = 0
    most_cents: int = 0
    deducted_cents: int = 0
    carrier: str = ""

    @property
    def kind(self) -> MakeGood:
        return KIND[self.way]

    @property
    def paid(self) -> Paid:
        return Paid(self.item, self.kind, self.amount_cents, self.qty, self.cost_cents)


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A way that isn't open here, and why."""

    way: Way
    why: Words


def worth(items: Iterable[Item]) -> int:
    return sum(item.price_cents * item.qty for item in items)


def offers(now: Situation, policy: Policy) -> list[Offer | NotOffered]:
    """Every way for the whole order, in the order in which they stand on the page."""
    return [price(Ask(way), now, policy) for way in Way]


def price(ask: Ask, now: Situation, policy: Policy) -> Offer | NotOffered:
    """What a way gives and costs, by which rule; or why it isn't open."""
    line = next((item for item in now.order.items if item.sku == ask.sku), None)
    if ask.sku and (line is None or not 1 <= ask.qty <= line.qty):
        return NotOffered(ask.way, Words("make_good_no.pieces", {"sku": ask.sku, "qty": ask.qty}))
    return _PRICE[ask.way](ask, line, now, policy)


def _goods(ask: Ask, line: Item | None, now: Situation) -> tuple[str, int, int]:
    """The item, how many pieces, and what they are worth."""
    if line is None:
        return WHOLE, sum(item.qty for item in now.order.items), now.worth_cents
    goods = [one for one in now.paid if one.is_goods]
    return f"{line.sku}#{first_free(line.sku, ask.qty, line.qty, goods)}", ask.qty, line.price_cents * ask.qty


def _refund(ask: Ask, line: Item | None, now: Situation, policy: Policy) -> Offer | NotOffered:
    item, qty, value = _goods(ask, line, now)
    rule = policy.causes[now.cause]
    taken = _deducted(now, policy)
    amount = max(0, value - taken)
    code = "make_good_rule.refund_less_freight" if taken else "make_good_rule.refund"
    params = {
        "basis_code": rule.source,
        "cause_code": now.cause.value,
        "freight_cents": taken,
        "currency": now.order.currency,
    }
    return Offer(
        ask.way, item, qty, amount, amount, now.order.currency, Words(code, params), deducted_cents=min(taken, value)
    )


def _deducted(now: Situation, policy: Policy) -> int:
    """The freight of the way out, where the buyer bears it; once for each order."""
    once = any(one.kind == MakeGood.REFUND for one in now.paid)
    if once or not policy.causes[now.cause].outbound_deducted or now.order.currency != policy.freight_currency:
        return 0
    return policy.outbound_freight_cents


def _part(ask: Ask, line: Item | None, now: Situation, policy: Policy) -> Offer | NotOffered:
    item, qty, value = _goods(ask, line, now)
    amount = value if ask.amount_cents is None else ask.amount_cents
    if not 1 <= amount <= value:
        params = {"least_cents": 1, "most_cents": value, "currency": now.order.currency}
        return NotOffered(ask.way, Words("make_good_no.amount", params))
    rule = Words("make_good_rule.part", {"basis_code": policy.causes[now.cause].source, "cause_code": now.cause.value})
    return Offer(ask.way, item, qty, amount, amount, now.order.currency, rule, 1, value)


def _reship(ask: Ask, line: Item | None, now: Situation, policy: Policy) -> Offer | NotOffered:
    item, qty, value = _goods(ask, line, now)
    tier = policy.tiers[ask.way]
    freight = tier.freight_cents if now.order.currency == policy.freight_currency else 0
    cost = round(value * policy.goods_cost_share) + freight
    params = {"freight_cents": freight, "currency": now.order.currency, "basis_code": tier.source}
    rule = Words("make_good_rule.reship", params)
    return Offer(ask.way, item, qty, 0, cost, now.order.currency, rule, carrier=tier.carrier)


def _compensation(ask: Ask, line: Item | None, now: Situation, policy: Policy) -> Offer | NotOffered:
    del line
    currency, value = now.order.currency, now.worth_cents
    fitting = [band for band in policy.bands if band.fits(now.distance, value, currency)]
    if not fitting:
        return NotOffered(ask.way, Words("make_good_no.table", {"currency": currency}))
    band = max(fitting, key=lambda one: one.value_from_cents)
    amount = band.amount_cents(value) if ask.amount_cents is None else ask.amount_cents
    if amount < band.least_cents:
        params = {"least_cents": band.least_cents, "most_cents": band.most_cents, "currency": currency}
        return NotOffered(ask.way, Words("make_good_no.amount", params))
    high = "make_good_rule.compensation_value" if band.value_from_cents else "make_good_rule.compensation"
    params = {
        "distance_code": now.distance.value, "least_cents": band.least_cents, "most_cents": band.most_cents,
        "from_cents": band.value_from_cents, "currency": currency, "basis_code": band.source,
    }  # fmt: skip
    return Offer(ask.way, TROUBLE, 1, amount, amount, currency, Words(high, params), band.least_cents, band.most_cents)


def _return_freight(ask: Ask, line: Item | None, now: Situation, policy: Policy) -> Offer | NotOffered:
    del line
    rule = policy.causes[now.cause]
    params = {"basis_code": rule.source, "cause_code": now.cause.value, "currency": now.order.currency}
    if rule.return_freight is Payer.CUSTOMER:
        return NotOffered(ask.way, Words("make_good_no.customer_pays", params))
    most = policy.return_freight_cents.get(now.distance, 0)
    if not most or now.order.currency != policy.freight_currency:
        return NotOffered(ask.way, Words("make_good_no.freight", params))
    amount = most if ask.amount_cents is None else ask.amount_cents
    if not 1 <= amount <= most:
        return NotOffered(ask.way, Words("make_good_no.amount", {**params, "least_cents": 1, "most_cents": most}))
    return Offer(
        ask.way,
        WAY_BACK,
        1,
        amount,
        amount,
        now.order.currency,
        Words("make_good_rule.return_freight", params),
        1,
        most,
    )


_PRICE = {
    Way.REFUND: _refund,
    Way.PART: _part,
    Way.RESHIP: _reship,
    Way.RESHIP_PREMIUM: _reship,
    Way.COMPENSATION: _compensation,
    Way.RETURN_FREIGHT: _return_freight,
}


# --- who must agree ------------------------------------------------------------------------------------------------


def needs(offer: Offer, now: Situation, policy: Policy, role: str) -> tuple[Need, ...]:
    """Why a person of this role can't do it alone; empty where they can. What the order got before counts towards the limit."""
    found = [clash(offer.paid, now.paid), _above_limit(offer, now, policy, role)]
    if offer.kind is MakeGood.REFUND:
        refunded = sum(one.amount_cents for one in now.paid if one.kind == MakeGood.REFUND)
        found.append(Need.WORTH if refunded + offer.amount_cents > now.worth_cents else None)
        kept = now.goods_kept and offer.amount_cents > policy.goods_kept_cents
        found.append(Need.GOODS_KEPT if kept else None)
    if offer.way is Way.COMPENSATION and offer.amount_cents > offer.most_cents:
        found.append(Need.TABLE)
    return tuple(need for need in found if need)


def _above_limit(offer: Offer, now: Situation, policy: Policy, role: str) -> Need | None:
    limit = policy.limit_of(role, offer.currency)
    if limit is None:
        return Need.NO_LIMIT_KNOWN
    spent = sum(max(one.amount_cents, one.cost_cents) for one in now.paid)
    return Need.LIMIT if spent + offer.cost_cents > limit.alone_cents else None
