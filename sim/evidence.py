"""What the product wrote, as plain rows for the checkers: whoever drives a house collects them, the checkers judge them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sim.tales import Tale


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. ``subject_id`` as the product keeps it; ``opened_at`` is the first opening. ``id`` and ``incident`` are the product's
    own, '' where there is none; ``party``: who is held liable.
    """

    kind: str
    subject_type: str
    subject_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    id: str = ""
    incident: str = ""
    party: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """An instruction to pay or to send again. ``item`` '*' stands for the whole order."""

    order_ref: str
    item: str
    kind: str
    amount_cents: int
    approval: str = ""
    id: str = ""
    return_ref: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckinRow:
    """Goods at the warehouse. ``decision``: ok, part or differs, '' while nobody has said how they are."""

    return_ref: str
    order_ref: str
    at: datetime
    decided_at: datetime | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop. ``planned_at``: when its route was dispatched; ``ended_at``: when it was reported, None while open."""

    id: str
    route_id: str
    return_ref: str
    status: str
    planned_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A message: what it is about, and when it was due and taken. ``remote_id``: how the far side calls it, '' inside the
    house; ``dead``: given up.
    """

    id: str
    channel: str
    kind: str
    reason: str
    subject_type: str
    subject_id: str
    due_at: datetime
    sent_at: datetime | None = None
    dead: bool = False
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class DeedRow:
    """Something that happened to a case: opened, acknowledged, breached, …, in the order in which it was written. ``answers``: a
    person told the customer how it ends, or when they hear more.
    """

    case: str
    event: str
    at: datetime
    by: str = ""
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the product wrote. ``numbers``: the tracking number of each shipment subject id. ``asked``: by number, the
    source that was asked about it, where that isn't the parcel's own: an aggregator knows other sources' parcels too.
    ``stand_ins``: by number, all sources that may be asked about it. ``heard``: the ids of messages that the chat of each channel really shows; ``taken``: how often the merchant's system
    did what each instruction says; None where there is none to tell.
    """

    cases: Sequence[CaseRow] = ()
    payments: Sequence[PaymentRow] = ()
    stops: Sequence[StopRow] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    letters: Sequence[LetterRow] = ()
    deeds: Sequence[DeedRow] = ()
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken: Mapping[str, int] | None = None
    checkins: Sequence[CheckinRow] = ()

    def source(self, tale: Tale) -> str:
        """Who is asked about a tale's parcel; nobody where there is none."""
        return self.asked.get(tale.parcel.number, tale.parcel.source) if tale.parcel else ""

    def voices(self, tale: Tale) -> frozenset[str]:
        """Who can tell of a tale's parcel: the source that is asked, and its own where that stands in."""
        if tale.parcel is None:
            return frozenset()
        own = self.stand_ins.get(tale.parcel.number, frozenset()) & {tale.parcel.source}
        return own | {self.source(tale)}


@dataclass(frozen=True, slots=True)
class Violation:
    checker: str
    subject: str
    at: datetime
    text: str
