"""What customers say on their page, and what the desk says for them: received or not, damaged, wrong, solved or not. Each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Kind
from domain.errors import RuleError
from domain.files import FileKind, sniff
from domain.parcel import Delivered
from domain.photos import without_place
from domain.privacy import mask_text
from domain.shipment import ShipmentView
from domain.telling import Step
from monitor import acts, alerts, look, orders
from store import asking, cases, facts, files, mail, marks, telling, tracking
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow
from store.marks import Mark

CHANNEL = "customer"
MAX_WORDS = 1_000
RECEIVED = "settled.received"
"""Why a case closed: somebody has the parcel."""
SETTLED_BY_RECEIPT = frozenset(Kind) - {Kind.DAMAGED, Kind.SOURCE_SILENT, Kind.REFUND_UNCONFIRMED, Kind.CHECKIN_MISSING}
"""Troubles that are over once the customer has the goods; that they are damaged isn't."""


class Word(StrEnum):
    RECEIVED = "received"
    NOT_RECEIVED = "not_received"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Said:
    """``words`` are the customer's own, ``photo`` as it was uploaded; ``key``: once, whatever happens to the form."""

    word: Word
    shipment_id: int | None
    words: str
    photo: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it: a code of ``ui.status``, and the case that goes on with it."""

    code: str
    case: CaseRow | None = None


def say(db: Db, order_ref: str, said: Said, policy: DetectionPolicy, *, now: datetime) -> Heard:
    """Take what a customer says about their order. Raises RuleError where the photo is none that we keep."""
    if not mail.receive(db, CHANNEL, order_ref, said.key, at=now):
        return Heard("again")
    if said.word is Word.RECEIVED:
        for shipment_id in [said.shipment_id] if said.shipment_id else telling.shipments_of(db, order_ref):
            receive(db, shipment_id, policy, now=now, by=None, channel=CHANNEL)
        return Heard("thanks_received")
    case = _case_for(db, order_ref, said, policy, now=now)
    if case is None:
        data = _said(db, said, ("order", order_ref), now=now)
        facts.append(db, [FactRow("order", order_ref, "customer_said", now, None, CHANNEL, _words(said), data)])
        return Heard("thanks_on_way" if said.word is Word.NOT_RECEIVED else "thanks")
    return Heard("thanks_problem", _on_case(db, case, said, now=now))


def _words(said: Said) -> str:
    return mask_text(said.words.strip()[:MAX_WORDS])


def _case_for(db: Db, order_ref: str, said: Said, policy: DetectionPolicy, *, now: datetime) -> CaseRow | None:
    """The case that goes on with what was said: a dispute where something is wrong, else the open one, else none."""
    wrong = said.word in {Word.DAMAGED, Word.WRONG_ITEM} or (
        said.word is Word.NOT_RECEIVED and _is_delivered(db, order_ref, said.shipment_id)
    )
    if wrong:
        text = _words(said) or said.word.value
        case_id, _ = orders.dispute(
            db, order_ref, text, policy, now=now, by=None, channel=CHANNEL, of=policy.case_types[said.word.value]
        )
        return cases.get(db, case_id)
    open_ = [case for one in telling.cases_of(db, order_ref) if (case := cases.get(db, one)) and case.is_open]
    return open_[-1] if open_ else None


def _is_delivered(db: Db, order_ref: str, shipment_id: int | None) -> bool:
    """Whether the carrier (or somebody) says that it arrived."""
    ids = [shipment_id] if shipment_id else telling.shipments_of(db, order_ref)
    views = tracking.views(db, ids).values()
    return any(view.state.delivered is not Delivered.NO or view.received_by_hand for view in views)


def _on_case(db: Db, case: CaseRow, said: Said, *, now: datetime) -> CaseRow:
    data = _said(db, said, ("case", str(case.id)), now=now)
    after = cases.add(db, case.id, CaseFact(CaseEvent.CUSTOMER_SAID, now, None, CHANNEL, _words(said), data))
    alerts.say(db, after, CaseEvent.CUSTOMER_SAID.value, now=now)
    return after


def _said(db: Db, said: Said, about: tuple[str, str], *, now: datetime) -> dict[str, Any]:
    """What is kept beside the words; the photo with what it is about."""
    data: dict[str, Any] = {"said": said.word.value}
    if said.photo:
        if sniff(said.photo) in {None, FileKind.PDF}:
            raise RuleError("photo: only JPEG, PNG, WebP and HEIC are taken")
        kept = without_place(said.photo)
        row = files.add(db, kept, subject_type=about[0], subject_id=about[1], by=CHANNEL, at=now)
        data["photos"] = [row.id]
    return data


# --- received, and not after all -------------------------------------------------------------------------------------


def receive(db: Db, shipment_id: int, policy: DetectionPolicy, *, now: datetime, by: str | None, channel: str) -> None:
    """Somebody has a shipment: what was open about it is settled, and nothing is looked for any more."""
    view = _view(db, shipment_id)
    if view.received_by_hand:
        return
    marks.write(db, shipment_id, marks.EVENT_OF[Mark.RECEIVED], at=now, by=by, channel=channel, words="")
    for case in _open_about(db, shipment_id, view.shipment.order_ref):
        alerts.say(
            db, cases.add(db, case.id, CaseFact(CaseEvent.CLEARED, now, by, channel, RECEIVED)), "cleared", now=now
        )
    look.look_at(db, [shipment_id], policy, now=now)


def not_received(
    db: Db, shipment_id: int, policy: DetectionPolicy, *, now: datetime, by: str, channel: str
) -> list[CaseRow]:
    """It was a mistake: what was noted is taken back, and the cases that it settled are open again, with a new promise."""
    view = _view(db, shipment_id)
    if not view.received_by_hand:
        return []
    marks.write(db, shipment_id, marks.UNMARKED, at=now, by=by, channel=channel, words="")
    again = open_settled(db, shipment_id, policy, now=now, by=by, channel=channel)
    look.look_at(db, [shipment_id], policy, now=now)
    return again


def open_settled(
    db: Db, shipment_id: int, policy: DetectionPolicy, *, now: datetime, by: str, channel: str
) -> list[CaseRow]:
    """Open the cases again that a customer's "received" had settled, each with a new promise."""
    order_ref = _view(db, shipment_id).shipment.order_ref
    settled = [case for case in _about(db, shipment_id, order_ref) if case.close_reason == RECEIVED]
    return [reopen(db, case, policy, now=now, by=by, channel=channel, words=RECEIVED) for case in settled]


