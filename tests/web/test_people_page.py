"""Colleagues and the record: added with a one-time link, given roles, deactivated at once; every deed is on record."""

import re
from collections.abc import Iterator

import pytest
from engines import ON_SQLITE
from web_support import HASH, NOW, Browser, add_parcel, app_of, open_case

from chat.acts import ActKind, ChatAct
from domain.words import Words
from doorstep.house import House
from monitor import acts
from store import audit, facts, people
from store.base import Db
from store.facts import FactRow
from store.people import Person


@pytest.fixture
def root(house: House) -> Iterator[Browser]:
    """An administrator, signed in."""
    house.store.write(people.save_person, Person("root", "Root", "admin", "en", HASH))
    made = Browser(app_of(house)).sign_in("root")
    yield made
    made.close()


def recorded(house: House) -> list[tuple[str, str, str | None]]:
    page = house.store.read(audit.page, limit=200)
    return [(one.fact.event, one.fact.subject_id, one.fact.by) for one in page.entries]


def test_a_new_colleague_gets_a_link_that_works_once(house: House, root: Browser) -> None:
    """The link is shown on the answer alone; it signs in, and a second use doesn't."""
    page = root.post("/people", {"id": "wu", "name": "吴桐", "role": "agent"})
    [link] = re.findall(r'value="(http[^"]+/enter/[^"]+)"', page.text)
    assert "/enter/" not in root.get("/people").text
    new = Browser(app_of(house))
    path = link.removeprefix(house.settings.doorstep.public_url)
    assert new.get(path).status_code == 303
    assert "吴桐" in new.get("/").text
    assert new.get(path).status_code == 410
    new.close()
    assert ("added", "wu", "root") in recorded(house)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"id": "chen", "name": "X", "role": "agent"}, "already"),
        ({"id": "a b", "name": "X", "role": "agent"}, "can&#39;t be an id"),
        ({"id": "x", "name": " ", "role": "agent"}, "name is missing"),
        ({"id": "x", "name": "X", "role": "king"}, "no role"),
    ],
)
def test_a_colleague_who_cant_be_added_is_refused_with_the_reason(
    house: House, root: Browser, form: dict[str, str], says: str
) -> None:
    """And nobody is written."""
    before = house.store.read(people.people)
    page = root.post("/people", form)
    assert page.status_code == 422
    assert says in page.text
    assert house.store.read(people.people) == before


def test_whoever_is_deactivated_is_out_at_once(house: House, root: Browser, chen: Browser) -> None:
    """The next page asks to sign in, an unused link is dead, a click in a chat changes nothing; all of it is on record."""
    case = open_case(house, add_parcel(house))
    assert chen.get("/").status_code == 200
    waiting = root.post("/people/chen/link")
    [link] = re.findall(r"/enter/[\w-]+", waiting.text)
    assert root.post("/people/chen/active", {"active": "0"}).status_code == 200
    assert chen.get("/").status_code == 303
    stranger = Browser(app_of(house))
    assert stranger.get(link).status_code == 410
    stranger.close()
    act = ChatAct("matrix", "desk", "k", "chen", case, ActKind.ACKNOWLEDGE)
    assert house.store.write(acts.perform, act, now=house.now()).why == Words("refused.role", {})
    assert ("deactivated", "chen", "root") in recorded(house)
    assert root.post("/people/chen/active", {"active": "1"}).status_code == 200
    assert ("activated", "chen", "root") in recorded(house)


@pytest.mark.parametrize(
    ("path", "form"), [("role", {"role": "lead"}), ("active", {"active": "0"}), ("role", {"role": "viewer"})]
)
def test_the_last_administrator_stays(house: House, root: Browser, path: str, form: dict[str, str]) -> None:
    """Neither given a lesser role nor shut out; with a second one, both are possible."""
    page = root.post(f"/people/root/{path}", form)
    assert (page.status_code, "last administrator" in page.text) == (422, True)
    kept = house.store.read(people.find_person, "root")
    assert kept is not None
    assert (kept.role, kept.active) == ("admin", True)
    root.post("/people", {"id": "two", "name": "Two", "role": "admin"})
    assert root.post("/people/two/role", {"role": "admin"}).status_code == 200
    root.post(f"/people/root/{path}", form)
    assert house.store.read(people.find_person, "root") != kept


def test_a_role_counts_from_the_next_click(house: House, root: Browser, chen: Browser) -> None:
    """An agent who is a viewer now sees no forms and reveals nothing."""
    add_parcel(house)
    chen.get("/search?q=A1")
    assert chen.post("/orders/A1/reveal").status_code == 200
    root.post("/people/chen/role", {"role": "viewer"})
    assert chen.post("/orders/A1/reveal").status_code == 403
    [changed] = [f for f in house.store.read(facts.history, "person", "chen") if f.event == "role_changed"]
    assert changed.data == {"role": "viewer", "was": "agent"}


@pytest.mark.parametrize("path", ["/people", "/audit", "/orders/A1/privacy"])
def test_only_administrators_manage(house: House, lin: Browser, chen: Browser, path: str) -> None:
    """A lead and an agent get 403, and it is on record that they tried."""
    add_parcel(house)
    for browser, who in ((lin, "lin"), (chen, "chen")):
        assert browser.get(path).status_code == 403
        assert ("refused", who, who) in recorded(house)
        assert 'href="/people"' not in browser.get("/").text


def test_the_record_is_filtered_and_paged(house: House, root: Browser) -> None:
    """By person and local day; pages of fifty, none twice and none left out."""
    house.store.write(_many)
    seen: list[str] = []
    path = "/audit?person=chen"
    while path:
        text = root.get(path).text
        seen += re.findall(r"order N-(\d+)", text)
        older = re.search(r'href="(/audit\?[^"]+before=\d+)"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(n) for n in reversed(range(120))]
    assert "N-99" not in root.get("/audit?person=lin").text
    assert "N-99" in root.get("/audit?day=2026-11-22").text
    assert "N-99" not in root.get("/audit?day=2026-11-21").text
    assert root.get("/audit?day=nonsense").status_code == 422


def _many(db: Db) -> None:
    rows = [FactRow("order", f"N-{n}", "revealed", NOW, "chen", "console") for n in range(120)]
    noise = [FactRow("order", f"Q-{n}", "created", NOW, "chen", "console") for n in range(300)]
    facts.append(db, [*rows, *noise])


@ON_SQLITE
def test_the_record_costs_what_is_on_it(house: House) -> None:
    """It is read through an index of its own, however many facts there are."""

    def plan(db: Db) -> str:
        sql = f"EXPLAIN QUERY PLAN SELECT * FROM fact WHERE {audit.AUDITED} ORDER BY id DESC LIMIT 51"
        return str(db.exec_driver_sql(sql).all())

    assert "fact_audit" in house.store.read(plan)
