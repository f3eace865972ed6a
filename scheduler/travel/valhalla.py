"""Valhalla's matrix service (valhalla.github.io/valhalla/api/matrix: ``/sources_to_targets``)."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from domain.errors import UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.travel.table import Block, Table, in_blocks, refuse

BLOCK = 50
"""Sources and targets of one call: Valhalla ships with at most 2,500 pairs (service_limits.auto.max_matrix_location_pairs)."""


class _Cell(msgspec.Struct):
    time: float | None = None
    """Seconds; null where there is no way."""
    distance: float | None = None
    """In the units that were asked for: kilometres."""


class _Reply(msgspec.Struct):
    sources_to_targets: list[list[_Cell]] = []
    error: str = ""


@dataclass(frozen=True, slots=True)
class Valhalla:
    """The matrix service at ``base_url``; ``costing``: how is driven (auto, truck, motor_scooter, bicycle)."""

    http: Http
    base_url: str
    costing: str = "auto"

    async def table(self, points: Sequence[Location]) -> Table:
        async def ask(rows: range, columns: range) -> Block:
            return read_matrix(await self.http.send(self._ask(points, rows, columns)), rows, columns, self.http.who)

        return await in_blocks(len(points), ask, rows=BLOCK, columns=BLOCK, source="valhalla")

    def _ask(self, points: Sequence[Location], rows: range, columns: range) -> HttpRequest:
        sources, targets = (
            [{"lat": round(p.lat, 6), "lon": round(p.lon, 6)} for p in points[some.start : some.stop]]
            for some in (rows, columns)
        )
        body = {"sources": sources, "targets": targets, "costing": self.costing, "units": "kilometers"}
        return HttpRequest(
            "POST",
            f"{self.base_url.rstrip('/')}/sources_to_targets",
            {"content-type": "application/json"},
            msgspec.json.encode(body),
        )


def read_matrix(reply: HttpReply, rows: range, columns: range, who: str) -> Block:
    """The block of a reply. Raises the OutsideError that its status or its content stands for."""
    refuse(reply, who)
    try:
        found = msgspec.json.decode(reply.body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    if found.error:
        raise UnreadableReply(who, found.error)
    cells = found.sources_to_targets
    block = Block(
        [[cell.time for cell in row] for row in cells],
        [
            [None if cell.time is None or cell.distance is None else cell.distance * 1000 for cell in row]
            for row in cells
        ],
    )
    if not block.fits(rows, columns):
        raise UnreadableReply(who, f"a matrix of the wrong shape, wanted {len(rows)} x {len(columns)}")
    return block
