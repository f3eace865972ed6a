"""What a geocoder finds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.place import Location


class How(StrEnum):
    """How sure a place is: the door (or nearly), or the middle of the street, quarter or district that it is in."""

    GEOCODED = "geocoded"
    DISTRICT = "district"


def is_rough(located: str) -> bool:
    """Is a place so named only known by its street or district?"""
    return located == How.DISTRICT


@dataclass(frozen=True, slots=True)
class Found:
    """A place in WGS-84. ``source``: who says so."""

    location: Location
    how: How
    source: str


class Geocoder(Protocol):
    """Anything that knows where addresses are."""

    async def find(self, address: str, district: str) -> Found | None:
        """None where it doesn't know more than the city. Raises OutsideError where it fails."""
        ...
