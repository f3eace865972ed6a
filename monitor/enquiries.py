"""Asking carriers: what is due, grouped by branch into one text; a tick for all of them; a pasted reply put on its cases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Kind
from domain.enquiry import Part, Split, branch_of, candidates, normal, split
from domain.privacy import mask_text
from domain.words import Words
from monitor import acts, alerts
from store import cases, enquiries, mail, tracking
from store.base import Db
from store.enquiries import Asked
from store.mail import Letter

MAX_GROUP = 500
"""Cases that one tick marks, one reply answers."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one branch of a carrier is asked at once. ``again``: since when the oldest answer is overdue, None where nobody
    was asked before.
    """

    carrier: str
    branch: str
    asked: tuple[Asked, ...]
    again: datetime | None

    @property
    def case_ids(self) -> list[int]:
        return list(dict.fromkeys(one.case_id for one in self.asked))

    @property
    def by_kind(self) -> list[tuple[Kind, list[str]]]:
        """Each kind with its numbers, the most frequent first; a number stands once."""
        found: dict[Kind, list[str]] = defaultdict(list)
        seen: set[str] = set()
        for one in self.asked:
            if one.number not in seen:
                seen.add(one.number)
                found[one.kind].append(one.number)
        return sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))


@dataclass(frozen=True, slots=True)
class Due:
    """``groups`` are to be asked, the most urgent first; ``waiting`` were asked and have time left."""

    groups: list[Group]
    waiting: list[Asked]


def due(db: Db, policy: DetectionPolicy, *, now: datetime) -> Due:
    usual = policy.enquiries.usual
    asked = enquiries.due(db, now=now, usual=usual)
    return Due(grouped(db, asked, policy), enquiries.waiting(db, now=now, usual=usual))


def grouped(db: Db, asked: Sequence[Asked], policy: DetectionPolicy) -> list[Group]:
    """By carrier and the city where the parcel was last, or where it goes."""
    views = tracking.views(db, sorted({one.shipment_id for one in asked}))
    found: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    for one in asked:
        last = views[one.shipment_id].state.last_physical_place
        found[one.carrier, branch_of(last or one.destination)].append(one)
    usual = policy.enquiries.usual
    return [
        Group(carrier, branch, tuple(part), _overdue_since(part, usual))
        for (carrier, branch), many in found.items()
        for part in (many[at : at + MAX_GROUP] for at in range(0, len(many), MAX_GROUP))
    ]


def _overdue_since(asked: Iterable[Asked], usual: timedelta) -> datetime | None:
    due_at = [one.enquiry.answer_by or one.enquiry.asked_at + usual for one in asked if one.enquiry]
    return min(due_at, default=None)


# --- marking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked:
    """How many cases were marked, and why others weren't."""

    done: int
    refused: tuple[tuple[int, Words], ...] = ()


def contacted(
    db: Db,
    case_ids: Sequence[int],
    policy: DetectionPolicy,
    *,
    means: str,
    carrier: str,
    region: str,
    now: datetime,
    by: str,
    channel: str,
    key: str,
    words: str = "",
    letter: str = "",
) -> Marked:
    """One tick: every case says that its carrier was asked, how, and until when an answer is due. ``letter``: the mail that asks."""
    answer_by, basis = policy.enquiries.answer_by(carrier, region, means, asked_at=now)
    data = {"means": means, "answer_by": answer_by.isoformat(), "basis": basis} | ({"letter": letter} if letter else {})
    fact = CaseFact(CaseEvent.CARRIER_CONTACTED, now, by, channel, words, data)
    return _mark(db, [(case_id, fact) for case_id in case_ids], key)


CHANNEL = "carrier:"


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A mail to a carrier's branch, about these cases."""

    case_ids: Sequence[int]
    carrier: str
    region: str
    to: str
    subject: str
    text: str
    lang: str


