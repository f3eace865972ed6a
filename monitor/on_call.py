"""Whom to turn to: the people of a rung, by owner, rota and role; where one is nobody, the next one is called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.people import Right, Role, may
from domain.rota import Rota
from domain.steps import Rung
from store.cases import CaseRow
from store.people import Person

Ids = tuple[str, ...]
LEADS = frozenset({Role.LEAD.value, Role.ADMIN.value})


@dataclass(frozen=True, slots=True)
class AtWork:
    """Who can be called at a moment: ``working`` by id, ``turn``: whose turn it is by the rota."""

    working: Mapping[str, Person]
    turn: Ids

    def called(self, case: CaseRow, rung: Rung) -> Ids:
        """The ids of the people whom a rung calls about a case."""
        for way in _WAYS[_WAYS.index(rung.to) :]:
            found = tuple(one for one in WAYS[way](case, self.working, self.turn) if one in self.working)
            if found:
                return found
        return ()


def at_work(team: Sequence[Person], rota: Rota, *, now: datetime) -> AtWork:
    return AtWork({p.id: p for p in team if p.active and may(p.role, Right.ACT)}, rota.on_call(now))


Way = Callable[[CaseRow, Mapping[str, Person], Ids], Ids]


def _owner(case: CaseRow, working: Mapping[str, Person], turn: Ids) -> Ids:
    del working, turn
    return (case.owner,) if case.owner else ()


def _first(case: CaseRow, working: Mapping[str, Person], turn: Ids) -> Ids:
    del case
    return tuple(one for one in turn if one in working)[:1]


def _second(case: CaseRow, working: Mapping[str, Person], turn: Ids) -> Ids:
    del case
    return tuple(one for one in turn if one in working)[1:2]


def _leads(case: CaseRow, working: Mapping[str, Person], turn: Ids) -> Ids:
    del case, turn
    return tuple(p.id for p in working.values() if p.role in LEADS)


def _everybody(case: CaseRow, working: Mapping[str, Person], turn: Ids) -> Ids:
    del case, turn
    return tuple(working)


WAYS: dict[str, Way] = {
    "owner": _owner,
    "on_call": _first,
    "second": _second,
    "lead": _leads,
    "everybody": _everybody,
}
"""In the order in which they stand in for each other."""
_WAYS = tuple(WAYS)
