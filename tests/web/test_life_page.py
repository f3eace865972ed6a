"""The promise and the steps on a case's page: what is done and due, and marking what was done."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from engines import ON_BOTH
from web_support import HOUR, HTMX, NOW, Browser, add_parcel, app_of, open_case

from domain.case import CaseEvent, Kind
from domain.promise import Outcome
from domain.steps import Step
from doorstep.web.life import told_at
from monitor.promise import run_timers
from store import cases, check, facts, promises


def tick(house, minutes=0):
    house.store.write(run_timers, house.policy, now=NOW + timedelta(minutes=minutes), limit=100)


def deeds(house, case_id):
    return [(f.event.value, f.by, f.data) for f in house.store.read(cases.history_of, case_id) if f.by]


def test_steps_are_shown_with_their_time_and_who_did_them(house, lin):
    """What is due next first, in the desk's time; what is done with name and time; what was missed by a word."""
    case_id = open_case(house, add_parcel(house), hours_left=23)  # opened an hour ago, 13:00 in Shanghai
    page = lin.get(f"/cases/{case_id}").text
    assert "Next: acknowledge it" in page
    assert "overdue since" in page
    lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge"})
    page = lin.get(f"/cases/{case_id}").text
    assert "Next: contact the carrier" in page
    done = page[page.index('<li class="done">') :]
    assert "acknowledge it" in done[:300]
    assert "missed" in done[:400]
    assert "林晓" in done[:700]


def test_the_carrier_contacted_and_answered_by_which_means(house, lin):
    case_id = open_case(house, add_parcel(house))
    for deed, means in (("contacted", "phone"), ("answered", "wangwang")):
        reply = lin.post(f"/cases/{case_id}/life", {"deed": deed, "means": means, "words": "asked"}, headers=HTMX)
        assert reply.text.lstrip().startswith('<div id="case-body"')
    assert deeds(house, case_id) == [
        ("carrier_contacted", "lin", {"means": "phone"}), ("carrier_answered", "lin", {"means": "wangwang"}),
    ]  # fmt: skip


def test_an_outcome_told_keeps_the_promise(house, lin):
    """Told by phone: the promise is kept, its row says so, the page too."""
    case_id = open_case(house, add_parcel(house))
    lin.post(f"/cases/{case_id}/life", {"deed": "told", "told": "outcome", "means": "phone"})
    assert [p.outcome for p in house.store.read(promises.of_case, case_id)] == [Outcome.KEPT]
    assert "kept" in lin.get(f"/cases/{case_id}").text


def test_a_word_noted_later_counts_from_when_it_was_given(house, lin):
    """Told at 13:55, written down at 14:00 after the promise ran out at 13:58: kept, and both times are on the timeline."""
    case_id = open_case(house, add_parcel(house), hours_left=-1 / 30)
    house.store.write(cases.look_again, now=NOW)
    tick(house)
    assert [p.outcome for p in house.store.read(promises.of_case, case_id)] == [Outcome.BREACHED]
    form = {"deed": "told", "told": "outcome", "means": "phone"}
    for bad in ("x", "25:00"):
        reply = lin.post(f"/cases/{case_id}/life", {**form, "told_at": bad}, headers=HTMX)
        assert "Write the time like 14:30" in reply.text
    lin.post(f"/cases/{case_id}/life", {**form, "told_at": "13:55"})
    assert [p.outcome for p in house.store.read(promises.of_case, case_id)] == [Outcome.KEPT]
    assert not house.store.read(cases.get, case_id).breached
    assert "noted" in lin.get(f"/cases/{case_id}").text
    assert house.store.read(check.differences, now=NOW) == []


@pytest.mark.parametrize(
    ("text", "opened_ago", "told_ago"),
    [
        ("", 1, 0),
        ("14:00", 1, 0),
        ("13:30", 1, 0.5),
        ("23:30", 20, 14.5),
        ("12:30", 1, None),
        ("14:30", 1, None),
        ("noon", 1, None),
    ],
)
def test_a_time_on_the_clock_is_the_last_one_since_the_opening(text, opened_ago, told_ago):
    """At 14:00 in Shanghai: 23:30 was yesterday evening; before the opening there is none."""
    at = told_at(text, NOW - opened_ago * HOUR, NOW, ZoneInfo("Asia/Shanghai"))
    assert at == (None if told_ago is None else NOW - told_ago * HOUR)


def test_a_next_step_has_a_date_in_the_shops_time(house, lin):
    """14:30 on the page is 06:30 UTC; a date that is over, or none, is refused and nothing is written."""
    case_id = open_case(house, add_parcel(house))
    form = {"deed": "told", "told": "next_step", "means": "sms"}
    for bad in ("", "yesterday", "2026-11-20T10:00"):
        reply = lin.post(f"/cases/{case_id}/life", {**form, "next_at": bad}, headers=HTMX)
        assert "needs a date" in reply.text
    assert deeds(house, case_id) == []
    lin.post(f"/cases/{case_id}/life", {**form, "next_at": "2026-11-23T14:30"})
    case = house.store.read(cases.get, case_id)
    assert case.next_at == NOW + 24.5 * HOUR
    tick(house)
    assert house.store.read(cases.get, case_id).step == Step.ACKNOWLEDGE
    page = lin.get("/").text
    assert "The customer was given a date:" in page


