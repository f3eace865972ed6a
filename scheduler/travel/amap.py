"""Amap's distance service (lbs.amap.com, Web服务 路径规划: ``/v3/distance``, type 1: by car, with the traffic of the moment).

It takes a hundred origins and one destination a call, in GCJ-02: a table of n points costs n calls for each hundred of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from domain.chinese_coordinates import gcj_of
from domain.errors import UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.amap import BASE_URL, Answer, read
from scheduler.travel.table import Block, Cells, Table, in_blocks

MAX_ORIGINS = 100
BY_CAR = "1"


class _Result(msgspec.Struct):
    distance: str = ""
    duration: str = ""
    info: str = ""


class _Reply(Answer):
    results: tuple[_Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Amap:
    """The distance service with a key for the web service (Web服务)."""

    http: Http
    key: str
    base_url: str = BASE_URL

    async def table(self, points: Sequence[Location]) -> Table:
        turned = [_written(point) for point in points]

        async def ask(rows: range, columns: range) -> Block:
            reply = await self.http.send(self._ask(turned[rows.start : rows.stop], turned[columns.start]))
            return _without_ways_to_oneself(read_distances(reply, len(rows), self.http.who), rows, columns)

        return await in_blocks(len(points), ask, rows=MAX_ORIGINS, columns=1, source="amap")

    def _ask(self, origins: Sequence[str], destination: str) -> HttpRequest:
        query = {"key": self.key, "origins": "|".join(origins), "destination": destination, "type": BY_CAR}
        return HttpRequest("GET", f"{self.base_url.rstrip('/')}/v3/distance?{urlencode(query)}")


def _written(point: Location) -> str:
    turned = gcj_of(point)
    return f"{turned.lon:.6f},{turned.lat:.6f}"


def read_distances(reply: HttpReply, rows: int, who: str) -> Block:
    """One column of a table. Raises the OutsideError that its status or its infocode stands for."""
    found = read(reply, _Reply, who)
    if len(found.results) != rows:
        raise UnreadableReply(who, f"{len(found.results)} results, wanted {rows}")
    try:
        cells = [(None, None) if one.info else (float(one.duration), float(one.distance)) for one in found.results]
    except ValueError as exc:
        raise UnreadableReply(who, str(exc)) from exc
    return Block([[seconds] for seconds, _ in cells], [[metres] for _, metres in cells])


def _without_ways_to_oneself(block: Block, rows: range, columns: range) -> Block:
    """From a place to itself there is no way to drive, and the service may say so as an error."""

    def set_right(cells: Cells) -> Cells:
        return [[0.0] if row == columns.start else told for row, told in zip(rows, cells, strict=True)]

    return Block(set_right(block.seconds), set_right(block.metres))
