"""A problem laid out for repeated scheduling: plain tables by index, and how far each courier's day has already gone.

What is locked with a `leave_s` is history: it keeps its times, is costed and not re-checked. Departure, arrivals and starts of
history are worked back from those times, as late as they can have been.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.router.plan import Visit
from scheduler.router.problem import Courier, Problem, Stop, Window

NO_WAY = 1 << 60  # stands for null in the tables: larger than any sum of real entries


@dataclass(frozen=True, slots=True)
class History:
    """The stops that a courier has left already, and the state that they leave behind."""

    visits: tuple[Visit, ...]
    depart_s: int
    left_s: int
    free_s: int  # when the next thing can start or depart: left_s, or now where that is later
    at: int
    load: tuple[int, ...]
    drive_s: int
    distance_m: int
    late_cost: float


@dataclass(frozen=True, slots=True)
class Day:
    """`drive` and `metres` hold NO_WAY for null; `windows[i]` are stop i's in order of time; `done[c]` is courier c's history,
    `chain[c]` the stops locked after it, by index; `longest_s` and `longest_m` are the
    largest entries of the tables.
    """

    problem: Problem
    drive: list[list[int]]
    metres: list[list[int]]
    stops: tuple[Stop, ...]
    couriers: tuple[Courier, ...]
    windows: tuple[tuple[Window, ...], ...]
    allowed: tuple[tuple[int, ...], ...]
    done: tuple[History | None, ...]
    done_stops: frozenset[int]
    chain: tuple[tuple[int, ...], ...]
    longest_s: int
    longest_m: int

    @property
    def locked_stops(self) -> frozenset[int]:
        """Every stop that is locked to a courier, history and the rest."""
        return self.done_stops | {stop for chain in self.chain for stop in chain}

    def earliest(self, courier: int) -> int:
        """When the courier may depart, or go on after the history."""
        done = self.done[courier]
        if done is not None:
            return done.free_s
        begin, now = self.couriers[courier].shift[0], self.problem.now
        return begin if now is None else max(begin, now)


def lay_out(problem: Problem, like: Day | None = None) -> Day:
    """The tables of `problem`; those of the ways are taken from `like`, a day with the same matrices."""
    index = {stop.id: i for i, stop in enumerate(problem.stops)}
    number = {courier.id: c for c, courier in enumerate(problem.couriers)}
    everyone = tuple(range(len(problem.couriers)))
    drive, metres = (_table(problem.matrix_s), _table(problem.matrix_m)) if like is None else (like.drive, like.metres)
    locked = [problem.locked.get(courier.id, ()) for courier in problem.couriers]
    done = [[(index[lock.id], lock.leave_s) for lock in chain if lock.leave_s is not None] for chain in locked]
    return Day(
        problem=problem,
        drive=drive,
        metres=metres,
        stops=problem.stops,
        couriers=problem.couriers,
        windows=tuple(tuple(sorted(stop.windows)) for stop in problem.stops),
        allowed=tuple(
            everyone if stop.allowed is None else tuple(sorted({number[name] for name in stop.allowed}))
            for stop in problem.stops
        ),
        done=tuple(
            _history(problem, courier, past, drive, metres)
            for courier, past in zip(problem.couriers, done, strict=True)
        ),
        done_stops=frozenset(stop for past in done for stop, _ in past),
        chain=tuple(tuple(index[lock.id] for lock in chain if lock.leave_s is None) for chain in locked),
        longest_s=_longest(drive) if like is None else like.longest_s,
        longest_m=_longest(metres) if like is None else like.longest_m,
    )


def _table(matrix: Sequence[Sequence[int | None]]) -> list[list[int]]:
    return [[NO_WAY if entry is None else entry for entry in row] for row in matrix]


def _longest(table: list[list[int]]) -> int:
    return max((entry for row in table for entry in row if entry < NO_WAY), default=0)


def _history(
    problem: Problem,
    courier: Courier,
    past: list[tuple[int, int]],
    drive: list[list[int]],
    metres: list[list[int]],
) -> History | None:
    if not past:
        return None
    visits: list[Visit] = []
    depart, drive_s, distance_m, late_cost = 0, 0, 0, 0.0
    place: int | None = courier.start
    for k, (i, leave_s) in enumerate(past):
        stop = problem.stops[i]
        leg, way = (0, 0) if place is None else _known(drive[place][stop.at], metres[place][stop.at])
        setup = stop.setup_s if k == 0 or place != stop.at else 0
        start = leave_s - setup - stop.service_s
        if k == 0:
            depart = start - leg
        arrive = start if k == 0 else min(visits[-1].leave_s + leg, start)
        visits.append(Visit(stop.id, arrive, start, leave_s))
        drive_s += leg
        distance_m += way
        late_cost += lateness(stop, start)
        place = stop.at
    left = past[-1][1]
    return History(
        visits=tuple(visits),
        depart_s=depart,
        left_s=left,
        free_s=left if problem.now is None else max(left, problem.now),
        at=problem.stops[past[-1][0]].at,
        load=tuple(sum(problem.stops[i].load[k] for i, _ in past) for k in range(len(problem.loads))),
        drive_s=drive_s,
        distance_m=distance_m,
        late_cost=late_cost,
    )


def _known(seconds: int, metres: int) -> tuple[int, int]:
    """A leg of history that the matrix has no way for was driven all the same; nothing is known about its length."""
    return (0, 0) if max(seconds, metres) >= NO_WAY else (seconds, metres)


def lateness(stop: Stop, start_s: int) -> float:
    """What starting at `start_s` costs beyond the end of the last window; 0 where lateness has no price."""
    if stop.late_per_s is None or not stop.windows:
        return 0
    return stop.late_per_s * max(0, start_s - max(end for _, end in stop.windows))
