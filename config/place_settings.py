"""The table [places] of doorstep.toml: who is asked where an address is."""

from typing import Literal

from msgspec import Struct


class Places(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``by``: nobody (addresses without coordinates are asked for), a Nominatim at ``url``, or Amap with a ``key``."""

    by: Literal["none", "nominatim", "amap"] = "none"
    url: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"Places(by={self.by!r}, …)"

    def __post_init__(self) -> None:
        if self.by == "nominatim" and not self.url.startswith(("http://", "https://")):
            raise ValueError(
                'url: where your Nominatim answers, like "http://127.0.0.1:8080"; the public one is not for shops'
            )
        if self.by == "amap" and not self.key:
            raise ValueError("key: Amap answers with a key of its web service (Web服务) only")
