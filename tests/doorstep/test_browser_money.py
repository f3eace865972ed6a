"""A make-good with approval in a browser: an agent's phone, a lead's desk, and the merchant's system at the other end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser_support import DESK, PHONE, Watch, chromium, chromium_path
from merchant_support import SECRET, Receiver, receiver, verified
from playwright.sync_api import Browser, Page, expect
from running_support import daemon, free_port, wait_for

from config.settings import load
from domain.case import Finding, Kind, Subject, SubjectType
from domain.shipment import Customer, Item, Order
from domain.words import Words
from doorstep.operations import perform
from doorstep.wiring import STRUCTS, open_house
from monitor import alerts
from store import cases, check, intake
from store.base import Db, Store

pytestmark = pytest.mark.browser
PATIENCE_MS = 20_000


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium_path()
    with chromium() as started:
        yield started


def a_case(db: Db) -> int:
    """An order of some worth whose customer waits."""
    now = datetime.now(UTC).replace(microsecond=0)
    items = (Item("MUG", "杯子", 2, 4_900), Item("TEA", "茶", 1, 16_800))
    intake.add_order(db, Order("A1", items, now, customer=Customer("张三丰", "13812345678")))
    found = Finding(
        Kind.DISPUTED, Subject(SubjectType.ORDER, "A1"), now, (Words("evidence.disputed", {"text": "没收到"}),)
    )
    case_id = cases.open_case(db, found, now=now, promise_by=now + timedelta(hours=24), timer_at=None, order_ref="A1")
    case = cases.get(db, case_id)
    assert case is not None
    alerts.say(db, case, "opened", now=now)
    return case_id


def prepared(folder: Path, port: int, url: str) -> tuple[int, str, str, Path]:
    """A house with an agent and a lead; gives the case and the two sign-in links."""
    file = folder / "doorstep.toml"
    file.write_text(
        f'[doorstep]\nport = {port}\nlang = "zh"\n[policy]\nmake_good = "make_good.toml"\n'
        f'[merchant]\nurl = "{url}"\nsecret = "{SECRET}"\nprivate = ["127.0.0.0/8"]\n',
        encoding="utf-8",
    )
    (folder / "make_good.toml").write_text("undo_s = 2\n", encoding="utf-8")
    settings = load(file, environ={}, structs=STRUCTS)
    with Store(settings.database) as store:
        house = open_house(settings, store)
        case_id = store.write(a_case)
        links = []
        for person, name, role in (("chen", "陈静", "agent"), ("lin", "林晓", "lead")):
            perform(house, "person_add", {"id": person, "name": name, "role": role})
            links.append(perform(house, "sign_in", {"id": person})["url"])
    return case_id, links[0], links[1], settings.database


def propose(phone: Page, url: str, case_id: int) -> None:
    """The agent opens the way, says why, and proposes: too much for one person alone."""
    phone.goto(f"{url}/cases/{case_id}")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    way = phone.locator(f"#way-{case_id}-refund")
    way.locator("summary").click()
    way.locator("input[name=words]").fill("客户周五出差")
    way.get_by_role("button", name="提交申请").click()
    expect(phone.locator(".under .now")).to_contain_text("待批准")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_make_good_with_approval(tmp_path: Path, browser: Browser) -> None:
    """Proposed on a phone, approved at the desk, instructed, taken by the merchant's system, confirmed; every screen follows by
    itself, money moves once, and the check is clean.
    """
    expect.set_options(timeout=PATIENCE_MS)
    port = free_port()
    with receiver() as other:
        case_id, agent, lead, database = prepared(tmp_path, port, other.url)
        with daemon(tmp_path, "run", port=port) as running:
            watch = Watch(running.url)
            phone = watch.over(browser.new_context(locale="zh-CN", **PHONE)).new_page()
            phone.goto(agent)
            propose(phone, running.url, case_id)
            desk = watch.over(browser.new_context(viewport=DESK, locale="zh-CN")).new_page()
            desk.goto(lead)
            follow(desk, phone, running.url, other)
            assert (watch.strangers, watch.complaints) == ([], [])
            assert running.stop() == 0, running.log()
    with Store(database) as store:
        assert [str(d) for d in store.read(check.differences, now=datetime.now(UTC))] == []


def follow(desk: Page, phone: Page, url: str, other: Receiver) -> None:
    desk.goto(f"{url}/money")
    expect(desk.locator(".waiting-card")).to_contain_text("客户周五出差")
    desk.get_by_role("button", name="批准").click()
    expect(desk.locator(".waiting-card")).to_have_count(0)
    wait_for(lambda: other.got)
    expect(phone.locator(".under .steps")).to_contain_text("已送达")
    expect(desk.locator("tbody tr .tag.ok")).to_be_visible()
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="确认已付").click()
    expect(phone.locator(".under .steps .done").last).to_have_text("已确认")
    [one] = other.got
    assert verified(one.headers, one.body)
    assert (one.data["order"], one.data["kind"], one.data["amount_cents"]) == ("A1", "refund", 26_600)
