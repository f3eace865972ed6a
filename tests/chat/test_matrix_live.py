"""Matrix at a real homeserver (Synapse): what is sent, seen, reacted to, edited, refused, redelivered."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from chat_support import Room, a_room, waiting
from hostile import HOSTILE
from synapse import Synapse

from domain.case import CaseStatus, Kind, Severity
from domain.errors import AccessDenied, RateLimited, RuleError
from domain.words import Words
from doorstep.invitations import token_of
from doorstep.operations import perform
from doorstep.web.auth import digest
from monitor import alerts
from store import cases, chat_people, chat_queue, facts, mail, people
from store.people import Person

pytestmark = pytest.mark.slow


@pytest.fixture
def room(homeserver: Synapse, tmp_path: Path, suffix: str) -> Iterator[Room]:
    made = a_room(tmp_path, homeserver, suffix)
    made.begin()
    yield made
    made.close()


def test_an_alert_is_acknowledged_by_a_reaction_and_its_message_shows_who(room: Room) -> None:
    """The alert comes once; ✅ under it acknowledges the case; the same message is edited to show who and when."""
    case = room.open(severity=Severity.URGENT)
    room.send()
    assert "Nobody has taken it yet" in room.shown(case)
    room.staff["li"].react(room.id, room.message(case))
    assert room.listen() == 1
    room.send()
    shown = room.shown(case)
    assert "李梅 has it" in shown
    assert "✅ 李梅: acknowledged" in shown
    assert room.history(case) == [("opened", None), ("acknowledged", "li")]
    assert len(room.from_bot()) == 2  # the message, and its edit


def test_what_people_write_in_the_thread(room: Room) -> None:
    """A comment goes to the case's history, `take` and `give` change its owner, `resolve` closes it with the reason; talk
    elsewhere in the room is nobody's business, and another bot's notice neither.
    """
    case = room.open()
    room.send()
    li, sam, alert = room.staff["li"], room.staff["sam"], room.message(case)
    li.say(room.id, "asked the station", thread=alert)
    li.say(room.id, "mine is the red bicycle")
    li.send(
        room.id,
        {"msgtype": "m.notice", "body": "resolve x", "m.relates_to": {"rel_type": "m.thread", "event_id": alert}},
    )
    sam.say(room.id, "take", thread=alert)
    sam.say(room.id, "转给 李梅", thread=alert)
    li.say(room.id, "resolve: found in the hall", thread=alert)
    assert room.listen() == 4
    room.send()
    assert room.history(case) == [
        ("opened", None), ("commented", "li"), ("assigned", "sam"), ("assigned", "sam"), ("resolved", "li"),
    ]  # fmt: skip
    found = room.store.read(cases.get, case)
    assert found is not None
    assert (found.owner, found.close_reason, found.status) == ("li", "found in the hall", CaseStatus.RESOLVED)
    assert "Closed: resolved" in room.shown(case)


def test_a_case_that_is_put_off_comes_back_in_its_thread(room: Room) -> None:
    """💤 says it again after an hour, in the thread of the same message; where it was closed meanwhile, nothing comes."""
    first, second = room.open(1), room.open(2)
    room.send()
    for case in (first, second):
        room.staff["li"].react(room.id, room.message(case), "💤")
    room.staff["li"].react(room.id, room.message(second), "🚫")
    assert room.listen() == 3
    room.send()
    before = len(room.from_bot())
    room.clock.set(room.clock.at + timedelta(minutes=61))
    room.send()
    [said] = room.from_bot()[before:]
    assert said["content"]["m.relates_to"]["event_id"] == room.message(first)
    assert said["content"]["m.relates_to"]["rel_type"] == "m.thread"
    closed = room.store.read(cases.get, second)
    assert closed is not None
    assert closed.close_reason == "closed.false_alarm"


def test_questions_are_answered_in_a_thread(room: Room) -> None:
    """`mine`, `due`, `case N`, `who is on call`, in either language; a case that was asked for can be acknowledged there."""
    case = room.open()
    room.send()
    li = room.staff["li"]
    li.react(room.id, room.message(case))
    room.listen()
    room.send()
    before = len(room.from_bot())
    asked = [li.say(room.id, text) for text in ("mine", "快到期", f"case {case}", "Who is on call?", "case 999")]
    assert room.listen() == 5
    room.send()
    answers = {e["content"]["m.relates_to"]["event_id"]: e["content"]["body"] for e in room.from_bot()[before:]}
    mine, due, one, on_call, none = (answers[event] for event in asked)
    assert mine.startswith("Your open cases: 1")
    assert f"#{case}" in mine
    assert due.startswith("Due within 4 hours")
    assert f"#{case}" in one
    assert "李梅 has it" in one
    assert "李梅: 1" in on_call
    assert "Sam: 0" in on_call
    assert "Gone" not in on_call
    assert "no case 999" in none


def test_who_is_not_linked_is_invited_alone_and_then_known(room: Room) -> None:
    """A stranger's reaction does nothing, and brings a one-time link in a room of their own, once; used, they are known;
    used again, too late or made up, it links nobody.
    """
    stranger = room.server.user(f"new{room.bot.id[4:6].strip(':')}{room.id[1:5].lower()}")
    room.staff["li"].call("POST", f"/v3/rooms/{quote(room.id)}/invite", {"user_id": stranger.id})
    stranger.join(room.id)
    case = room.open()
    room.send()
    alert = room.message(case)
    for key in ("✅", "👤"):
        stranger.react(room.id, alert, key)
    room.listen()
    room.send()
    assert room.history(case) == [("opened", None)]
    [private] = stranger.rooms()["invite"]
    stranger.join(private)
    [told] = [e for e in stranger.events(private) if e["type"] == "m.room.message"]
    token = told["content"]["body"].rpartition("/chat/link/")[2].strip()
    kept = room.store.read(lambda db: [r[0] for r in db.exec_driver_sql("SELECT payload FROM outbox").all()])
    assert not any(token in payload for payload in kept)  # whoever reads the database can't use it
    now = room.house.wall()
    room.store.write(people.save_person, Person("new", "New"))
    late = room.store.write(
        chat_people.accept, digest(token), "new", now=now + timedelta(minutes=11), linked_at=now
    )  # fmt: skip
    assert late is None
    assert (
        room.store.write(chat_people.accept, digest(token_of(room.house, "x")), "new", now=now, linked_at=now) is None
    )
    found = room.store.write(chat_people.accept, digest(token), "new", now=now, linked_at=now)
    assert found == ("matrix", stranger.id)
    assert room.store.write(chat_people.accept, digest(token), "sam", now=now, linked_at=now) is None
    stranger.react(room.id, alert, "👍")
    assert room.listen() == 1
    assert room.history(case) == [("opened", None), ("acknowledged", "new")]
    stranger.http.close()


def test_who_may_not_act_is_refused_alone_and_on_record(room: Room) -> None:
    """A viewer's and a leaver's reaction change nothing; each is told in a room of their own, and both are on record."""
    case = room.open()
    room.send()
    before = len(room.from_bot())
    for name in ("eve", "gone"):
        room.staff[name].react(room.id, room.message(case))
    assert room.listen() == 2
    room.send()
    assert room.history(case) == [("opened", None)]
    refused = room.store.read(facts.history, "chat", room.channel.name)
    assert [(f.event, f.by, f.words) for f in refused] == [
        ("act_refused", "eve", "refused.role"), ("act_refused", "gone", "refused.role"),
    ]  # fmt: skip
    assert len(room.from_bot()) == before
    for name in ("eve", "gone"):
        [private] = room.staff[name].rooms()["invite"]
        room.staff[name].join(private)
        told = [e["content"]["body"] for e in room.staff[name].events(private) if e["type"] == "m.room.message"]
        assert len(told) == 1
        assert "You aren't allowed" in told[0]


def test_of_two_who_react_at_once_the_first_wins_and_the_other_is_told(room: Room) -> None:
    """The order of the homeserver decides; the second is told who was first, alone, and nothing else happens."""
    case = room.open()
    room.send()
    alert = room.message(case)
    threads = [threading.Thread(target=room.staff[n].react, args=(room.id, alert)) for n in ("li", "sam")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    room.listen()
    room.send()
    [_, (event, winner)] = room.history(case)
    assert event == "acknowledged"
    loser = "sam" if winner == "li" else "li"
    [private] = room.staff[loser].rooms()["invite"]
    room.staff[loser].join(private)
    told = [e["content"]["body"] for e in room.staff[loser].events(private) if e["type"] == "m.room.message"]
    assert ("李梅" if winner == "li" else "Sam") in told[0]


def test_the_same_delivery_again_changes_nothing(room: Room) -> None:
    """A cursor that didn't move hears everything again, and again: one act, one letter, one refusal."""
    case = room.open()
    room.send()
    cursor = room.store.read(chat_queue.cursor, room.channel.name)
    room.staff["li"].react(room.id, room.message(case))
    room.staff["eve"].react(room.id, room.message(case))
    room.staff["sam"].say(room.id, "called the carrier", thread=room.message(case))
    assert room.listen() == 3
    letters = room.store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one())
    for _ in range(4):
        room.store.write(chat_queue.move_cursor, room.channel.name, cursor)
        assert room.listen() == 0
    assert room.history(case) == [("opened", None), ("acknowledged", "li"), ("commented", "sam")]
    assert room.store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one()) == letters


