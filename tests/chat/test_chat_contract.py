"""What every chat promises, held for each adapter of the registry."""

import contextlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hostile import HOSTILE

from chat.base import Account, Address, Call, Caught, Chat, Spurned
from chat.messages import Alert, Answer, Deed, IncidentAlert, Message, Reader, RouteMessage
from chat.registry import CHATS
from config.words import LANGS
from domain.case import CaseEvent, CaseStatus, Kind, Severity, Subject, SubjectType
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.incident import CauseKind
from domain.words import Words
from net.http import HttpReply, HttpRequest

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
READERS = {lang: Reader(lang, ZoneInfo("Asia/Shanghai"), "https://desk.example.com") for lang in LANGS}
SETTINGS: dict[str, dict[str, Any]] = {
    "apprise": {"url": "https://notify.example.com", "key": "doorstep", "user": "desk", "password": "ap_a_secret_token"},
    "dingtalk": {
        "client_id": "dinga1b2c3", "client_secret": "dt_a_secret_token", "corp": "dingcorp", "conversation": "cidDesk==",
        "template": "00000000-desk.schema",
    },
    "feishu": {
        "app_id": "cli_a1b2c3", "app_secret": "fs_a_secret_token", "chat": "oc_desk",
        "encrypt_key": "key_a_secret_token", "verification_token": "ver_a_secret_token",
    },
    "matrix": {
        "homeserver": "https://chat.example.com", "user": "@doorstep:example.com", "token": "syt_a_secret_token",
        "room": "!desk:example.com",
    },
    "mattermost": {
        "url": "https://chat.example.com", "token": "mm_a_secret_token", "bot": "bot" + "0" * 23, "channel": "desk" + "0" * 22,
        "callback": "https://desk.example.com", "secret": "mm_a_signing_secret",
    },
    "slack": {
        "token": "xoxb-1-bot-secret", "team": "T0DESK", "channel": "C0DESK", "app_token": "xapp-1-app-secret",
        "signing_secret": "a_signing_secret",
    },
    "telegram": {"token": "12345:a_secret_token", "chat": -1001234567890},
    "wecom": {"bot_id": "aibDesk", "secret": "wc_a_secret_token", "corp": "wwcorp", "chat": "wrDesk"},
    "wecom_app": {
        "corp": "wwcorp", "agent": 1000002, "secret": "wa_a_secret_token", "token": "callbackSecretToken",
        "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "users": ["LiMei"], "parties": [2],
    },
}  # fmt: skip
"""An account of each chat outside the house; ``token`` and the like must appear in no error and no repr."""
SECRETS = (
    "syt_a_secret_token", "a_secret_token", "xoxb-1-bot-secret", "xapp-1-app-secret", "a_signing_secret", "callbackSecretToken",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)  # fmt: skip
OUTSIDE = [chat for chat in CHATS.values() if chat.outward is not None]
IDS = [chat.id for chat in OUTSIDE]


def account(chat: Chat) -> Account:
    return Account(chat.id, "desk", msgspec.convert(SETTINGS[chat.id], chat.settings))


def an_alert(**changes: Any) -> Alert:
    alert = Alert(
        12, Kind.MISDELIVERED, Subject(SubjectType.SHIPMENT, "7"), "SF1234567890123", Severity.URGENT, CaseStatus.OPEN,
        "opened", AT, AT + timedelta(hours=24),
        (Words("evidence.wrong_place", {"place": "杭州市", "destination": "上海市"}),),
        Words("next.misdelivered", {}), None, None, None,
    )  # fmt: skip
    return replace(alert, **changes)


def a_hub(**changes: Any) -> IncidentAlert:
    cause = Words("incident_cause.hub", {"carrier": "ZTO", "place": "杭州转运中心", "to": ""})
    alert = IncidentAlert(
        3, CauseKind.HUB, cause, Severity.URGENT, "members", AT, found=40, expected=2.31, members=240, waiting=200, taken=30,
        done=10, warned=4, breached=2, promise_by=AT + timedelta(hours=24), numbers=("ZT1", "ZT2", "ZT3"), over=None, owner="li",
        acknowledged_by="li", acknowledged_at=AT, owner_name="李梅", deeds=(Deed(CaseEvent.ACKNOWLEDGED, "李梅", AT),),
    )  # fmt: skip
    return replace(alert, **changes)


