"""OSRM's own table service (project-osrm.org, HTTP API v1, ``/table/v1/{profile}/…``)."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from domain.errors import UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.travel.table import Block, Table, in_blocks, refuse

BLOCK = 50
"""Sources and destinations of one call: OSRM refuses more than 100 coordinates as it ships (max-table-size)."""


class _Reply(msgspec.Struct):
    code: str
    message: str = ""
    durations: list[list[float | None]] = []
    distances: list[list[float | None]] = []


@dataclass(frozen=True, slots=True)
class Osrm:
    """The table service at ``base_url``; a pair without a way is None."""

    http: Http
    base_url: str
    profile: str = "driving"

    async def table(self, points: Sequence[Location]) -> Table:
        async def ask(rows: range, columns: range) -> Block:
            return read_table(await self.http.send(self._ask(points, rows, columns)), rows, columns, self.http.who)

        return await in_blocks(len(points), ask, rows=BLOCK, columns=BLOCK, source="osrm")

    def _ask(self, points: Sequence[Location], rows: range, columns: range) -> HttpRequest:
        chosen = [points[i] for i in rows] + ([] if rows == columns else [points[i] for i in columns])
        first = 0 if rows == columns else len(rows)
        where = ";".join(f"{p.lon:.6f},{p.lat:.6f}" for p in chosen)
        sources = ";".join(str(i) for i in range(len(rows)))
        targets = ";".join(str(first + i) for i in range(len(columns)))
        query = f"annotations=duration,distance&sources={sources}&destinations={targets}"
        return HttpRequest("GET", f"{self.base_url.rstrip('/')}/table/v1/{self.profile}/{where}?{query}")


def read_table(reply: HttpReply, rows: range, columns: range, who: str) -> Block:
    """The block of a reply. Raises the OutsideError that its status or its content stands for."""
    refuse(reply, who)
    try:
        table = msgspec.json.decode(reply.body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    if table.code != "Ok":
        raise UnreadableReply(who, f"{table.code}: {table.message}")
    block = Block(table.durations, table.distances)
    if not block.fits(rows, columns):
        raise UnreadableReply(who, f"a table of the wrong shape, wanted {len(rows)} x {len(columns)}")
    return block