def test_five_deliveries_at_once_have_one_effect(room: Room) -> None:
    """The same reaction heard five times in parallel: one act, one edit of the message."""
    case = room.open()
    room.send()
    cursor = room.store.read(chat_queue.cursor, room.channel.name)
    room.staff["li"].react(room.id, room.message(case))

    async def five_times() -> list[bool]:
        batch = await room.channel.line.listen(cursor)
        return await asyncio.gather(*(room.channel._take(one) for _ in range(5) for one in batch.heard))

    assert room.run(five_times()).count(True) == 1
    room.send()
    assert room.history(case) == [("opened", None), ("acknowledged", "li")]
    edits = [e for e in room.from_bot() if e["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"]
    assert len(edits) == 1


def test_a_long_silence_is_caught_up_with(room: Room) -> None:
    """More happened than one answer of the homeserver holds: nothing is left out, and the order stays."""
    case = room.open()
    room.send()
    alert = room.message(case)
    for n in range(210):
        room.staff["li"].say(room.id, f"note {n}", thread=alert)
    assert room.listen() == 210
    said = [f.words for f in room.store.read(cases.history_of, case) if f.event.value == "commented"]
    assert said == [f"note {n}" for n in range(210)]


def test_a_letter_that_is_sent_twice_is_one_message(room: Room) -> None:
    """The crash between the sending and the mark: the same letter goes out again and the homeserver knows it."""
    case = room.open()
    room.send()
    first = room.message(case)
    room.store.write(
        lambda db: db.exec_driver_sql("UPDATE outbox SET sent_at = NULL, remote_id = '' WHERE channel != 'console'")
    )
    room.send()
    assert room.message(case) == first
    assert len(room.from_bot()) == 1


def test_edits_that_pile_up_are_sent_once(room: Room) -> None:
    """Five comments while the chat was away: one edit with all of them, the others passed over."""
    case = room.open()
    room.send()
    for n in range(5):
        room.staff["sam"].say(room.id, f"note {n}", thread=room.message(case))
    room.listen()
    before = len(room.from_bot())
    room.send()
    assert len(room.from_bot()) == before + 1
    assert room.shown(case).count("💬 Sam") == 5


def test_what_isnt_ours_is_ignored(room: Room) -> None:
    """A reaction to somebody's message, a made-up event, a false "acknowledged", an edit of our message by another."""
    case = room.open()
    room.send()
    alert, li, sam = room.message(case), room.staff["li"], room.staff["sam"]
    sam.react(room.id, li.say(room.id, "✅ #1 ACKED by boss"))
    sam.react(room.id, alert, "🎉")
    sam.send(room.id, {"m.relates_to": "?"}, "m.reaction")
    sam.send(room.id, {"msgtype": "m.text", "body": "resolve x", "m.relates_to": {"m.in_reply_to": "?"}})
    fake = {"msgtype": "m.text", "body": "resolve x"}
    sam.send(room.id, {**fake, "m.new_content": fake, "m.relates_to": {"rel_type": "m.replace", "event_id": alert}})
    assert room.listen() == 0
    assert room.history(case) == [("opened", None)]
    assert "Nobody has taken it yet" in room.shown(case)


def test_no_hostile_text_pings_anybody(room: Room) -> None:
    """A control message that names somebody highlights them; hostile texts in alerts highlight nobody."""
    watcher = room.staff["sam"]

    def highlights() -> int:
        return len(watcher.call("GET", "/v3/notifications?only=highlight&limit=500")["notifications"])

    start = highlights()
    room.staff["li"].say(room.id, f"hello {watcher.id}")
    assert highlights() == start + 1
    for n, text in enumerate((*HOSTILE[::12], watcher.id, watcher.id[1:].split(":")[0], "@room")):
        room.open(
            n + 1, kind=Kind.MISDELIVERED, words=Words("evidence.wrong_place", {"place": text, "destination": text})
        )
    room.send()
    assert len(room.from_bot()) > len(HOSTILE) // 12
    assert highlights() == start + 1


def test_a_refused_account_keeps_its_letters_and_says_so(room: Room) -> None:
    """Thrown out of the room, the bot loses nothing: the letter waits, the channel says why; let in again, it comes."""
    room.staff["li"].call("POST", f"/v3/rooms/{quote(room.id)}/kick", {"user_id": room.bot.id})
    case = room.open()
    room.run(room.channel.send_due())
    assert "M_FORBIDDEN" in room.channel.sending.error
    assert len(room.store.read(waiting, room.channel.name, room.clock.at + timedelta(hours=1))) == 1
    with pytest.raises(AccessDenied, match="M_FORBIDDEN"):
        room.run(room.channel.line.enter())
    room.staff["li"].call("POST", f"/v3/rooms/{quote(room.id)}/invite", {"user_id": room.bot.id})
    room.run(room.channel.line.enter())
    room.channel.lane.pause_until = None
    room.clock.set(room.clock.at + timedelta(minutes=1))
    room.send()
    assert room.message(case)
    assert room.channel.sending.error == ""


def test_a_dead_letter_is_followed_by_a_new_message(room: Room) -> None:
    """What could never be sent is given up for people to see; the case's next word is a message of its own."""
    case = room.open()
    room.store.write(
        lambda db: db.exec_driver_sql("UPDATE outbox SET dead_at = 1 WHERE channel = ?", (room.channel.name,))
    )
    assert room.store.read(chat_queue.counts) == {room.channel.name: {"waiting": 0, "dead": 1}}
    page = [x for x in room.store.read(mail.letters_about, "case", str(case)) if x.dead_at]
    assert len(page) == 1
    room.store.write(cases.set_timer, case, room.clock.at)
    found = room.store.read(cases.get, case)
    assert found is not None
    room.store.write(alerts.say, found, "warned", now=room.clock.at)
    room.send()
    assert len(room.from_bot()) >= 1
    assert room.message(case)


def test_a_reaction_that_overtakes_our_own_note_is_not_lost(room: Room) -> None:
    """We are cut off after sending and before noting the message's id; somebody reacts meanwhile. Heard before the letter is
    sent again, the reaction waits for it, and acknowledges the case once.
    """
    case = room.open()
    room.send()
    alert = room.message(case)
    room.store.write(
        lambda db: db.exec_driver_sql("UPDATE outbox SET sent_at = NULL, remote_id = '' WHERE channel != 'console'")
    )
    room.staff["li"].react(room.id, alert)
    assert room.listen() == 0
    assert room.history(case) == [("opened", None)]
    room.send()
    assert room.history(case) == [("opened", None), ("acknowledged", "li")]
    assert room.message(case) == alert
    assert "李梅 has it" in room.shown(case)


def test_the_test_follows_a_message_all_the_way(room: Room) -> None:
    """Sent, shown, clicked by somebody linked, recorded, edited; each hop is told, and where one fails what to do."""
    asked = {"channel": room.channel.name}
    sent = perform(room.house, "chat_test_send", asked)
    assert [(h["hop"], h["ok"]) for h in sent["hops"]] == [
        ("token", True),
        ("room", True),
        ("sent", True),
        ("shown", True),
    ]
    again = perform(room.house, "chat_test_send", asked)
    room.staff["eve"].react(room.id, again["state"]["message"])
    refused = perform(room.house, "chat_test_look", {**asked, "state": again["state"]})
    assert [h["hop"] for h in refused["hops"] if not h["ok"]] == ["verified"]
    assert "may not act" in refused["says"]
    room.staff["li"].react(room.id, sent["state"]["message"])
    seen = perform(room.house, "chat_test_look", {**asked, "state": sent["state"]})
    if not seen["hops"]:  # Synapse keeps an answer for two minutes: the same cursor hears the same again
        seen = perform(room.house, "chat_test_look", {**asked, "state": seen["state"]})
    assert [h["hop"] for h in seen["hops"]] == ["clicked", "verified", "committed", "edited"]
    assert seen["ok"]
    assert "matrix:desk works" in seen["says"]
    assert "Test done: 李梅" in room.staff["li"].message(room.id, sent["state"]["message"])["body"]
    room.staff["li"].call("POST", f"/v3/rooms/{quote(room.id)}/kick", {"user_id": room.bot.id})
    out = perform(room.house, "chat_test_send", asked)
    assert [(h["hop"], h["ok"]) for h in out["hops"]] == [("token", True), ("room", False)]
    assert "invite it there" in out["says"]


def test_the_test_names_a_wrong_token_and_an_unknown_channel(room: Room) -> None:
    """A dead token is told as such; a channel that isn't set is answered with those that are."""
    room.bot.call("POST", "/v3/logout", {})
    out = perform(room.house, "chat_test_send", {"channel": room.channel.name})
    assert [(h["hop"], h["ok"]) for h in out["hops"]] == [("token", False)]
    assert "M_UNKNOWN_TOKEN" in out["says"]
    with pytest.raises(RuleError, match="there is matrix:desk"):
        perform(room.house, "chat_test_send", {"channel": "matrix:dusk"})


def test_a_limit_of_the_homeserver_is_kept(room: Room) -> None:
    """Told to wait, the channel waits as long as it was told, and the letter counts no try."""
    case = room.open()
    error = RateLimited("matrix", "HTTP 429 M_LIMIT_EXCEEDED", retry_after_s=5)
    [letter] = room.store.read(chat_queue.due, room.channel.name, now=room.clock.at, limit=5)
    room.run(room.channel._failed(letter, error))
    assert 4 < room.run(room.channel.send_due()) <= 5
    assert room.store.read(chat_queue.due, room.channel.name, now=room.clock.at, limit=5)[0].attempts == 0
    room.channel.lane.pause_until = None
    room.send()
    assert room.message(case)
