"""Which message of a case is written when: never on a guess, not at night, one a day beside the dated steps, a word at the end."""

import pytest
from customer_support import (
    DAY,
    HOUR,
    MINUTE,
    START,
    add_order,
    happen,
    history,
    hook,
    messages,
    open_case,
    states,
    tick,
    tick_until,
)
from engines import ON_BOTH

from domain.case import CaseEvent, Kind
from domain.telling import SAYING, Saying, Step
from monitor.customer_words import Message
from monitor.telling import Word, tell, undelivered
from store import cases, mail, telling


def kinds(store, case_id):
    return [letter.reason for letter in messages(store, case_id)]


def a_case(store, kind=Kind.FAILED_ATTEMPT, **more):
    return store.write(open_case, store.write(add_order, **more), kind)


@pytest.mark.parametrize("kind", Kind)
def test_only_what_is_certain_is_said_without_a_person(store, kind):
    """A kind that we conclude from silence says nothing until somebody at the desk has confirmed it; the house's own never."""
    case_id = a_case(store, kind)
    tick_until(store, START, START + 2 * HOUR)
    assert kinds(store, case_id) == (["opened"] if SAYING[kind] is Saying.AT_ONCE else [])
    store.write(happen, case_id, CaseEvent.ACKNOWLEDGED, START + 2 * HOUR)
    tick_until(store, START + 2 * HOUR, START + 3 * HOUR)
    assert kinds(store, case_id) == ([] if SAYING[kind] is Saying.NEVER else ["opened"])


def test_a_comment_confirms_nothing(store):
    """Somebody asked a question; that isn't saying that it is so."""
    case_id = a_case(store, Kind.STALLED)
    store.write(happen, case_id, CaseEvent.COMMENTED, START + HOUR, words="really?")
    tick_until(store, START, START + 20 * HOUR)
    assert kinds(store, case_id) == []


@ON_BOTH
def test_a_message_is_a_fact_of_the_case_that_keeps_no_promise(store):
    """It is on record with its means and its letter; nobody is its author, and the promise is as open as before."""
    case_id = a_case(store)
    tick(store, START + HOUR)
    tick(store, START + HOUR)
    told = [fact for fact in history(store, case_id) if fact.event is CaseEvent.CUSTOMER_TOLD]
    [letter] = messages(store, case_id)
    assert [(fact.by, fact.data["told"], fact.data["means"], fact.data["letter"]) for fact in told] == [
        (None, "progress", "mail", letter.id)
    ]
    assert store.read(cases.get, case_id).told_at is None
    assert letter.channel == "customer:A1"
    assert "张三丰" not in str(letter.payload)
    assert "z@example.com" not in str(letter.payload)


def test_a_case_that_clears_at_once_says_nothing(store):
    """What is over before the first word was due needs neither that word nor a closing one."""
    case_id = a_case(store)
    store.write(happen, case_id, CaseEvent.CLEARED, START + 5 * MINUTE, by=None, words="cleared.failed_attempt")
    tick_until(store, START, START + 6 * DAY, step=6 * HOUR)
    assert kinds(store, case_id) == []


def test_progress_waits_for_a_persons_word_and_its_date(store):
    """Twelve hours after the opening, but not while what a person said still stands, nor after an outcome."""
    case_id = a_case(store)
    tick(store, START + HOUR)
    at = START + 10 * HOUR
    date = (START + 30 * HOUR).isoformat()
    store.write(happen, case_id, CaseEvent.CUSTOMER_TOLD, at, told="next_step", means="phone", next_at=date)
    tick_until(store, at, START + 29 * HOUR)
    assert kinds(store, case_id) == ["opened"]
    tick_until(store, START + 30 * HOUR, START + 31 * HOUR)
    assert kinds(store, case_id) == ["opened", "progress"]


def test_after_downtime_two_steps_are_not_said_in_one_breath(store):
    """Both were due while nothing ran: the second waits until the first has been read."""
    case_id = a_case(store)
    tick(store, START + 25 * HOUR)
    tick_until(store, START + 25 * HOUR, START + 30 * HOUR)
    assert kinds(store, case_id) == ["opened"]
    tick(store, START + 31 * HOUR)
    assert kinds(store, case_id) == ["opened", "progress"]


