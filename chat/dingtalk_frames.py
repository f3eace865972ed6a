"""What DingTalk tells us on its Stream connection: presses of a card's buttons, texts that mention the bot, and how a frame is answered.

What a button carries proves nothing: who and about which card is what the platform says.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Raw, Struct, field

from chat import phrases
from chat.acts import Heard, Wish
from chat.base import Account, Caught, Frame, said
from chat.dingtalk_card import PRESSED
from chat.route_phrases import linking, to_oneself
from config.words import say
from domain.errors import UnreadableReply
from domain.words import Words

ID = "dingtalk"
CARD, TEXT = "/v1.0/card/instances/callback", "/v1.0/im/bot/messages/get"
TOPICS = (CARD, TEXT)
ALONE, GROUP = "1", "2"
_NOWHERE = ZoneInfo("UTC")


class _Headers(Struct, frozen=True, rename="camel"):
    topic: str = ""
    message_id: str = ""


class _Frame(Struct, frozen=True):
    """A frame; ``data`` is JSON in a text, read by its topic."""

    type: str = ""
    headers: _Headers = _Headers()
    data: str = ""


class _Private(Struct, frozen=True, rename="camel"):
    action_ids: list[str] = []
    params: dict[str, Any] = {}


class _Content(Struct, frozen=True, rename="camel"):
    card_private_data: _Private = _Private()


class _Press(Struct, frozen=True, rename="camel"):
    out_track_id: str
    user_id: str
    corp_id: str = ""
    space_id: str = ""
    content: str = ""


class _Text(Struct, frozen=True):
    content: str = ""


class _Message(Struct, frozen=True, rename="camel"):
    msg_id: str
    conversation_id: str = ""
    conversation_type: str = ""
    sender_corp_id: str = ""
    sender_staff_id: str = ""
    robot_code: str = ""
    kind: str = field(default="", name="msgtype")
    text: Raw = Raw(b"null")


def read_frame(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
    """A ping is answered with what it brought, a callback with code 200 once it is committed, 500 where it couldn't be."""
    del now, kept
    told = said(ID, frame.encode() if isinstance(frame, str) else frame, _Frame)
    if told.type == "SYSTEM":
        return _system(told)
    if told.type == "EVENT":
        return Caught(answers=(_answer(told, 200, {"status": "SUCCESS"}),))
    if told.type != "CALLBACK" or told.headers.topic not in TOPICS:
        return Caught()
    heard = _press(told, account) if told.headers.topic == CARD else _written(told, account)
    good, refused = (_told(told, account, code) for code in ("chat.toast_taken", "chat.toast_private"))
    return Caught(
        (heard,) if heard else (), (good if heard else _answer(told, 200, {"response": None}),), (refused,),
        (_answer(told, 500, {"response": None}),),
    )  # fmt: skip


def _system(told: _Frame) -> Caught:
    if told.headers.topic == "disconnect":
        return Caught(leave=True)
    if told.headers.topic != "ping":
        return Caught()
    return Caught(answers=(_answer(told, 200, said(ID, told.data.encode(), dict[str, Any])),))


def _answer(told: _Frame, code: int, data: Mapping[str, Any]) -> str:
    headers = {"contentType": "application/json", "messageId": told.headers.message_id}
    message = "OK" if code == 200 else "internal error"
    return _dumped({"code": code, "headers": headers, "message": message, "data": _dumped(data)})


def _told(told: _Frame, account: Account, code: str) -> str:
    """A press is answered with a word on the card that only who pressed sees."""
    if told.headers.topic != CARD:
        return _answer(told, 200, {"response": None})
    word = say(Words(code, {}), account.settings.lang or "en", _NOWHERE)
    response = {
        "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
        "userPrivateData": {"cardParamMap": {"told": word}},
    }
    return _answer(told, 200, {"response": response})


def _press(told: _Frame, account: Account) -> Heard | None:
    """A button of a card in our group, pressed by somebody of our company."""
    press = said(ID, told.data.encode(), _Press)
    private = said(ID, press.content.encode(), _Content).card_private_data if press.content else _Private()
    wish = _wish(private)
    elsewhere = press.space_id.startswith("cid") and press.space_id != account.settings.conversation
    if wish is None or elsewhere or not press.user_id or not _is_ours(press.corp_id, account):
        return None
    key = told.headers.message_id
    if not key:
        raise UnreadableReply(ID, "a callback without its id")
    return Heard(key, _who(press.corp_id, press.user_id), wish, press.out_track_id, press.out_track_id)


def _wish(private: _Private) -> Wish | None:
    do = private.params.get("do")
    names = [do] if isinstance(do, str) else private.action_ids
    return next((PRESSED[name] for name in names if name in PRESSED), None)


def _written(told: _Frame, account: Account) -> Heard | None:
    """A text in our group that mentions the bot: to a case by its number, or to the desk."""
    message = said(ID, told.data.encode(), _Message)
    alone = message.conversation_type == ALONE
    ours = alone or (message.conversation_type == GROUP and message.conversation_id == account.settings.conversation)
    person = message.sender_staff_id and _is_ours(message.sender_corp_id, account)
    if not ours or not person or message.kind != "text":
        return None
    text = said(ID, bytes(message.text), _Text).content.strip()
    wish = to_oneself(text) if alone else linking(text) or phrases.to_a_numbered_case(text) or phrases.to_the_desk(text)
    who = _who(message.sender_corp_id, message.sender_staff_id)
    return Heard(f"message-{message.msg_id}", who, wish, here=message.msg_id, alone=alone) if wish else None


def _is_ours(corp: str, account: Account) -> bool:
    """A user id is unique in its company only: another company's is a stranger's."""
    return bool(corp) and corp == account.settings.corp


def _who(corp: str, user: str) -> str:
    return f"{corp}/{user}"


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
