"""One customer's data: exported whole, erased to the last byte, erased again after a restore; figures and the check stay right."""

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_support import Client
from planted import NOW, PLANTS, Plant, Sown, fail_stops, opened, push, sow, staff
from sqlalchemy.exc import IntegrityError

from domain.errors import RuleError
from doorstep.house import House
from doorstep.operations import perform
from doorstep.taking import TAKE, Sender
from doorstep.web.app import create_app
from doorstep.web.push import push_router
from store import audit, check, dialect, intake, packed
from store.base import Db


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def sown(house: House) -> Sown:
    made = sow(house)
    fail_stops(house)
    return made


def differences(house: House) -> list[str]:
    return [str(one) for one in house.store.read(check.differences, now=NOW)]


def hits(folder: Path, plants: tuple[Plant, ...] = PLANTS) -> list[tuple[str, str]]:
    """Every value of a plant that stands in a file of the house, however it is written there."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for value in (value for plant in plants for value in plant.values):
            forms = {value.encode(), value.encode("gb18030"), json.dumps(value)[1:-1].encode()}
            if any(form in data for form in forms):
                found.append((path.name, value))
    return found


def erase(house: House, plant: Plant, **more: object) -> dict[str, object]:
    return perform(house, "customer_erase", {"by": "root", "order": plant.order, "even_open": True, **more})


def test_after_an_erasure_no_byte_is_left(house: House, sown: Sown, tmp_path: Path) -> None:
    """Twenty people through every door: each value stands in the files before, none does after, and all is as its facts say."""
    house.store.checkpoint()
    before = hits(tmp_path)
    assert {value for name, value in before if name == "desk.sqlite3"} >= {v for p in PLANTS for v in p.values}
    assert {name for name, _ in before} >= {"orders-good.csv", "orders-bad.csv"}
    assert differences(house) == []
    for plant in PLANTS:
        assert erase(house, plant)["traces"] == []
    assert hits(tmp_path) == []
    assert house.store.read(in_bodies) == []
    assert differences(house) == []


def in_bodies(db: Db) -> list[str]:
    """Values of plants in compressed bodies, which a search for bytes doesn't see."""
    bodies = [packed.unpack(row[0]).decode() for row in db.exec_driver_sql("SELECT body FROM raw_reply")]
    return [v for body in bodies for p in PLANTS for v in p.values if v in body or json.dumps(v)[1:-1] in body]


def test_compressed_bodies_hold_people_before(house: House, sown: Sown) -> None:
    """The control: what the search of bodies finds before an erasure."""
    assert {p.name for p in PLANTS if p.n % 3} <= set(house.store.read(in_bodies))


def test_ids_facts_and_figures_stay(house: House, sown: Sown) -> None:
    """The same rows in every table but for what the erasure says of itself; orders' money, cases and scans as they were."""
    before = house.store.read(figures)
    for plant in PLANTS:
        erase(house, plant)
    after = house.store.read(figures)
    grown = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert grown == {"erasure": 20, "erased_fact": after["erased_fact"], "customer_keeping": 20, "fact": 40}


def figures(db: Db) -> dict[str, int]:
    """Rows by table, and what orders are worth."""
    tables = dialect.tables(db)
    counts = {name: int(db.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()) for name in tables}
    worth = [i["price_cents"] for r in db.exec_driver_sql("SELECT items FROM orders") for i in json.loads(r[0])]
    milestones = [r[0] for r in db.exec_driver_sql("SELECT milestone FROM parcel")]
    return {**counts, "worth": sum(worth), "on_the_way": milestones.count("out_for_delivery")}


def test_nobody_else_loses_anything(house: House, sown: Sown, tmp_path: Path) -> None:
    """Of nineteen others every value stands where it stood; a name that two have stays with the other one's order."""
    others = PLANTS[1:]
    twin = {
        "order": "T-1",
        "items": [{"sku": "A", "name": "A", "qty": 1, "price_cents": 1}],
        "customer": PLANTS[0].name,
    }
    house.store.write(taken, twin, house)
    house.store.checkpoint()
    before = {value for name, value in hits(tmp_path, others) if name == "desk.sqlite3"}
    erase(house, PLANTS[0])
    assert {value for name, value in hits(tmp_path, others) if name == "desk.sqlite3"} == before
    assert {value for _, value in hits(tmp_path, PLANTS[:1])} == {PLANTS[0].name}
    order = house.store.read(intake.find_order, "T-1")
    assert order is not None
    assert order.customer.name == PLANTS[0].name


def taken(db: Db, body: dict[str, object], house: House) -> None:
    TAKE["orders"](house, db, body, Sender(None, "api"), NOW)


