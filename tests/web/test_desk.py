"""The desk: what must be answered first stands first, and is answered in its row."""

from datetime import timedelta

from engines import ON_BOTH
from web_support import HOSTILE, HOUR, HTMX, NOW, Browser, add_parcel, app_of, open_case, open_incident, scan

from domain.case import CaseEvent, Finding, Kind, Subject, SubjectType
from domain.load import Forecast
from domain.words import Words
from store import cases, load, mail, queues


def order_of(page, *texts):
    places = [page.index(text) for text in texts]
    return places == sorted(places)


@ON_BOTH
def test_cases_stand_by_promise_left(house, lin):
    late = open_case(house, add_parcel(house, 1), hours_left=20)
    first = open_case(house, add_parcel(house, 2), hours_left=-1)
    second = open_case(house, add_parcel(house, 3), hours_left=3)
    page = lin.get("/").text
    assert order_of(page, f'id="case-{first}"', f'id="case-{second}"', f'id="case-{late}"')


def test_time_left_is_told_in_words_as_well_as_by_colour(house, lin):
    open_case(house, add_parcel(house, 1), hours_left=-2)
    open_case(house, add_parcel(house, 2), hours_left=3)
    open_case(house, add_parcel(house, 3), hours_left=7)
    open_case(house, add_parcel(house, 4), hours_left=20)
    page = lin.get("/").text
    for tier, text in (("over", "over by 2 h"), ("urgent", "3 h left"), ("soon", "7 h left"), ("ok", "20 h left")):
        assert f'class="clock {tier}"' in page
        assert text in page


@ON_BOTH
def test_the_counters_say_what_waits(house, lin):
    one = open_case(house, add_parcel(house, 1), hours_left=-1)
    open_case(house, add_parcel(house, 2), hours_left=2)
    open_case(house, add_parcel(house, 3), hours_left=20)
    lin.post(f"/cases/{one}/acts", {"act": "acknowledge"})
    counts = house.store.read(queues.counts, "lin", now=NOW)
    assert (counts.queues["all"], counts.due_soon, counts.breached, counts.queues["unowned"]) == (3, 1, 1, 2)
    assert (counts.queues["mine"], counts.parcels_watched) == (1, 3)


def test_an_incident_is_a_banner_not_a_row(house, lin):
    """A case without a promise is told once, on top, and isn't counted among the open promises."""
    case_id = open_incident(house)
    page = lin.get("/").text
    assert f'<section class="incident" id="case-{case_id}">' in page
    assert "case-row" not in page
    assert house.store.read(queues.counts, "lin", now=NOW).queues["all"] == 0


@ON_BOTH
def test_the_watch_list_stands_apart(house, lin):
    subject = Subject(SubjectType.SHIPMENT, str(add_parcel(house)))
    finding = Finding(
        Kind.PROMISE_RISK, subject, NOW, (Words("evidence.disputed", {"text": "w"}),), watch=True, probability=0.31
    )
    house.store.write(cases.watch, finding, now=NOW)
    page = lin.get("/").text
    assert "31%" in page
    assert "case-row" not in page


def test_only_the_district_of_a_customer_is_shown_in_the_list(house, lin):
    open_case(house, add_parcel(house))
    page = lin.get("/").text
    assert "西渡区" in page
    for personal in ("张三丰", "13812345601", "梧桐路", "z@example.com"):
        assert personal not in page


def test_filters_narrow_the_list(house, lin):
    mine = open_case(house, add_parcel(house, 1))
    lost = open_case(house, add_parcel(house, 2), kind=Kind.LOST)
    lin.post(f"/cases/{mine}/acts", {"act": "acknowledge"})

    def shown(query):
        page = lin.get(f"/?{query}").text
        return {case for case in (mine, lost) if f'id="case-{case}"' in page}

    assert shown("") == {mine, lost}
    assert shown("owner=mine") == {mine}
    assert shown("owner=lin") == {mine}
    assert shown("owner=nobody") == {lost}
    assert shown("kind=lost") == {lost}
    assert shown("kind=lost&owner=mine") == set()


def test_acknowledging_in_the_row_answers_with_the_row(house, lin):
    case_id = open_case(house, add_parcel(house))
    reply = lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge", "view": "row"}, headers=HTMX)
    assert reply.status_code == 200
    assert reply.text.strip().startswith(f'<li class="case-row" id="case-{case_id}"')
    assert "林晓" in reply.text
    assert "<html" not in reply.text
    assert house.store.read(cases.get, case_id).acknowledged_by == "lin"


def test_without_scripts_a_form_leads_back_to_the_desk(house, lin):
    case_id = open_case(house, add_parcel(house))
    reply = lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge", "next": "/"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")


def test_sending_a_form_twice_does_it_once(house, lin):
    case_id = open_case(house, add_parcel(house))
    for _ in range(2):
        lin.post(f"/cases/{case_id}/acts", {"act": "comment", "words": "called", "key": "same"})
    events = [fact.event for fact in house.store.read(cases.history_of, case_id)]
    assert events.count(CaseEvent.COMMENTED) == 1


def test_the_loser_of_a_race_is_told_who_won(house, lin, chen):
    case_id = open_case(house, add_parcel(house))
    chen.post(f"/cases/{case_id}/acts", {"act": "acknowledge"})
    reply = lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge", "view": "row"}, headers=HTMX)
    assert 'id="toast"' in reply.text
    assert "Chen Mo" in reply.text
    assert house.store.read(cases.get, case_id).owner == "chen"


def test_an_empty_comment_is_refused_with_a_word(house, lin):
    case_id = open_case(house, add_parcel(house))
    reply = lin.post(f"/cases/{case_id}/acts", {"act": "comment", "words": "  ", "view": "row"}, headers=HTMX)
    assert "Please write something first." in reply.text
    assert len(house.store.read(cases.history_of, case_id)) == 1


