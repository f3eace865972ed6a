"""Amap's geocoder (lbs.amap.com, Web服务 地理编码: ``/v3/geocode/geo``), for addresses in China."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from domain.chinese_coordinates import wgs_of_gcj
from domain.errors import UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.amap import BASE_URL, Answer, read
from scheduler.places.found import Found, How

COARSE: Mapping[str, How | None] = {
    "国家": None,
    "省": None,
    "市": None,
    "区县": How.DISTRICT,
    "开发区": How.DISTRICT,
    "乡镇": How.DISTRICT,
    "村庄": How.DISTRICT,
    "热点商圈": How.DISTRICT,
    "道路": How.DISTRICT,
}
"""By ``level``; every other one is a door, a building or a named place."""


class _Place(msgspec.Struct):
    location: str
    level: str = ""


class _Reply(Answer):
    geocodes: tuple[_Place, ...] = ()


@dataclass(frozen=True, slots=True)
class AmapPlaces:
    """The geocoder with a key for the web service."""

    http: Http
    key: str
    base_url: str = BASE_URL

    async def find(self, address: str, district: str) -> Found | None:
        """The address, else its district."""
        whole = address if district in address else f"{district}{address}"
        for text in dict.fromkeys(one for one in (whole, district) if one):
            if found := read_geocodes(await self.http.send(self._ask(text)), self.http.who):
                return found
        return None

    def _ask(self, text: str) -> HttpRequest:
        return HttpRequest(
            "GET", f"{self.base_url.rstrip('/')}/v3/geocode/geo?{urlencode({'key': self.key, 'address': text})}"
        )


def read_geocodes(reply: HttpReply, who: str) -> Found | None:
    """The first place of a reply, where it is more than a city, turned into WGS-84. Raises the OutsideError that the reply stands for."""
    places = read(reply, _Reply, who).geocodes
    how = COARSE.get(places[0].level, How.GEOCODED) if places else None
    if how is None:
        return None
    lon, _, lat = places[0].location.partition(",")
    try:
        drawn = Location(lat=float(lat), lon=float(lon))
    except ValueError as exc:
        raise UnreadableReply(who, f"location {places[0].location!r}") from exc
    return Found(wgs_of_gcj(drawn), how, "amap")