def test_a_second_order_under_the_same_phone_is_the_same_customer(house: House, sown: Sown) -> None:
    """Erased by its phone: both orders are said, and both are empty."""
    body = {"order": "S-1", "items": [{"sku": "A", "name": "A", "qty": 1, "price_cents": 1}], "phone": PLANTS[3].phone}
    house.store.write(taken, body, house)
    done = perform(house, "customer_erase", {"by": "root", "phone": PLANTS[3].phone, "even_open": True})
    assert sorted(done["orders"]) == ["P-3", "S-1"]
    assert perform(house, "customer_show", {"by": "root", "order": "S-1"})["erased_at"]


def test_what_a_carrier_tells_later_isnt_kept(house: House, sown: Sown, tmp_path: Path) -> None:
    """Its push is answered, and brings nobody back; nor is the parcel asked about any more, whatever case is opened."""
    plant = PLANTS[4]
    erase(house, plant)
    client = Client(create_app(house, extra_routers=(push_router(house),)))
    push(client, plant, "2026-11-22 11:30:00")
    client.close()
    body = {"order": plant.order, "type": "not_received", "text": "not received"}
    house.store.write(lambda db: TAKE["disputes"](house, db, body, Sender(None, "api"), NOW))
    house.store.checkpoint()
    assert hits(tmp_path, (plant,)) == []
    assert house.store.read(in_bodies_of, plant) == []
    assert house.store.read(asked_about, plant) == [(None, "erased")]


def in_bodies_of(db: Db, plant: Plant) -> list[str]:
    return [value for value in in_bodies(db) if value in plant.values]


def asked_about(db: Db, plant: Plant) -> list[tuple[object, ...]]:
    rows = db.exec_driver_sql(
        "SELECT a.next_poll_at, w.ended FROM asking a JOIN watch w ON w.shipment_id = a.shipment_id"
        " JOIN shipment s ON s.id = a.shipment_id WHERE s.number = ?",
        (plant.number,),
    )
    return [tuple(row) for row in rows]


# --- what forbids it -----------------------------------------------------------------------------------------------


def test_a_hold_and_what_is_open_forbid_it(house: House, sown: Sown) -> None:
    """The message names what; nothing is written."""
    plant = PLANTS[5]
    with pytest.raises(RuleError, match="still open: case"):
        erase(house, plant, even_open=False)
    perform(house, "customer_hold", {"by": "root", "order": plant.order, "why": "lawsuit 12"})
    with pytest.raises(RuleError, match="legal hold"):
        erase(house, plant)
    assert perform(house, "customer_show", {"by": "root", "order": plant.order})["hold"] == "lawsuit 12"
    perform(house, "customer_hold", {"by": "root", "order": plant.order, "lift": True})
    assert erase(house, plant)["traces"] == []


@pytest.mark.parametrize("by", ["lead", "chen", "eve", "nobody"])
@pytest.mark.parametrize("what", ["customer_show", "customer_export", "customer_erase", "customer_hold"])
def test_only_an_administrator_may(house: House, tmp_path: Path, by: str, what: str) -> None:
    """Everybody else is refused, and whoever is known is on record with it."""
    staff(house)
    params = {"by": by, "order": "P-1", "out": str(tmp_path / "x.zip"), "why": "x"}
    with pytest.raises(RuleError, match="administrator"):
        perform(house, what, params)
    refused = [e.fact for e in house.store.read(audit.page).entries if e.fact.event == "refused"]
    assert [one.by for one in refused] == ([] if by == "nobody" else [by])
    assert not (tmp_path / "x.zip").exists()


def test_a_customer_who_isnt_there(house: House) -> None:
    """A message that says how to name one, without repeating the phone."""
    staff(house)
    for params in ({"order": "none"}, {"phone": "13800000000"}, {"email": "a@b.c"}):
        with pytest.raises(RuleError, match="there is no customer") as refused:
            perform(house, "customer_show", {"by": "root", **params})
        assert "13800000000" not in str(refused.value)
    with pytest.raises(RuleError, match="by one of"):
        perform(house, "customer_show", {"by": "root", "order": "x", "phone": "y"})


# --- facts ---------------------------------------------------------------------------------------------------------