def test_whoever_may_only_look_changes_nothing(house):
    case_id = open_case(house, add_parcel(house))
    eve = Browser(app_of(house)).sign_in("eve")
    eve.post(f"/cases/{case_id}/acts", {"act": "resolve"})
    assert house.store.read(cases.get, case_id).is_open
    eve.close()


def test_handing_over_and_resolving(house, lin):
    case_id = open_case(house, add_parcel(house))
    lin.post(f"/cases/{case_id}/acts", {"act": "assign", "to": "chen"})
    assert house.store.read(cases.get, case_id).owner == "chen"
    lin.post(f"/cases/{case_id}/acts", {"act": "resolve", "words": "sent again"})
    case = house.store.read(cases.get, case_id)
    assert not case.is_open
    assert case.close_reason == "sent again"
    assert "No open cases." in lin.get("/").text


def test_an_act_tells_the_open_pages(house, lin):
    told = []
    case_id = open_case(house, add_parcel(house))
    object.__setattr__(house, "bus", type("Heard", (), {"publish": lambda _, topic: told.append(topic)})())
    lin.post(f"/cases/{case_id}/acts", {"act": "acknowledge"})
    assert told == ["cases"]


def test_hostile_text_is_never_markup(house, lin):
    """Names, carriers' texts and customers' words come from strangers: they are shown, not obeyed."""
    shipment = add_parcel(house, name=HOSTILE, district=HOSTILE, address=HOSTILE)
    scan(house, shipment, HOSTILE, hours_ago=3, code=HOSTILE, place=HOSTILE)
    case_id = open_case(house, shipment, text=HOSTILE)
    lin.post(f"/cases/{case_id}/acts", {"act": "comment", "words": HOSTILE})
    reveal = lin.post("/orders/A1/reveal").text
    pages = ["/", f"/cases/{case_id}", "/parcels/73100000001", "/parcels", f"/search?q={HOSTILE}", "/search?q=A"]
    for text in [reveal, *(lin.get(page).text for page in pages)]:
        assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in lin.get(f"/cases/{case_id}").text


def test_an_empty_desk_says_what_happens_next(house, lin):
    add_parcel(house)
    assert "Parcels being watched: 1." in lin.get("/").text


def test_the_board_alone_is_a_fragment(house, lin):
    open_case(house, add_parcel(house))
    assert lin.get("/desk/board", headers=HTMX).text.lstrip().startswith('<div id="board"')
    assert lin.get("/desk/board").status_code == 303


def test_times_are_the_shops_and_say_the_exact_utc(house, lin):
    house.now.set(NOW + timedelta(hours=1))
    open_case(house, add_parcel(house), hours_left=20)
    page = lin.get("/").text
    assert 'title="2026-11-23 02:00:00 UTC"' in page
    assert ">11-23 10:00<" in page


def test_cases_that_no_chat_was_told_of_stand_above_all(house, lin):
    """A banner with their number leads to the page that names them and what is wrong; without any there is none."""
    case = open_case(house, add_parcel(house, 1), hours_left=20)
    page = lin.get("/").text
    assert 'href="/outbox"' in page[page.index('id="board"') :]
    assert "Open cases that nobody was told of: 1" in page
    for letter in house.store.read(mail.letters_about, "case", str(case)):
        house.store.write(mail.mark_sent, letter.id, now=NOW)
    assert "nobody was told of" not in lin.get("/").text


def test_the_desk_says_what_tomorrow_brings(house, lin):
    """The number with its bounds and the room; where there is no room for all, how many will wait; before it is known, today's."""
    today = NOW.astimezone(house.policy.desk.hours.zone).date()
    span = (NOW, NOW + 24 * HOUR)
    assert 'class="ahead' not in lin.get("/").text
    house.store.write(load.keep, Forecast(today, *span, None, 0, 9.0, 9.0, 5, 13, 30), now=NOW)
    assert "Today</b> about 9 new cases" in lin.get("/").text
    tomorrow = today + timedelta(days=1)
    house.store.write(load.keep, Forecast(tomorrow, *span, None, 0, 44.0, 30.0, 24, 37, 30), now=NOW)
    for address in ("/", "/?queue=watch"):
        page = lin.get(address).text
        assert '<p class="ahead short"' in page
        assert "Tomorrow</b> about 44 new cases" in page
        assert "room for 30 · <strong>14 will have to wait</strong>" in page


def test_the_watch_list_stands_by_what_acting_is_worth(house, lin):
    """The most first, page by page; what isn't known comes last, by how long it has been watched."""
    worth = {1: None, 2: 120, 3: 900, 4: -50, 5: 120, 6: None}
    for n, cents in worth.items():
        subject = Subject(SubjectType.SHIPMENT, str(add_parcel(house, n)))
        chance = None if cents is None else 0.4
        finding = Finding(
            Kind.PROMISE_RISK,
            subject,
            NOW - n * HOUR,
            (Words("evidence.disputed", {"text": "w"}),),
            watch=True,
            probability=chance,
        )
        house.store.write(cases.watch, finding, now=NOW, worth_cents=cents)
    first = house.store.read(queues.watch_page, size=3)
    second = house.store.read(queues.watch_page, size=3, after=first.more)
    assert [line.item.worth_cents for line in (*first.lines, *second.lines)] == [900, 120, 120, -50, None, None]
    since = [line.item.since for line in (*first.lines, *second.lines)]
    assert since[1] < since[2]
    assert since[4] < since[5]
    page = lin.get("/?queue=watch").text
    assert order_of(page, "¥9.00", "¥1.20", "-¥0.50")