@ON_BOTH
def test_resolved_without_a_word_stays_on_the_desk_until_the_customer_is_told(house, lin):
    """Seen on the board as resolved and untold, with the form to tell them on its page; gone when they were."""
    case_id = open_case(house, add_parcel(house))
    lin.post(f"/cases/{case_id}/life", {"deed": "resolved", "verdict": "solved", "words": "found"})
    board = lin.get("/").text
    assert "Resolved, customer not told" in board
    page = lin.get(f"/cases/{case_id}").text
    assert "The customer hasn&#39;t been told" in page
    assert 'name="deed" value="told"' in page
    assert 'name="deed" value="contacted"' not in page
    lin.post(f"/cases/{case_id}/life", {"deed": "told", "told": "outcome", "means": "phone"})
    assert "Resolved, customer not told" not in lin.get("/").text
    assert house.store.read(check.differences, now=NOW) == []


def test_a_false_alarm_owes_nothing(house, lin):
    """From the case's page and from the desk's row."""
    first, second = open_case(house, add_parcel(house, 1)), open_case(house, add_parcel(house, 2))
    lin.post(f"/cases/{first}/life", {"deed": "resolved", "verdict": "false_alarm"})
    lin.post(f"/cases/{second}/acts", {"act": "resolve", "words": "closed.false_alarm"})
    for case_id in (first, second):
        assert [p.outcome for p in house.store.read(promises.of_case, case_id)] == [Outcome.VOID]
    assert "Resolved, customer not told" not in lin.get("/").text


def test_reopening_gives_a_new_promise_and_keeps_the_old_one_on_record(house, lin):
    case_id = open_case(house, add_parcel(house))
    lin.post(f"/cases/{case_id}/life", {"deed": "reopened", "words": "too early"})
    lin.post(f"/cases/{case_id}/life", {"deed": "told", "told": "outcome", "means": "phone"})
    lin.post(f"/cases/{case_id}/life", {"deed": "resolved", "verdict": "solved"})
    lin.post(f"/cases/{case_id}/life", {"deed": "reopened", "words": "it isn't there after all"})
    case = house.store.read(cases.get, case_id)
    assert (case.is_open, case.promise_by, case.owner) == (True, NOW + 24 * HOUR, None)
    given = house.store.read(promises.of_case, case_id)
    assert [(p.n, p.outcome) for p in given] == [(1, Outcome.KEPT), (2, None)]
    page = lin.get(f"/cases/{case_id}").text
    assert page.index("Promise 2") < page.index("Promise 1")
    assert [event for event, *_ in deeds(house, case_id)].count("reopened") == 1


def test_a_second_case_about_the_same_is_not_reopened(house, lin):
    """One open case for a subject and kind: the page says which one it is."""
    shipment = add_parcel(house)
    first = open_case(house, shipment)
    lin.post(f"/cases/{first}/life", {"deed": "resolved", "verdict": "false_alarm"})
    second = open_case(house, shipment)
    reply = lin.post(f"/cases/{first}/life", {"deed": "reopened", "words": "x"}, headers=HTMX)
    assert f"Case #{second} about the same is open" in reply.text.replace("&#39;", "'")
    assert not house.store.read(cases.get, first).is_open


@pytest.mark.parametrize(
    "form",
    [{"deed": "contacted"}, {"deed": "contacted", "means": "pigeon"}, {"deed": "told", "means": "phone", "told": "lies"},
     {"deed": "resolved", "verdict": "perhaps"}, {"deed": "danced"}, {}],
)  # fmt: skip
def test_a_form_that_says_nothing_writes_nothing(house, lin, form):
    case_id = open_case(house, add_parcel(house))
    assert "Say what was done" in lin.post(f"/cases/{case_id}/life", form, headers=HTMX).text
    assert deeds(house, case_id) == []


def test_the_same_form_twice_is_one_deed(house, lin):
    case_id = open_case(house, add_parcel(house))
    for _ in range(2):
        lin.post(f"/cases/{case_id}/life", {"deed": "contacted", "means": "phone", "key": "once"})
    assert len(deeds(house, case_id)) == 1


def test_who_may_not_act_gets_403_and_is_on_record(house):
    """A viewer sees the steps, and no form."""
    case_id = open_case(house, add_parcel(house))
    eve = Browser(app_of(house)).sign_in("eve")
    page = eve.get(f"/cases/{case_id}").text
    assert "Promise and steps" in page
    assert 'name="deed"' not in page
    assert eve.post(f"/cases/{case_id}/life", {"deed": "contacted", "means": "phone"}).status_code == 403
    eve.close()
    [refused] = [f for f in house.store.read(facts.history, "person", "eve") if f.event == "refused"]
    assert refused.data["path"] == f"/cases/{case_id}/life"
    assert deeds(house, case_id) == []


def test_a_form_of_another_site_is_refused(house, lin):
    case_id = open_case(house, add_parcel(house))
    assert lin.post(f"/cases/{case_id}/life", {"deed": "contacted", "means": "phone"}, csrf=False).status_code == 403
    assert lin.post("/cases/999/life", {"deed": "contacted", "means": "phone"}).status_code == 404


def test_the_board_shows_the_next_step_of_each_case(house, lin):
    """With its time; in red once that is over."""
    case_id = open_case(house, add_parcel(house), hours_left=24, kind=Kind.DISPUTED)
    house.store.write(cases.set_timer, case_id, NOW)
    tick(house)
    assert "Next: acknowledge it" in lin.get("/").text
    lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge"})
    assert "Next: acknowledge it" not in lin.get("/").text
    tick(house)
    assert "Next: give the customer a word" in lin.get("/").text
    assert CaseEvent.STEP_MISSED not in {f.event for f in house.store.read(cases.history_of, case_id)}
