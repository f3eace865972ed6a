"""The table [travel] of doorstep.toml: who tells how long the way from door to door takes."""

from datetime import time
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

SERVICES = ("osrm", "valhalla")
"""What is asked at an address of the operator's."""


class SlowHours(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Between two local times ways take so many ``times`` as long; an end of 00:00 is the end of the day."""

    begins: time
    ends: time
    times: Annotated[float, Meta(ge=0.2, le=5)]

    def __post_init__(self) -> None:
        if self.ends != time() and self.begins >= self.ends:
            raise ValueError(
                f"ends ({self.ends:%H:%M}) must be after begins ({self.begins:%H:%M}); write one over midnight as two"
            )


class Travel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``by``: as the crow flies (straight), by the roads of an OpenStreetMap ``extract``, by a service of the operator's at ``url``, or
    by Amap with a ``key``. ``times``: every way takes so many times as long as told: what the operator measured of their streets.
    ``mode``: how is driven, in the service's own words. ``hours``: when ways take longer, or shorter, than at other times.
    """

    by: Literal["straight", "extract", "osrm", "valhalla", "amap"] = "straight"
    extract: str = ""
    url: str = ""
    key: str = ""
    mode: str = ""
    times: Annotated[float, Meta(ge=0.2, le=5)] = 1.0
    hours: tuple[SlowHours, ...] = ()

    def __repr__(self) -> str:
        return f"Travel(by={self.by!r}, …)"

    def __post_init__(self) -> None:
        if self.by == "extract" and not self.extract:
            raise ValueError('extract: name an OpenStreetMap extract (.osm.pbf) of your region, or set by = "straight"')
        if self.by in SERVICES and not self.url.startswith(("http://", "https://")):
            raise ValueError(f'url: where {self.by} answers, like "http://127.0.0.1:5000"')
        in_order = sorted(self.hours, key=lambda one: one.begins)
        if any(one.ends == time() or one.ends > after.begins for one, after in pairwise(in_order)):
            raise ValueError("hours: two of them overlap; which one counts?")
        if self.by == "amap" and self.hours:
            raise ValueError("hours: Amap tells times with the traffic in them; leave hours out, or ask somebody else")
        if self.by == "amap" and not self.key:
            raise ValueError("key: Amap answers with a key of its web service (Web服务) only")