MESSAGES: dict[str, Message] = {
    "alert": an_alert(),
    "taken": an_alert(
        status=CaseStatus.ACKNOWLEDGED, reason="acknowledged", owner="li", acknowledged_by="li", acknowledged_at=AT,
        owner_name="李梅", deeds=(Deed(CaseEvent.ACKNOWLEDGED, "李梅", AT), Deed(CaseEvent.COMMENTED, "Sam", AT)),
    ),
    "closed": an_alert(
        status=CaseStatus.RESOLVED, reason="resolved", owner="li", owner_name="李梅",
        deeds=(Deed(CaseEvent.RESOLVED, "李梅", AT),),
    ),
    "incident": an_alert(
        kind=Kind.SOURCE_SILENT, promise_by=None, subject=Subject(SubjectType.SOURCE, "sf/main"), number="sf/main",
        evidence=(Words("evidence.source_silent", {"source": "sf/main", "since_at": AT.isoformat(), "parcels": 7}),),
    ),
    "hub": a_hub(),
    "hub_over": a_hub(over=Words("closed_incident.moved", {}), waiting=0, taken=0, done=240, breached=0),
    "route": RouteMessage("RT1", "https://desk.example.com/courier/abc", "2026-11-23", 14),
    "route_changed": RouteMessage(
        "RT1", "https://desk.example.com/courier/abc", "2026-11-23", 12,
        (Words("route_change.cancelled", {"stop": 5}), Words("route_change.moved", {"stop": 7, "before": 6})),
    ),
    "route_over": RouteMessage("RT1", "https://desk.example.com/courier/abc", "2026-11-23", 0, over=True),
    "route_asked": Answer(
        (Words("route_said.which_reason", {"stop": 5}), Words("route_said.reason_line", {"stop": 5, "number": 1, "fail_reason": "absent"})),
        (("5 1", Words("chat.route_button.reason", {"number": 1, "fail_reason": "absent"})),),
    ),
    "answer": Answer((Words("chat.mine", {"n": 1}), Words("chat.more", {"n": 3}))),
}  # fmt: skip


def texts(payload: Any) -> str:
    """Every text of a payload."""
    return json.dumps(payload, ensure_ascii=False)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_what_is_shown_is_what_was_agreed(chat: Chat, name: str, lang: str) -> None:
    """Each kind of message in each language, as recorded; a change is read before it is recorded anew."""
    payload = chat.render(MESSAGES[name], READERS[lang])
    golden = GOLDEN / chat.id / f"{name}.{lang}.json"
    assert golden.exists(), f"write {golden}:\n{json.dumps(payload, ensure_ascii=False, indent=1)}"
    assert payload == json.loads(golden.read_text("utf-8"))


@pytest.mark.parametrize("chat", CHATS.values(), ids=list(CHATS))
def test_rendering_gives_plain_json_and_the_same_again(chat: Chat) -> None:
    """A payload is stored, and sent again after a crash: it must survive that unchanged."""
    for message in MESSAGES.values():
        payload = chat.render(message, READERS["en"])
        assert json.loads(json.dumps(payload)) == payload
        assert chat.render(message, READERS["en"]) == payload


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_the_console_is_one_click_away_and_no_link_is_an_act(chat: Chat) -> None:
    """The only address in an alert is that of its case on the console, where one signs in."""
    found = set(re.findall(r"https?://[^\s\"'<>\\]+", texts(chat.render(an_alert(), READERS["en"]))))
    assert found == {"https://desk.example.com/cases/12"}


# --- privacy and hostile text --------------------------------------------------------------------------------------


