"""Where and when a DHL event happened: places in several spellings, times with and without a zone.

Source: developer.dhl.com (spec 1.5.8: ISO 8601, a combination of date and time of day) and replies in public repositories.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from carriers.base import text_of
from carriers.dhl_wire import Address, Event, Place, Shipment
from carriers.place_zones import COUNTRY_NAMES, zone_of
from carriers.times import naive_time, offset_time, unread_time
from domain.tracking import Certainty, EventTime, Zone

HOMES: Mapping[str, str] = MappingProxyType(
    {"parcel-de": "DE", "post-de": "DE", "parcel-nl": "NL", "parcel-pl": "PL", "parcel-uk": "GB", "ecommerce-ppl": "CZ"}
)
"""Services of one country: their naive times are that country's."""

STATE = re.compile(r",\s*([A-Z]{2,3})(?:\s*,\s*[A-Z]{2}|\s*-\s.*)?$")
COUNTRY = re.compile(r"(?:.+,\s*[A-Z]{2,3}\s*,\s*)?([A-Z]{2})")
"""``WHITTIER, CA, US`` and a lone ``FR``; in ``MILAN, MI`` two letters may be anything."""


def where(place: Place | None) -> tuple[str, str, str]:
    """Country, state and city of a place, from its country code, else from its locality's words."""
    address = (place.address if place else None) or Address()
    locality = _locality(address)
    state = STATE.search(locality)
    country = text_of(address.country_code).strip().upper()
    land = COUNTRY_NAMES.get(country, country) or _named_country(locality)
    return land, state.group(1) if state else "", re.split(r",| - ", locality)[0].strip()


def _locality(address: Address) -> str:
    return text_of(address.address_locality).strip().upper()


def _named_country(locality: str) -> str:
    coded = COUNTRY.fullmatch(locality)
    return coded.group(1) if coded else COUNTRY_NAMES.get(locality.rsplit(" - ", 1)[-1].strip(), "")


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
