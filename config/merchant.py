"""``[merchant]``: where instructions go. Without a ``url`` they stand on the money page and in its CSV, for people."""

import base64
import binascii
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

LEAST_BYTES, MOST_BYTES = 24, 64
PREFIX = "whsec_"


class Merchant(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The merchant's system. ``secret`` signs what it is sent; ``previous_secret`` signs as well while the other side changes
    over. ``private`` names networks inside which the address may lie; none named, it must be a public one.
    """

    url: str = ""
    secret: str = ""
    previous_secret: str = ""
    private: tuple[str, ...] = ()
    timeout_s: Annotated[int, Meta(ge=1, le=60)] = 20

    def __post_init__(self) -> None:
        for network in self.private:
            network_of(network)
        if self.url:
            _check_url(self.url, private=bool(self.private))
            if not self.secret:
                raise ValueError(
                    "secret: is missing: make one with `doorstep money secret`, and give it to your system"
                )
        for name in ("secret", "previous_secret"):
            _check_secret(name, getattr(self, name))

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What signs, the present secret first."""
        return tuple(key_of(secret) for secret in (self.secret, self.previous_secret) if secret)

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(network_of(text) for text in self.private)

    def __repr__(self) -> str:
        return f"Merchant({self.url.partition('?')[0]!r})"


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError where it isn't base64."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def _check_secret(name: str, secret: str) -> None:
    if not secret:
        return
    try:
        length = len(key_of(secret))
    except (binascii.Error, ValueError):
        length = 0
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= length <= MOST_BYTES:
        raise ValueError(
            f"{name}: must be {PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes: `doorstep money secret` makes one"
        )


def _check_url(url: str, *, private: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("url: must be the whole address, like https://shop.example.com/doorstep")
    if parts.username or parts.password:
        raise ValueError("url: must not hold a user name or password: what is sent is signed with `secret`")
    if parts.scheme == "http" and not private:
        raise ValueError("url: must begin with https://; plain http is for a network of your own, named in `private`")


def network_of(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as exc:
        raise ValueError(f"private: {text!r} is no network; write it like 10.0.0.0/8 or 127.0.0.1/32") from exc