def planted(n: int) -> dict[str, str]:
    rng = Random(n)
    return {
        "name": "欧阳" + "".join(rng.choice("娜婷伟强磊静") for _ in range(2)),
        "phone": f"13{rng.randrange(10**8, 10**9)}",
        "street": f"梧桐{rng.randrange(10, 99)}路{rng.randrange(100, 999)}弄{rng.randrange(1, 60)}号",
    }


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_no_body_carries_a_customer(chat: Chat) -> None:
    """A thousand customers whose complaints, scans and errors name them: neither name nor phone nor street is in any body."""
    hits = []
    for n in range(1_000):
        person = planted(n)
        told = f"我是{person['name']}，电话{person['phone']}，住{person['street']}，没收到"
        evidence = (
            Words("evidence.disputed", {"text": told}),
            Words("evidence.lost_by_word", {"at": AT.isoformat(), "text": told}),
            Words("evidence.source_silent", {"source": "sf", "since_at": AT.isoformat(), "parcels": 1, "error": told}),
        )
        body = texts(chat.render(an_alert(kind=Kind.DISPUTED, evidence=evidence), READERS["zh"]))
        hits += [text for text in person.values() if text in body]
    assert hits == []


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_a_phone_number_in_a_place_is_masked(chat: Chat) -> None:
    """Carriers write the courier's number into scans."""
    evidence = (Words("evidence.wrong_place", {"place": "城东站 13812345678", "destination": "上海"}),)
    assert "13812345678" not in texts(chat.render(an_alert(evidence=evidence), READERS["zh"]))


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(chat: Chat, text: str) -> None:
    """Whatever stands in a place, a number or a name: no mention, no markup, no link, no line of its own, not too long."""
    evidence = (Words("evidence.wrong_place", {"place": text, "destination": text}),)
    alert = an_alert(
        evidence=evidence, number=text, owner="x", owner_name=text, deeds=(Deed(CaseEvent.COMMENTED, text, AT),)
    )
    payload = chat.render(alert, READERS["en"])
    plain = chat.render(an_alert(owner="x", owner_name="x", deeds=(Deed(CaseEvent.COMMENTED, "x", AT),)), READERS["en"])
    assert structure(payload) == structure(plain)
    for body in strings(payload):
        assert LIVE.findall(body.replace("https://desk.example.com/cases/12", "")) == []
        assert not set(body) & set(CONTROLS)
        assert len(body) < 16_000


LIVE = re.compile(
    r"@(?:room|all|here|channel|everyone|\w)|[a-z]+://\S|\b(?:javascript|mailto|tel|data):[^\s\u200b]|\b\w+\.(?:com|example|cn|org|zip)\b"
    r"|<@|<!|\]\(|<at|<script|<img|<a href=\"(?!\")",
    re.IGNORECASE,
)
"""What a client would bring to life."""
CONTROLS = "\x00\x01\x08\x1b\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff\u2028\u2029"


def strings(payload: Any) -> list[str]:
    if isinstance(payload, dict):
        return [s for value in payload.values() for s in strings(value)]
    if isinstance(payload, list):
        return [s for value in payload for s in strings(value)]
    return [payload] if isinstance(payload, str) else []


