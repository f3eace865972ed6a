"""Looks at incidents for the board and their own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.incident import Cause, cause_of
from store import cases, facts, incident_tables, incidents, mail, reads, tables
from store.base import Db
from store.facts import FactRow
from store.incidents import SUBJECT, IncidentRow, Slice, Tally
from store.mail import Letter
from store.reads import CaseLine
from store.tables import table

_case, _act = table(tables.Case), table(incident_tables.IncidentAct)
PAGE = 50


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An open incident and how its members stand. ``bars``: the shares of those whom nobody took, who were taken and who are
    done, in hundredths.
    """

    incident: IncidentRow
    tally: Tally

    @property
    def bars(self) -> tuple[int, int, int]:
        whole = max(self.tally.members, 1)
        waiting, taken = (round(100 * n / whole) for n in (self.tally.waiting, self.tally.taken))
        return waiting, taken, max(100 - waiting - taken, 0)


def incident_lines(db: Db) -> list[IncidentLine]:
    """The open incidents, the newest first; one that becomes part of another isn't shown any more."""
    found = [one for one in incidents.open_ones(db) if one.into_id is None]
    return [IncidentLine(one, incidents.tally(db, one.id)) for one in reversed(found)]


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """All that is known of an incident; ``members`` is one page of them, those with the least promise left first, of
    ``listed`` in all. ``writing``: an act isn't on every member yet.
    """

    line: IncidentLine
    members: list[CaseLine]
    listed: int
    first: int
    slices: list[Slice]
    places: list[tuple[Cause, int]]
    facts: list[FactRow]
    letters: list[Letter]
    writing: bool


def incident_page(db: Db, incident_id: int, *, only_open: bool, page: int, now: datetime) -> IncidentPage | None:
    """``page`` counts from 0."""
    incident = incidents.get(db, incident_id)
    if incident is None:
        return None
    tally = incidents.tally(db, incident_id)
    listed = tally.open if only_open else tally.members
    first = min(max(page, 0) * PAGE, max(listed - 1, 0) // PAGE * PAGE)
    return IncidentPage(
        line=IncidentLine(incident, tally),
        members=_members(db, incident_id, only_open=only_open, first=first),
        listed=listed,
        first=first,
        slices=incidents.over_time(db, incident_id, until=incident.closed_at or now),
        places=[(cause_of(key), n) for key, n in incidents.places(db, incident_id)],
        facts=facts.history(db, SUBJECT, str(incident_id)),
        letters=first_of_each(mail.letters_about(db, SUBJECT, str(incident_id))),
        writing=db.execute(select(_act.c.id).where(_act.c.incident_id == incident_id).limit(1)).first() is not None,
    )


def _members(db: Db, incident_id: int, *, only_open: bool, first: int) -> list[CaseLine]:
    query = select(_case).where(_case.c.incident_id == incident_id)
    if only_open:
        query = query.where(_case.c.closed_at.is_(None))
    rows = db.execute(
        query.order_by(_case.c.closed_at.is_not(None), _case.c.promise_by.nulls_first(), _case.c.id)
        .limit(PAGE)
        .offset(first)
    )
    return reads.lines_of(db, [cases.case_of(row) for row in rows])


def first_of_each(letters: Sequence[Letter]) -> list[Letter]:
    """The messages and reminders; their edits would bury what happened."""
    return [letter for letter in letters if letter.kind != "alert_edit"]
