"""Backups: one consistent moment while somebody writes, verified before anything is replaced; what was erased doesn't come back."""

import asyncio
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from planted import NOW, PLANTS, TOML, opened, sow
from running_support import daemon, doorstep, free_port, wait_for
from test_erasing import differences, erase, hits

from config import settings as configured
from config.settings import Backup, Settings
from domain.errors import RuleError
from doorstep.backups import DATABASE, MANIFEST, digest_of, make, verify
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.nightly_backup import NightlyBackup, made_in
from doorstep.operations import perform
from doorstep.restoring import Restored, restore
from doorstep.taking import TAKE, Sender
from doorstep.wiring import STRUCTS, open_house
from store import files

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(tmp_path) as made:
        yield made


@contextmanager
def running(folder: Path) -> Iterator[House]:
    """A house that is closed before the test goes on."""
    (folder / "shop").mkdir()
    with opened(folder / "shop") as made:
        yield made


def settings_in(folder: Path) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "doorstep.toml").write_text(TOML)
    return configured.load(folder / "doorstep.toml", environ={}, structs=STRUCTS)


def put_back(folder: Path, backup: Path, *, force: bool = False) -> Restored:
    return restore(settings_in(folder), backup, open_house, now=NOW, force=force)


def add_photo(house: House, about: str = "O1", data: bytes = JPEG) -> files.FileRow:
    return house.store.write(files.add, data, subject_type="order", subject_id=about, by=None, at=NOW)


def take_order(house: House, n: int) -> None:
    order = {"order": f"W-{n}", "items": [{"sku": "A", "name": "A", "qty": 1, "price_cents": 100}]}
    house.store.write(lambda db: TAKE["orders"](house, db, order, Sender(None, "test"), NOW))


def orders_in(database: Path) -> int:
    with sqlite3.connect(database) as db:
        return int(db.execute("SELECT count(*) FROM orders").fetchone()[0])


# --- making --------------------------------------------------------------------------------------------------------


def test_a_backup_is_one_moment_while_somebody_writes(house: House, tmp_path: Path) -> None:
    """Orders are taken all the time: each of three backups holds what was committed before it, restores, and checks clean."""
    done, ended = [0], threading.Event()

    def write_on() -> None:
        while not ended.is_set():
            take_order(house, done[0])
            done[0] += 1

    add_photo(house)
    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for n in range(3):
            wait_for(lambda least=n: done[0] > 20 * least)
            before = done[0]
            make(house.store.path, tmp_path / f"b{n}", now=NOW)
            assert before <= orders_in(tmp_path / f"b{n}" / DATABASE) <= done[0] + 1
    finally:
        ended.set()
        writer.join()
    assert put_back(tmp_path / "again", tmp_path / "b2").aside == ()
    with opened(tmp_path / "again") as back:
        assert differences(back) == []
        [photo] = back.store.read(files.of_subject, "order", "O1")
        assert back.store.read(files.content, photo) == JPEG


def test_photos_that_the_last_backup_has_are_shared(house: House, tmp_path: Path) -> None:
    """The same bytes take their room once; where the earlier copy was altered, they are copied anew."""
    row = add_photo(house)
    make(house.store.path, tmp_path / "b0", now=NOW)
    make(house.store.path, tmp_path / "b1", now=NOW, last=tmp_path / "b0")
    kept = [files.path_of(tmp_path / name / files.FOLDER, row.digest) for name in ("b0", "b1", "b2")]
    assert kept[0].samefile(kept[1])
    kept[0].write_bytes(b"altered")
    make(house.store.path, tmp_path / "b2", now=NOW, last=tmp_path / "b1")
    assert kept[2].read_bytes() == JPEG
    assert verify(tmp_path / "b2").files[f"files/{row.digest[:2]}/{row.digest[2:]}"] == row.digest


def test_only_its_owner_can_read_a_backup(house: House, tmp_path: Path) -> None:
    """It holds people: no other account of the machine gets in."""
    add_photo(house)
    make(house.store.path, tmp_path / "b", now=NOW)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "b", tmp_path / "b" / DATABASE)}
    assert modes == {0}


def test_a_lost_photo_is_said_not_left_out(house: House, tmp_path: Path) -> None:
    """A backup without a file that a row speaks of would be no backup; nothing is left under its name."""
    row = add_photo(house)
    files.path_of(house.store.path.parent / files.FOLDER, row.digest).write_bytes(b"rotten")
    with pytest.raises(RuleError, match="doorstep check"):
        make(house.store.path, tmp_path / "b", now=NOW)
    assert list(tmp_path.glob("b*")) == []


