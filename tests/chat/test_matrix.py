"""Matrix without a server: settings, requests, and what is made of whatever a room holds."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.acts import ActKind, Batch, Heard, Question, Wish
from chat.base import Account
from chat.matrix import CHAT, MatrixSettings, edit, limits, older, read, read_older, reply, request, send, sent
from domain.errors import OutsideError, RateLimited
from monitor.heard import from_json, to_json
from net.http import HttpReply

US = "@doorstep:example.com"
TABLE = {"homeserver": "https://m.example.com/", "user": US, "token": "secret", "room": "!desk:example.com"}


def account(**changes: Any) -> Account:
    return Account("matrix", "desk", msgspec.convert({**TABLE, **changes}, MatrixSettings))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("homeserver", "http://m.example.com"), ("homeserver", "m.example.com"), ("homeserver", "ftp://m.example.com"),
        ("user", "doorstep"), ("user", "@doorstep"), ("room", "#desk:example.com"), ("room", "!a/b"), ("lang", "fr"),
        ("per_minute", 0), ("unknown", 1),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    """The token goes to the homeserver: over https, or on this machine."""
    with pytest.raises(msgspec.ValidationError):
        account(**{key: value})


def test_a_homeserver_on_this_machine_may_be_plain() -> None:
    assert account(homeserver="http://127.0.0.1:8008").settings.homeserver == "http://127.0.0.1:8008"


def test_the_default_pace_is_the_homeservers() -> None:
    """Synapse allows ten at once and one in five seconds; a higher figure counts by the minute."""
    assert limits(account()).windows == ((10, 50.0),)
    assert limits(account(per_minute=600)).windows == ((600, 60.0),)


def test_requests_name_room_and_letter_safely() -> None:
    """Ids from outside can't lead to another path."""
    made = send({"body": "x"}, account(), "a/../b?c", "!x/../y:z")
    assert made.url == (
        "https://m.example.com/_matrix/client/v3/rooms/%21x%2F..%2Fy%3Az/send/m.room.message/a%2F..%2Fb%3Fc"
    )
    assert "from=a%26b" in older(account(), "a&b", "c").url
    assert "since=a%26b" in request(account(), "a&b").url


def test_an_edit_says_both_and_a_reply_names_its_thread() -> None:
    payload = {"msgtype": "m.text", "body": "x", "m.mentions": {}}
    edited = json.loads(edit(payload, "$1", account(), "k").body)
    assert edited["m.new_content"] == payload
    assert edited["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$1"}
    assert edited["m.mentions"] == {}
    answered = json.loads(reply(payload, "$1", account(), "k").body)
    assert answered["m.relates_to"]["rel_type"] == "m.thread"
    assert answered["m.relates_to"]["event_id"] == "$1"


def test_a_limit_says_how_long_to_wait() -> None:
    """Whole seconds, rounded up."""
    body = b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 4808}'
    with pytest.raises(RateLimited) as caught:
        sent(HttpReply(429, {}, body))
    assert caught.value.retry_after_s == 5


# --- what a room holds ---------------------------------------------------------------------------------------------


def event(kind: str = "m.room.message", sender: str = "@li:example.com", /, **content: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "$e", "sender": sender, "content": content}


def told(*events: dict[str, Any], limited: bool = False) -> HttpReply:
    room = {"timeline": {"events": list(events), "limited": limited, "prev_batch": "p1"}}
    return HttpReply(200, {}, json.dumps({"next_batch": "s2", "rooms": {"join": {"!desk:example.com": room}}}).encode())


def heard(*events: dict[str, Any]) -> tuple[Heard, ...]:
    return read(told(*events), account()).heard


REACTION = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$1", "key": "✅"}}
IN_THREAD = {"m.relates_to": {"rel_type": "m.thread", "event_id": "$1"}}


