"""The desk: its queues by promise left, the morning list, incidents, the watch list; and the search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.errors import RuleError
from domain.load import Forecast
from domain.people import Right, may
from doorstep.unheard import count_unheard
from doorstep.web.context import Desk, Shared, SignedIn, Web, go, is_htmx, render
from store import handovers, incident_reads, load, people, queues, reads
from store.base import Db
from store.handovers import Item
from store.incident_reads import IncidentLine
from store.people import Person
from store.queues import Counts, Queue, Wanted
from store.reads import CaseLine, WatchLine
from store.search import Hits
from store.search import search as find

router = APIRouter()
MINE = "mine"
WATCHED_SHOWN = 20
"""Of the watch list, below the cases; the rest is a queue of its own."""
UNTOLD_SHOWN = 50
TABS = (
    Queue.MORNING, Queue.ALL, Queue.MINE, Queue.UNOWNED, Queue.DUE, Queue.CARRIER, Queue.UNCLAIMED, Queue.WATCH,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Board:
    """What the desk shows. ``more``: behind which row the next page begins; ``ranks``: which row begins which part of the
    morning list; ``untold``: closed cases whose customer waits for a word; ``rolled``: incidents of many cases; ``unheard``: how many
    open cases no alert was delivered for; ``ahead``: what tomorrow will bring, before that is known what today was to bring.
    """

    counts: Counts
    lines: list[CaseLine]
    more: str
    untold: list[CaseLine]
    incidents: list[CaseLine]
    rolled: list[IncidentLine]
    kinds: list[str]
    watched: list[WatchLine]
    ranks: dict[int, int]
    waits: dict[int, Item]
    for_me: list[Item]
    late: list[Item]
    team: list[Person]
    names: dict[str, str]
    unheard: int
    ahead: Forecast | None


def board(db: Db, wanted: Wanted, *, now: datetime, unheard: int, lead: bool = False, zone: tzinfo = UTC) -> Board:
    """What the desk shows at ``now``: cases with a promise apart from incidents, which stand for their members. Handovers that
    nobody has confirmed in time are shown to a ``lead`` always, to everybody in the morning list. ``zone``: of the desk's days.
    """
    team = people.people(db)
    watching = wanted.queue is Queue.WATCH
    found = queues.Page([]) if watching else queues.page(db, wanted, now=now)
    watched = queues.watch_page(db, after=wanted.after) if watching else queues.watch_page(db, size=WATCHED_SHOWN)
    return Board(
        counts=queues.counts(db, wanted.me, now=now),
        lines=found.lines,
        more=watched.more if watching else found.more,
        untold=reads.untold_lines(db, limit=UNTOLD_SHOWN),
        incidents=queues.incidents(db),
        rolled=incident_reads.incident_lines(db),
        kinds=sorted(kind.value for kind in queues.open_kinds(db)),
        watched=watched.lines,
        ranks=first_of_each_rank(found.lines) if wanted.queue is Queue.MORNING else {},
        waits=handovers.waiting_cases(db, [line.case.id for line in found.lines]),
        for_me=handovers.waiting_for(db, wanted.me),
        late=handovers.late(db, now=now) if lead or wanted.queue is Queue.MORNING else [],
        team=[person for person in team if person.active],
        names={person.id: person.name for person in team},
        unheard=unheard,
        ahead=load.nearest(db, now.astimezone(zone).date()),
    )


def first_of_each_rank(lines: Sequence[CaseLine]) -> dict[int, int]:
    """By case id: the rank that begins with it on this page."""
    found: dict[int, int] = {}
    for line in lines:
        found.setdefault(line.case.rank, line.case.id)
    return {case_id: rank for rank, case_id in found.items()}


def wanted_of(who: Desk, queue: str, kind: str, owner: str, after: str) -> Wanted:
    """What an address asks for; a queue that isn't one shows all."""
    known = Queue(queue) if queue in set(Queue) else Queue.ALL
    return Wanted(known, who.person.id, kind, who.person.id if owner == MINE else owner, after)


def address(wanted: Wanted, *, path: str = "/", **other: str) -> str:
    """The address of a queue, changed in ``other``; a change of what is shown begins at its top."""
    changed = replace(wanted, **{"after": "", **other})  # type: ignore[arg-type]
    parts = {"queue": changed.queue, "kind": changed.kind, "owner": changed.owner, "after": changed.after}
    query = urlencode({name: str(value) for name, value in parts.items() if value and value != Queue.ALL})
    return f"{path}?{query}" if query else path


@router.get("/")
def desk(
    request: Request, web: Shared, who: SignedIn, queue: str = "", kind: str = "", owner: str = "", after: str = ""
) -> Response:
    return _show(request, web, who, wanted_of(who, queue, kind, owner, after), "desk.html")


@router.get("/desk/board")
def desk_board(
    request: Request, web: Shared, who: SignedIn, queue: str = "", kind: str = "", owner: str = "", after: str = ""
) -> Response:
    """The changing part of the desk alone."""
    wanted = wanted_of(who, queue, kind, owner, after)
    return _show(request, web, who, wanted, "_board.html") if is_htmx(request) else go(address(wanted))


def _show(request: Request, web: Web, who: Desk, wanted: Wanted, page: str) -> Response:
    try:
        now = web.house.now()
        found = web.house.store.read(
            board, wanted, now=now, unheard=count_unheard(web.house), lead=may(who.person.role, Right.APPROVE),
            zone=web.house.policy.desk.hours.zone,
        )  # fmt: skip
    except RuleError as exc:
        raise HTTPException(422, str(exc)) from exc
    return render(
        request, who, page, board=found, wanted=wanted, today=now.astimezone(web.house.policy.desk.hours.zone).date(), tabs=TABS, address=address,
        worth_currency=web.house.policy.worth.currency, untold_year=web.house.settings.untold_year(now),
    )  # fmt: skip


@router.get("/search")
def search(request: Request, web: Shared, who: SignedIn, q: str = "") -> Response:
    hits = web.house.store.read(find, q[:100])
    only = the_only_one(hits)
    return go(only) if only else render(request, who, "search.html", q=q[:100], hits=hits)


def the_only_one(hits: Hits) -> str:
    """Where to go straight away: a single case or parcel needs no list of one."""
    pages = [f"/cases/{case.id}" for case in hits.cases]
    pages += [f"/parcels/{quote(view.shipment.number, safe='')}" for view in hits.shipments]
    if not hits.shipments:
        pages += [f"/returns/{quote(ref, safe='')}" for ref in hits.returns]
    return pages[0] if len(pages) == 1 else ""
