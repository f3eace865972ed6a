"""Independent checkers of what the desk, its customers and the merchant got: alerts, promises, instructions, who took a case."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sim.evidence import CaseRow, DeedRow, Evidence, LetterRow, StopRow, Violation
from sim.tales import Span
from sim.world import World

CONSOLE, MERCHANT = "console", "merchant"
ALERT_WITHIN = timedelta(hours=3)
PROMISE = timedelta(hours=24)
SAID_WITHIN = timedelta(hours=2)
INSTRUCTED_WITHIN = timedelta(hours=2)
CATCH_UP = timedelta(hours=1)
PROMISED_NOTHING = "source_silent"
FREES = frozenset({"cleared", "resolved", "reopened"})
"""After these a promise is no longer judged here: the trouble is over, or somebody decided."""


def halted(halts: Iterable[Span], since: datetime, until: datetime) -> timedelta:
    """How much longer something may take, that was to be done between ``since`` and ``until``, for the spans in which it can't be."""
    longer = timedelta()
    for span in sorted(halts, key=lambda one: one.since):
        if span.since < until + longer and since < span.until:
            longer += span.until - max(span.since, since) + CATCH_UP
    return longer


def _later(at: datetime, within: timedelta, *halts: Sequence[Span]) -> datetime:
    spans = [span for some in halts for span in some]
    return at + within + halted(spans, at, at + within)


# --- alerts ---