def structure(payload: Any) -> Any:
    """A payload without its texts: their tags and line ends stay."""
    if isinstance(payload, dict):
        return {key: structure(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [structure(value) for value in payload]
    return re.findall(r"<(?!\u200b)[^>]*>|\n", payload) if isinstance(payload, str) else payload


# --- limits and settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_limits_are_named_and_the_longest_message_fits(chat: Chat) -> None:
    """Every window allows something; an edit with the longest texts is within the body that the platform takes."""
    assert chat.outward is not None
    limits = chat.outward.limits(account(chat))
    assert limits.windows
    assert all(calls > 0 and per_s > 0 for calls, per_s in limits.windows)
    long = Words("evidence.wrong_place", {"place": "长" * 100_000, "destination": "<&>" * 100_000})
    deeds = tuple(Deed(CaseEvent.COMMENTED, "名" * 9_000, AT) for _ in range(50))
    payload = chat.render(an_alert(evidence=(long,) * 50, number="9" * 9_000, deeds=deeds), READERS["zh"])
    for request in (
        chat.outward.edit(payload, "remote", account(chat), "key"), chat.outward.send(payload, account(chat), "key"),
        chat.outward.reply(payload, "remote", account(chat), "key"),
    ):  # fmt: skip
        assert len(request.body) <= limits.body_bytes


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_a_channel_has_its_own_language(chat: Chat) -> None:
    """`lang` is a setting of every chat outside the house, the installation's where it is empty."""
    assert account(chat).settings.lang == ""
    assert msgspec.convert({**SETTINGS[chat.id], "lang": "en"}, chat.settings).lang == "en"  # type: ignore[attr-defined]
    assert chat.identity


@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_one_letter_is_sent_under_one_id(chat: Chat) -> None:
    """The same letter gives the same request; another key another one. No secret is in its repr."""
    assert chat.outward is not None
    payload, used = chat.render(an_alert(), READERS["en"]), account(chat)
    once = chat.outward.send(payload, used, "letter-1")
    assert _same(once, chat.outward.send(payload, used, "letter-1"))
    assert not _same(once, chat.outward.send(payload, used, "letter-2"))
    assert "letter-1" in once.url + once.body.decode() + str(dict(once.headers))
    assert not any(secret in repr(once) + repr(used) for secret in SECRETS)


def _same(a: HttpRequest, b: HttpRequest) -> bool:
    return (a.method, a.url, dict(a.headers), a.body) == (b.method, b.url, dict(b.headers), b.body)


# --- answers -------------------------------------------------------------------------------------------------------

STATUSES = (
    (401, AccessDenied), (403, AccessDenied), (429, RateLimited), (500, Unreachable), (502, Unreachable),
    (503, Unreachable), (400, UnreadableReply), (404, UnreadableReply), (413, UnreadableReply), (302, UnreadableReply),
)  # fmt: skip
BODIES = (b"", b"{", b"null", b"[]", b"\xff\xfe", b"<html>", b'{"errcode": 5}', b"[" * 100_000, b'{"a":' * 20_000)


@pytest.mark.parametrize(("status", "error"), STATUSES)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_every_status_is_the_right_error(chat: Chat, body: bytes, status: int, error: type[OutsideError]) -> None:
    """Whatever the body, the status says what to do next; the error names the chat and no secret."""
    for read in _readers(chat):
        with pytest.raises(error) as caught:
            read(HttpReply(status, {}, body))
        assert caught.value.who == chat.id
        assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("chat", OUTSIDE, ids=IDS)
def test_an_unknown_frame_is_an_error_of_the_world(chat: Chat, body: bytes) -> None:
    """A 200 with anything in it gives what it means or an UnreadableReply, never another exception."""
    for read in _readers(chat):
        with contextlib.suppress(UnreadableReply):
            read(HttpReply(200, {}, body))


def _readers(chat: Chat) -> list[Any]:
    assert chat.outward is not None
    used = account(chat)
    polled = chat.polled
    listening = [lambda r: polled.read(r, used), lambda r: polled.read_older(r, used)] if polled else []
    entering = [lambda r, step=step: step.check(r, used) for step in polled.enter] if polled else []
    entering += [lambda r, step=step: step.check(r, used) for step in chat.enter]
    back = chat.outward.lookback
    finding = [lambda r: back.found(r, key="k")] if back else []
    return [chat.outward.sent, chat.outward.opened, chat.outward.seen, *listening, *entering, *finding]


# --- chats that speak to us ----------------------------------------------------------------------------------------

SOCKETS = [chat for chat in OUTSIDE if chat.socket is not None]
HOOKS = [chat for chat in OUTSIDE if chat.hook is not None]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("chat", SOCKETS, ids=[chat.id for chat in SOCKETS])
def test_any_frame_is_read_or_unreadable(chat: Chat, body: bytes) -> None:
    """Text or bytes, whole or cut: nothing is heard in it, and there is never another exception."""
    assert chat.socket is not None
    for frame in (body, body.decode("utf-8", "replace")):
        with contextlib.suppress(UnreadableReply):
            caught = chat.socket.read(frame, account(chat), AT)
            assert isinstance(caught, Caught)
            assert caught.heard == ()


@pytest.mark.parametrize("chat", SOCKETS, ids=[chat.id for chat in SOCKETS])
def test_where_a_connection_goes_is_no_secret_told(chat: Chat) -> None:
    """Its address is asked for or known; neither shows a secret or a ticket."""
    assert chat.socket is not None
    asked = chat.socket.open(account(chat))
    assert isinstance(asked, HttpRequest | Address)
    assert not any(secret in repr(asked) for secret in SECRETS)
    for body in BODIES:
        with contextlib.suppress(OutsideError):
            chat.socket.opened(HttpReply(200, {}, body), account(chat))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("chat", HOOKS, ids=[chat.id for chat in HOOKS])
def test_a_call_without_proof_is_refused(chat: Chat, body: bytes, method: str) -> None:
    """Whatever its body: 400, 401 or 403, never an exception; what slipped through can't be read as an act."""
    assert chat.hook is not None
    used = account(chat)
    assert chat.hook.ready(used)
    assert isinstance(chat.hook.verify(Call(method, {}, {}, body), used, AT), Spurned)
    with contextlib.suppress(UnreadableReply):
        assert chat.hook.read(body, Call(method, {}, {}, body), used).heard == ()
