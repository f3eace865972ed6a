"""What people open cases about: four roots, for each type one liable party and a handling time; and what goes first."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from domain.case import Kind, SubjectType


class Root(StrEnum):
    """Where a trouble comes from."""

    PRODUCT = "product"
    SERVICE = "service"
    LOGISTICS = "logistics"
    BUYER = "buyer"


class Party(StrEnum):
    """Who answers for it: one for each type."""

    MERCHANT = "merchant"
    SUPPLIER = "supplier"
    CARRIER = "carrier"
    COLLECTOR = "collector"
    CUSTOMER = "customer"


class Rank(IntEnum):
    """A case's place in the morning list: disputes first, then refunds, then what is due."""

    DISPUTE = 0
    REFUND = 1
    DUE = 2


RANK_OF: dict[Kind, Rank] = {
    Kind.DISPUTED: Rank.DISPUTE,
    Kind.REFUND_UNCONFIRMED: Rank.REFUND,
    Kind.CHECKIN_MISSING: Rank.REFUND,
}
"""Kinds that don't wait for their turn; all others are DUE."""


def rank_of(kind: Kind) -> Rank:
    return RANK_OF.get(kind, Rank.DUE)


@dataclass(frozen=True, slots=True)
class CaseType:
    """``kind`` is the fixed kind (docs/formats.md) that it is counted as; ``handling`` is what the customer is promised;
    ``about``: what it can be opened on; ``others``: more words by which platforms and people call it.
    """

    id: str
    root: Root
    names: dict[str, str]
    party: Party
    handling: timedelta
    kind: Kind = Kind.DISPUTED
    rank: Rank = Rank.DUE
    about: frozenset[SubjectType] = frozenset({SubjectType.ORDER, SubjectType.SHIPMENT, SubjectType.RETURN})
    others: frozenset[str] = frozenset()