def alerted(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """No case without a delivered alert: its own or its incident's, in the console, and in each chat, which shows it for real."""
    found = _alerts(evidence.letters)
    for case in evidence.cases:
        about = [("case", case.id), *([("incident", case.incident)] if case.incident else [])]
        letters = [letter for one in about for letter in found.get(one, ())]
        yield from _in_the_console(world, case, letters, until)
        for channel, shown in sorted(evidence.heard.items()):
            yield from _in_a_chat(world, case, [x for x in letters if x.channel == channel], shown, until)


def _alerts(letters: Iterable[LetterRow]) -> dict[tuple[str, str], list[LetterRow]]:
    found: dict[tuple[str, str], list[LetterRow]] = {}
    for letter in letters:
        if letter.kind == "alert":
            found.setdefault((letter.subject_type, letter.subject_id), []).append(letter)
    return found


def _in_the_console(world: World, case: CaseRow, letters: Sequence[LetterRow], until: datetime) -> Iterator[Violation]:
    deadline = _later(case.opened_at, ALERT_WITHIN, world.halts)
    sent = [x.sent_at for x in letters if x.channel == CONSOLE and x.sent_at]
    if deadline <= until and not any(at <= deadline for at in sent):
        when = f"first shown {min(sent):%m-%d %H:%M}" if sent else "no alert was shown"
        yield Violation("alerted", f"case:{case.id}", case.opened_at, f"{case.kind}: {when} in the console")


def _in_a_chat(
    world: World, case: CaseRow, letters: Sequence[LetterRow], shown: frozenset[str], until: datetime
) -> Iterator[Violation]:
    """A chat may hear of a case later, and of one that closed before never."""
    due = [_later(x.due_at, ALERT_WITHIN, world.halts, world.chat_down) for x in letters]
    deadline = max(due, default=_later(case.opened_at, ALERT_WITHIN, world.halts))
    over = case.closed_at is not None and case.closed_at <= deadline
    if deadline > until or over or any(x.remote_id in shown for x in letters if x.sent_at and x.sent_at <= deadline):
        return
    states = ", ".join("given up" if x.dead else "sent, not shown" if x.sent_at else "waits" for x in letters)
    yield Violation(
        "alerted", f"case:{case.id}", case.opened_at, f"{case.kind}: not in the chat ({states or 'no letter'})"
    )


# --- promises ---


def promises_kept_or_said(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """24 elapsed hours after a case opened its customer was told how it ends, or the case was over, or it is on record that the
    promise is broken: at that time, not before and hardly after.
    """
    deeds: dict[str, list[DeedRow]] = {}
    for deed in evidence.deeds:
        deeds.setdefault(deed.case, []).append(deed)
    for case in evidence.cases:
        if case.kind != PROMISED_NOTHING:
            yield from _promised(world, case, deeds.get(case.id, ()), until)


def _promised(world: World, case: CaseRow, deeds: Sequence[DeedRow], until: datetime) -> Iterator[Violation]:
    by = case.opened_at + PROMISE
    deadline = _later(by, SAID_WITHIN, world.halts)
    said = next((deed.at for deed in deeds if deed.event == "breached"), None)
    freed = next((deed.at for deed in deeds if deed.event in FREES or deed.answers), None)
    subject = f"case:{case.id}"
    if said is not None and said < by:
        yield Violation("promises_kept_or_said", subject, said, f"{case.kind}: said to be broken before it was")
    if deadline <= until and (freed is None or freed > deadline) and (said is None or said > deadline):
        when = f"only said {said:%m-%d %H:%M}" if said else "nothing was said"
        yield Violation("promises_kept_or_said", subject, by, f"{case.kind}: promised by {by:%m-%d %H:%M}, {when}")


def taken_once(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """Two people who take a case at once: one of them has it."""
    del world, until
    takers: dict[str, list[DeedRow]] = {}
    for deed in evidence.deeds:
        if deed.event == "acknowledged":
            takers.setdefault(deed.case, []).append(deed)
        elif deed.event == "reopened":
            takers.pop(deed.case, None)
    for case, taken in sorted(takers.items()):
        if len(taken) > 1:
            yield Violation("taken_once", f"case:{case}", taken[1].at, f"taken by {' and '.join(d.by for d in taken)}")


# --- money ---

COLLECTED = frozenset({"collected", "partly_collected"})


def instructed_once(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """What the shop's rule waits for is paid for or sent again, what wasn't collected is not; each instruction has one letter, and
    one effect at the merchant's.
    """
    yield from _of_returns(world, evidence, until)
    letters = Counter(x.id for x in evidence.letters if x.channel == MERCHANT)
    by_id = {x.id: x for x in evidence.letters if x.channel == MERCHANT}
    for payment in evidence.payments:
        named = f"instruction-{payment.id}"
        if letters[named] != 1:
            yield Violation(
                "instructed_once", f"order:{payment.order_ref}", until, f"{payment.id}: {letters[named]} letters"
            )
            continue
        effects = evidence.taken.get(payment.id, 0) if evidence.taken is not None else 1
        due = _later(by_id[named].due_at, INSTRUCTED_WITHIN, world.halts) <= until
        if effects > 1 or (due and effects == 0):
            yield Violation("instructed_once", f"order:{payment.order_ref}", until, f"{payment.id}: {effects} effects")


def _payable(world: World, evidence: Evidence, stops: Mapping[str, StopRow]) -> dict[str, datetime]:
    """Since when each return is to be paid: it was collected, or good goods were found at the warehouse."""
    if world.pays_on == "collected":
        return {ref: stop.ended_at for ref, stop in stops.items() if stop.ended_at}
    return {row.return_ref: row.decided_at for row in evidence.checkins if row.decided_at and row.decision != "differs"}


def _of_returns(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    ended = {stop.return_ref: stop for stop in evidence.stops if stop.status in COLLECTED and stop.ended_at}
    paid = {payment.return_ref for payment in evidence.payments if payment.return_ref}
    for ref, since in sorted(_payable(world, evidence, ended).items()):
        if ref not in paid and _later(since, INSTRUCTED_WITHIN, world.halts) <= until:
            yield Violation("instructed_once", f"return:{ref}", since, f"{world.pays_on}, and nothing was instructed")
    for ref in sorted(paid - ended.keys()):
        yield Violation("instructed_once", f"return:{ref}", until, "paid for, and never collected")
