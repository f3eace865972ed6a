"""Kuaidi100 calls us: proof, reading, and what its subscription says."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from carriers.base import (
    Account,
    PushAnswer,
    Standing,
    Stands,
    json_of,
    missing_since,
    raise_for_status,
    said,
    same_number,
    text_of,
)
from carriers.kuaidi100_errors import ERRORS, MISSING
from carriers.kuaidi100_wire import HISTORY, ID, Pushed, Result, check_number, events_of, md5
from domain.errors import Unreachable, UnreadableReply
from domain.tracking import Ask, Found, NoData, NotFound, ParcelReading, Reading
from net.http import HttpReply

ANSWER = PushAnswer(
    200,
    {"content-type": "application/json; charset=utf-8"},
    '{"result":true,"returnCode":"200","message":"成功"}'.encode(),
)
"""To the letter; anything else makes Kuaidi100 call twice more."""


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether the form's ``sign`` is MD5(param + salt). Without a salt nothing is proven."""
    del headers
    salt: str = account.settings.salt
    fields = _fields(body)
    if not salt or "sign" not in fields or "param" not in fields:
        return False
    ours = md5(fields["param"] + salt)
    return hmac.compare_digest(ours.encode(), fields["sign"].strip().upper().encode())


def _fields(body: bytes) -> dict[str, str]:
    pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}


def unwrap(body: bytes) -> bytes:
    """The JSON in the form's ``param``; a body that is JSON already stays as it is."""
    if body.lstrip()[:1] == b"{" or not re.search(rb"(^|&)param=", body):
        return body
    return _fields(body)["param"].encode()


def numbers(body: bytes) -> tuple[str, ...]:
    """The number that was subscribed to. Raises UnreadableReply."""
    last = said(ID, body, Pushed).last_result
    return (text_of(last.nu),) if last and text_of(last.nu) else ()


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Whether the one subscription stands; 501 is a repeated one, which goes on."""
    raise_for_status(ID, reply)
    result = json_of(reply.body, Result)
    code, message = text_of(result.return_code), text_of(result.message)
    if code in {"200", "501"}:
        return [Stands() for _ in asks]
    if code == "500":
        raise Unreachable(ID, f"500 {message}")
    if MISSING.get(code) not in {None, NoData.NOT_SCANNED}:
        return [NotFound(MISSING[code], message) for _ in asks]
    raise ERRORS.get(code, UnreadableReply)(ID, f"subscription refused: {code} {message}")


RESUBSCRIBE = timedelta(minutes=30)
"""After an abort, says the push document: subscribe again half an hour later, if the parcel is still wanted."""


def ended(body: bytes) -> Mapping[str, timedelta | None]:
    """shutdown: the parcel was signed for. abort: three silent days, or sixty without a change."""
    push = json_of(body, Pushed)
    after = {"shutdown": None, "abort": RESUBSCRIBE}
    status = text_of(push.status)
    return dict.fromkeys(numbers(body), after[status]) if status in after else {}


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The push's full list. An abort with ``comNew`` says under which carrier the number goes on; with ``autoCheck`` 1
    it goes on there already, and ``comNew`` only reminds. ``destResult`` is the same parcel's list at the carrier abroad,
    maybe under another number.
    """
    push = json_of(reply.body, Pushed)
    return [_pushed(push, ask, now) for ask in asks]


def _pushed(push: Pushed, ask: Ask, now: datetime) -> Reading:
    if not text_of(push.status).strip():
        raise UnreadableReply(ID, "a push without status")
    lists = [
        result for result in (push.last_result, push.dest_result) if result and (text_of(result.nu) or result.data)
    ]
    if not any(same_number(result.nu, ask.number) for result in lists):
        for result in lists:
            check_number(result, ask)
    moved_to = text_of(push.com_new).strip() or None
    events = tuple(event for result in lists for event in events_of(result))
    checked = text_of(push.auto_check) == "1"  # the subscription already runs under the new carrier
    silent, aborted = not events, push.status == "abort"
    if moved_to and ((silent and aborted) if checked else (silent or aborted)):
        return NotFound(NoData.WRONG_CARRIER, text_of(push.message), moved_to=moved_to)
    if silent:
        return NotFound(missing_since(ask, now, HISTORY), text_of(push.message), moved_to=moved_to)
    return Found((ParcelReading(ask.number, events),), moved_to=moved_to)
