"""Telling customers: which message of a case is due, written with its fact in one transaction; and what a person told them.

The log is read on from where it was read last (``store/telling.news``), so that nothing that opens, confirms or closes a case has to know
of customers. Sending is doorstep/customer_post's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from domain.case import CaseEvent, CaseFact, Told
from domain.shipment import Order
from domain.telling import DATED, SAYING, TOLD, Later, Never, Now, Saying, Step, day_begin, judge, next_day
from monitor import acts, alerts, apart
from monitor.customer_words import Message, Rules, compose, ways_to
from store import cases, customers, intake, mail, telling
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow
from store.mail import Letter
from store.telling import CHANNEL, CLOSES, CONFIRMS, KIND, OPENS, StepRow

Do = Callable[..., None]
NEWS_A_TICK, ORDERS_A_TICK, STEPS_A_TICK = 500, 500, 200
TO_TELL = (Step.OPENED, Step.PROGRESS, Step.NEXT_STEP, Step.OUTCOME, Step.CLOSING)


def tell_due(db: Db, rules: Rules, *, now: datetime) -> int:
    """Plan what the log says that is new, then write the messages that are due; returns how many were looked at."""
    for ref in telling.new_orders(db, limit=ORDERS_A_TICK):
        order = intake.find_order(db, ref)
        if order is not None:
            customers.place(db, ref, order.customer, secret=rules.secret)
    one_by_one = partial(_each, db, rules, now)
    apart.work_off(
        db, "news", telling.news(db, limit=NEWS_A_TICK), partial(one_by_one, _plan), now=now, name=_news_name
    )
    due = telling.due(db, now=now, limit=STEPS_A_TICK)
    apart.work_off(
        db, "message", due, partial(one_by_one, _look_at), now=now, name=_step_name,
        put_off=lambda row, until: telling.move(db, row, until),
    )  # fmt: skip
    return len(due)


def _each(db: Db, rules: Rules, now: datetime, do: Do, items: Sequence[Any]) -> int:
    for one in items:
        do(db, rules, one, now=now)
    return len(items)


def _news_name(fact: FactRow) -> str:
    return f"{fact.subject_id}/{fact.event}"


def _step_name(row: StepRow) -> str:
    return f"{row.case_id}/{row.round}/{row.step}"


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(db: Db, rules: Rules, fact: FactRow, *, now: datetime) -> None:
    """Store when the messages that a fact of a case gives occasion to are to be looked at."""
    event = CaseEvent(fact.event)
    if event not in OPENS | CLOSES | CONFIRMS:
        return
    case = cases.get(db, int(fact.subject_id))
    if case is None or SAYING[case.kind] is Saying.NEVER or telling.order_of(db, case) is None:
        return
    round_ = telling.round_of(cases.history_of(db, case.id))
    for step, due_at in _occasions(rules, case, event, fact):
        telling.plan(db, case.id, round_, step, due_at=due_at, now=now)
    if event is CaseEvent.CUSTOMER_TOLD and fact.by is not None:
        telling.settle(db, case.id, steps=TO_TELL, state="sent", now=now)


BY_A_PERSON = frozenset({"return_differs"})
"""Types of cases (config/policies/case_types.toml) of which the customer hears from a person only: nobody is told by a machine that
their goods aren't right.
"""


def _occasions(rules: Rules, case: CaseRow, event: CaseEvent, fact: FactRow) -> list[tuple[Step, datetime]]:
    settings = rules.settings
    if event in CLOSES:
        days = settings.follow_up_d_of.get(case.kind.value, settings.follow_up_d)
        later = [(Step.FOLLOW_UP, fact.at + timedelta(days=days))] if days else []
        return [(Step.CLOSING, fact.at), *later]
    if not (settings.automatic and rules.ways and case.is_open) or case.type in BY_A_PERSON:
        return []
    first = fact.at + timedelta(minutes=settings.first_after_min)
    progress = (Step.PROGRESS, fact.at + timedelta(hours=settings.progress_after_h))
    if event in OPENS and fact.by is None and SAYING[case.kind] is Saying.CONFIRMED:
        return [progress]  # it is judged then; what a person confirms comes before
    return [(Step.OPENED, first), progress] if event in OPENS or fact.by is not None else []


# --- what is due -----------------------------------------------------------------------------------------------------


def _look_at(db: Db, rules: Rules, row: StepRow, *, now: datetime) -> None:
    """Write a message, move it, or drop it and keep why."""
    case = cases.get(db, row.case_id)
    order_ref = telling.order_of(db, case) if case else None
    order = intake.find_order(db, order_ref) if order_ref else None
    if case is None or order is None:
        telling.end(db, row.case_id, row.round, row.step, "dropped", why="unreachable", now=now)
        return
    history = cases.history_of(db, case.id)
    if telling.round_of(history) != row.round:
        telling.end(db, case.id, row.round, row.step, "dropped", why="reopened", now=now)
        return
    gap = timedelta(hours=rules.settings.progress_after_h)
    match judge(row.step, telling.heard_of(db, case, history), now=now, gap=gap):
        case Never(why):
            telling.end(db, case.id, row.round, row.step, "dropped", why=why, now=now)
        case Later(at):
            telling.move(db, row, at)
        case Now():
            _say(db, rules, case, row, order, now=now)


def _say(db: Db, rules: Rules, case: CaseRow, row: StepRow, order: Order, *, now: datetime) -> None:
    ways = ways_to(rules, order) if rules.settings.automatic else []
    if not ways:
        state = "dropped" if row.step is Step.PROGRESS else "todo"
        telling.end(db, case.id, row.round, row.step, state, why="unreachable", now=now)
        return
    wait = not_before(db, rules, row.step, order.ref, now=now)
    if wait is not None:
        telling.move(db, row, wait)
        return
    letter_id = f"customer-auto-{case.id}-{row.round}-{row.step}"
    message = compose(db, rules, case, row.step, order, now=now)
    fact = CaseFact(
        CaseEvent.CUSTOMER_TOLD, now, None, "customer", message.text,
        {"told": TOLD[row.step].value, "means": ways[0], "step": row.step.value, "letter": letter_id},
    )  # fmt: skip
    told = cases.add(db, case.id, fact)
    mail.post(db, [letter_of(letter_id, told, row.step, order, message, ways[0])], now=now)
    telling.end(db, case.id, row.round, row.step, "sent", letter=letter_id, now=now)
    if row.step in DATED:
        alerts.say(db, told, CaseEvent.CUSTOMER_TOLD.value, now=now)


def not_before(db: Db, rules: Rules, step: Step, order_ref: str, *, now: datetime, but: str = "") -> datetime | None:
    """When an automatic message may go out, where it may not now: after the quiet hours, or on another day."""
    zone = zone_of(rules)
    if quiet_until := rules.quiet.until(now, zone):
        return quiet_until
    tomorrow = next_day(now, zone)
    if step not in DATED and telling.said_that_day(db, order_ref, day_begin(now, zone), tomorrow, but=but):
        return rules.quiet.until(tomorrow, zone) or tomorrow
    return None


def zone_of(rules: Rules) -> ZoneInfo:
    return ZoneInfo(rules.settings.zone) if rules.settings.zone else rules.zone


def letter_of(letter_id: str, case: CaseRow, step: Step, order: Order, message: Message, way: str) -> Letter:
    """A message in the outbox; it holds neither name nor address, nor the link."""
    payload = {
        "subject": message.subject, "text": message.text, "lang": message.lang, "way": way, "order": order.ref,
        "ask": step is Step.FOLLOW_UP,
    }  # fmt: skip
    return Letter(letter_id, f"{CHANNEL}{order.ref}", KIND, step.value, "case", str(case.id), payload)


# --- what a person tells ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """What a person tells a customer. ``way`` empty: they told it themselves by ``means``, at ``at``; else it is sent by that
    way. ``key``: once, whatever happens to the form.
    """

    step: Step
    message: Message
    means: str
    at: datetime
    key: str
    way: str = ""
    next_at: datetime | None = None


def tell(
    db: Db, case_id: int, word: Word, *, by: str, now: datetime, channel: str = "console"
) -> acts.Done | acts.Refused:
    """Put what a person told a customer on the case, and send it where it is to be sent."""
    data = {"told": Told(TOLD[word.step]).value, "means": word.means, "step": word.step.value}
    if word.step is Step.NEXT_STEP and word.next_at is not None:
        data["next_at"] = word.next_at.isoformat()
    if word.at != now:
        data["noted_at"] = now.isoformat()
    letter_id = f"customer-hand-{case_id}-{word.key}"
    if word.way:
        data["letter"] = letter_id
    fact = CaseFact(CaseEvent.CUSTOMER_TOLD, word.at, by, channel, word.message.text, data)
    outcome = acts.do(db, case_id, fact, key=word.key)
    if isinstance(outcome, acts.Refused) or not outcome.fresh:
        return outcome
    order_ref = telling.order_of(db, outcome.case)
    order = intake.find_order(db, order_ref) if order_ref else None
    if word.way and order is not None:
        mail.post(db, [letter_of(letter_id, outcome.case, word.step, order, word.message, word.way)], now=now)
    telling.settle(db, case_id, steps=TO_TELL, state="sent", now=now)
    return outcome


def undelivered(db: Db, letter: Letter, *, error: str, now: datetime) -> None:
    """Nobody got a message: the case says so, and a person is to tell the customer another way."""
    mail.mark_failed(db, letter.id, error=error, retry_at=None, now=now)
    case_id = int(letter.subject_id)
    data = {"letter": letter.id, "means": letter.payload["way"], "step": letter.reason}
    case = cases.add(db, case_id, CaseFact(CaseEvent.MESSAGE_FAILED, now, None, "customer", error[:200], data))
    round_, step = telling.round_of(cases.history_of(db, case_id)), Step(letter.reason)
    telling.plan(db, case_id, round_, step, due_at=now, now=now)
    telling.end(db, case_id, round_, step, "todo", why="failed", letter=letter.id, now=now)
    if case.is_open:
        alerts.say(db, case, CaseEvent.MESSAGE_FAILED.value, now=now)
