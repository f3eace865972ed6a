"""Travel times and distances between points: by an operator's own table service, else as the crow flies with a detour.

Directions differ on real roads (in Baltimore 2,000 of 4,950 pairs by more than 60 s), so the haversine table is only the
fallback and says so in its ``source``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.place import Location, distance_m
from net.http import Http, HttpReply, HttpRequest

DETOUR = 1.35
"""Road distance over straight distance: the usual figure of towns; a guess until an operator measures it."""


@dataclass(frozen=True, slots=True)
class SpeedBand:
    """Up to this road distance, this mean speed."""

    up_to_m: float
    m_per_s: float


CITY = (SpeedBand(2_000, 4.2), SpeedBand(8_000, 5.6), SpeedBand(20_000, 8.3), SpeedBand(float("inf"), 13.9))
"""Mean speeds of a van in a town: 15, 20, 30 and 50 km/h by distance. Guesses on the slow side: late is dearer than early."""


@dataclass(frozen=True, slots=True)
class Table:
    """Whole seconds and metres from each point to each; None where there is no way. ``note``: why it is the fallback."""

    seconds: tuple[tuple[int | None, ...], ...]
    metres: tuple[tuple[int | None, ...], ...]
    source: str
    note: str = ""


class TravelTimes(Protocol):
    """Anything that knows the ways between points."""

    async def table(self, points: Sequence[Location]) -> Table: ...


@dataclass(frozen=True, slots=True)
class Haversine:
    """Straight distance times a detour, at a speed that grows with the distance."""

    detour: float = DETOUR
    speeds: tuple[SpeedBand, ...] = CITY

    async def table(self, points: Sequence[Location]) -> Table:
        return haversine_table(points, detour=self.detour, speeds=self.speeds)


def haversine_table(
    points: Sequence[Location], *, detour: float = DETOUR, speeds: tuple[SpeedBand, ...] = CITY
) -> Table:
    metres = tuple(tuple(round(distance_m(a, b) * detour) for b in points) for a in points)
    seconds = tuple(tuple(round(m / speed_of(m, speeds)) for m in row) for row in metres)
    return Table(seconds, metres, source="haversine")


def speed_of(metres: float, speeds: tuple[SpeedBand, ...]) -> float:
    """Metres a second on a way of this length."""
    return next((band.m_per_s for band in speeds if metres <= band.up_to_m), speeds[-1].m_per_s)


# --- an operator's own table service -------------------------------------------------------------------------------

BLOCK = 50
"""Sources and destinations of one call: OSRM refuses more than 100 coordinates as it ships (max-table-size)."""


class _Reply(msgspec.Struct):
    code: str
    message: str = ""
    durations: list[list[float | None]] = []
    distances: list[list[float | None]] = []


@dataclass(frozen=True, slots=True)
class Osrm:
    """The table service of OSRM at ``base_url`` (project-osrm.org, HTTP API v1, `/table/v1/{profile}/…`)."""

    http: Http
    base_url: str
    profile: str = "driving"

    async def table(self, points: Sequence[Location]) -> Table:
        """Raises OutsideError where the service fails; a pair without a way is None."""
        blocks = [range(i, min(i + BLOCK, len(points))) for i in range(0, len(points), BLOCK)]
        seconds: list[list[int | None]] = [[0] * len(points) for _ in points]
        metres: list[list[int | None]] = [[0] * len(points) for _ in points]
        for rows in blocks:
            for columns in blocks:
                reply = read_table(await self.http.send(self._ask(points, rows, columns)), rows, columns, self.http.who)
                for i, row in enumerate(rows):
                    seconds[row][columns.start : columns.stop] = _whole(reply.durations[i])
                    metres[row][columns.start : columns.stop] = _whole(reply.distances[i])
        return Table(tuple(map(tuple, seconds)), tuple(map(tuple, metres)), source="osrm")

    def _ask(self, points: Sequence[Location], rows: range, columns: range) -> HttpRequest:
        chosen = [points[i] for i in rows] + ([] if rows == columns else [points[i] for i in columns])
        first = 0 if rows == columns else len(rows)
        where = ";".join(f"{p.lon:.6f},{p.lat:.6f}" for p in chosen)
        sources = ";".join(str(i) for i in range(len(rows)))
        targets = ";".join(str(first + i) for i in range(len(columns)))
        query = f"annotations=duration,distance&sources={sources}&destinations={targets}"
        return HttpRequest("GET", f"{self.base_url.rstrip('/')}/table/v1/{self.profile}/{where}?{query}")


def read_table(reply: HttpReply, rows: range, columns: range, who: str) -> _Reply:
    """The block of a reply. Raises the OutsideError that its status or its content stands for."""
    if reply.status == 429:
        raise RateLimited(who, "429")
    if reply.status in {401, 403}:
        raise AccessDenied(who, str(reply.status))
    if reply.status >= 500:
        raise Unreachable(who, str(reply.status))
    try:
        table = msgspec.json.decode(reply.body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    if table.code != "Ok":
        raise UnreadableReply(who, f"{table.code}: {table.message}")
    for block in (table.durations, table.distances):
        if len(block) != len(rows) or any(len(row) != len(columns) for row in block):
            raise UnreadableReply(who, f"a table of the wrong shape, wanted {len(rows)} x {len(columns)}")
    return table


def _whole(row: Sequence[float | None]) -> list[int | None]:
    return [None if value is None else max(0, round(value)) for value in row]


@dataclass(frozen=True, slots=True)
class WithFallback:
    """Asks the operator's service and, where that fails, reckons as the crow flies: a day is planned either way."""

    best: TravelTimes
    fallback: Haversine = field(default_factory=Haversine)

    async def table(self, points: Sequence[Location]) -> Table:
        try:
            return await self.best.table(points)
        except OutsideError as exc:
            made = await self.fallback.table(points)
            return Table(made.seconds, made.metres, made.source, note=str(exc))
