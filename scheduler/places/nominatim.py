"""Nominatim's search (nominatim.org/release-docs/latest/api/Search), of your own or of a provider.

The public server of openstreetmap.org is not for shops: at most one request a second, and no customers' addresses by the batch.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from domain.errors import UnreadableReply
from domain.place import Location
from net.http import Http, HttpReply, HttpRequest
from scheduler.places.found import Found, How
from scheduler.travel.table import refuse

BUILDING, QUARTER = 28, 17
"""Ranks (nominatim.org/release-docs/latest/customize/Ranking): from here on a building, from here on a street, village, quarter or suburb."""


class _Place(msgspec.Struct):
    lat: str
    lon: str
    place_rank: int = 0


@dataclass(frozen=True, slots=True)
class Nominatim:
    """The search at ``base_url``. ``agent`` names who asks, as its rules want."""

    http: Http
    base_url: str
    agent: str = "doorstep"

    async def find(self, address: str, district: str) -> Found | None:
        """The address, else its district."""
        for text in dict.fromkeys(one for one in (f"{address}, {district}".strip(", "), address, district) if one):
            if found := read_places(await self.http.send(self._ask(text)), self.http.who):
                return found
        return None

    def _ask(self, text: str) -> HttpRequest:
        query = urlencode({"q": text, "format": "jsonv2", "limit": 1})
        return HttpRequest("GET", f"{self.base_url.rstrip('/')}/search?{query}", {"user-agent": self.agent})


def read_places(reply: HttpReply, who: str) -> Found | None:
    """The first place of a reply, where it is more than a city. Raises the OutsideError that the reply stands for."""
    refuse(reply, who)
    try:
        places = msgspec.json.decode(reply.body, type=list[_Place])
        if not places or places[0].place_rank < QUARTER:
            return None
        at = Location(lat=float(places[0].lat), lon=float(places[0].lon))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    return Found(at, How.GEOCODED if places[0].place_rank >= BUILDING else How.DISTRICT, "nominatim")
