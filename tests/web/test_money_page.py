"""Making good in the console: what a case offers, who may do which, the money page, the CSV, letters that are sent again."""

import csv
import io
from datetime import timedelta

import httpx
import pytest
import respx
from engines import ON_BOTH
from web_support import HTMX, NOW, Browser, a_house, add_parcel, app_of, open_case, scan

from carriers.registry import CARRIERS, account_settings
from domain.case import CaseEvent, Kind
from domain.make_good import Ask, Way
from doorstep import money
from doorstep.intake_money import PlatformRefund
from doorstep.money_export import FORMULA, inert
from monitor import look, make_good
from monitor.make_good import Wish
from store import cases, check, facts, ledger, mail, proposals, reships
from store.ledger import Instruction

UNDO = timedelta(seconds=30)


@pytest.fixture
def case(house) -> int:
    return open_case(house, add_parcel(house), kind=Kind.LOST)


def propose(browser, case_id: int, **form: str):
    fields = {"way": "compensation", "amount": "", "cause": "carrier_loss", "key": f"k{len(form)}{form}"[:70], **form}
    return browser.post(f"/cases/{case_id}/make-good", fields, headers=HTMX)


def waiting(house):
    return house.store.read(proposals.waiting)


def go(house, *, later: timedelta = UNDO) -> None:
    house.store.write(make_good.instruct_due, house.settings.make_good, now=NOW + later, limit=99)


def written(house, order: str = "A1") -> list[tuple[str, int]]:
    return [(one.kind, one.amount_cents) for one in house.store.read(ledger.of_order, order)]


def clean(house) -> None:
    assert [str(d) for d in house.store.read(check.differences, now=NOW)] == []


# --- on the case ---------------------------------------------------------------------------------------------------


def test_a_case_shows_each_way_with_its_cost_and_rule(house, chen, case):
    """What the customer gets, what it costs, which rule says so, and whether somebody must agree."""
    page = chen.get(f"/cases/{case}").text
    for text in (
        "Make good", "What was paid comes back in full: lost by the carrier (电子商务法 20).", "¥266.00", "¥274.00",
        "¥10.00 to ¥15.00", "above what one may give alone", "a claim is never waited for",
    ):  # fmt: skip
        assert text in page, text
    assert "[" not in page.split('id="make-good"')[1].split("</section>")[0].replace("[]", "")


def test_the_cause_decides_who_bears_the_freight(house, chen, case):
    """A change of mind: the way out is taken off, the way back isn't paid, and the page says why."""
    page = chen.get(f"/cases/{case}?cause=change_of_mind").text
    assert "less ¥8.00 for the way out" in page
    assert "¥258.00" in page
    assert "The buyer bears the way back" in page
    assert chen.get(f"/cases/{case}?cause=nonsense").status_code == 200


def test_a_case_without_an_order_offers_nothing(house, chen):
    from web_support import open_incident

    assert "make-good-title" not in chen.get(f"/cases/{open_incident(house)}").text


@ON_BOTH
def test_from_proposal_to_confirmation(house, chen, lin, case):
    """An agent proposes, a lead approves on the money page, it goes out, is sent, is confirmed; each step is shown."""
    reply = propose(chen, case, way="refund", words="leaves on Friday")
    assert "Waits for a colleague" in reply.text
    [one] = waiting(house)
    assert "Approve" not in chen.get("/money").text
    page = lin.get("/money").text
    for text in ("Waiting for approval", "leaves on Friday", "Chen Mo", "Approve", "¥266.00"):
        assert text in page, text
    assert lin.post(f"/proposals/{one.id}/approve", {"words": "go on"}).status_code == 303
    assert "goes out in" in chen.get(f"/cases/{case}").text
    go(house)
    assert written(house) == [("refund", 26_600)]
    house.store.write(mail.mark_sent, f"instruction-make-good-{one.id}", now=NOW)
    assert lin.post(f"/money/make-good-{one.id}/confirm", headers=HTMX).status_code == 200
    page = chen.get(f"/cases/{case}").text
    for text in ("instructed", "Sent", "confirmed", "by 林晓", "go on", "made good"):
        assert text in page, text
    clean(house)


