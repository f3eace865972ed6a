"""The page of an incident: what it is in plain words, its parcels page by page, one confirmed act for all of them."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engines import ON_BOTH
from web_support import NOW, Browser, a_house, add_parcel, app_of, open_case

from domain.case import CaseEvent, CaseFact
from domain.incident import Cause, CauseKind
from doorstep.house import House
from doorstep.web.pages.incidents import HEIGHT, WIDTH, graph_of
from monitor import incidents
from store import cases, chat_queue, mail
from store import incidents as rows
from store.base import Db
from store.chat_queue import ChannelRow
from store.incident_reads import PAGE
from store.incidents import Slice

HUB = Cause(CauseKind.HUB, "zhongtong", "杭州<b>中心")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = a_house(tmp_path)
    yield made
    made.store.close()


def signed_in(house: House, name: str = "lin") -> Browser:
    return Browser(app_of(house)).sign_in(name)


def an_incident(house: House, members: int, cause: Cause = HUB) -> int:
    ids = [open_case(house, add_parcel(house, n)) for n in range(1, members + 1)]

    def begin(db: Db) -> int:
        incident_id = rows.open_incident(db, cause, found=members, expected=0.4, now=NOW - timedelta(hours=3))
        incidents.join(db, incident_id, ids, now=NOW - timedelta(hours=3))
        return incident_id

    return house.store.write(begin)


def test_an_incident_is_told_in_plain_words(house: House) -> None:
    """The cause with the carrier's name, how many where how few are usual, the counters; markup from outside is text."""
    incident = an_incident(house, 6)
    page = signed_in(house).get(f"/incidents/{incident}").text
    assert "ZTO Express: parcels don&#39;t leave 杭州&lt;b&gt;中心" in page
    assert "6 findings within a day, where about 0.4 are usual." in page
    assert "<b>6</b> nobody took them" in page
    assert page.count('href="/cases/') == 6
    assert "style=" not in page.split("<main", 1)[1]


def test_the_desk_shows_the_incident_instead_of_its_members(house: House) -> None:
    """One card; the members' rows are behind it, other cases stay. What is only told together is listed all the same."""
    incident = an_incident(house, 6)
    alone = open_case(house, add_parcel(house, 50))
    desk = signed_in(house).get("/").text
    assert f'id="incident-{incident}"' in desk
    assert re.findall(r'<li class="case-row" id="case-(\d+)"', desk) == [str(alone)]


def test_what_is_told_together_stays_on_the_desk(house: House) -> None:
    """Many cases at once without a common cause are each a case to be done."""
    an_incident(house, 6, Cause(CauseKind.MANY, place="2026-11-22T06:00:00"))
    desk = signed_in(house).get("/").text
    assert len(re.findall(r'<li class="case-row" id="case-(\d+)"', desk)) == 6


def test_members_come_page_by_page(house: House) -> None:
    """The closed ones only on demand; a page that isn't there is the last one."""
    incident = an_incident(house, PAGE + 3)
    lin = signed_in(house)
    first, second = lin.get(f"/incidents/{incident}").text, lin.get(f"/incidents/{incident}?page=1").text
    assert f"1 to {PAGE} of {PAGE + 3}" in first
    assert f"{PAGE + 1} to {PAGE + 3} of {PAGE + 3}" in second
    assert f"{PAGE + 1} to {PAGE + 3} of {PAGE + 3}" in lin.get(f"/incidents/{incident}?page=77").text
    house.store.write(cases.add, 1, CaseFact(CaseEvent.CLEARED, NOW, words="cleared.stalled"))
    assert 'href="/cases/1"' not in lin.get(f"/incidents/{incident}?page=1").text
    assert 'href="/cases/1"' in lin.get(f"/incidents/{incident}?state=all&page=1").text


def owners(house: House) -> set[str | None]:
    return {case.owner for case in house.store.read(cases.list_cases)}


@ON_BOTH
def test_one_confirmed_act_takes_them_all(house: House) -> None:
    """Without the tick nothing happens and the page says so; with it every case has an owner, once for a form sent twice."""
    incident = an_incident(house, 6)
    lin = signed_in(house)
    lin.get(f"/incidents/{incident}")
    refused = lin.post(f"/incidents/{incident}/acts", {"act": "acknowledge", "key": "a"})
    assert "tick the box first" in refused.text
    assert owners(house) == {None}
    for _ in range(2):
        done = lin.post(f"/incidents/{incident}/acts", {"act": "acknowledge", "key": "a", "sure": "1"})
        assert done.status_code == 303
    assert owners(house) == {"lin"}
    taken = [f for f in house.store.read(cases.history_of, 1) if f.event is CaseEvent.ACKNOWLEDGED]
    assert [(f.by, f.channel) for f in taken] == [("lin", "console")]


def test_who_may_not_act_sees_and_does_nothing(house: House) -> None:
    """A viewer has no forms and is refused; a form without its token is refused whoever sends it."""
    incident = an_incident(house, 6)
    eve = signed_in(house, "eve")
    assert "/acts" not in eve.get(f"/incidents/{incident}").text
    form = {"act": "resolve", "sure": "1", "key": "a"}
    assert eve.post(f"/incidents/{incident}/acts", form).status_code == 403
    assert signed_in(house).post(f"/incidents/{incident}/acts", form, csrf=False).status_code == 403
    assert owners(house) == {None}


