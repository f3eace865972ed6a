"""Nothing personal is kept longer than the policy says; nothing is erased while it is needed; every slice is small."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from planted import NOW, PLANTS, close_all, opened, sow, staff
from test_erasing import differences, hits

from doorstep import retention
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.operations import perform
from doorstep.taking import TAKE, Sender
from store import audit, intake, tracking
from store.base import Db
from store.tracking import RawBody

DAY = timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        staff(made)
        yield made


def keep(house: House, days: float) -> int:
    """One slice, so many days later; returns how many records were erased."""
    now = NOW + days * DAY
    later = replace(house, now=SetClock(now), wall=SetClock(now))
    return asyncio.run(retention.keep_no_longer(later, now=now))


def order(house: House, ref: str, phone: str, **more: object) -> None:
    body = {
        "order": ref, "items": [{"sku": "A", "name": "A", "qty": 1, "price_cents": 1}], "customer": "欧阳测试",
        "phone": phone, **more,
    }  # fmt: skip
    house.store.write(lambda db: TAKE["orders"](house, db, body, Sender(None, "api"), NOW))


def name_of(house: House, ref: str) -> str:
    found = house.store.read(intake.find_order, ref)
    assert found is not None
    return found.customer.name


def test_a_customer_goes_half_a_year_after_the_last_order(house: House) -> None:
    """Not a day earlier; once; and the record says why, by nobody."""
    order(house, "A", "13800000001")
    assert [keep(house, days) for days in (0, 179, 180, 181)] == [0, 0, 1, 0]
    assert name_of(house, "A") == ""
    [told] = [e.fact for e in house.store.read(audit.page).entries if e.fact.event == "erased"]
    assert (told.by, told.data["why"], told.data["customers"]) == (None, "kept_long_enough", 1)
    assert differences(house) == []


def test_a_new_order_begins_the_time_anew(house: House) -> None:
    """Both records of one phone go together, half a year after the later one."""
    order(house, "A", "13800000001")
    keep(house, 0)
    order(house, "B", "13800000001", created_at=(NOW + 100 * DAY).isoformat())
    assert [keep(house, days) for days in (180, 279, 280)] == [0, 0, 2]
    assert (name_of(house, "A"), name_of(house, "B")) == ("", "")


def test_what_is_open_keeps_it(house: House) -> None:
    """An open case, a payment that nobody confirmed, a return on its way: looked at again a week later."""
    sow(house)
    assert [keep(house, days) for days in (0, 180, 180.1)] == [0, 0, 0]
    close_all(house)
    house.store.write(lambda db: db.exec_driver_sql("UPDATE returns SET status = 'settled'"))
    assert keep(house, 186) == 0
    assert keep(house, 188) > 0


def test_a_hold_keeps_it_until_it_is_lifted(house: House) -> None:
    """Whatever its age; then it goes at the next look."""
    order(house, "A", "13800000001")
    keep(house, 0)
    perform(house, "customer_hold", {"by": "root", "order": "A", "why": "lawsuit"})
    assert [keep(house, days) for days in (180, 500)] == [0, 0]
    perform(house, "customer_hold", {"by": "root", "order": "A", "lift": True})
    assert keep(house, 500) == 1


def test_each_slice_is_small(house: House) -> None:
    """A hundred who are due at once go twenty at a time."""
    for n in range(100):
        order(house, f"A-{n}", f"138{n:08}")
    assert [keep(house, days) for days in (0, 200, 200, 200, 200, 200, 200)] == [0, 20, 20, 20, 20, 20, 0]


def test_carriers_replies_go_after_two_weeks(house: House) -> None:
    """Scrubbed or not; newer ones stay."""
    sow(house)
    close_all(house)
    assert house.store.read(replies) == len(PLANTS)
    keep(house, 13)
    assert house.store.read(replies) == len(PLANTS)
    keep(house, 15)
    assert house.store.read(replies) == 0


def said_of(house: House, number: str, body: str) -> None:
    """A shipment, and what its carrier said of it in one reply."""
    row = {"number": number, "carrier": "中通快递"}
    house.store.write(lambda db: TAKE["shipments"](house, db, row, Sender(None, "api"), NOW))
    house.store.write(tracking.keep_raw, [RawBody("kuaidi100", 200, body.encode())], at=NOW)


@pytest.mark.parametrize("body", ['{"nu":"yt5000000001"}', "param=%7B%22nu%22%3A%22YT5000000001%22%7D&sign=0"])
def test_a_reply_about_an_open_case_stays_until_its_end(house: House, body: str) -> None:
    """It is looked at once a day, in JSON or in a form; a reply about anything else goes in its time."""
    said_of(house, "YT5000000001", body)
    said_of(house, "YT5000000002", '{"nu":"YT5000000002"}')
    case = {"number": "YT5000000001", "type": "damaged", "text": "wet"}
    house.store.write(lambda db: TAKE["cases"](house, db, case, Sender(None, "api"), NOW))
    keep(house, 15)
    assert house.store.read(replies) == 1
    close_all(house)
    keep(house, 15.5)
    assert house.store.read(replies) == 1
    keep(house, 16.1)
    assert house.store.read(replies) == 0


def test_a_reply_about_a_claim_stays_until_the_carrier_has_paid(house: House) -> None:
    """Or until it is written off; the case may be over long before."""
    said_of(house, "YT5000000001", '{"nu":"YT5000000001"}')
    house.store.write(
        lambda db: db.exec_driver_sql(
            "INSERT INTO claim (shipment_id, parcel, reason, carrier, number, state, opened_at, currency, dates, freight_cents,"
            " recovered_cents, reference, overdue, appealed_to, window_said, reminded, lapsed, valued)"
            " VALUES (1, '', 'lost', 'yuantong', 'YT5000000001', 'filed', 0, 'CNY', '{}', 0, 0, '', 0, '', 0, '[]', 0, 0)"
        )
    )
    for days in (15, 40, 100):
        keep(house, days)
        assert house.store.read(replies) == 1
    house.store.write(lambda db: db.exec_driver_sql("UPDATE claim SET state = 'paid'"))
    keep(house, 101.1)
    assert house.store.read(replies) == 0


def replies(db: Db) -> int:
    return int(db.exec_driver_sql("SELECT count(*) FROM raw_reply").scalar_one())


def test_imported_files_go_after_a_month(house: House, tmp_path: Path) -> None:
    """From `done` and `failed`, with their reports; what still waits to be taken stays."""
    sow(house)
    for path in (tmp_path / "inbox").rglob("*.*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    (tmp_path / "inbox" / "orders-new.csv").write_text("order\n")
    order(house, "A", "13800000001")
    keep(house, 29)
    assert len(list((tmp_path / "inbox").glob("*/*"))) == 4
    order(house, "B", "13800000002")
    keep(house, 31)
    assert list((tmp_path / "inbox").glob("*/*")) == []
    assert (tmp_path / "inbox" / "orders-new.csv").exists()


def test_what_retention_erased_is_gone_to_the_byte(house: House, tmp_path: Path) -> None:
    """Names, phones, addresses and what was said of ones own orders: nothing is left of them in the database's files, but for
    what somebody wrote into another customer's case, which only an erasure on request looks for.
    """
    order(house, "A", "13800000001", address="银河路999号星光苑", email="only@zebulon.example")
    house.store.checkpoint()
    data = (tmp_path / "desk.sqlite3").read_bytes()
    values = [text.encode() for text in ("欧阳测试", "13800000001", "银河路999号星光苑", "only@zebulon.example")]
    assert all(value in data for value in values)
    assert [keep(house, 0), keep(house, 181)] == [0, 1]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite3*"))
    assert [value for value in values if value in left] == []
    assert hits(tmp_path) == []
