"""Where and when a DHL event happened: places in several spellings, times with and without a zone.

Source: developer.dhl.com (spec 1.5.8: ISO 8601, a combination of date and time of day) and replies in public repositories.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from carriers.base import naive_time, offset_time, text_of, unread_time
from carriers.dhl_wire import Address, Event, Place, Shipment
from carriers.place_zones import zone_of
from domain.tracking import Certainty, EventTime, Zone

HOMES: Mapping[str, str] = MappingProxyType(
    {"parcel-de": "DE", "post-de": "DE", "parcel-nl": "NL", "parcel-pl": "PL", "parcel-uk": "GB", "ecommerce-ppl": "CZ"}
)
"""Services of one country: their naive times are that country's."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "USA": "US", "UNITED STATES OF AMERICA": "US", "UNITED STATES": "US", "CANADA": "CA", "MEXICO": "MX",
        "GERMANY": "DE", "DEUTSCHLAND": "DE", "UK": "GB", "UNITED KINGDOM": "GB", "GREAT BRITAIN": "GB", "FRANCE": "FR",
        "ITALY": "IT", "SPAIN": "ES", "PORTUGAL": "PT", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL",
        "NETHERLANDS, THE": "NL", "BELGIUM": "BE", "LUXEMBOURG": "LU", "POLAND": "PL", "AUSTRIA": "AT", "ÖSTERREICH": "AT",
        "SWITZERLAND": "CH", "SCHWEIZ": "CH", "CZECH REPUBLIC": "CZ", "CZECH REPUBLIC, THE": "CZ", "CZECHIA": "CZ",
        "SLOVAKIA": "SK", "HUNGARY": "HU", "ROMANIA": "RO", "BULGARIA": "BG", "GREECE": "GR", "SLOVENIA": "SI",
        "CROATIA": "HR", "SERBIA": "RS", "ESTONIA": "EE", "LATVIA": "LV", "LITHUANIA": "LT", "MALTA": "MT", "CYPRUS": "CY",
        "DENMARK": "DK", "SWEDEN": "SE", "NORWAY": "NO", "FINLAND": "FI", "ICELAND": "IS", "IRELAND": "IE",
        "IRELAND, REPUBLIC OF": "IE", "UKRAINE": "UA", "TURKEY": "TR", "TURKIYE": "TR", "ISRAEL": "IL",
        "HONG KONG": "HK", "HONG KONG SAR, CHINA": "HK", "MACAU SAR, CHINA": "MO", "CHINA": "CN",
        "CHINA, PEOPLES REPUBLIC": "CN", "CHINA MAINLAND": "CN", "TAIWAN": "TW", "TAIWAN, CHINA": "TW", "JAPAN": "JP",
        "KOREA, REPUBLIC OF": "KR", "KOREA, REPUBLIC OF (SOUTH K.)": "KR", "SOUTH KOREA": "KR", "SINGAPORE": "SG",
        "MALAYSIA": "MY", "THAILAND": "TH", "VIETNAM": "VN", "PHILIPPINES": "PH", "PHILIPPINES, THE": "PH",
        "CAMBODIA": "KH", "MYANMAR": "MM", "INDIA": "IN", "SRI LANKA": "LK", "NEPAL": "NP", "BANGLADESH": "BD",
        "PAKISTAN": "PK", "SAUDI ARABIA": "SA", "UNITED ARAB EMIRATES": "AE", "BAHRAIN": "BH", "QATAR": "QA", "KUWAIT": "KW",
        "OMAN": "OM", "JORDAN": "JO", "LEBANON": "LB", "AUSTRALIA": "AU", "NEW ZEALAND": "NZ", "BRAZIL": "BR",
        "ARGENTINA": "AR", "CHILE": "CL", "COLOMBIA": "CO", "PERU": "PE", "PANAMA": "PA", "COSTA RICA": "CR",
        "SOUTH AFRICA": "ZA", "EGYPT": "EG", "MOROCCO": "MA", "NIGERIA": "NG", "KENYA": "KE", "GHANA": "GH",
    }
)  # fmt: skip
"""Country names at the end of a locality: ``LOS ANGELES, CA - USA``, ``Deutschland``."""

STATE = re.compile(r",\s*([A-Z]{2,3})(?:\s*,\s*[A-Z]{2}|\s*-\s.*)?$")
COUNTRY = re.compile(r"(?:.+,\s*[A-Z]{2,3}\s*,\s*)?([A-Z]{2})")
"""``WHITTIER, CA, US`` and a lone ``FR``; in ``MILAN, MI`` two letters may be anything."""


def where(place: Place | None) -> tuple[str, str]:
    """Country and state codes of a place, from its country code, else from its locality's words."""
    address = (place.address if place else None) or Address()
    locality = _locality(address)
    state = STATE.search(locality)
    country = text_of(address.country_code).strip().upper()
    return NAMES.get(country, country) or _named_country(locality), state.group(1) if state else ""


def _locality(address: Address) -> str:
    return text_of(address.address_locality).strip().upper()


def _named_country(locality: str) -> str:
    coded = COUNTRY.fullmatch(locality)
    return coded.group(1) if coded else NAMES.get(locality.rsplit(" - ", 1)[-1].strip(), "")


def place_of(place: Place | None) -> str:
    """Locality and country, the country once; where there is no address, the service point's label."""
    address = (place.address if place else None) or Address()
    locality, country = text_of(address.address_locality).strip(), text_of(address.country_code).strip()
    if country and _named_country(_locality(address)) == country.upper():
        country = ""
    point = place.service_point if place else None
    return ", ".join(part for part in (locality, country) if part) or text_of(point.label if point else None)


def time_of(event: Event, shipment: Shipment) -> EventTime:
    """Exact with an offset; a naive time is local to its place, else to the country of the service, else to the one
    country in which the whole shipment lies.
    """
    raw = text_of(event.timestamp)
    exact = offset_time(raw)
    if exact:
        return exact
    zone = zone_of(*where(event.location))
    if zone:
        return naive_time(raw, zone, Zone.ASSUMED_PLACE)
    home = _home(shipment)
    if home:
        return naive_time(raw, home, Zone.ASSUMED_CARRIER)
    ends = {where(place)[0] for place in (shipment.origin, shipment.destination)}
    inland = zone_of(ends.pop()) if len(ends) == 1 and event.location is None else None
    return naive_time(raw, inland, Zone.ASSUMED_PLACE) if inland else unread_time(raw)


def _home(shipment: Shipment) -> ZoneInfo | None:
    return zone_of(HOMES.get(text_of(shipment.service).lower(), ""))


def promise_of(shipments: Iterable[Shipment]) -> datetime | None:
    """The latest of the shipments' promises: the end of the delivery frame, else the estimated time. A bare date is kept
    until its day ends; a naive time is the destination's.
    """
    return max((at for at in map(_promised, shipments) if at), default=None)


def _promised(shipment: Shipment) -> datetime | None:
    frame = shipment.estimated_delivery_time_frame
    ends = (frame.estimated_through if frame else None, shipment.estimated_time_of_delivery)
    raw = next((text_of(end) for end in ends if text_of(end)), "")
    exact = offset_time(raw)
    if exact:
        return exact.at
    zone = zone_of(*where(shipment.destination)) or _home(shipment)
    local = naive_time(raw, zone, Zone.ASSUMED_PLACE) if zone else unread_time(raw)
    day = timedelta(days=1) if local.certainty is Certainty.DATE_ONLY else timedelta(0)
    return local.at + day if local.at else None
