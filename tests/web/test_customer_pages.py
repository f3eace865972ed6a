"""Writing to a customer from a case, what is to be done for customers, and the record of one across all their orders."""

import pytest
from web_support import HOUR, NOW, Browser, a_house, add_parcel, app_of, open_case

from config.customer_settings import Customers, Mail
from config.policies.case_types import case_types
from domain.case import CaseEvent, CaseFact, CaseStatus, Kind, Subject, SubjectType
from domain.repeat_claims import Counts, signal
from domain.telling import Step
from monitor import orders
from store import cases, customers, facts, mail, telling


@pytest.fixture
def house(tmp_path):
    own = Customers(mail=Mail(host="127.0.0.1", sender="Shop <care@shop.example>"), ways=("mail", "sms"))
    made = a_house(tmp_path, customers=own)
    yield made
    made.store.close()


def told_of(house, case_id):
    return [f for f in house.store.read(cases.history_of, case_id) if f.event is CaseEvent.CUSTOMER_TOLD]


def draft(**more):
    return {
        "step": "outcome",
        "lang": "en",
        "subject": "Your order",
        "words": "We send another one.",
        "key": "k1",
    } | more


def test_the_template_is_there_to_be_edited(house, lin):
    case_id = open_case(house, add_parcel(house))
    page = lin.get(f"/cases/{case_id}/customer?step=next_step&lang=en&next_at=2026-11-24T10:00").text
    assert "tell you the result by Tue 24 Nov 10:00" in page.replace("\n", " ")


def test_nothing_is_sent_before_it_was_looked_at(house, lin):
    """The preview shows the whole message, with the name masked; sending comes after it."""
    case_id = open_case(house, add_parcel(house))
    lin.get(f"/cases/{case_id}/customer")
    page = lin.post(f"/cases/{case_id}/customer", draft(do="preview")).text
    assert "Hello 张**," in page
    assert "We send another one." in page
    assert "/s/" in page
    assert told_of(house, case_id) == []
    assert lin.post(f"/cases/{case_id}/customer", draft(do="send:mail")).status_code == 303
    [fact] = told_of(house, case_id)
    assert (fact.by, fact.data["told"], fact.data["means"], fact.words) == (
        "lin",
        "outcome",
        "mail",
        "We send another one.",
    )
    [letter] = [x for x in house.store.read(mail.letters_about, "case", str(case_id)) if x.kind == "message"]
    assert letter.channel == "customer:A1"


def test_sent_twice_is_told_once(house, lin):
    case_id = open_case(house, add_parcel(house))
    for _ in range(2):
        lin.post(f"/cases/{case_id}/customer", draft(do="send:mail"))
    assert len(told_of(house, case_id)) == 1


def test_told_by_wangwang_at_a_time_counts_with_who(house, lin):
    """At 13:30 in Shanghai, noted at 14:00; nothing is sent."""
    case_id = open_case(house, add_parcel(house))
    lin.post(f"/cases/{case_id}/customer", draft(do="mark", means="wangwang", told_at="13:30"))
    [fact] = told_of(house, case_id)
    assert (fact.by, fact.at, fact.data["means"]) == ("lin", NOW - HOUR / 2, "wangwang")
    assert fact.data["noted_at"] == NOW.isoformat()
    assert house.store.read(cases.get, case_id).told_at == NOW - HOUR / 2
    assert [x for x in house.store.read(mail.letters_about, "case", str(case_id)) if x.kind == "message"] == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"do": "mark", "means": "phone", "told_at": "14:30"}, "no later than now"),
        ({"do": "mark", "means": "phone", "told_at": "x"}, "no later than now"),
        ({"do": "mark", "means": "smoke"}, "by what means"),
        ({"do": "send:sms"}, "can&#39;t be reached by"),
        ({"do": "send:mail", "words": " "}, "write what the customer is told"),
        ({"do": "send:mail", "step": "next_step"}, "needs a date and time to come"),
        ({"do": "send:mail", "step": "next_step", "next_at": "2026-11-01T10:00"}, "needs a date and time to come"),
        ({"do": "send:mail", "step": "closing"}, "Choose: progress"),
    ],
)
def test_what_is_wrong_with_a_message_is_said_and_the_words_stay(house, lin, fields, said):
    case_id = open_case(house, add_parcel(house))
    reply = lin.post(f"/cases/{case_id}/customer", draft(**fields))
    assert reply.status_code == 422
    assert said in reply.text
    assert told_of(house, case_id) == []


