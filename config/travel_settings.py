"""The table [travel] of doorstep.toml: who tells how long the way from door to door takes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

SERVICES = ("osrm", "valhalla")
"""What is asked at an address of the operator's."""


class Travel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``by``: as the crow flies (straight), by the roads of an OpenStreetMap ``extract``, by a service of the operator's at ``url``, or
    by Amap with a ``key``. ``times``: every way takes so many times as long as told: what the operator measured of their streets.
    ``mode``: how is driven, in the service's own words.
    """

    by: Literal["straight", "extract", "osrm", "valhalla", "amap"] = "straight"
    extract: str = ""
    url: str = ""
    key: str = ""
    mode: str = ""
    times: Annotated[float, Meta(ge=0.2, le=5)] = 1.0

    def __repr__(self) -> str:
        return f"Travel(by={self.by!r}, …)"

    def __post_init__(self) -> None:
        if self.by == "extract" and not self.extract:
            raise ValueError('extract: name an OpenStreetMap extract (.osm.pbf) of your region, or set by = "straight"')
        if self.by in SERVICES and not self.url.startswith(("http://", "https://")):
            raise ValueError(f'url: where {self.by} answers, like "http://127.0.0.1:5000"')
        if self.by == "amap" and not self.key:
            raise ValueError("key: Amap answers with a key of its web service (Web服务) only")
