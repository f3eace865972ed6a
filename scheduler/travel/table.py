"""What every source of travel times gives, how a large one is asked in blocks, and what stands in where a source fails."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable
from domain.place import Location
from net.http import HttpReply

Cells = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Table:
    """Whole seconds and metres from each point to each; None where there is no way. ``note``: why it is the fallback."""

    seconds: tuple[tuple[int | None, ...], ...]
    metres: tuple[tuple[int | None, ...], ...]
    source: str
    note: str = ""


class TravelTimes(Protocol):
    """Anything that knows the ways between points. ``table`` raises OutsideError where it fails."""

    async def table(self, points: Sequence[Location]) -> Table: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Seconds and metres from some points (a row each) to some others, as a service tells them."""

    seconds: Cells
    metres: Cells

    def fits(self, rows: range, columns: range) -> bool:
        return all(
            len(cells) == len(rows) and all(len(row) == len(columns) for row in cells)
            for cells in (self.seconds, self.metres)
        )


async def in_blocks(
    count: int, ask: Callable[[range, range], Awaitable[Block]], *, rows: int, columns: int, source: str
) -> Table:
    """A table of ``count`` points put together from calls that name at most so many rows and columns."""
    seconds: list[list[int | None]] = [[0] * count for _ in range(count)]
    metres: list[list[int | None]] = [[0] * count for _ in range(count)]
    for some in _cut(count, rows):
        for others in _cut(count, columns):
            block = await ask(some, others)
            for i, row in enumerate(some):
                seconds[row][others.start : others.stop] = _whole(block.seconds[i])
                metres[row][others.start : others.stop] = _whole(block.metres[i])
    return Table(tuple(map(tuple, seconds)), tuple(map(tuple, metres)), source)


def _cut(count: int, size: int) -> list[range]:
    return [range(i, min(i + size, count)) for i in range(0, count, size)]


def _whole(row: Sequence[float | None]) -> list[int | None]:
    return [None if value is None else max(0, round(value)) for value in row]


def refuse(reply: HttpReply, who: str) -> None:
    """Raises the OutsideError that a reply's status stands for, where it stands for one."""
    if reply.status == 429:
        raise RateLimited(who, "429")
    if reply.status in {401, 403}:
        raise AccessDenied(who, str(reply.status))
    if reply.status >= 500:
        raise Unreachable(who, str(reply.status))


@dataclass(frozen=True, slots=True)
class WithFallback:
    """Asks the best source and, where that fails, the other one: a day is planned either way, and says why."""

    best: TravelTimes
    fallback: TravelTimes

    async def table(self, points: Sequence[Location]) -> Table:
        try:
            return await self.best.table(points)
        except OutsideError as exc:
            made = await self.fallback.table(points)
            return Table(made.seconds, made.metres, made.source, note=str(exc))


@dataclass(frozen=True, slots=True)
class Slowed:
    """A source whose ways take ``times`` as long: what an operator measured of their streets and hours."""

    best: TravelTimes
    times: float

    async def table(self, points: Sequence[Location]) -> Table:
        made = await self.best.table(points)
        seconds = tuple(tuple(None if s is None else round(s * self.times) for s in row) for row in made.seconds)
        return Table(seconds, made.metres, made.source, made.note)