def test_a_reaction_a_thread_and_a_question() -> None:
    assert heard(event("m.reaction", **REACTION)) == (
        Heard("$e", "@li:example.com", Wish(ActKind.ACKNOWLEDGE), "$1", "$e"),
    )
    [comment] = heard(event(msgtype="m.text", body="called", **IN_THREAD))
    assert (comment.wish, comment.about) == (Wish(ActKind.COMMENT, "called"), "$1")
    [question] = heard(event(msgtype="m.text", body="mine"))
    assert (question.wish, question.about) == (Wish(Question.MINE), "")


def test_an_answer_by_an_older_client() -> None:
    """It quotes what it answers: the quotation isn't the answer."""
    body = "> <@doorstep:example.com> 🔴 #1 lost\n> Nobody has taken it yet.\n\nresolve found it"
    [one] = heard(event(msgtype="m.text", body=body, **{"m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}))
    assert (one.wish, one.about) == (Wish(ActKind.RESOLVE, "found it"), "$1")


@pytest.mark.parametrize(
    "one",
    [
        event("m.reaction", US, **REACTION), event("m.room.message", US, msgtype="m.text", body="mine"),
        event(msgtype="m.notice", body="mine"), event(msgtype="m.text", body="hello"), event(), event("m.room.topic"),
        event(msgtype="m.text", body="resolve x", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}),
        event("m.reaction", **{"m.relates_to": {"rel_type": "m.reference", "event_id": "$1", "key": "✅"}}),
        event("m.reaction", **{"m.relates_to": []}), event(msgtype=1, body=[]), {**event("m.reaction", **REACTION), "event_id": ""},
        {**event("m.reaction", **REACTION), "state_key": ""}, event(msgtype="m.text", body="x", **{"m.relates_to": {"event_id": 5}}),
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_business_of_ours(one: dict[str, Any]) -> None:
    """Our own, other bots', talk, edits, and shapes that we don't know: nothing, and what follows is still heard."""
    assert len(heard(one, event("m.reaction", **REACTION))) == 1


def test_other_rooms_are_not_heard() -> None:
    body = json.dumps(
        {"next_batch": "s2", "rooms": {"join": {"!x:y": {"timeline": {"events": [event("m.reaction", **REACTION)]}}}}}
    )
    assert read(HttpReply(200, {}, body.encode()), account()) == Batch(cursor="s2")


def test_a_gap_is_told_and_its_pages_come_oldest_first() -> None:
    assert read(told(limited=True), account()).gap == "p1"
    assert read(told(), account()).gap == ""
    page = {"chunk": [{**event("m.reaction", **REACTION), "event_id": f"${n}"} for n in (3, 2, 1)], "end": "p0"}
    found = read_older(HttpReply(200, {}, json.dumps(page).encode()), account())
    assert [h.key for h in found.heard] == ["$1", "$2", "$3"]
    assert found.gap == "p0"
    assert read_older(HttpReply(200, {}, b'{"chunk": [], "end": "p0"}'), account()).gap == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["m.relates_to", "rel_type", "event_id", "key", "body", "msgtype", "m.in_reply_to", "x"]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(["m.reaction", "m.room.message", "x"]))
def test_anybody_may_send_anything(content: Any, kind: str) -> None:
    """Whatever an event's content is, the rest is heard."""
    assert len(heard({**event(kind), "content": content}, event("m.reaction", **REACTION))) in {1, 2}


@given(JSON)
def test_any_body_is_read_or_refused(body: Any) -> None:
    try:
        read(HttpReply(200, {}, json.dumps(body).encode()), account())
    except OutsideError as exc:
        assert exc.who == CHAT.id  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("wish", [Wish(ActKind.SNOOZE, length=timedelta(hours=2)), Wish(Question.CASE, case_id=3)])
def test_what_is_kept_comes_back_as_it_was(wish: Wish) -> None:
    """A delivery that waits for its message is kept as JSON."""
    one = Heard("$e", "@li:x", wish, "$1", "$e")
    assert from_json(json.loads(json.dumps(to_json(one)))) == one