def test_an_agent_approves_nothing(house, chen, case):
    """403, and the attempt is on record."""
    propose(chen, case, way="refund")
    [one] = waiting(house)
    for what in ("approve", "decline"):
        assert chen.post(f"/proposals/{one.id}/{what}").status_code == 403
    assert chen.get("/money.csv").status_code == 403
    rights = [f.data["right"] for f in house.store.read(facts.history, "person", "chen") if f.event == "refused"]
    assert rights == ["approve", "approve", "export"]
    assert len(waiting(house)) == 1


def test_a_viewer_sees_and_does_nothing(house, case):
    eve = Browser(app_of(house)).sign_in("eve")
    page = eve.get(f"/cases/{case}").text
    assert "/make-good" not in page
    assert eve.post(f"/cases/{case}/make-good", {"way": "refund"}).status_code == 403
    assert eve.post("/proposals/p1/withdraw").status_code == 403
    assert eve.post(f"/cases/{case}/reship").status_code == 403
    eve.close()


def test_a_lead_does_not_approve_their_own(house, lin, case):
    """The button isn't there, and the deed is refused in words."""
    propose(lin, case, way="refund", sku="MUG", qty="1")
    go(house)
    propose(lin, case, way="reship", sku="TEA")
    [one] = waiting(house)
    assert "/approve" not in lin.get("/money").text
    reply = lin.post(f"/proposals/{one.id}/approve", {"view": "case"}, headers=HTMX)
    assert "Nobody approves their own proposal" in reply.text
    assert len(waiting(house)) == 1


def test_it_can_be_undone_until_it_goes_out(house, chen, case):
    """A small one needs nobody; Undo is there for half a minute, then gone."""
    reply = propose(chen, case)
    assert "Goes out in 30 s" in reply.text
    assert "Undo" in reply.text
    [one] = house.store.read(proposals.of_case, case)
    assert "taken back" in chen.post(f"/proposals/{one.id}/withdraw", {"view": "case"}, headers=HTMX).text
    go(house)
    assert written(house) == []
    propose(chen, case, amount="11")
    go(house)
    assert written(house) == [("compensation", 1_100)]
    assert "Undo" not in chen.get(f"/cases/{case}").text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"way": "part", "amount": "267"}, "Choose an amount from ¥0.01 to ¥266.00"),
        ({"way": "part", "amount": "lots"}, "is no amount"),
        ({"way": "refund", "sku": "MUG", "qty": "3"}, "no 3 pieces of MUG"),
        ({"way": "compensation", "amount": "9.99"}, "Choose an amount from ¥10.00"),
        ({"way": "nonsense"}, "nonsense"),
    ],
)
def test_what_cannot_be_is_said(house, chen, case, form, says):
    """In a sentence, and nothing is written."""
    assert says in propose(chen, case, **form).text.replace("&#39;", "'")
    assert house.store.read(proposals.of_case, case) == []


def test_one_form_sent_twice_is_one_proposal(house, chen, case):
    for _ in range(2):
        propose(chen, case, key="the same")
    assert len(house.store.read(proposals.of_case, case)) == 1


def test_without_script_the_forms_work_too(house, chen, case):
    """Plain posts lead back to the case; a refusal is shown on it."""
    reply = chen.post(f"/cases/{case}/make-good", {"way": "compensation", "key": "a"})
    assert (reply.status_code, reply.headers["location"]) == (303, f"/cases/{case}")
    assert "is no amount" in chen.post(f"/cases/{case}/make-good", {"way": "part", "amount": "x"}).text


def test_strangers_texts_are_no_markup(house, chen, lin, case):
    """A note is shown as it was written."""
    propose(chen, case, way="refund", words="<script>alert(1)</script>")
    for page in (chen.get(f"/cases/{case}"), lin.get("/money")):
        assert "<script>alert(1)" not in page.text
        assert "&lt;script&gt;" in page.text


# --- sent again ----------------------------------------------------------------------------------------------------