def test_a_viewer_writes_to_nobody_and_that_is_on_record(house):
    case_id = open_case(house, add_parcel(house))
    eve = Browser(app_of(house)).sign_in("eve")
    for path, fields in (
        (f"/cases/{case_id}/customer", draft(do="send:mail")), (f"/cases/{case_id}/follow-up", {"solved": "yes"}),
        ("/customers/1/language", {"lang": "en"}), ("/customers/1/reveal", {}),
    ):  # fmt: skip
        assert eve.post(path, fields).status_code == 403
    assert told_of(house, case_id) == []
    refused = [f for f in house.store.read(facts.history, "person", "eve") if f.event == "refused"]
    assert [f.data["right"] for f in refused] == ["act", "act", "act", "reveal"]
    assert "Write to the customer" not in eve.get(f"/cases/{case_id}").text
    eve.close()


def test_the_case_says_what_the_customer_knows_and_what_is_to_be_done(house, lin):
    """By what they can be reached, the last word, and that somebody must call."""
    case_id = open_case(house, add_parcel(house, email="", phone=""))
    assert "Nobody could be told automatically: call or write" in lin.get(f"/cases/{case_id}").text
    house.store.write(telling.plan, case_id, 1, Step.OPENED, due_at=NOW, now=NOW)
    house.store.write(telling.end, case_id, 1, Step.OPENED, "todo", why="unreachable", now=NOW)
    assert f"/cases/{case_id}/customer" in lin.get("/customers").text
    lin.post(f"/cases/{case_id}/customer", draft(do="mark", means="phone"))
    assert "We send another one." in lin.get(f"/cases/{case_id}").text
    assert f"/cases/{case_id}" not in lin.get("/customers").text


@pytest.mark.parametrize(("answer", "status"), [("yes", CaseStatus.FOLLOWED_UP), ("no", CaseStatus.OPEN)])
def test_the_desk_asks_whether_it_is_solved(house, lin, answer, status):
    """Where nobody could be asked automatically; the answer is the customer's, noted by a person."""
    case_id = open_case(house, add_parcel(house))
    house.store.write(cases.add, case_id, CaseFact(CaseEvent.RESOLVED, NOW - HOUR, "lin", "console"))
    house.store.write(telling.plan, case_id, 1, Step.FOLLOW_UP, due_at=NOW, now=NOW)
    house.store.write(telling.end, case_id, 1, Step.FOLLOW_UP, "todo", why="unreachable", now=NOW)
    assert "follow-up" in lin.get("/customers").text
    assert "Is it really solved?" in lin.get(f"/cases/{case_id}").text
    lin.post(f"/cases/{case_id}/follow-up", {"solved": answer, "key": "k"})
    case = house.store.read(cases.get, case_id)
    assert case.status is status
    told = [f for f in house.store.read(cases.history_of, case_id) if f.event is CaseEvent.FOLLOWED_UP]
    assert [(f.by, f.data) for f in told] == [("lin", {"solved": answer == "yes", "asked": "desk"})]
    assert house.store.read(telling.todos) == []


# --- the record ------------------------------------------------------------------------------------------------------


def record_of(lin, order="A1"):
    return lin.get(f"/orders/{order}/customer").headers["location"]


def test_orders_of_one_phone_or_address_are_one_customers(house, lin):
    """However the number is written; another's isn't among them; an order that joins two records makes them one."""
    add_parcel(house, 1, phone="138 1234 5678", email="")
    add_parcel(house, 2, phone="+86 13812345678", email="")
    add_parcel(house, 3, phone="", email="Z@Example.com")
    add_parcel(house, 4, phone="13900000000", email="")
    first, second, third, fourth = (record_of(lin, f"A{n}") for n in (1, 2, 3, 4))
    assert first == second
    assert len({first, third, fourth}) == 3
    add_parcel(house, 5, phone="13812345678", email="z@example.com")
    assert record_of(lin, "A5") == first == record_of(lin, "A3")
    assert record_of(lin, "A4") == fourth


