"""The enquiries' page: one text for each branch, one tick, and a reply that is seen before it is written."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import respx
from engines import ON_BOTH
from msgspec import structs
from web_support import NOW, Browser, a_house, add_parcel, app_of, open_case, scan

from carriers.registry import CARRIERS, account_settings
from config.customer_settings import Mail
from config.policies.enquiries import Contact
from domain.case import CaseEvent, Kind
from doorstep.house import House
from store import cases, facts
from store import mail as outbox

A, B = "73100000001", "73100000002"


def two_cases(house) -> list[int]:
    found = []
    for n, kind in ((1, Kind.STALLED), (2, Kind.LOST)):
        shipment = add_parcel(house, n)
        scan(house, shipment, "到达", hours_ago=40, place="杭州转运中心")
        found.append(open_case(house, shipment, kind=kind))
    return found


def told(house, case: int) -> list[tuple[str, str]]:
    history = house.store.read(cases.history_of, case)
    return [
        (f.event.value, f.words)
        for f in history
        if f.event in {CaseEvent.CARRIER_CONTACTED, CaseEvent.CARRIER_ANSWERED}
    ]


def test_one_text_names_each_trouble_with_its_numbers_a_line_each(house, chen):
    two_cases(house)
    page = chen.get("/enquiries").text
    assert f"请今天内查明结果：\n{B}\n" in page
    assert f"请查一下货在哪里：\n{A}\n" in page
    assert f"appear to be lost. Please tell us the outcome today:\n{B}" in chen.get("/enquiries?lang=en").text


def test_a_formal_complaint_says_so_and_names_the_law(house, chen):
    two_cases(house)
    assert "七日内答复" not in chen.get("/enquiries").text
    page = chen.get("/enquiries?formal=1").text
    assert "快递暂行条例" in page
    assert '<option value="complaint" selected>' in page


@ON_BOTH
def test_one_tick_then_a_reply_by_way_of_its_preview(house, chen):
    ids = two_cases(house)
    chen.get("/enquiries")
    form = {"cases": ",".join(map(str, ids)), "carrier": "zhongtong", "means": "group_chat", "key": "once"}
    reply = chen.post("/enquiries/contacted", form)
    assert "2 cases marked as contacted" in chen.get(reply.headers["location"]).text
    assert [told(house, one) for one in ids] == [[("carrier_contacted", "")]] * 2
    text = f"{A} 明天派送\n{B} 丢失\n走理赔\n75399999999999 查无此单"
    seen = chen.post("/enquiries/preview", {"text": text, "means": "group_chat"}).text
    assert "75399999999999" in seen
    assert "Write it on 2 cases" in seen
    assert told(house, ids[0]) == [("carrier_contacted", "")]  # nothing is written before
    for _ in range(2):
        chen.post("/enquiries/apply", {"text": text, "means": "group_chat", "key": "seen"})
    assert told(house, ids[0])[1:] == [("carrier_answered", f"{A} 明天派送")]
    assert told(house, ids[1])[1:] == [("carrier_answered", f"{B} 丢失\n走理赔")]
    assert "Nothing to ask a carrier now" in chen.get("/enquiries").text


def with_accounts(folder: Path, carriers) -> tuple[House, Browser, list[int]]:
    folder.mkdir()
    house = a_house(folder, carriers=carriers)
    return house, Browser(app_of(house)).sign_in("chen"), two_cases(house)


def test_parcels_are_called_back_where_an_account_can(tmp_path):
    """Each number has its button, only where an account of ours can call that carrier's parcels back; one press also says that the
    carrier was asked.
    """
    unable, chen, _ = with_accounts(tmp_path / "unable", {})
    assert "/intercept" not in chen.get("/enquiries").text
    chen.close()
    unable.store.close()
    keys = {"customer": "C", "key": "K", "pickup_secret": "S", "intercept_partner_id": "P1"}
    accounts = {"kuaidi100": {"main": account_settings(CARRIERS["kuaidi100"], keys)}}
    able, chen, (stalled, lost) = with_accounts(tmp_path / "able", accounts)
    page = chen.get("/enquiries").text
    assert [f'action="/cases/{one}/intercept"' in page for one in (stalled, lost)] == [True, True]
    answer = {"result": True, "returnCode": "200", "message": "成功", "data": {}}
    with respx.mock(assert_all_mocked=True) as wire:
        wire.route(host="api.kuaidi100.com").mock(return_value=httpx.Response(200, json=answer))
        chen.post(f"/cases/{stalled}/intercept", {"number": A})
    assert [event for event, _ in told(able, stalled)] == ["carrier_contacted"]
    assert f'action="/cases/{stalled}/intercept"' not in chen.get("/enquiries").text
    assert "carrier&#39;s interface" in chen.get(f"/cases/{stalled}").text
    chen.close()
    able.store.close()


def test_our_own_question_pasted_along_is_no_answer(house, chen):
    ids = two_cases(house)
    page = chen.get("/enquiries").text
    ours = page[page.index("您好") : page.index("</textarea>", page.index("您好"))]
    chen.post("/enquiries/apply", {"text": f"{ours}\n小李 10:02\n{A} 已派送", "means": "group_chat"})
    assert told(house, ids[1]) == []
    assert told(house, ids[0]) == [("carrier_answered", f"{A}\n{A} 已派送")]


def test_what_is_pasted_is_never_markup(house, chen):
    two_cases(house)
    chen.get("/enquiries")
    seen = chen.post("/enquiries/preview", {"text": f"{A} <script>alert(1)</script></textarea>", "means": "phone"}).text
    assert "<script>alert(1)" not in seen
    assert "&lt;script&gt;alert(1)" in seen


def test_only_agents_ask_and_a_refusal_is_on_record(house, stranger):
    ids = two_cases(house)
    stranger.sign_in("eve")
    assert stranger.get("/enquiries").status_code == 200
    for path in ("contacted", "preview", "apply"):
        assert (
            stranger.post(f"/enquiries/{path}", {"cases": str(ids[0]), "text": A, "means": "phone"}).status_code == 403
        )
    assert house.store.read(facts.history, "person", "eve")[-1].data["path"] == "/enquiries/apply"
    assert told(house, ids[0]) == []


def test_a_form_of_another_site_is_refused(house, chen):
    ids = two_cases(house)
    form = {"cases": str(ids[0]), "carrier": "zhongtong", "means": "phone", "text": A}
    for path in ("contacted", "preview", "apply"):
        assert chen.post(f"/enquiries/{path}", form, csrf=False).status_code == 403

    assert told(house, ids[0]) == []


def test_nonsense_is_refused(house, chen):
    two_cases(house)
    chen.get("/enquiries")
    assert chen.post("/enquiries/contacted", {"cases": "x", "means": "phone"}).status_code == 422
    assert chen.post("/enquiries/contacted", {"cases": "1", "means": "pigeon"}).status_code == 422
    assert chen.post("/enquiries/contacted", {"cases": "99", "means": "phone"}).status_code == 404


def test_a_branch_is_mailed_from_the_page(house, chen, tmp_path):
    """Where the shop has a mail account and the branch an address: one press, both cases marked, one letter."""
    contact = Contact(carrier="zhongtong", mail="hz@zto.example")
    own = replace(house.policy, enquiries=replace(house.policy.enquiries, contacts=(contact,)))
    mail = Mail(host="127.0.0.1", port=2, sender="care@shop.example", security="none")
    customers = structs.replace(house.settings.customers, mail=mail)
    mailing = replace(house, policy=own, settings=replace(house.settings, customers=customers))
    ids = two_cases(house)
    browser = Browser(app_of(mailing)).sign_in("chen")
    page = browser.get("/enquiries").text
    assert "Mail it to hz@zto.example" in page
    form = {"cases": re.findall(r'name="cases" value="([^"]+)"', page)[0], "lang": "zh", "key": "once"}
    reply = browser.post("/enquiries/mail", form)
    assert "Mailed, and marked on 2 cases" in browser.get(reply.headers["location"]).text
    again = browser.post("/enquiries/mail", form)
    assert "what=mailed&done=0" in again.headers["location"]
    [letter] = house.store.read(outbox.due_with, "carrier:", now=NOW, limit=9)
    assert letter.payload["to"] == "hz@zto.example"
    assert A in letter.payload["text"]
    assert sorted(letter.payload["cases"]) == sorted(ids)
    browser.close()