def test_the_new_number_is_typed_and_followed(house, chen, case):
    """By a person, where no system tells it; its scans are on the case from then on."""
    propose(chen, case, way="reship", sku="MUG", qty="1")
    go(house)
    page = chen.get(f"/cases/{case}").text
    assert "new number isn" in page
    [one] = house.store.read(reships.of_case, case)
    form = {"instruction": one.instruction_id, "number": "9", "carrier": "中通快递"}
    assert "no tracking number" in chen.post(f"/cases/{case}/reship", form, headers=HTMX).text
    form |= {"number": "73100009999"}
    assert "The number is on the case" in chen.post(f"/cases/{case}/reship", form, headers=HTMX).text
    new = house.store.read(reships.of_case, case)[0].shipment_id
    assert new is not None
    scan(house, new, "second one on its way", hours_ago=-1)
    page = chen.get(f"/cases/{case}").text
    assert "73100009999" in page
    assert "second one on its way" in page
    assert house.store.read(ledger.get, one.instruction_id).confirmed_at == NOW
    clean(house)


def turned_up(house, case: int) -> None:
    wish = Wish(case, Ask(Way.RESHIP, "MUG", 1), "chen", "k")
    house.store.write(make_good.propose, wish, house.settings.make_good, new_id="p1", now=NOW - 9 * UNDO)
    go(house)
    scan(house, 1, "found behind the shelf", hours_ago=0)
    house.store.write(look.look_at, [1], house.policy, now=NOW)


def test_the_first_parcel_turns_up_and_can_be_called_back(house, chen, case):
    """The case says so on top; without an account for it the console says what is missing."""
    turned_up(house, case)
    page = chen.get(f"/cases/{case}").text
    assert "The first parcel 73100000001 turned up" in page
    assert "Call it back" in page
    reply = chen.post(f"/cases/{case}/intercept", {"number": "73100000001"}, headers=HTMX)
    assert "intercept" in reply.text
    assert "none of the order" in chen.post(f"/cases/{case}/intercept", {"number": "X"}, headers=HTMX).text
    assert "intercept_asked" not in [f.event for f in house.store.read(facts.history, "case", str(case))]


def test_calling_it_back_asks_the_carrier_once(tmp_path):
    """The order goes to the carrier's own interface, and what was asked is on the case."""
    keys = {"customer": "C", "key": "K", "pickup_secret": "S", "intercept_partner_id": "P1"}
    account = {"kuaidi100": {"main": account_settings(CARRIERS["kuaidi100"], keys)}}
    house = a_house(tmp_path, carriers=account)
    case_id = open_case(house, add_parcel(house), kind=Kind.LOST)
    turned_up(house, case_id)
    chen = Browser(app_of(house)).sign_in("chen")
    answer = {"result": True, "returnCode": "200", "message": "成功", "data": {}}
    with respx.mock(assert_all_mocked=True) as wire:
        route = wire.route(host="api.kuaidi100.com").mock(return_value=httpx.Response(200, json=answer))
        reply = chen.post(f"/cases/{case_id}/intercept", {"number": "73100000001"}, headers=HTMX)
        assert "took the order to call 73100000001 back" in reply.text
        assert route.call_count == 1
    history = house.store.read(cases.history_of, case_id)
    assert history[-1].event.value == "intercept_asked"
    assert [f.data["means"] for f in history if f.event is CaseEvent.CARRIER_CONTACTED] == ["intercept"]
    chen.close()
    house.store.close()


# --- the money page ------------------------------------------------------------------------------------------------


def fill(house) -> None:
    """Of each kind one: waiting to be sent, dead, confirmed, paid on the platform, in another currency."""
    for n in range(1, 6):
        add_parcel(house, n)
    for n, currency in ((1, "CNY"), (2, "CNY"), (3, "CNY"), (5, "USD")):
        assert house.store.write(ledger.write, Instruction(f"i{n}", f"A{n}", "*", "refund", 1_000 * n, currency, NOW))
    house.store.write(mail.mark_failed, "instruction-i2", error="HTTP 500", retry_at=None, now=NOW)
    house.store.write(money.confirm, "i3", now=NOW, by="lin", channel="console")
    house.store.write(money.settle, PlatformRefund("A4", "TB4", 777, NOW), now=NOW, by="shop", channel="api")
    house.store.write(money.settle, PlatformRefund("A3", "TB3", 555, NOW), now=NOW, by="shop", channel="api")