def test_a_backup_overwrites_nothing(house: House, tmp_path: Path) -> None:
    """A name that is taken is refused."""
    make(house.store.path, tmp_path / "b", now=NOW)
    with pytest.raises(RuleError, match="name a new folder"):
        make(house.store.path, tmp_path / "b", now=NOW)


# --- erasing -------------------------------------------------------------------------------------------------------


def test_what_was_erased_is_in_no_later_backup(house: House, tmp_path: Path) -> None:
    """Twenty people came in; a backup before their erasure holds them, one after it not a byte of them."""
    sow(house)
    make(house.store.path, tmp_path / "before", now=NOW)
    for plant in PLANTS:
        erase(house, plant)
    make(house.store.path, tmp_path / "after", now=NOW)
    assert hits(tmp_path / "before")
    assert hits(tmp_path / "after") == []


def test_who_was_erased_since_is_erased_again(tmp_path: Path) -> None:
    """An older backup in the place of the database: the list beside it is kept and applied before the database takes its place."""
    with running(tmp_path) as house:
        sow(house)
        make(house.store.path, tmp_path / "before", now=NOW)
        erase(house, PLANTS[0])
    done = put_back(tmp_path / "shop", tmp_path / "before", force=True)
    assert done.erased_again == 1
    with opened(tmp_path / "shop") as back:
        back.store.checkpoint()
        found = {value for name, value in hits(tmp_path / "shop") if name == "desk.sqlite3"}
        assert not found & set(PLANTS[0].values)
        assert found >= set(PLANTS[1].values)
        assert differences(back) == []


# --- refusing ------------------------------------------------------------------------------------------------------


def alter(backup: Path) -> None:
    with (backup / DATABASE).open("r+b") as file:
        file.seek(5_000)
        file.write(b"\x00\xff\x00\xff")


def lose_photo(backup: Path) -> None:
    shutil.rmtree(backup / files.FOLDER)


def from_the_future(backup: Path) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps({**manifest, "format": 99}))


def no_manifest(backup: Path) -> None:
    (backup / MANIFEST).unlink()


def newer_schema(backup: Path) -> None:
    with sqlite3.connect(backup / DATABASE) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    seal(backup)


def wrong_case(backup: Path) -> None:
    """Digests right, contents not what the facts say."""
    with sqlite3.connect(backup / DATABASE) as db:
        db.execute("UPDATE cases SET owner = 'nobody-took-it'")
    seal(backup)


def seal(backup: Path) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest["files"][DATABASE] = digest_of(backup / DATABASE)
    (backup / MANIFEST).write_text(json.dumps(manifest))