def test_facts_can_be_rewritten_in_an_erasure_alone(house: House, sown: Sown) -> None:
    """Outside the guard refuses; inside it refuses everything but words; and the check sees what was changed by hand."""
    for sql in (
        "UPDATE fact SET words = 'x' WHERE id = 1",
        "INSERT INTO erasing VALUES ('e'); UPDATE fact SET event = 'x' WHERE id = 1",
        "INSERT INTO erasing VALUES ('e'); UPDATE fact SET at = 0 WHERE id = 1",
        "INSERT INTO erasing VALUES ('e'); UPDATE fact SET \"by\" = 'x' WHERE id = 1",
    ):
        with pytest.raises(IntegrityError, match="only ever appended"):
            house.store.write(run, sql)
    erase(house, PLANTS[6])
    house.store.write(
        run,
        "INSERT INTO erasing VALUES ('e'); UPDATE fact SET words = 'forged' WHERE id IN (SELECT fact_id FROM erased_fact)",
    )
    found = differences(house)
    assert any("rewritten by hand" in one for one in found)
    assert any(one.startswith("erasing: words is 'open'") for one in found)


def run(db: Db, sql: str) -> None:
    for one in sql.split("; "):
        db.exec_driver_sql(one)


# --- export --------------------------------------------------------------------------------------------------------


def test_an_export_has_everything_and_is_on_record(house: House, sown: Sown, tmp_path: Path) -> None:
    """Every value of the customer as they gave it, every table with rows of theirs, nobody else's phone; who took it is on record."""
    out = tmp_path / "out.zip"
    plant = PLANTS[2]
    perform(house, "customer_export", {"by": "root", "order": plant.order, "out": str(out)})
    with zipfile.ZipFile(out) as packed:
        data = json.loads(packed.read("customer.json"))
    text = json.dumps(data, ensure_ascii=False)
    assert all(value in text for value in plant.values)
    full = {name for name, rows in data.items() if rows}
    assert full >= {
        "customer",
        "orders",
        "shipment",
        "scan",
        "fact",
        "cases",
        "returns",
        "stop",
        "pickup_booking",
        "outbox",
    }
    assert [
        value for other in PLANTS if other != plant for value in (other.email,) if value in str(data["customer"])
    ] == []
    assert (out.stat().st_mode & 0o777) == 0o600
    [told] = [e.fact for e in house.store.read(audit.page).entries if e.fact.event == "exported"]
    assert (told.by, told.data["count"]) == ("root", 1)
    with pytest.raises(RuleError, match="there already"):
        perform(house, "customer_export", {"by": "root", "order": plant.order, "out": str(out)})


# --- backups -------------------------------------------------------------------------------------------------------


def test_a_later_backup_knows_nobody(house: House, sown: Sown, tmp_path: Path) -> None:
    """A copy that SQLite makes of the database after the erasure."""
    for plant in PLANTS:
        erase(house, plant)
    later = tmp_path / "later"
    later.mkdir()
    with sqlite3.connect(house.store.path) as source, sqlite3.connect(later / "copy.sqlite3") as target:
        source.backup(target)
    assert hits(later) == []


def test_a_restored_backup_is_erased_again(tmp_path: Path) -> None:
    """The database as it was before, put back: it knows them; the list beside it has them erased again, once."""
    with opened(tmp_path) as house:
        sow(house)
        house.store.checkpoint()
    shutil.copy(tmp_path / "desk.sqlite3", tmp_path / "backup.sqlite3")
    gone, kept = PLANTS[:5], PLANTS[5:]
    with opened(tmp_path) as house:
        for plant in gone:
            erase(house, plant)
    shutil.copy(tmp_path / "backup.sqlite3", tmp_path / "desk.sqlite3")
    (tmp_path / "backup.sqlite3").unlink()
    assert {v for p in gone for v in p.values} <= {value for _, value in hits(tmp_path, gone)}
    with opened(tmp_path) as house:
        done = perform(house, "reapply_erasures", {})["erased"]
        assert sorted(ref for one in done for ref in one["orders"]) == sorted(plant.order for plant in gone)
        assert perform(house, "reapply_erasures", {})["erased"] == []
        assert hits(tmp_path, gone) == []
        assert {value for _, value in hits(tmp_path, kept)} >= {v for p in kept for v in p.values}
        assert differences(house) == []


def test_the_list_says_nothing_of_anybody(house: House, sown: Sown, tmp_path: Path) -> None:
    """Ids and keyed hashes: neither a phone nor its plain hash; for its owner's eyes."""
    erase(house, PLANTS[1])
    path = tmp_path / "desk.sqlite3.erasures"
    text = path.read_text()
    assert hits(tmp_path, PLANTS[1:2]) == []
    assert hashlib.sha256(f"phone/{PLANTS[1].phone}".encode()).hexdigest() not in text
    assert (path.stat().st_mode & 0o777) == 0o600
    path.write_text(text + "not json\n")
    with pytest.raises(RuleError, match=r"erasures:2: isn't a line"):
        perform(house, "reapply_erasures", {})
