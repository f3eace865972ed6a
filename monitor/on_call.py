"""Whom to turn to: the people of a rung, by owner, rota and role; where one is nobody, the next one is called."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from domain.people import Right, Role, may
from domain.rota import Rota
from domain.steps import Rung
from store.cases import CaseRow
from store.people import Person

Ids = tuple[str, ...]
LEADS = frozenset({Role.LEAD.value, Role.ADMIN.value})


def called(rung: Rung, case: CaseRow, team: Sequence[Person], rota: Rota, *, now: datetime) -> Ids:
    """The ids of the people whom a rung calls about a case."""
    working = {p.id: p for p in team if p.active and may(p.role, Right.ACT)}
    ways = list(WAYS)
    for way in ways[ways.index(rung.to) :]:
        found = tuple(one for one in WAYS[way](case, working, rota.on_call(now)) if one in working)
        if found:
            return found
    return ()


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
