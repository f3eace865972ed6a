"""What WeCom calls us with about an app: XML inside XML, encrypted, signed over the encrypted text, at most five minutes old.

The outer document proves nothing but what it holds encrypted; both must name our company and our app. Who pressed a button of which card
is what the platform says there.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chat import phrases
from chat.acts import Heard, RouteWord
from chat.base import Account, Call, Delivered, Reply, Spurned
from chat.route_phrases import to_oneself
from chat.wecom_cards import PRESSED
from domain.errors import UnreadableReply

ID = "wecom_app"
WINDOW_S = 300
BLOCK = 32
"""Bytes that a message is padded to."""
BEFORE = 16
"""Random bytes before a message; the four after them hold its length."""


# --- bytes ---------------------------------------------------------------------------------------------------------


def signature(token: str, stamp: str, nonce: str, sealed: str) -> str:
    told = "".join(sorted((token, stamp, nonce, sealed))).encode("utf-8", "replace")
    return hashlib.sha1(told).hexdigest()  # noqa: S324 - the platform's own


def opened(sealed: str, aes_key: str) -> tuple[bytes, str]:
    """The message in an encrypted text, and whom it is for. Raises UnreadableReply."""
    key = base64.b64decode(aes_key + "=")
    try:
        data = base64.b64decode(sealed, validate=True)
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        return _parts(padded)
    except ValueError as exc:
        raise UnreadableReply(ID, f"it can't be decrypted: {exc}") from exc


def _parts(padded: bytes) -> tuple[bytes, str]:
    count = padded[-1] if padded else 0
    if not 1 <= count <= BLOCK or padded[-count:] != bytes([count]) * count:
        raise ValueError("wrong padding")
    plain = padded[BEFORE:-count]
    end = 4 + int.from_bytes(plain[:4], "big")
    if end > len(plain):
        raise ValueError("shorter than it says")
    return plain[4:end], plain[end:].decode()


def fields_of(document: bytes) -> dict[str, str]:
    """The texts of a document's children by name; what these hold themselves is left out. Raises UnreadableReply where it isn't
    XML, brings entities of its own, or says something twice.
    """
    reader = _Fields()
    try:
        reader.parser.Parse(document, True)  # noqa: FBT003
    except (expat.ExpatError, ValueError) as exc:
        raise UnreadableReply(ID, f"no XML: {exc}") from exc
    return reader.found


class _Fields:
    """What ``fields_of`` finds, as the parser comes past it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise ValueError("a document type isn't taken")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) != 2:
            return
        if name in self.found:
            raise ValueError(f"{name} twice")
        self.found[name] = ""

    def _end(self, _: str) -> None:
        self._path.pop()

    def _text(self, text: str) -> None:
        if len(self._path) == 2:
            self.found[self._path[1]] += text
        elif len(self._path) == 1 and text.strip():
            raise ValueError("text between the fields")


# --- calls ---------------------------------------------------------------------------------------------------------


def verify(call: Call, account: Account, now: datetime) -> bytes | Spurned:
    """Signed with the token, at most five minutes ago, decrypted with the key, for our company and our app."""
    settings = account.settings
    try:
        outer = fields_of(call.body) if call.method == "POST" else {}
        sealed = call.query.get("echostr", "") if call.method == "GET" else outer.get("Encrypt", "")
        if not sealed or not _is_signed(call, settings.token, sealed, now):
            return Spurned(401, "the signature isn't made with the token, or older than five minutes")
        plain, receiver = opened(sealed, settings.aes_key)
        if call.method == "GET":
            return plain if receiver == settings.corp else Spurned(403, "of another company")
        ours = receiver == settings.corp and _is_ours(outer, account) and _is_ours(fields_of(plain), account)
    except UnreadableReply as exc:
        return Spurned(400, exc.what)
    return plain if ours else Spurned(403, "of another company or app")


def _is_signed(call: Call, token: str, sealed: str, now: datetime) -> bool:
    stamp = call.query.get("timestamp", "")
    made = signature(token, stamp, call.query.get("nonce", ""), sealed)
    signed = hmac.compare_digest(made.encode(), call.query.get("msg_signature", "").encode("utf-8", "replace"))
    timed = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
    return signed and timed and abs(now.timestamp() - int(stamp)) <= WINDOW_S


def _is_ours(told: dict[str, str], account: Account) -> bool:
    ours = (account.settings.corp, str(account.settings.agent))
    return (told.get("ToUserName"), told.get("AgentID")) == ours


def read_call(body: bytes, call: Call, account: Account) -> Delivered:
    """The check of our address is answered with what it held; an act with nothing: what became of it is said on the card."""
    if call.method == "GET":
        return Delivered(answer=Reply(body, "text/plain"))
    told = fields_of(body)
    heard = _pressed(told, account) if told.get("MsgType") == "event" else _written(told, account)
    return Delivered((heard,) if heard else (), Reply(media_type="text/plain"))


def _pressed(told: dict[str, str], account: Account) -> Heard | None:
    """A button; its code lets the card be edited once, for 72 h."""
    wish, task, user = PRESSED.get(told.get("EventKey", "")), told.get("TaskId", ""), told.get("FromUserName", "")
    if told.get("Event") != "template_card_event" or wish is None or not task or not user:
        return None
    key = "-".join((user, told.get("CreateTime", ""), task, told["EventKey"]))
    who = _who(user, account)
    return Heard(key, who, wish, task, who, told.get("ResponseCode", ""))


def _written(told: dict[str, str], account: Account) -> Heard | None:
    """A text to the app: to a case by its number, to the desk, or a courier's. It is answered to who wrote it alone."""
    user, message = told.get("FromUserName", ""), told.get("MsgId", "")
    if told.get("MsgType") != "text" or not user or not message:
        return None
    text = told.get("Content", "").strip()
    wish = phrases.to_a_numbered_case(text) or phrases.to_the_desk(text) or to_oneself(text)
    who = _who(user, account)
    return Heard(f"message-{message}", who, wish, here=who, alone=isinstance(wish.kind, RouteWord))


def _who(user: str, account: Account) -> str:
    return f"{account.settings.corp}/{user}"
