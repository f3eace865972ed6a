"""One customer's personal data on its page: kept until when, held, exported, and erased with the photos that were added."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from engines import ON_BOTH
from web_support import HASH, NOW, Browser, add_parcel, app_of, open_case

from doorstep.house import House
from store import check, files, intake, people
from store.people import Person

PAGE = "/orders/A1/privacy"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def root(house: House) -> Iterator[Browser]:
    """An administrator, signed in."""
    house.store.write(people.save_person, Person("root", "Root", "admin", "en", HASH))
    made = Browser(app_of(house)).sign_in("root")
    yield made
    made.close()


def photo_of(house: House, case_id: int) -> files.FileRow:
    return house.store.write(files.add, PNG, subject_type="case", subject_id=str(case_id), by="chen", at=NOW)


def test_the_page_says_what_is_open_and_shows_nobody_in_full(house: House, root: Browser) -> None:
    open_case(house, add_parcel(house))
    page = root.get(PAGE)
    assert page.status_code == 200
    assert "A1" in page.text
    assert "a case" in page.text
    assert "张三丰" not in page.text
    assert "13812345601" not in page.text


def test_an_erasure_is_confirmed_first_and_says_what_is_open(house: House, root: Browser) -> None:
    """Without the tick, and while something is open without the second one, nothing is erased."""
    open_case(house, add_parcel(house))
    root.get(PAGE)
    for form in ({}, {"confirmed": "1"}):
        assert root.post(f"{PAGE}/erase", form).status_code == 422
    order = house.store.read(intake.find_order, "A1")
    assert order is not None
    assert order.customer.name == "张三丰"


@ON_BOTH
def test_an_erasure_takes_the_photos_along_and_leaves_the_log_whole(house: House, root: Browser) -> None:
    row = photo_of(house, open_case(house, add_parcel(house)))
    assert house.store.read(files.content, row) == PNG
    root.get(PAGE)
    done = root.post(f"{PAGE}/erase", {"confirmed": "1", "even_open": "1"})
    assert done.status_code == 200
    order = house.store.read(intake.find_order, "A1")
    assert order is not None
    assert (order.customer.name, order.customer.phone) == ("", "")
    kept = house.store.read(files.find, row.id)
    assert kept is not None
    assert kept.erased_at == NOW
    assert not [path for path in (house.store.path.parent / files.FOLDER).rglob("*") if path.is_file()]
    assert house.store.read(check.differences, now=NOW) == []


def test_a_held_customer_is_not_erased(house: House, root: Browser) -> None:
    add_parcel(house)
    root.get(PAGE)
    root.post(f"{PAGE}/hold", {"why": "court file 12"})
    assert "court file 12" in root.get(PAGE).text
    assert root.post(f"{PAGE}/erase", {"confirmed": "1", "even_open": "1"}).status_code == 422


@ON_BOTH
def test_an_export_holds_what_is_theirs(house: House, root: Browser) -> None:
    row = photo_of(house, open_case(house, add_parcel(house)))
    root.get(PAGE)
    packed = zipfile.ZipFile(io.BytesIO(root.post(f"{PAGE}/export").content))
    told = json.loads(packed.read("customer.json"))
    assert "张三丰" in json.dumps(told, ensure_ascii=False)
    assert packed.read(f"files/{row.id}.png") == PNG


def test_only_administrators_come_here(house: House, lin: Browser) -> None:
    add_parcel(house)
    assert lin.get(PAGE).status_code == 403
