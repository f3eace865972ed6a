"""The table [customers] of doorstep.toml: how customers are written to, by what, in which hours and language."""

from collections.abc import Mapping
from datetime import time
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from config.merchant import network_of
from domain.case import Kind
from domain.contact import email_of


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


Network = IPv4Network | IPv6Network


class _Secret(_Table, frozen=True):
    """A table that holds secrets: its ``repr`` shows none."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Mail(_Secret, frozen=True):
    """The mail server that customers are written to through. ``security``: STARTTLS on the usual port, TLS from the first
    byte, or none, for a server on this machine only.
    """

    host: str
    sender: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    reply_to: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not email_of(parseaddr(self.sender)[1]):
            raise ValueError(f"sender: {self.sender!r} is no address; write it like Shop <care@shop.example>")
        if self.reply_to and not email_of(self.reply_to):
            raise ValueError(f"reply_to: {self.reply_to!r} is no address; write it like care@shop.example")


class Sms(_Secret, frozen=True):
    """A provider of short messages. ``body``: the JSON that it wants, with the blanks {phone}, {text} and {id} inside its
    texts; ``ok``: what its answer must hold beside a status of 2xx; ``private``: networks inside which the address may lie.
    """

    url: str
    body: str = '{"to": "{phone}", "text": "{text}", "id": "{id}"}'
    headers: dict[str, str] = {}
    secret: str = ""
    key: str = ""
    ok: dict[str, str | int | bool] = {}
    private: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(network_of(text) for text in self.private)

    def __post_init__(self) -> None:
        _web_address(self.url)
        for text in self.private:
            network_of(text)
        try:
            shape = msgspec.json.decode(self.body.encode())
        except msgspec.DecodeError as exc:
            raise ValueError("body: must be JSON, the blanks {phone}, {text} and {id} inside its texts") from exc
        if not isinstance(shape, dict):
            raise ValueError("body: must be a JSON object, like the default")  # noqa: TRY004 - told as a misfit


class Hook(_Secret, frozen=True):
    """The shop's own system, which passes a message on (in 旺旺, say). Signed with ``secret`` as Standard Webhooks are. ``private``
    names networks inside which the address may lie; none named, it must be a public one.
    """

    url: str
    secret: str
    private: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(network_of(text) for text in self.private)

    def __post_init__(self) -> None:
        _web_address(self.url)
        for text in self.private:
            network_of(text)


def _web_address(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"url: {url!r} must begin with http:// or https://")


class Customers(_Table, frozen=True):
    """How customers are written to. ``zone`` and ``lang`` empty: the installation's; ``langs``: by shop. ``ways`` are tried in
    their order, the first by which the customer can be reached is taken. ``texts``: a file laid over the shipped ones.
    """

    automatic: bool = True
    ways: tuple[Literal["mail", "sms", "webhook"], ...] = ("mail", "sms", "webhook")
    lang: Literal["", "zh", "en"] = ""
    langs: dict[str, Literal["zh", "en"]] = {}
    zone: str = ""
    quiet_from: time = time(21)
    quiet_to: time = time(8)
    first_after_min: Annotated[int, Meta(ge=0, le=1440)] = 15
    progress_after_h: Annotated[int, Meta(ge=1, le=72)] = 12
    follow_up_d: Annotated[int, Meta(ge=0, le=60)] = 3
    follow_up_d_of: dict[str, Annotated[int, Meta(ge=0, le=60)]] = {}
    link_d: Annotated[int, Meta(ge=1, le=365)] = 60
    live_help_url: str = ""
    texts: str = ""
    mail: Mail | None = None
    sms: Sms | None = None
    webhook: Hook | None = None

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.follow_up_d_of) - set(Kind)):
            raise ValueError(f"follow_up_d_of: no kind of case is called {', '.join(unknown)}; see docs/customers.md")
        if self.live_help_url and not self.live_help_url.startswith(("https://", "http://", "tel:", "mailto:")):
            raise ValueError(f"live_help_url: {self.live_help_url!r} must begin with https://, tel: or mailto:")
        if self.zone:
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError) as exc:
                raise ValueError(f"zone: unknown time zone {self.zone!r}; write it like Asia/Shanghai") from exc


CUSTOMER_WAYS: Mapping[str, type[Struct]] = {"mail": Mail, "sms": Sms, "webhook": Hook}
"""Tables of [customers] whose secrets may stand in files of their own."""
