"""Amap's distance service (lbs.amap.com, Web服务 路径规划: ``/v3/distance``, type 1: by car, with the traffic of the moment).

It takes a hundred origins and one destination a call, in GCJ-02: a table of n points costs n calls for each hundred of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from domain.chinese_coordinates import gcj_of
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.travel.table import Block, Cells, Table, in_blocks, refuse

BASE_URL = "https://restapi.amap.com"
MAX_ORIGINS = 100
BY_CAR = "1"
ERRORS: Mapping[str, type[OutsideError]] = {
    "10001": AccessDenied,  # INVALID_USER_KEY
    "10002": AccessDenied,  # SERVICE_NOT_AVAILABLE: the key isn't for this service
    "10003": RateLimited,  # DAILY_QUERY_OVER_LIMIT
    "10004": RateLimited,  # ACCESS_TOO_FREQUENT
    "10005": AccessDenied,  # INVALID_USER_IP
    "10006": AccessDenied,  # INVALID_USER_DOMAIN
    "10007": AccessDenied,  # INVALID_USER_SIGNATURE
    "10009": AccessDenied,  # USERKEY_PLAT_NOMATCH
    "10010": RateLimited,  # IP_QUERY_OVER_LIMIT
    "10014": RateLimited,  # QPS_HAS_EXCEEDED_THE_LIMIT
    "10016": Unreachable,  # SERVER_IS_BUSY
    "10019": RateLimited,  # CQPS_HAS_EXCEEDED_THE_LIMIT
    "10020": RateLimited,  # CKQPS_HAS_EXCEEDED_THE_LIMIT
    "10021": RateLimited,  # CUQPS_HAS_EXCEEDED_THE_LIMIT
    "10044": RateLimited,  # USER_DAILY_QUERY_OVER_LIMIT
}
"""By infocode (lbs.amap.com/api/webservice/guide/tools/info, 2026-11-26); any other is unreadable."""


class _Result(msgspec.Struct):
    distance: str = ""
    duration: str = ""
    info: str = ""


class _Reply(msgspec.Struct):
    status: str
    infocode: str = ""
    info: str = ""
    results: list[_Result] = []


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
    refuse(reply, who)
    try:
        found = msgspec.json.decode(reply.body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    if found.status != "1":
        raise ERRORS.get(found.infocode, UnreadableReply)(who, f"{found.infocode} {found.info}")
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
