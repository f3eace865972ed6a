"""What a case's page says of its customer: by what they can be reached, what they were told, what a person must do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from domain.case import CaseEvent, CaseFact
from domain.files import FileKind
from domain.privacy import NOBODY
from domain.telling import Step
from doorstep.customers import rules_of
from doorstep.web.context import Web
from monitor.customer_words import Rules, ways_to
from store import cases, files, intake, masking, telling
from store.base import Db
from store.files import FileRow
from store.telling import StepRow


@dataclass(frozen=True, slots=True)
class Panel:
    """``asks``: the follow-up waits for an answer; ``photos`` are what the customer sent."""

    order_ref: str
    ways: list[str]
    can_send: bool
    told: list[CaseFact]
    steps: list[StepRow]
    asks: bool
    photos: list[FileRow] = field(default_factory=list)

    @property
    def todo(self) -> list[StepRow]:
        """Messages that a person must say in our place."""
        return [row for row in self.steps if row.state == "todo" and row.step is not Step.FOLLOW_UP]

    @property
    def waiting(self) -> list[StepRow]:
        return [row for row in self.steps if row.state == "waiting"]


def panel_of(web: Web, case_id: int) -> Panel | None:
    """None where the case has no customer."""
    return web.house.store.read(_panel, case_id, rules_of(web.house))


def _panel(db: Db, case_id: int, rules: Rules) -> Panel | None:
    case = cases.get(db, case_id)
    order_ref = telling.order_of(db, case) if case else None
    order = intake.find_order(db, order_ref) if order_ref else None
    if case is None or order is None:
        return None
    history = cases.history_of(db, case_id)
    known = masking.known_by_order(db, [order.ref]).get(order.ref, NOBODY)
    round_ = telling.round_of(history)
    steps = [row for row in telling.of_case(db, case_id) if row.round == round_]
    asked = [row for row in steps if row.step is Step.FOLLOW_UP and row.state in {"todo", "sent"}]
    told = [
        replace(fact, words=known.hide(fact.words))
        for fact in history
        if fact.event in {CaseEvent.CUSTOMER_TOLD, CaseEvent.CUSTOMER_SAID}
    ]
    return Panel(
        order.ref, ways_to(rules, order), bool(rules.ways), told, steps, bool(asked) and not case.is_open,
        _photos(files.of_subject(db, "case", str(case_id))),
    )  # fmt: skip


def _photos(rows: Sequence[FileRow]) -> list[FileRow]:
    return [row for row in rows if row.by == "customer" and row.erased_at is None and row.kind is not FileKind.TEXT]
