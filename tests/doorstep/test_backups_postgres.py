"""Backups where PostgreSQL keeps the rows: one snapshot, restored whole and checked, or everything stays as it was."""

import json
import os
from pathlib import Path

import pytest
from engines import ask, fresh, server, tools
from planted import NOW, TOML, opened, sow

from config import settings as configured
from config.settings import Settings
from domain.errors import RuleError
from doorstep.backups import DUMP, MANIFEST, digest_of, make
from doorstep.restoring import Restored, restore
from doorstep.wiring import STRUCTS, open_house
from store import check, files
from store.base import Store

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    server()
    monkeypatch.setenv("PATH", tools(), prepend=os.pathsep)


def settings_in(folder: Path, url: str) -> Settings:
    folder.mkdir(exist_ok=True)
    store = f'[store]\nurl = "{url}"\n' if url else ""
    (folder / "doorstep.toml").write_text(f"{TOML}\n{store}")
    return configured.load(folder / "doorstep.toml", environ={}, structs=STRUCTS)


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    """A house in which twenty customers came through every door, with a photo."""
    settings = settings_in(tmp_path / "shop", fresh())
    with opened(tmp_path / "shop") as house:
        sow(house)
        house.store.write(files.add, JPEG, subject_type="order", subject_id="O1", by=None, at=NOW)
    return settings


def backed_up(settings: Settings, target: Path) -> Path:
    make(settings.database, target, now=NOW, url=settings.store_url)
    return target


def put_back(settings: Settings, backup: Path, *, force: bool = False) -> Restored:
    return restore(settings, backup, open_house, now=NOW, force=force)


def digest(settings: Settings) -> str:
    with Store(settings.database, url=settings.store_url) as store:
        assert store.read(check.differences, now=NOW) == []
        return store.read(check.digest)


def test_what_was_backed_up_is_restored(shop: Settings, tmp_path: Path) -> None:
    """In an empty database elsewhere everything is there again, photos too, and amounts to the same; the daemon may run meanwhile."""
    with Store(shop.database, url=shop.store_url, leads=True):
        backup = backed_up(shop, tmp_path / "b")
    elsewhere = settings_in(tmp_path / "elsewhere", fresh())
    ask(elsewhere.store_url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    done = put_back(elsewhere, backup)
    assert done.aside == ()
    assert done.manifest.schema == done.schema
    assert digest(elsewhere) == digest(shop)
    assert [path.read_bytes() for path in (elsewhere.database.parent / files.FOLDER).rglob("*") if path.is_file()] == [
        JPEG
    ]


def test_what_is_there_is_put_aside_only_when_told(shop: Settings, tmp_path: Path) -> None:
    """A database with tables is refused; with --force it stays as a schema beside the restored one."""
    backup, before = backed_up(shop, tmp_path / "b"), digest(shop)
    with opened(shop.file.parent) as house:
        house.store.write(lambda db: db.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('later', 'x')"))
    with pytest.raises(RuleError, match=r"has tables already: say --force"):
        put_back(shop, backup)
    done = put_back(shop, backup, force=True)
    [schema] = [one.removeprefix("schema ") for one in done.aside if one.startswith("schema ")]
    assert digest(shop) == before
    assert ask(shop.store_url, "SELECT count(*) FROM meta WHERE key = 'later'") == [(0,)]
    assert ask(shop.store_url, f"SELECT count(*) FROM \"{schema}\".meta WHERE key = 'later'") == [(1,)]
    assert make(shop.database, tmp_path / "again", now=NOW, url=shop.store_url).schema == done.schema


def spoilt(backup: Path) -> None:
    """A dump that ends early, though its digest says that it is right."""
    whole = (backup / DUMP).read_bytes()
    (backup / DUMP).write_bytes(whole[: len(whole) // 2])
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest["files"][DUMP] = digest_of(backup / DUMP)
    (backup / MANIFEST).write_text(json.dumps(manifest))


def test_a_restore_that_fails_leaves_everything_as_it_was(shop: Settings, tmp_path: Path) -> None:
    """A dump that is broken, and a database that isn't what its facts amount to, are refused; what was there is there."""
    backup, before = backed_up(shop, tmp_path / "b"), digest(shop)
    spoilt(backup)
    with pytest.raises(RuleError, match="pg_restore"):
        put_back(shop, backup, force=True)
    assert digest(shop) == before
    ask(shop.store_url, "UPDATE cases SET breached = NOT breached")
    unsound = backed_up(shop, tmp_path / "unsound")
    ask(shop.store_url, "UPDATE cases SET breached = NOT breached")
    with pytest.raises(RuleError, match="isn't sound"):
        put_back(shop, unsound, force=True)
    assert digest(shop) == before
    assert ask(shop.store_url, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'before%'") == [(0,)]


def test_a_backup_of_the_other_engine_says_what_to_do(shop: Settings, tmp_path: Path) -> None:
    """A dump isn't put beside an SQLite file, nor the file into a server."""
    backup = backed_up(shop, tmp_path / "b")
    embedded = settings_in(tmp_path / "embedded", "")
    with pytest.raises(RuleError, match=r"is of a PostgreSQL database: set `\[store\] url`"):
        put_back(embedded, backup)
    with Store(embedded.database):
        pass
    file = backed_up(embedded, tmp_path / "file")
    with pytest.raises(RuleError, match=r"is of an SQLite database: take `\[store\] url` away"):
        put_back(shop, file, force=True)


def test_missing_tools_are_named(shop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the server's programs there is no backup, and the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuleError, match="pg_dump isn't installed here"):
        backed_up(shop, tmp_path / "b")
    assert not (tmp_path / "b").exists()
