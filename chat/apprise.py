"""Apprise: a server of yours that passes texts on to e-mail, SMS, ntfy and a hundred other services (github.com/caronc/apprise-api).

The last resort: it says what no other chat delivered, and is never listened to. It has no ids, edits or threads, and no key that keeps
it from saying something twice, so nothing here is ever an acknowledgement. Why the server and not the library: docs/decisions/0007.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chat.base import Account, Chat, Limits, Outward, Step, raise_for_status
from chat.messages import Alert, Answer, Message, Reader, RouteMessage
from chat.text import text_of
from config.words import say
from domain.case import CLOSED, Severity
from domain.errors import AccessDenied
from domain.words import Words
from net.http import HttpReply, HttpRequest

ID = "apprise"
MAX_TITLE, MAX_BODY = 200, 4_000
"""Characters; services cut at their own limits."""
BODY_BYTES = 40_000
INSIDE = (".local", ".lan", ".internal", ".home.arpa")
TYPE = {Severity.URGENT: "failure", Severity.WARN: "warning", Severity.WATCH: "info"}
"""Apprise's word for how bad it is: services show it as a colour or an icon."""


class AppriseSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``url``: the server; ``key``: under which its services are kept there; ``tag``: which of them. ``user`` and ``password``
    where the server, or a proxy before it, asks for them. ``after_minutes``: how long the other chats have for an alert.
    """

    url: str
    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    tag: Annotated[str, Meta(max_length=200)] = ""
    user: Annotated[str, Meta(max_length=128)] = ""
    password: Annotated[str, Meta(max_length=255)] = ""
    lang: Literal["", "zh", "en"] = ""
    per_minute: Annotated[int, Meta(ge=1, le=600)] = 20
    after_minutes: Annotated[int, Meta(ge=0, le=1_440)] = 10

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_inside(parts.hostname or "")):
            raise ValueError(f"url: {self.url!r} must begin with https://, or be http:// in your own network")


def _is_inside(host: str) -> bool:
    """Whether a name can only mean a machine of one's own: such as a container's."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(INSIDE))


# --- saying --------------------------------------------------------------------------------------------------------


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """Title, body and type; where somebody would want to answer, that nobody reads it here."""
    text = text_of(message, reader)
    hint = say(Words("apprise.hint", {}), reader.lang, reader.zone) if text.hint else ""
    lines = [line for line in (*text.lines, text.url, hint) if line]
    return {
        "title": text.title[:MAX_TITLE],
        "body": "\n".join(lines)[:MAX_BODY] or text.title[:MAX_TITLE],
        "type": _type(message),
        "format": "text",
    }


def _type(message: Message) -> str:
    if isinstance(message, Answer | RouteMessage):
        return "info"
    over = message.status in CLOSED if isinstance(message, Alert) else message.over is not None
    return "success" if over else TYPE[message.severity]


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """POST /notify/{key}. Apprise knows no id of ours: it goes along for whoever reads its log."""
    del to
    settings = account.settings
    body = {**payload, **({"tag": settings.tag} if settings.tag else {})}
    headers = {"content-type": "application/json", "x-request-id": key}
    return _call(account, "POST", f"notify/{settings.key}", headers, json.dumps(body, ensure_ascii=False).encode())


def again(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """Nothing that was said can be reached again: what there is to say is said anew."""
    del remote_id
    return send(payload, account, key)


def _call(account: Account, method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> HttpRequest:
    settings = account.settings
    pair = f"{settings.user}:{settings.password}".encode()
    proof = {"authorization": f"Basic {b64encode(pair).decode()}"} if settings.password else {}
    told = {"accept": "application/json", **headers, **proof}
    return HttpRequest(method, f"{settings.url.rstrip('/')}/{path}", told, content)


WHY = {
    204: "nothing is kept under the key there: add services to it",
    424: "a service behind it didn't take the message: its own log says which",
}
"""What its codes mean where HTTP alone doesn't say it (apprise-api, views.py)."""


def sent(reply: HttpReply) -> str:
    """Raises where any of the services failed: it tells no more than that."""
    raise_for_status(ID, reply, WHY.get(reply.status, ""))
    return ""


def limits(account: Account) -> Limits:
    """The services behind it have limits of their own, mostly in the tens a minute."""
    return Limits(((account.settings.per_minute, 60.0),), BODY_BYTES)


def status(account: Account) -> HttpRequest:
    """GET /status: whether the server is well."""
    return _call(account, "GET", "status", {})


def look(remote_id: str, account: Account) -> HttpRequest:
    """What was said can't be looked at; the server can."""
    del remote_id
    return status(account)


def seen(reply: HttpReply) -> None:
    raise_for_status(ID, reply)


def is_well(reply: HttpReply, account: Account) -> None:
    del account
    raise_for_status(ID, reply)


def open_private(who: str, account: Account) -> str:
    """Raises AccessDenied: it writes to nobody alone."""
    del account
    raise AccessDenied(ID, f"nobody is written to alone there: {who[:40]}")


def opened(reply: HttpReply) -> str:
    raise_for_status(ID, reply)
    return ""


CHAT = Chat(
    id=ID,
    name={"zh": "Apprise（最后手段）", "en": "Apprise (last resort)"},
    settings=AppriseSettings,
    render=render,
    identity="nobody: it is never listened to",
    outward=Outward(send, again, again, sent, limits, look, seen, open_private, opened, own_ids=True),
    enter=(Step("token", status, is_well),),
    last_resort=True,
)
