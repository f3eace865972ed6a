"""Signed webhooks after the Standard Webhooks specification 1.0.0, and the check of where they go.

The signature is HMAC-SHA256, base64, over ``id.timestamp.body``; while a secret is being changed, both sign. The address is looked
up once and used as it was checked: a name that points elsewhere a moment later leads nowhere. Redirects are followed nowhere in
this room.
"""

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from domain.errors import AccessDenied, OutsideError, Permanent, RateLimited, Unreachable
from net.http import HttpReply, HttpRequest

VERSION = "v1"
ID_DIGITS = 32
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")


def message_id(letter_id: str) -> str:
    """The id under which a letter is ever sent: made of its own, without the full stop that the signature is joined by."""
    return f"msg_{hashlib.sha256(letter_id.encode()).hexdigest()[:ID_DIGITS]}"


def signature(keys: Sequence[bytes], message: str, at_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one for each key, the present one's first."""
    content = f"{message}.{at_s}.".encode() + body
    digests = (hmac.new(key, content, hashlib.sha256).digest() for key in keys)
    return " ".join(f"{VERSION},{base64.b64encode(digest).decode()}" for digest in digests)


def webhook(url: str, keys: Sequence[bytes], message: str, at_s: int, body: bytes, *, connect_to: str) -> HttpRequest:
    """The request that carries ``body``. ``at_s``: when this try is made, in seconds since 1970."""
    headers = {
        "content-type": "application/json",
        "user-agent": "Doorstep",
        "webhook-id": message,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(keys, message, at_s, body),
    }
    return HttpRequest("POST", url, headers, body, connect_to)


# --- where it goes -------------------------------------------------------------------------------------------------


async def address_of(url: str, networks: Sequence[Network], who: str) -> str:
    """The network address behind a URL. Raises Unreachable where the name has none, AccessDenied where any of its addresses
    is no public one and in none of ``networks``.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise Unreachable(who, f"{host} has no address") from exc
    addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    refused = [one for one in addresses if not is_allowed(one, networks)]
    if refused or not addresses:
        raise AccessDenied(
            who, f"{host} points to {refused[0] if refused else 'nothing'}, which is no public address:"
            " correct the `url`, or name its network in `private`",
        )  # fmt: skip
    return str(addresses[0])


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address, and any that is wrapped in it, is public or in a network that was named."""
    return all(
        any(one.version == network.version and one in network for network in networks) or is_public(one)
        for one in wrapped(address)
    )


def is_public(address: Address) -> bool:
    strange = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not strange


def wrapped(address: Address) -> tuple[Address, ...]:
    """The address that a packet reaches in the end, where one is carried inside another; else itself."""
    if not isinstance(address, IPv6Address):
        return (address,)
    if address in NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return (inner,) if inner else (address,)


# --- what came back ------------------------------------------------------------------------------------------------

GONE = 410
WHEN_TO_COME = frozenset({429, 503})


class Gone(Permanent):
    """The other side wants no more of it."""


def check(reply: HttpReply, who: str) -> None:
    """Nothing where it was taken (2xx). Raises OutsideError otherwise: RateLimited where the other side says when to come
    again, Gone where it says never.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    raise _error(status, retry_after_s(reply.headers), who)


def _error(status: int, wait_s: int | None, who: str) -> OutsideError:
    if status == GONE:
        return Gone(who, "HTTP 410: it wants no more of these")
    if status in WHEN_TO_COME and (wait_s is not None or status == 429):
        return RateLimited(who, f"HTTP {status}: asked to come later", retry_after_s=wait_s)
    if 300 <= status < 400:
        return Unreachable(who, f"HTTP {status}: a redirect isn't followed; set `url` to where it leads")
    return Unreachable(who, f"HTTP {status}")


def retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Seconds; a date there is passed over."""
    text = headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
