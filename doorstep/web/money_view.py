"""What pages show of money: on a case the ways with their price, what is under way, what was sent again."""

from dataclasses import dataclass, field

from config.words import WITHOUT_CENTS
from domain.make_good import Ask, Cause, Offer, Way
from domain.proposal import Proposal
from domain.shipment import Order, ShipmentView
from doorstep import bookings
from doorstep.house import House
from doorstep.intake_values import MAX_CENTS, cents_of_text, whole
from monitor import make_good
from monitor.make_good import Choice
from store import cases, masking, money_views, proposals, reships, tracking
from store.base import Db
from store.overviews import MoneyLine
from store.reships import Reship

CHOSEN_PIECES = frozenset({Way.REFUND, Way.PART, Way.RESHIP, Way.RESHIP_PREMIUM})
CHOSEN_AMOUNT = frozenset({Way.PART, Way.COMPENSATION, Way.RETURN_FREIGHT})


@dataclass(frozen=True, slots=True)
class Under:
    """A make-good under way: the proposal and, once it is written, the instruction with its letter."""

    proposal: Proposal | None
    line: MoneyLine | None


@dataclass(frozen=True, slots=True)
class SentAgain:
    """``view``: the new parcel, None while its number isn't known; ``found``: first parcels that turned up."""

    reship: Reship
    view: ShipmentView | None
    found: tuple[ShipmentView, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseMoney:
    """``cause`` is why it went wrong, ``chosen`` whether a person said so; ``can_intercept``: a carrier can be asked."""

    order: Order | None = None
    cause: Cause = Cause.CARRIER_DELAY
    chosen: bool = False
    choices: tuple[Choice, ...] = ()
    under: tuple[Under, ...] = ()
    again: tuple[SentAgain, ...] = ()
    can_intercept: bool = False
    causes: tuple[Cause, ...] = field(default=tuple(Cause))

    @property
    def open_choices(self) -> list[Choice]:
        return [one for one in self.choices if isinstance(one.offer, Offer)]

    @property
    def closed_choices(self) -> list[Choice]:
        return [one for one in self.choices if not isinstance(one.offer, Offer)]


def case_money(db: Db, case_id: int, house: House, *, role: str, cause: str = "") -> CaseMoney:
    """Everything about money on a case's page, as one person sees it."""
    case = cases.get(db, case_id)
    order = make_good.order_of(db, case) if case else None
    if case is None or order is None:
        return CaseMoney()
    policy = house.settings.make_good
    chosen = Cause(cause) if cause in set(Cause) else None
    return CaseMoney(
        order=masking.goods(order),
        cause=chosen or make_good.cause_of(case, policy),
        chosen=chosen is not None,
        choices=tuple(make_good.choices(db, case, policy, cause=chosen, role=role)) if case.is_open else (),
        under=_under(db, case_id, order.ref),
        again=tuple(_again(db, one) for one in reships.of_case(db, case_id)),
        can_intercept=bookings.can_intercept(house.settings),
    )


def _under(db: Db, case_id: int, order_ref: str) -> tuple[Under, ...]:
    """The case's proposals, and what else the order got."""
    lines = {one.instruction.proposal or one.instruction.id: one for one in money_views.lines_of_order(db, order_ref)}
    found = [Under(one, lines.pop(one.id, None)) for one in proposals.of_case(db, case_id)]
    return (*(Under(None, one) for one in lines.values()), *found)


def _again(db: Db, reship: Reship) -> SentAgain:
    first = [one.shipment_id for one in reships.originals_of(db, reship.instruction_id) if one.turned_up_at]
    wanted = [*first, *([reship.shipment_id] if reship.shipment_id else [])]
    views = tracking.views(db, wanted)
    return SentAgain(reship, views.get(reship.shipment_id or 0), tuple(views[one] for one in first))


def ask_of(way: str, sku: str, qty: str, amount: str, currency: str) -> Ask:
    """What a form asks for. Raises RuleError where a field can't be read, ValueError where there is no such way."""
    wanted = Way(way)
    by_piece = wanted in CHOSEN_PIECES and sku
    cents = None
    if wanted in CHOSEN_AMOUNT and amount:
        cents = whole(amount, least=1, most=MAX_CENTS) if currency in WITHOUT_CENTS else cents_of_text(amount)
    return Ask(wanted, sku if by_piece else "", whole(qty or "1", least=1, most=10_000) if by_piece else 1, cents)