def send(db: Db, wanted: Enquiry, policy: DetectionPolicy, *, now: datetime, by: str, channel: str, key: str) -> Marked:
    """Write the mail, and that its cases' carrier was asked, once for each ``key``."""
    letter_id = f"enquiry-{key}"
    marked = contacted(
        db, wanted.case_ids, policy, means="mail", carrier=wanted.carrier, region=wanted.region, now=now, by=by,
        channel=channel, key=key, letter=letter_id,
    )  # fmt: skip
    if marked.done:
        payload = {
            "to": wanted.to,
            "subject": wanted.subject,
            "text": wanted.text,
            "lang": wanted.lang,
            "cases": [*wanted.case_ids],
        }
        letter = Letter(
            letter_id, f"{CHANNEL}{wanted.carrier}", "enquiry", "enquiry", "carrier", wanted.carrier, payload
        )
        mail.post(db, [letter], now=now)
    return marked


def undelivered(db: Db, letter: Letter, *, error: str, now: datetime) -> None:
    """The branch never got a mail: its cases say so, and are to be asked about again."""
    mail.mark_failed(db, letter.id, error=error, retry_at=None, now=now)
    data = {"letter": letter.id, "means": "mail", "carrier": letter.subject_id}
    for case_id in letter.payload["cases"]:
        case = cases.add(db, case_id, CaseFact(CaseEvent.MESSAGE_FAILED, now, None, "carrier", error[:200], data))
        if case.is_open:
            alerts.say(db, case, CaseEvent.MESSAGE_FAILED.value, now=now)
    enquiries.catch_up(db)


def _mark(db: Db, facts: Sequence[tuple[int, CaseFact]], key: str) -> Marked:
    done, refused = 0, []
    for case_id, fact in facts[:MAX_GROUP]:
        outcome = acts.do(db, case_id, fact, key=f"{key}:{case_id}", account="enquiries")
        if isinstance(outcome, acts.Refused):
            refused.append((case_id, outcome.why))
        else:
            done += outcome.fresh
    enquiries.catch_up(db)
    return Marked(done, tuple(refused))


# --- replies -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """What a reply says about one number, and the cases on which it will be written."""

    part: Part
    cases: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A reply before it is written. ``closed``: numbers that we know, of which no case is open."""

    placed: tuple[Placed, ...]
    closed: tuple[Part, ...]
    strangers: tuple[Part, ...]
    silent: tuple[str, ...]
    unplaced: tuple[str, ...]

    @property
    def cases(self) -> int:
        return len({one.case_id for placed in self.placed for one in placed.cases})


def preview(db: Db, text: str, policy: DetectionPolicy, *, now: datetime, ours: Iterable[str] = ()) -> Preview:
    """Take a pasted reply apart and look up whose numbers those are."""
    known = enquiries.of_numbers(db, candidates(text))
    usual = policy.enquiries.usual
    asked = [*enquiries.waiting(db, now=now, usual=usual), *enquiries.due(db, now=now, usual=usual)]
    by_number: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        by_number[normal(one.number)].append(one)
    found = split(text, known.keys(), asked=list(by_number), ours=ours)
    return _sorted_out(found, {**by_number, **known})


def _sorted_out(found: Split, cases: Mapping[str, list[Asked]]) -> Preview:
    placed = [
        Placed(part, tuple({one.case_id: one for one in cases.get(part.number, [])}.values())) for part in found.parts
    ]
    return Preview(
        tuple(one for one in placed if one.cases),
        tuple(one.part for one in placed if not one.cases),
        found.strangers,
        found.silent,
        found.unplaced,
    )


def answered(db: Db, seen: Preview, *, means: str, now: datetime, by: str, channel: str, key: str) -> Marked:
    """Write a reply on its cases: each gets the lines of its numbers."""
    said: dict[int, list[str]] = defaultdict(list)
    for placed in seen.placed:
        for one in placed.cases:
            said[one.case_id].extend(placed.part.lines)
    facts = [
        (case_id, CaseFact(CaseEvent.CARRIER_ANSWERED, now, by, channel, _words(lines), {"means": means}))
        for case_id, lines in said.items()
    ]
    return _mark(db, facts, key)


MAX_WORDS = 2_000


def _words(lines: Sequence[str]) -> str:
    return mask_text("\n".join(dict.fromkeys(lines)))[:MAX_WORDS]