def test_after_an_outcome_nothing_automatic_follows_while_it_is_open(store):
    case_id = a_case(store)
    store.write(happen, case_id, CaseEvent.CUSTOMER_TOLD, START + MINUTE, told="outcome", means="phone")
    tick_until(store, START, START + 2 * DAY, step=HOUR)
    assert kinds(store, case_id) == []
    assert states(store, case_id)["progress"] == "dropped"


def test_night_is_quiet_and_the_steps_wait_for_the_morning(store):
    """A case of 22:00 in Shanghai writes at 8:00."""
    shipment = store.write(add_order)
    evening = START + 12 * HOUR
    case_id = store.write(open_case, shipment, at=evening)
    tick_until(store, evening, evening + 9 * HOUR + 45 * MINUTE)
    assert kinds(store, case_id) == []
    tick(store, evening + 10 * HOUR)
    assert [letter.created_at for letter in messages(store, case_id)] == [evening + 10 * HOUR]


def test_the_customers_own_zone_is_meant_where_it_is_set(store):
    """10:00 in Shanghai is 3:00 in Berlin."""
    case_id = a_case(store)
    tick(store, START + HOUR, zone="Europe/Berlin")
    assert kinds(store, case_id) == []
    tick(store, START + 5 * HOUR, zone="Europe/Berlin")
    assert kinds(store, case_id) == ["opened"]


@pytest.mark.parametrize("event", [CaseEvent.CLEARED, CaseEvent.RESOLVED])
def test_who_was_told_gets_the_closing_word(store, event):
    """Also where the trouble cleared by itself."""
    case_id = a_case(store)
    tick(store, START + HOUR)
    store.write(happen, case_id, event, START + 2 * HOUR, by=None if event is CaseEvent.CLEARED else "lin")
    tick(store, START + 2 * HOUR)
    assert kinds(store, case_id) == ["opened", "closing"]


def test_an_outcome_that_a_person_told_is_the_closing_word(store):
    """Unless the case then clears by itself: what they were told isn't how it ended."""
    for ref, number, event, said in (
        ("A1", "ZT1", CaseEvent.RESOLVED, []), ("A2", "ZT2", CaseEvent.CLEARED, ["closing"]),
    ):  # fmt: skip
        case_id = store.write(
            open_case, store.write(add_order, ref, number=number, phone="1390000" + number), order_ref=ref
        )
        store.write(happen, case_id, CaseEvent.CUSTOMER_TOLD, START + MINUTE, told="outcome", means="phone")
        store.write(happen, case_id, event, START + HOUR, by=None)
        tick(store, START + HOUR)
        assert kinds(store, case_id) == said


def test_a_case_that_goes_on_in_another_leaves_it_the_closing_word(store):
    """Nobody hears "it is settled" while the same parcel is being looked for; whoever was told hears the end of it."""
    shipment = store.write(add_order)
    first = store.write(open_case, shipment, Kind.PROMISE_MISSED)
    tick(store, START + HOUR)
    second = store.write(open_case, shipment, Kind.LOST, at=START + 2 * HOUR)
    store.write(happen, first, CaseEvent.CLEARED, START + 2 * HOUR, by=None, words="superseded.lost")
    tick_until(store, START + 2 * HOUR, START + 10 * HOUR)
    assert kinds(store, first) == ["opened"]
    assert kinds(store, second) == [], "lost is a guess that nobody confirmed"
    store.write(happen, second, CaseEvent.CLEARED, START + DAY, by=None, words="cleared.lost")
    tick(store, START + DAY)
    assert kinds(store, second) == ["closing"]


