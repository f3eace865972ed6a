"""Whether two places are surely different ones: where a parcel was signed for, and where it should have gone.

Carriers write places in many ways. Only what both sides say for certain counts: another country, another state or
province, another city. Everything else is unknown, and unknown is no contradiction.
"""

import re
from enum import StrEnum

from domain.chinese_places import city_and_province


class Apart(StrEnum):
    """How far two places are surely apart."""

    CITY = "city"
    PROVINCE = "province"
    COUNTRY = "country"


_STATE = re.compile(r"(?:^|[,\s/])([A-Z]{2})(?:[\s,/]+(?:\d{5}(?:-\d{4})?|US|USA|United States))*\s*$")
_COUNTRY = re.compile(r"(?:^|[,\s/(\-])([A-Z]{2}|[A-Za-z][A-Za-z ]{3,30})\)?\s*$")
COUNTRIES = {
    "china": "CN", "united states": "US", "usa": "US", "germany": "DE", "deutschland": "DE", "united kingdom": "GB", "great britain": "GB",
    "france": "FR", "italy": "IT", "spain": "ES", "netherlands": "NL", "belgium": "BE", "austria": "AT", "switzerland": "CH", "poland": "PL",
    "japan": "JP", "south korea": "KR", "canada": "CA", "mexico": "MX", "brazil": "BR", "australia": "AU", "russia": "RU", "singapore": "SG",
    "malaysia": "MY", "thailand": "TH", "vietnam": "VN", "indonesia": "ID", "philippines": "PH", "india": "IN", "hong kong": "HK",
}  # fmt: skip
STATES = frozenset(
    {
        "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
        "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND",
        "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC",
    }
)  # fmt: skip
HAN = re.compile(r"[\u4e00-\u9fff]")


def apart(place: str, destination: str) -> Apart | None:
    """How far ``place``, as a carrier writes it, surely is from ``destination``, a path from large to small; None where they may
    be one, or nobody knows.
    """
    parts = [part.strip() for part in destination.split("/") if part.strip()]
    if not place.strip() or not parts or _names_one(place, parts):
        return None
    return _chinese(place, parts) if HAN.search(place) else _abroad(place.strip(), parts)


_SUFFIX = re.compile(r"(?:省|市|区|县|自治区|特别行政区|自治州)$")


def _names_one(place: str, parts: list[str]) -> bool:
    """The place names the destination's city, district or street: whatever else it says, it may be there."""
    small = parts[2:] or (parts[1:] if len(parts) > 1 and city_and_province(parts[1])[0] else [])
    said = place.casefold()
    return any(name in said for name in (_SUFFIX.sub("", part).casefold() for part in small) if len(name) > 1)


def _chinese(place: str, parts: list[str]) -> Apart | None:
    there_city, there_province = city_and_province(place)
    if not there_province:
        return None
    home = [part for part in parts if HAN.search(part) and part not in {"中国", "中国大陆"}]
    if not home:
        return Apart.COUNTRY if parts[0].upper() not in {"CN", "HK", "MO", "TW"} and len(parts[0]) == 2 else None
    city, province = city_and_province("/".join(home))
    if province and province != there_province:
        return Apart.PROVINCE
    return Apart.CITY if city and there_city and city != there_city else None


def _abroad(place: str, parts: list[str]) -> Apart | None:
    country = parts[0].upper()
    state = _STATE.search(place)
    if country == "US":
        known = state is not None and state[1] in STATES and len(parts) > 1 and parts[1].upper() in STATES
        return Apart.PROVINCE if known and state is not None and state[1] != parts[1].upper() else None
    named = _COUNTRY.search(place)
    code = COUNTRIES.get(named[1].strip().casefold(), "") if named else ""
    return Apart.COUNTRY if code and len(country) == 2 and code != country else None
