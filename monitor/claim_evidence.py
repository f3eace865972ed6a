"""Whether a claim's evidence is complete: what we have by ourselves, what a person must add, what is missing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.case import CaseEvent
from domain.claim import Claim, ClaimEvent, ClaimFact, EvidenceItem
from domain.parcel import is_physical
from domain.shipment import Order, ShipmentView
from domain.tracking import Manner
from domain.words import Words
from store import claims, facts, intake, reads, tracking
from store.base import Db
from store.claims import ClaimRow
from store.facts import FactRow
from store.reads import ScanSeen


class Held(StrEnum):
    """HAVE: in the pack. ADD: a person must add it. LACKS: it should be known by itself, and isn't."""

    HAVE = "have"
    ADD = "add"
    LACKS = "lacks"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One thing that the carrier wants to see. ``files``: how many a person added for it; ``says``: what is known."""

    item: EvidenceItem
    held: Held
    files: int = 0
    says: Words | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the house knows of a claim's parcel. ``facts``: of its case, its shipment and its order."""

    claim: Claim
    view: ShipmentView
    order: Order | None
    scans: tuple[ScanSeen, ...]
    facts: tuple[FactRow, ...]
    history: tuple[ClaimFact, ...]


def known_of(db: Db, row: ClaimRow) -> Known:
    """Everything around a claim: its parcel, its order, the facts of its case."""
    claim = row.claim
    view = tracking.views(db, [claim.shipment_id])[claim.shipment_id]
    subjects = [("shipment", str(claim.shipment_id))]
    subjects += [("case", str(claim.case_id))] if claim.case_id else []
    subjects += [("order", claim.order_ref)] if claim.order_ref else []
    around = tuple(fact for kind, ref in subjects for fact in facts.history(db, kind, ref))
    order = intake.find_order(db, claim.order_ref) if claim.order_ref else None
    scans = tuple(seen for seen in reads.scans(db, [view]) if not claim.parcel or seen.number == claim.parcel)
    return Known(claim, view, order, scans, around, tuple(claims.history_of(db, row.id)))


CONSENT = frozenset({Manner.LOCKER, Manner.POINT, Manner.AGENT, Manner.SAFE_PLACE})
TALK = frozenset(
    {event.value for event in (CaseEvent.CARRIER_CONTACTED, CaseEvent.CARRIER_ANSWERED, CaseEvent.CUSTOMER_TOLD)}
)
SAYS_NOT_RECEIVED = frozenset({"disputed", CaseEvent.CUSTOMER_SAID.value})


def completeness(known: Known, wanted: Iterable[EvidenceItem]) -> list[Exhibit]:
    """Every thing that is wanted, with what there is of it."""
    return [_exhibit(known, item) for item in wanted]


def _exhibit(known: Known, item: EvidenceItem) -> Exhibit:
    files = sum(1 for fact in known.history if fact.event is ClaimEvent.EVIDENCE_ADDED and fact.data["item"] == item)
    by_itself = BY_ITSELF.get(item)
    says, needed = by_itself(known) if by_itself else (None, True)
    if says is not None or files:
        return Exhibit(item, Held.HAVE, files, says)
    if not needed:
        return Exhibit(item, Held.NOT_NEEDED)
    return Exhibit(item, Held.LACKS if item in OURS else Held.ADD)


Look = Callable[[Known], tuple[Words | None, bool]]
OURS = frozenset(
    {EvidenceItem.TRACKING_HISTORY, EvidenceItem.PROMISE, EvidenceItem.PROOF_OF_VALUE, EvidenceItem.CONTACT_LOG}
)


def _tracking(known: Known) -> tuple[Words | None, bool]:
    held = [seen.event for seen in known.scans if is_physical(seen.event) and seen.event.time.at]
    if not held or held[-1].time.at is None:
        return (Words("claim.says.scans", {"n": len(known.scans)}) if known.scans else None), True
    last = held[-1]
    params = {"n": len(known.scans), "last_at": held[-1].time.at.isoformat(), "place": last.place or ""}
    return Words("claim.says.tracking", params), True


def _promise(known: Known) -> tuple[Words | None, bool]:
    promised = known.view.shipment.promised_at
    return (Words("claim.says.promise", {"promised_at": promised.isoformat()}) if promised else None), True


def _value(known: Known) -> tuple[Words | None, bool]:
    if known.order is None or not any(item.price_cents for item in known.order.items):
        return None, True
    total = sum(item.price_cents * item.qty for item in known.order.items)
    params = {"n": len(known.order.items), "total_cents": total, "currency": known.order.currency}
    return Words("claim.says.value", params), True


def _talk(known: Known) -> tuple[Words | None, bool]:
    count = sum(fact.event in TALK for fact in known.facts)
    return (Words("claim.says.talk", {"n": count}) if count else None), True


def _statement(known: Known) -> tuple[Words | None, bool]:
    said = [fact for fact in known.facts if fact.event in SAYS_NOT_RECEIVED]
    return (Words("claim.says.statement", {"said_at": said[-1].at.isoformat()}) if said else None), True


def _consent(known: Known) -> tuple[Words | None, bool]:
    """Only wanted where the parcel was left somewhere or with somebody else."""
    return None, known.view.state.manner in CONSENT


BY_ITSELF: Mapping[EvidenceItem, Look] = {
    EvidenceItem.TRACKING_HISTORY: _tracking,
    EvidenceItem.PROMISE: _promise,
    EvidenceItem.PROOF_OF_VALUE: _value,
    EvidenceItem.CONTACT_LOG: _talk,
    EvidenceItem.STATEMENT_OF_NON_RECEIPT: _statement,
    EvidenceItem.CONSENT_RECORD: _consent,
}
"""What the timeline may hold already, and whether it is needed at all."""


def score(exhibits: Iterable[Exhibit]) -> tuple[int, int]:
    """How many of the needed things there are, and how many are needed."""
    needed = [one for one in exhibits if one.held is not Held.NOT_NEEDED]
    return sum(one.held is Held.HAVE for one in needed), len(needed)
