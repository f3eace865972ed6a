"""A make-good on its way: proposed, agreed to where that is needed, waiting to go out, instructed; or declined, or taken back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.make_good import Cause, Way
from domain.payments import MakeGood, Need, Paid
from domain.words import Words


class ProposalStatus(StrEnum):
    WAITING = "waiting"  # for somebody's word
    APPROVED = "approved"  # goes out at ``go_at``
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    INSTRUCTED = "instructed"


class ProposalEvent(StrEnum):
    """What can happen to a proposal; facts are kept under these names. HELD: its order changed since somebody agreed."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    INSTRUCTED = "instructed"


_S, _E = ProposalStatus, ProposalEvent
NEXT: dict[tuple[ProposalStatus, ProposalEvent], ProposalStatus] = {
    (_S.WAITING, _E.APPROVED): _S.APPROVED,
    (_S.WAITING, _E.DECLINED): _S.DECLINED,
    (_S.WAITING, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.APPROVED, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.APPROVED, _E.HELD): _S.WAITING,
    (_S.APPROVED, _E.INSTRUCTED): _S.INSTRUCTED,
}
"""The transition table of a proposal. A missing pair changes nothing."""


def step(status: ProposalStatus, event: ProposalEvent) -> ProposalStatus:
    return NEXT.get((status, event), status)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands. ``needs`` is why somebody must agree; ``seen`` how many payments its order had when somebody
    did; ``go_at`` when it goes out, None while it doesn't.
    """

    id: str
    case_id: int
    order_ref: str
    way: Way
    item: str
    qty: int
    amount_cents: int
    cost_cents: int
    currency: str
    cause: Cause
    rule: Words
    proposed_by: str
    proposed_at: datetime
    needs: tuple[Need, ...] = ()
    carrier: str = ""
    why: str = ""
    channel: str = ""
    status: ProposalStatus = ProposalStatus.WAITING
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str = ""
    seen: int = 0
    go_at: datetime | None = None
    kind: MakeGood = MakeGood.REFUND

    @property
    def instruction_id(self) -> str:
        return f"make-good-{self.id}"

    @property
    def paid(self) -> Paid:
        return Paid(self.item, self.kind, self.amount_cents, self.qty, self.cost_cents)
