"""Lines of collectors' statements that are disputed, and what the desk answered: facts of the line's route."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import table

_fact, _route = table(tables.Fact), table(tables.Route)
DISPUTED, ANSWERED = "disputed", "dispute_answered"
MAX_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Dispute:
    """The last word on a route's line. ``agreed`` None: nobody answered yet."""

    route: str
    at: datetime
    words: str
    agreed: bool | None = None
    answer: str = ""
    answered_by: str = ""

    @property
    def open(self) -> bool:
        return self.agreed is None


def of_routes(db: Db, route_ids: Sequence[str]) -> dict[str, Dispute]:
    """The routes whose line was ever disputed."""
    found = {name: _last(name, history) for name, history in facts.histories(db, "route", route_ids).items()}
    return {name: one for name, one in found.items() if one is not None}


def open_ones(db: Db, *, limit: int = 100) -> list[Dispute]:
    """What waits for the desk's answer, the oldest first."""
    rows = db.execute(
        select(_fact.c.subject_id)
        .where(_fact.c.subject_type == "route", _fact.c.event == DISPUTED)
        .order_by(_fact.c.id.desc())
        .limit(limit)
    )
    found = of_routes(db, list(dict.fromkeys(row[0] for row in rows)))
    return sorted((one for one in found.values() if one.open), key=lambda one: (one.at, one.route))


def _last(route: str, history: Sequence[FactRow]) -> Dispute | None:
    said: Dispute | None = None
    for fact in history:
        if fact.event == DISPUTED:
            said = Dispute(route, fact.at, fact.words)
        elif fact.event == ANSWERED and said is not None:
            said = Dispute(route, said.at, said.words, bool(fact.data["agreed"]), fact.words, fact.by or "")
    return said


def dispute(db: Db, route_id: str, words: str, *, by: str, channel: str, now: datetime) -> bool:
    """Dispute a line; False where that waits for its answer already."""
    before = of_routes(db, [route_id]).get(route_id)
    if before is not None and before.open:
        return False
    facts.append(db, [FactRow("route", route_id, DISPUTED, now, by, channel, words[:MAX_WORDS])])
    return True


def answer(db: Db, route_id: str, words: str, *, agreed: bool, by: str, now: datetime) -> bool:
    """The desk's answer; False where nothing waits for one."""
    before = of_routes(db, [route_id]).get(route_id)
    if before is None or not before.open:
        return False
    row = FactRow("route", route_id, ANSWERED, now, by, "console", words[:MAX_WORDS], {"agreed": agreed})
    facts.append(db, [row])
    return True
