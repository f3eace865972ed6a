"""What is kept of letters about cases that were sent: all of what people see of them, and what a chat will say again."""

from pathlib import Path

import pytest
from store_support import at, opened, rows

from store import chat_queue, mail, said_letters
from store.base import Db, Store
from store.mail import Letter

pytestmark = pytest.mark.usefixtures("engine")

SHOWN = {"evidence": "静默" * 200}


def a_letter(number: int, kind: str = "alert_edit", channel: str = "matrix:desk", **more: object) -> Letter:
    about = ("case", "1", {"n": number, **SHOWN})
    return Letter(f"case-1-{number}@{channel}", channel, kind, "warned", *about, **more)  # type: ignore[arg-type]


def sent(db: Db, letter: Letter, hour: float) -> None:
    """As the loop of a chat notes it."""
    mail.mark_sent(db, letter.id, now=at(hour), remote_id="$1")
    chat_queue.empty_older(db, letter)


def said(store: Store) -> dict[str, object]:
    """Which letters still say something, and what."""
    return {letter.id: letter.payload.get("n") for letter in store.read(mail.letters_about, "case", "1")}


def test_a_chat_keeps_the_newest_letter_about_a_case_and_that_there_were_others(tmp_path: Path) -> None:
    """Of an alert, its edits and a reminder the newest one but the reminder says it again; the others stand as they were sent."""
    first, edit, reminder, last = a_letter(0, "alert"), a_letter(1), a_letter(2, "reminder"), a_letter(3)
    with opened(tmp_path) as store:
        for hour, letter in enumerate((first, edit, reminder), 1):
            store.write(mail.post, [letter], now=at(hour))
            store.write(sent, letter, hour)
        assert said(store) == {first.id: None, edit.id: 1, reminder.id: None}
        assert store.read(chat_queue.newest_payload, "matrix:desk", "1") == edit.payload
        store.write(mail.post, [last], now=at(4))
        assert said(store)[edit.id] == 1  # the last one may never get there
        store.write(chat_queue.pass_over, last, now=at(5), why="not worth a message")
        assert store.read(chat_queue.newest_payload, "matrix:desk", "1") == last.payload
        kept = store.read(mail.letters_about, "case", "1")
        assert [(x.id, x.kind, x.created_at, x.sent_at, x.error) for x in kept] == [
            (first.id, "alert", at(1), at(1), ""),
            (edit.id, "alert_edit", at(2), at(2), ""),
            (reminder.id, "reminder", at(3), at(3), ""),
            (last.id, "alert_edit", at(4), at(5), "not worth a message"),
        ]
        assert [x.payload for x in kept] == [{}, {}, {}, last.payload]
        assert store.read(chat_queue.case_of_message, "matrix:desk", "$1") == 1


def test_what_waits_is_dead_or_is_no_case_keeps_its_words(tmp_path: Path) -> None:
    """Unsent letters, those of other chats and cases, instructions and messages to customers stay whole."""
    waiting, dead, elsewhere = a_letter(1), a_letter(2), a_letter(3, channel="slack:desk")
    others = [
        Letter("instruction-1", "merchant", "instruction", "refund", "order", "O1", {"n": 5}),
        Letter("told-1", "customer:O1", "message", "opened", "case", "1", {"n": 6}),
    ]
    newest = a_letter(7)
    with opened(tmp_path) as store:
        store.write(mail.post, [waiting, dead, elsewhere, *others], now=at(1))
        store.write(mail.mark_failed, dead.id, error="refused", retry_at=None, now=at(2))
        for letter in (elsewhere, *others):
            store.write(mail.mark_sent, letter.id, now=at(2))
        store.write(mail.post, [newest], now=at(3))
        store.write(sent, newest, 3)
        store.write(said_letters.empty_shown, [one.id for one in others])
        assert said(store) == {waiting.id: 1, dead.id: 2, elsewhere.id: 3, "told-1": 6, newest.id: 7}
        assert store.read(mail.get, "instruction-1").payload == {"n": 5}  # type: ignore[union-attr]


def test_the_room_of_what_was_said_is_used_again(tmp_path: Path, engine: str) -> None:
    """A thousand letters that are sent one after the other, some hours behind, take less room than a fifth of what they say."""
    with opened(tmp_path) as store:
        letters = [a_letter(n) for n in range(1_000)]
        for hour in range(0, 1_000, 50):
            store.write(mail.post, letters[hour : hour + 50], now=at(hour))
            for letter in letters[hour : hour + 50]:
                store.write(sent, letter, hour)
        assert sum(n is not None for n in said(store).values()) == 1
        if engine == "sqlite":  # a server looks after its room itself
            [(room,)] = store.read(rows, "SELECT sum(pgsize) FROM dbstat WHERE name = 'outbox'")
            assert room < 1_000 * len(SHOWN["evidence"].encode()) / 5