@pytest.mark.parametrize(
    ("show", "shown", "total"),
    [
        ("", {"i1", "i2", "i3", "i5", "platform-TB4", "platform-TB3"}, "¥73.32"),
        ("unsent", {"i1", "i5"}, "¥10.00"),
        ("dead", {"i2"}, "¥20.00"),
        ("unconfirmed", {"i1", "i2", "i5"}, "¥30.00"),
        ("twice", {"platform-TB3"}, "¥5.55"),
        ("nonsense", {"i1", "i2", "i3", "i5", "platform-TB4", "platform-TB3"}, "¥73.32"),
    ],
)
def test_the_money_page_narrows_and_sums_by_currency(house, lin, show, shown, total):
    """Each filter shows its lines and their totals, a currency each."""
    fill(house)
    page = lin.get(f"/money?show={show}").text
    ids = {"i1", "i2", "i3", "i5", "platform-TB4", "platform-TB3"}
    assert {one for one in ids if f'id="money-{one}"' in page} == shown
    assert total in page
    assert ("$50.00" in page) == ("i5" in shown)


def test_a_dead_instruction_is_sent_again_by_a_person(house, chen):
    """Under its id; from the outbox and the money page; and it is on record who did."""
    fill(house)
    assert "/outbox/instruction-i2/retry" in chen.get("/outbox").text
    assert "/outbox/instruction-i2/retry" in chen.get("/money?show=dead").text
    assert chen.post("/outbox/instruction-i2/retry").status_code == 303
    letter = house.store.read(mail.get, "instruction-i2")
    assert (letter.dead_at, letter.due_at, letter.attempts) == (None, NOW, 0)
    assert [f.by for f in house.store.read(facts.history, "letter", "instruction-i2")] == ["chen"]
    assert chen.post("/outbox/nope/retry").status_code == 404


def test_what_the_platform_paid_otherwise_is_only_sent_by_a_lead(house, chen, lin):
    """Held because another payment came in: an agent can't let it go out."""
    add_parcel(house)
    house.store.write(ledger.write, Instruction("i1", "A1", "MUG#1", "refund", 4_900, "CNY", NOW))
    house.store.write(money.settle, PlatformRefund("A1", "TB1", 4_000, NOW), now=NOW, by="shop", channel="api")
    assert "don&#39;t send it before somebody looked" in chen.get("/outbox").text
    assert chen.post("/outbox/instruction-i1/retry").status_code == 403
    assert lin.post("/outbox/instruction-i1/retry").status_code == 303
    assert house.store.read(mail.get, "instruction-i1").dead_at is None


# --- the CSV -------------------------------------------------------------------------------------------------------


def test_accounts_get_everything_as_csv_and_it_is_on_record(house, lin, chen, case):
    """Amounts in the main unit, who proposed and approved, a byte order mark for spreadsheets."""
    propose(chen, case, way="refund")
    [one] = waiting(house)
    lin.post(f"/proposals/{one.id}/approve")
    go(house)
    reply = lin.get("/money.csv")
    assert reply.headers["content-disposition"].startswith('attachment; filename="money-2026')
    text = reply.content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["order"], row["amount"], row["currency"]) == ("A1", "266.00", "CNY")
    assert (row["proposed by"], row["approved by"]) == ("chen", "lin")
    [told] = [f for f in house.store.read(facts.history, "person", "lin") if f.event == "exported"]
    assert told.data == {"what": "money", "rows": 1}


def test_no_cell_is_a_formula(house, lin):
    """An order whose number a spreadsheet would run is a text there."""
    for n, sign in enumerate(FORMULA):
        assert inert(f"{sign}1+1") == f"'{sign}1+1"
        ref = f"{sign}HYPERLINK({n})".strip()
        add_parcel(house, n + 1)
        if sign.strip():
            house.store.write(lambda db, ref=ref, n=n: db.exec_driver_sql(
                "INSERT INTO orders (ref, shop, currency, items, created_at) VALUES (?, '=cmd', 'CNY', '[]', 0)", (ref,)
            ))  # fmt: skip
            house.store.write(ledger.write, Instruction(f"i{n}", ref, "*", "refund", 100, "CNY", NOW))
    text = lin.get("/money.csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
    assert "'=cmd" in cells


def test_a_closed_case_offers_no_more(house, chen, case):
    """What was done stays on it."""
    propose(chen, case)
    go(house)
    chen.post(f"/cases/{case}/acts", {"act": "resolve", "words": "", "key": "r"})
    page = chen.get(f"/cases/{case}").text
    assert "way-row" not in page
    assert "Compensation" in page