@pytest.mark.parametrize("phone", ["", "138****5678", "17012345678转9012", "17012345678-1234#5"])
def test_a_number_that_is_hidden_or_shared_tells_nobody_apart(house, lin, phone):
    """A platform's virtual number today is somebody else's tomorrow."""
    for n in (1, 2):
        add_parcel(house, n, phone=phone, email="")
    assert record_of(lin, "A1") != record_of(lin, "A2")


def _rows(db, table):
    return [tuple(row) for row in db.exec_driver_sql(f"SELECT * FROM {table}")]


def test_the_table_of_customers_holds_no_personal_text(house, lin):
    add_parcel(house)
    record_of(lin)
    tables = ("customer_key", "customer_record", "customer_order")
    rows = [row for table in tables for row in house.store.read(_rows, table)]
    assert rows
    assert not any(text in str(rows) for text in ("13812345601", "z@example.com", "张三丰"))


def test_a_record_is_masked_until_asked_for_and_who_asked_is_on_record(house, lin):
    open_case(house, add_parcel(house))
    path = record_of(lin)
    page = lin.get(path).text
    assert "张三丰" not in page
    assert "138****5601" in page
    assert "A1" in page
    shown = lin.post(f"{path}/reveal").text
    assert "张三丰" in shown
    assert "梧桐路 1 号" in shown
    seen = [f for f in house.store.read(facts.history, "order", "A1") if f.event == "revealed"]
    assert [(f.by, f.at) for f in seen] == [("lin", NOW)]
    assert lin.get("/customers/99").status_code == 404
    assert lin.get("/orders/nope/customer").status_code == 404


def test_orders_cases_and_search_lead_to_the_record(house, lin):
    case_id = open_case(house, add_parcel(house))
    for path in (f"/cases/{case_id}", "/search?q=A1", "/parcels/73100000001"):
        assert "/orders/A1/customer" in lin.get(path).text or lin.get(path).status_code == 303


def test_the_language_of_messages_can_be_set(house, lin):
    add_parcel(house)
    path = record_of(lin)
    lin.post(f"{path}/language", {"lang": "en"})
    assert house.store.read(customers.lang_of, "A1") == "en"
    lin.post(f"{path}/language", {"lang": "xx"})
    assert house.store.read(customers.lang_of, "A1") == ""


def test_claims_far_above_the_shops_own_are_shown_with_their_figures(house, lin):
    """Three disputes of one customer among forty orders: a hint with its reasons, and the words stay neutral."""
    for n in range(1, 41):
        add_parcel(house, n, phone="13800000000" if n <= 3 else f"1391111{n:04d}", email="")
    for n in (1, 2, 3):
        house.store.write(
            orders.dispute, f"A{n}", "x", house.policy, now=NOW, by=None, channel="api", of=case_types()["other"]
        )
        record_of(lin, f"A{n}")
    page = lin.get(record_of(lin)).text
    assert "3 disputes in 3 orders of 180 days" in page
    assert "Nothing is ever refused automatically." in page
    assert house.store.read(cases.open_for, Subject(SubjectType.ORDER, "A1"))[0].kind is Kind.DISPUTED


@pytest.mark.parametrize(
    ("mine", "shop", "reasons"),
    [
        (Counts(3, 3, 0), Counts(1_000, 20, 10), 1),
        (Counts(3, 3, 3), Counts(1_000, 20, 10), 2),
        (Counts(2, 2, 2), Counts(1_000, 20, 10), 0),  # too few to say anything
        (Counts(100, 3, 0), Counts(1_000, 20, 10), 0),  # as everybody
        (Counts(10, 3, 0), Counts(10, 3, 0), 0),  # the shop is this customer
        (Counts(), Counts(), 0),
    ],
)
def test_a_hint_needs_enough_claims_and_three_times_the_shops_rate(mine, shop, reasons):
    assert len(signal(mine, shop)) == reasons