def _view(db: Db, shipment_id: int) -> ShipmentView:
    found = tracking.views(db, [shipment_id]).get(shipment_id)
    if found is None:
        raise RuleError(f"shipment: {shipment_id} is unknown")
    return found


def _about(db: Db, shipment_id: int, order_ref: str | None) -> list[CaseRow]:
    """Cases about a shipment; those about its order only where that is the order's one shipment."""
    alone = order_ref is not None and telling.shipments_of(db, order_ref) == [shipment_id]
    ids = telling.cases_of(db, order_ref) if order_ref else []
    found = [case for one in ids if (case := cases.get(db, one)) is not None]
    if not order_ref:
        found = cases.open_for(db, look.subject_of(_view(db, shipment_id)))
    return [
        case
        for case in found
        if case.kind in SETTLED_BY_RECEIPT
        and (case.subject == look.subject_of(_view(db, shipment_id)) or (alone and case.subject.type == "order"))
    ]


def _open_about(db: Db, shipment_id: int, order_ref: str | None) -> Sequence[CaseRow]:
    return [case for case in _about(db, shipment_id, order_ref) if case.is_open]


# --- is it really solved? --------------------------------------------------------------------------------------------


def answer_by_customer(
    db: Db, case_id: int, *, solved: bool, key: str, policy: DetectionPolicy, now: datetime, words: str = ""
) -> Heard:
    """A customer says whether a closed case is really solved; "no" opens it again, with a new promise."""
    if not mail.receive(db, CHANNEL, f"case-{case_id}", key, at=now):
        return Heard("again")
    case = cases.get(db, case_id)
    if case is None or case.is_open:
        return Heard("again", case)
    data = {"solved": solved, "asked": "customer"}
    fact = CaseFact(CaseEvent.FOLLOWED_UP, now, None, CHANNEL, mask_text(words[:MAX_WORDS]), data)
    return _answered(db, cases.add(db, case_id, fact), solved=solved, policy=policy, now=now, by=None, channel=CHANNEL)


def answer_by_desk(
    db: Db, case_id: int, *, solved: bool, key: str, policy: DetectionPolicy, now: datetime, by: str, words: str = ""
) -> acts.Refused | Heard:
    """A person asked the customer, and notes what they said."""
    data = {"solved": solved, "asked": "desk"}
    fact = CaseFact(CaseEvent.FOLLOWED_UP, now, by, "console", words, data)
    outcome = acts.do(db, case_id, fact, key=key)
    if isinstance(outcome, acts.Refused):
        return outcome
    if not outcome.fresh or outcome.case.is_open:
        return Heard("again", outcome.case)
    return _answered(db, outcome.case, solved=solved, policy=policy, now=now, by=by, channel="console")


def _answered(
    db: Db, case: CaseRow, *, solved: bool, policy: DetectionPolicy, now: datetime, by: str | None, channel: str
) -> Heard:
    round_ = telling.round_of(cases.history_of(db, case.id))
    telling.plan(db, case.id, round_, Step.FOLLOW_UP, due_at=now, now=now)
    telling.end(db, case.id, round_, Step.FOLLOW_UP, "answered", now=now)
    if solved:
        return Heard("thanks_solved", case)
    return Heard("thanks_unsolved", reopen(db, case, policy, now=now, by=by, channel=channel))


def reopen(
    db: Db, case: CaseRow, policy: DetectionPolicy, *, now: datetime, by: str | None, channel: str, words: str = ""
) -> CaseRow:
    """A closed case goes on, with a new promise; where the same trouble has another open case, that one goes on."""
    other = next((one for one in cases.open_for(db, case.subject) if one.kind is case.kind), None)
    if other is not None:
        after = cases.add(db, other.id, CaseFact(CaseEvent.CUSTOMER_SAID, now, by, channel, words, {"case": case.id}))
    else:
        fact = CaseFact(CaseEvent.REOPENED, now, by, channel, words)
        after = cases.add(db, case.id, acts.reopening(case, policy, fact))
        asking.under_case(db, cases.shipments_of(db, case.subject), now=now)
    alerts.say(db, after, CaseEvent.REOPENED.value, now=now)
    return after