FAULTS: dict[Callable[[Path], None], str] = {
    alter: "altered: doorstep.sqlite3",
    lose_photo: "missing or altered: files/",
    from_the_future: "upgrade this installation",
    no_manifest: "isn't a backup",
    newer_schema: "schema 9999.*upgrade",
    wrong_case: "isn't sound.*owner",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_that_cant_be_relied_on_replaces_nothing(tmp_path: Path, fault: Callable[[Path], None]) -> None:
    """Each is refused with what to do, --force or not; the place stays byte for byte as it was."""
    with running(tmp_path) as house:
        sow(house)
        add_photo(house)
        make(house.store.path, tmp_path / "b", now=NOW)
    fault(tmp_path / "b")
    before = house.store.path.read_bytes()
    with pytest.raises(RuleError, match=FAULTS[fault]):
        put_back(tmp_path / "shop", tmp_path / "b", force=True)
    assert house.store.path.read_bytes() == before
    assert not list((tmp_path / "shop").glob("*before*"))
    assert not list((tmp_path / "shop").glob("*.restore"))


def test_a_place_that_is_taken_is_refused_without_force(tmp_path: Path) -> None:
    """With --force what was there is put aside under a name with the time, its photos too."""
    with running(tmp_path) as house:
        add_photo(house)
        make(house.store.path, tmp_path / "b", now=NOW)
        take_order(house, 1)
    with pytest.raises(RuleError, match="--force"):
        put_back(tmp_path / "shop", tmp_path / "b")
    aside = put_back(tmp_path / "shop", tmp_path / "b", force=True).aside
    assert set(aside) >= {f"desk.sqlite3.before-{NOW:%Y%m%dT%H%M%SZ}", f"files.before-{NOW:%Y%m%dT%H%M%SZ}"}
    assert orders_in(tmp_path / "shop" / "desk.sqlite3") == 0
    assert orders_in(tmp_path / "shop" / f"desk.sqlite3.before-{NOW:%Y%m%dT%H%M%SZ}") == 1


def test_a_running_daemon_keeps_its_database(house: House, tmp_path: Path) -> None:
    """Nothing is restored under somebody who writes."""
    make(house.store.path, tmp_path / "b", now=NOW)
    with pytest.raises(RuleError, match="stop it first"):
        put_back(tmp_path / "shop", tmp_path / "b", force=True)


# --- every night ---------------------------------------------------------------------------------------------------


def nightly_of(house: House, clock: SetClock, keep: int = 3) -> NightlyBackup:
    settings = msgspec.structs.replace(Backup(), keep=keep)
    object.__setattr__(house.settings, "backup", settings)
    return NightlyBackup(house.settings, clock)


async def a_look(nightly: NightlyBackup) -> int:
    await nightly.look()
    await nightly.finish()
    return len(made_in(nightly.folder))


def test_one_a_night_and_the_last_few_are_kept(house: House) -> None:
    """Ten days, looked at every hour: at half past three local time, one each, the newest three stay."""
    clock = SetClock(datetime(2026, 11, 1, 0, tzinfo=UTC))
    nightly = nightly_of(house, clock)

    async def ten_days() -> set[int]:
        seen = set()
        for hour in range(240):
            clock.set(datetime(2026, 11, 1, 0, tzinfo=UTC) + timedelta(hours=hour))
            seen.add(await a_look(nightly))
        return seen

    assert asyncio.run(ten_days()) == {1, 2, 3}
    times = [at for at, _ in made_in(nightly.folder)]
    assert times == [datetime(2026, 11, day, 20, tzinfo=UTC) for day in (8, 9, 10)]
    assert nightly.last_at == times[-1]


def test_a_failed_night_is_said_and_tried_again_in_an_hour(house: House, tmp_path: Path) -> None:
    """Where the folder can't be written, the error stands on /readyz until one goes well."""
    clock = SetClock(NOW)
    nightly = nightly_of(house, clock)
    nightly.folder.parent.mkdir()
    nightly.folder.write_text("a file in the way")

    async def three_looks() -> None:
        assert await a_look(nightly) == 0
        assert "can't be written" in nightly.health.error
        nightly.folder.unlink()
        clock.set(NOW + timedelta(minutes=59))
        assert await a_look(nightly) == 0
        clock.set(NOW + timedelta(minutes=61))
        assert await a_look(nightly) == 1
        assert nightly.health.error == ""

    asyncio.run(three_looks())


def test_what_a_crash_left_half_way_is_no_backup(house: House) -> None:
    """It isn't counted, and the next night takes it away."""
    nightly = nightly_of(house, SetClock(NOW))
    half = nightly.folder / "doorstep-20261101T000000Z.part"
    half.mkdir(parents=True)
    (half / DATABASE).write_bytes(b"half")
    assert nightly.last_at is None
    assert asyncio.run(a_look(nightly)) == 1
    assert not half.exists()


# --- as people run it ----------------------------------------------------------------------------------------------


def test_backup_and_restore_as_commands(tmp_path: Path) -> None:
    """Backed up under the running daemon, which also makes one by itself and says so; restored once it is stopped."""
    port = free_port()
    (tmp_path / "doorstep.toml").write_text(f'[doorstep]\ndatabase = "desk.sqlite3"\nport = {port}\n')
    assert doorstep("people", "add", "li", "Li", cwd=tmp_path).returncode == 0
    with daemon(tmp_path, "run", port=port) as lives:
        wait_for(lambda: httpx.get(f"{lives.url}/readyz").json()["backup"]["last_at"])
        done = doorstep("backup", "saved", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert doorstep("people", "add", "wu", "Wu", cwd=tmp_path).returncode == 0
        refused = doorstep("restore", "saved", "--force", cwd=tmp_path)
        assert (refused.returncode, "stop it first" in refused.stderr) == (2, True)
        lives.stop()
    done = doorstep("restore", "saved", "--force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "what was there" in done.stdout
    people = doorstep("people", "list", cwd=tmp_path).stdout
    assert ("Li" in people, "Wu" in people) == (True, False)
    assert len(made_in(tmp_path / "var" / "backups")) == 1


def test_an_empty_house_is_a_backup_too(house: House, tmp_path: Path) -> None:
    """Nothing but the schema: it restores, and its check is clean."""
    make(house.store.path, tmp_path / "b", now=NOW)
    put_back(tmp_path / "new", tmp_path / "b")
    with opened(tmp_path / "new") as back:
        assert perform(back, "check", {})["differences"] == []


def test_no_database_is_said(tmp_path: Path) -> None:
    """A wrong setting would make empty backups for years."""
    with pytest.raises(RuleError, match="there is no database"):
        make(tmp_path / "none.sqlite3", tmp_path / "b", now=NOW)
    assert list(tmp_path.iterdir()) == []