def test_one_message_a_day_beside_the_dated_steps(store):
    """Two cases of one order that close on one day: the second closing word waits for the next morning."""
    shipment = store.write(add_order)
    both = [store.write(open_case, shipment, kind) for kind in (Kind.FAILED_ATTEMPT, Kind.ADDRESS)]
    tick(store, START + HOUR)
    for case_id in both:
        store.write(happen, case_id, CaseEvent.CLEARED, START + 2 * HOUR, by=None)
    tick(store, START + 2 * HOUR)
    first = [letter for case_id in both for letter in messages(store, case_id) if letter.reason == "closing"]
    assert len(first) == 1
    store.write(mail.mark_sent, first[0].id, now=START + 2 * HOUR)
    tick_until(store, START + 3 * HOUR, START + 22 * HOUR, step=HOUR)
    said = sorted(
        letter.created_at for case_id in both for letter in messages(store, case_id) if letter.reason == "closing"
    )
    assert said == [START + 2 * HOUR, START + 22 * HOUR]


def test_who_cannot_be_reached_is_a_persons_to_do(store):
    """No address and no phone that can be texted: the case waits in the list until a person has told them."""
    case_id = a_case(store, email="", phone="")
    tick(store, START + HOUR)
    assert [(todo.case_id, todo.why) for todo in store.read(telling.todos)] == [(case_id, "unreachable")]
    word = Word(Step.PROGRESS, Message("s", "told by phone", "zh"), "phone", START + 2 * HOUR, "k1")
    store.write(tell, case_id, word, by="lin", now=START + 2 * HOUR)
    assert store.read(telling.todos) == []


def test_the_first_way_by_which_they_can_be_reached_is_taken(store):
    for ref, customer, way in (
        ("A1", {}, "mail"), ("A2", {"email": "not an address"}, "sms"), ("A3", {"email": "", "phone": ""}, "webhook"),
        ("A4", {"email": "x@y.example\r\nBcc: z@y.example", "phone": "17012345678转9012"}, "webhook"),
    ):  # fmt: skip
        case_id = store.write(open_case, store.write(add_order, ref, number=f"N{ref}", **customer), order_ref=ref)
        tick(store, START + HOUR, webhook=hook())
        assert [letter.payload["way"] for letter in messages(store, case_id)] == [way]


def test_automatic_messages_can_be_switched_off(store):
    """Then nobody is written to, and who was told by a person is a to-do at the end."""
    case_id = a_case(store)
    store.write(happen, case_id, CaseEvent.CUSTOMER_TOLD, START + HOUR, told="progress", means="phone")
    store.write(happen, case_id, CaseEvent.CLEARED, START + 2 * HOUR, by=None)
    tick_until(store, START, START + 3 * HOUR, automatic=False)
    assert messages(store, case_id) == []
    assert [todo.step for todo in store.read(telling.todos)] == [Step.CLOSING]


def test_a_message_by_hand_is_sent_once_and_is_a_persons_fact(store):
    """The form sent twice is one message; it counts as told by that person."""
    case_id = a_case(store)
    word = Word(Step.OUTCOME, Message("s", "we send another", "zh"), "mail", START, "k1", "mail")
    store.write(tell, case_id, word, by="lin", now=START)
    store.write(tell, case_id, word, by="lin", now=START + MINUTE)
    assert [letter.id for letter in messages(store, case_id)] == [f"customer-hand-{case_id}-k1"]
    told = [fact for fact in history(store, case_id) if fact.event is CaseEvent.CUSTOMER_TOLD]
    assert [(fact.by, fact.words, fact.data["told"]) for fact in told] == [("lin", "we send another", "outcome")]


def test_what_nobody_got_is_said_on_the_case_and_to_be_done(store):
    case_id = a_case(store)
    tick(store, START + HOUR)
    [letter] = messages(store, case_id)
    store.write(undelivered, letter, error="mail: refused (550)", now=START + HOUR)
    assert history(store, case_id)[-1].event is CaseEvent.MESSAGE_FAILED
    assert [(todo.step, todo.why) for todo in store.read(telling.todos)] == [(Step.OPENED, "failed")]
    assert messages(store, case_id)[0].dead_at == START + HOUR


def test_cases_of_before_the_upgrade_write_to_nobody(store):
    """The log is read on from where it was when this was set up."""
    case_id = a_case(store)
    store.write(lambda db: telling.news(db, limit=10_000))
    tick_until(store, START, START + DAY, step=HOUR)
    assert messages(store, case_id) == []