def test_an_incident_that_is_not_there(house: House) -> None:
    """404, and an act on it changes nothing."""
    lin = signed_in(house)
    assert lin.get("/incidents/9").status_code == 404
    lin.get("/")
    assert lin.post("/incidents/9/acts", {"act": "resolve", "sure": "1"}).status_code == 404


def test_a_member_leads_to_its_incident(house: House) -> None:
    """The case page says what it is part of; a case of its own says nothing of the kind."""
    incident = an_incident(house, 6)
    alone = open_case(house, add_parcel(house, 50))
    lin = signed_in(house)
    assert f'href="/incidents/{incident}"' in lin.get("/cases/1").text
    assert "/incidents/" not in lin.get(f"/cases/{alone}").text


def test_the_picture_of_members_over_time() -> None:
    """Two areas as wide as the picture, the larger as high; nothing where there is nothing to see."""
    graph = graph_of([Slice(NOW, 0, 0), Slice(NOW + timedelta(hours=1), 4, 1), Slice(NOW + timedelta(hours=2), 8, 2)])
    assert graph is not None
    assert graph.joined == f"0,{HEIGHT} 0.0,120.0 240.0,60.0 480.0,0.0 {WIDTH},{HEIGHT}"
    assert graph.closed.split()[3] == "480.0,90.0"
    assert graph_of([]) is None


def test_all_members_are_told_with_one_approval(house: House) -> None:
    """The approval says how many; each open member gets its own fact, who is closed stays as it is, the incident notes it once."""
    incident = an_incident(house, 6)
    lin = signed_in(house)
    ids = house.store.read(rows.member_ids, incident, limit=10)
    house.store.write(cases.add, ids[0], CaseFact(CaseEvent.RESOLVED, NOW, "lin"))
    form = {"act": "customer_told", "incident": str(incident), "next": f"/incidents/{incident}"}
    asked = lin.post("/desk/bulk", form).text
    assert "Mark 5 cases as: customer told?" in asked
    assert f"All open cases of incident {incident}" in asked
    assert lin.post("/desk/bulk/do", {**form, "key": "k"}).status_code == 422  # nothing was said
    done = {**form, "key": "k", "words": "on its way again", "told": "progress", "means": "sms"}
    assert [lin.post("/desk/bulk/do", done).headers["location"] for _ in range(2)] == [f"/incidents/{incident}"] * 2
    told = [[f.data for f in house.store.read(cases.history_of, i) if f.event is CaseEvent.CUSTOMER_TOLD] for i in ids]
    assert told == [[], *[[{"means": "sms", "told": "progress"}]] * 5]
    history = house.store.read(rows.history_of, incident)
    assert [f.by for f in history if f.event is CaseEvent.CUSTOMER_TOLD] == ["lin"]
    assert "customers told, in all of its cases" in lin.get(f"/incidents/{incident}").text


def test_a_whole_incident_is_put_off_and_said_again_once(house: House) -> None:
    """One approval with a time ahead: the incident notes it, each channel gets one reminder for then, the members stay as they are."""
    incident = an_incident(house, 6)
    room = ChannelRow("matrix:desk", "matrix", "en", "Asia/Shanghai", "")
    house.store.write(chat_queue.set_channels, [room], now=NOW)
    lin = signed_in(house)
    form = {"act": "snoozed", "incident": str(incident), "next": f"/incidents/{incident}", "key": "k"}
    assert 'name="until"' in lin.post("/desk/bulk", form).text
    past = (NOW - timedelta(hours=1)).isoformat()
    assert lin.post("/desk/bulk/do", {**form, "until": past}).status_code == 422
    until = NOW + timedelta(hours=2)
    done = {**form, "until": until.isoformat(), "words": "the hub opens at noon"}
    assert [lin.post("/desk/bulk/do", done).headers["location"] for _ in range(2)] == [f"/incidents/{incident}"] * 2
    assert [f.data for f in house.store.read(rows.history_of, incident) if f.event is CaseEvent.SNOOZED] == [
        {"until": until.isoformat()}
    ]
    about = house.store.read(mail.letters_about, "incident", str(incident))
    assert [letter.due_at for letter in about if letter.kind == "reminder"] == [until]
    ids = house.store.read(rows.member_ids, incident, limit=10)
    assert not [f for i in ids for f in house.store.read(cases.history_of, i) if f.event is CaseEvent.SNOOZED]


def test_an_incident_that_is_over_takes_no_more_deeds(house: House) -> None:
    """The approval says so and offers nothing; without the right it is refused."""
    incident = an_incident(house, 6)
    house.store.write(rows.add, incident, CaseFact(CaseEvent.RESOLVED, NOW, "lin"))
    form = {"act": "carrier_contacted", "incident": str(incident)}
    reply = signed_in(house).post("/desk/bulk", form)
    assert reply.status_code == 422
    assert "Yes, all" not in reply.text
    assert signed_in(house, "eve").post("/desk/bulk/do", form).status_code == 403
