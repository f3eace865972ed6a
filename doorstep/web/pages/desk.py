"""The desk: open cases by promise left, incidents, the watch list; and the search."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from doorstep.web.context import Desk, Shared, SignedIn, Web, go, is_htmx, render
from store import incident_reads, overviews, people, reads
from store.base import Db
from store.incident_reads import IncidentLine
from store.overviews import Hits
from store.people import Person
from store.reads import CaseLine, DeskCounts, WatchLine

router = APIRouter()
SHOWN = 200
"""Rows of a list on one page: more is no longer read by anybody; the filters narrow it."""
NOBODY, MINE = "nobody", "mine"


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the cases is shown: one kind, one owner (a person's id, ``mine``, ``nobody``), or all (empty)."""

    kind: str = ""
    owner: str = ""

    def keep(self, line: CaseLine, me: str) -> bool:
        owner = line.case.owner or NOBODY
        wanted = me if self.owner == MINE else self.owner
        return (not self.kind or line.case.kind == self.kind) and (not wanted or owner == wanted)


@dataclass(frozen=True, slots=True)
class Board:
    counts: DeskCounts
    promised: list[CaseLine]
    untold: list[CaseLine]
    incidents: list[CaseLine]
    rolled: list[IncidentLine]
    hidden: int
    kinds: list[str]
    watched: list[WatchLine]
    team: list[Person]
    names: dict[str, str]


def board(db: Db, filters: Filters, *, me: str, now: datetime) -> Board:
    """What the desk shows at ``now``: incidents, which stand for their members, and the other cases with a promise."""
    lines = reads.case_lines(db, members=False)
    team = people.people(db)
    chosen = [line for line in lines if filters.keep(line, me)]
    promised = [line for line in chosen if line.case.promise_by]
    return Board(
        counts=reads.desk_counts(db, now=now),
        promised=promised[:SHOWN],
        untold=reads.untold_lines(db, limit=SHOWN),
        incidents=[line for line in lines if line.case.promise_by is None],
        rolled=incident_reads.incident_lines(db),
        hidden=max(len(promised) - SHOWN, 0),
        kinds=kinds_of(lines),
        watched=reads.watch_lines(db, limit=SHOWN),
        team=[person for person in team if person.active],
        names={person.id: person.name for person in team},
    )


def kinds_of(lines: Sequence[CaseLine]) -> list[str]:
    return sorted({line.case.kind.value for line in lines if line.case.promise_by})


@router.get("/")
def desk(request: Request, web: Shared, who: SignedIn, kind: str = "", owner: str = "") -> Response:
    return _show(request, web, who, Filters(kind, owner), "desk.html")


@router.get("/desk/board")
def desk_board(request: Request, web: Shared, who: SignedIn, kind: str = "", owner: str = "") -> Response:
    """The changing part of the desk alone."""
    if not is_htmx(request):
        return go("/")
    return _show(request, web, who, Filters(kind, owner), "_board.html")


def _show(request: Request, web: Web, who: Desk, filters: Filters, page: str) -> Response:
    now = web.house.now()
    found = web.house.store.read(board, filters, me=who.person.id, now=now)
    return render(request, who, page, board=found, filters=filters)


@router.get("/search")
def search(request: Request, web: Shared, who: SignedIn, q: str = "") -> Response:
    hits = web.house.store.read(overviews.search, q[:100])
    only = the_only_one(hits)
    return go(only) if only else render(request, who, "search.html", q=q[:100], hits=hits)


def the_only_one(hits: Hits) -> str:
    """Where to go straight away: a single case or parcel needs no list of one."""
    pages = [f"/cases/{case.id}" for case in hits.cases]
    pages += [f"/parcels/{quote(view.shipment.number, safe='')}" for view in hits.shipments]
    if not hits.shipments:
        pages += [f"/returns/{quote(ref, safe='')}" for ref in hits.returns]
    return pages[0] if len(pages) == 1 else ""
