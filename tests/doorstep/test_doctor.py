"""`doorstep doctor`: one line for each thing, its fix where it is wrong, exit 1 then; in both languages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import fresh, tools
from planted import NOW, TOML, opened
from running_support import doorstep, free_port

from doorstep.doctor import doctor
from doorstep.house import House
from store import aside, mail, people, sources
from store.mail import Letter
from store.people import Person
from store.postgres import shown
from store.sources import SourceState


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        made.store.write(people.save_person, Person("root", "Root", "admin", "en"))
        (tmp_path / "doorstep.toml").chmod(0o600)
        object.__setattr__(made.settings, "collectors", ())  # theirs has no licence, which the doctor would say
        night(tmp_path, NOW - timedelta(hours=6))
        yield made


def night(folder: Path, at: datetime) -> None:
    (folder / "var" / "backups" / f"doorstep-{at:%Y%m%dT%H%M%SZ}").mkdir(parents=True)


def server(*, clock: datetime) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(404, headers={"date": format_datetime(clock, usegmt=True)}))


def look(house: House, **more: Any) -> dict[str, Any]:
    return doctor(house, {"lang": "en", **more}, transport=server(clock=house.wall()))


def wrong(house: House, **more: Any) -> list[str]:
    return [one["says"] for one in look(house, **more)["looks"] if not one["ok"]]


def test_a_healthy_house_has_a_line_for_everything(house: House) -> None:
    """Nothing is wrong, and each thing was looked at."""
    answer = look(house)
    assert answer["ok"], answer
    about = [one["says"].partition(":")[0] for one in answer["looks"]]
    assert about == [
        "settings", "database", "disk", "backups", "people", "carrier kuaidi100/main", "clock", "stuck", "versions",
    ]  # fmt: skip


def test_it_says_where_the_rows_are_and_what_copies_them(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine and the file; of PostgreSQL the address without its password, and what is wrong where its tools are missing."""
    [embedded] = [one["says"] for one in look(house)["looks"] if one["says"].startswith("database")]
    assert embedded.startswith("database: SQLite 3")
    assert str(house.store.path) in embedded
    (tmp_path / "there").mkdir()
    dsn = fresh()
    (tmp_path / "there" / "doorstep.toml").write_text(f'{TOML}\n[store]\nurl = "{dsn}"\n')
    with opened(tmp_path / "there") as other:
        monkeypatch.setenv("PATH", tools())
        found = look(other)["looks"]
        assert [one for one in found if one["says"].startswith("database: PostgreSQL ")]
        assert any(shown(dsn) in one["says"] for one in found)
        assert not any("pg_dump" in one for one in wrong(other))
        monkeypatch.setenv("PATH", str(tmp_path))
        assert any("pg_dump, pg_restore" in one and "postgresql-client" in one for one in wrong(other))


def test_both_languages_say_the_same_things(house: House) -> None:
    """As many lines, none without its words."""
    both = [doctor(house, {"lang": lang}, transport=server(clock=NOW))["looks"] for lang in ("zh", "en")]
    assert [one["ok"] for one in both[0]] == [one["ok"] for one in both[1]]
    assert not any("doctor." in one["says"] or "{" in one["says"] for looks in both for one in looks)


def failing(house: House) -> None:
    state = SourceState("kuaidi100", "main", failing_since=NOW - timedelta(hours=2), failures=9, error="HTTP 503")
    house.store.write(sources.save, state)


def readable(house: House) -> None:
    house.settings.file.chmod(0o644)


def no_admin(house: House) -> None:
    house.store.write(people.save_person, Person("root", "Root", "admin", "en", active=False))


def given_up(house: House) -> None:
    house.store.write(mail.post, [Letter("L1", "console", "alert", "opened", "case", "1")], now=NOW)
    house.store.write(mail.mark_failed, "L1", error="no", retry_at=None, now=NOW)


def broken(house: House) -> None:
    house.store.write(aside.put, "case", "1", KeyError("x"), now=NOW)


def old_backup(house: House) -> None:
    for path in (house.settings.file.parent / "var" / "backups").iterdir():
        path.rmdir()
    night(house.settings.file.parent, NOW - timedelta(hours=27))


def no_backup(house: House) -> None:
    for path in (house.settings.file.parent / "var" / "backups").iterdir():
        path.rmdir()


def backups_off(house: House) -> None:
    object.__setattr__(house.settings, "backup", msgspec.structs.replace(house.settings.backup, keep=0))


FAULTS = {
    failing: "carrier kuaidi100/main: failing since",
    readable: "chmod 600",
    no_admin: "doorstep people add",
    given_up: "doorstep stuck list",
    broken: "doorstep stuck list",
    old_backup: "backups: the newest was made",
    no_backup: "doorstep backup FOLDER",
    backups_off: "[backup] keep",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_line_with_its_fix(house: House, fault: Any) -> None:
    """Exactly the thing that is wrong is said to be."""
    fault(house)
    [line] = wrong(house)
    assert FAULTS[fault] in line
    assert "Fix: " in line


def test_a_clock_that_is_off_is_said(house: House) -> None:
    """By the Date that a carrier's server sends; half a minute is let pass; a server that can't be reached accuses nobody."""
    for seconds, fine in ((0, True), (25, True), (-25, True), (90, False), (-90, False)):
        answer = doctor(house, {"lang": "en"}, transport=server(clock=NOW + timedelta(seconds=seconds)))
        [line] = [one for one in answer["looks"] if one["says"].startswith("clock")]
        assert line["ok"] is fine, (seconds, line)

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    answer = doctor(house, {"lang": "en"}, transport=httpx.MockTransport(down))
    assert "couldn't be asked" in next(one["says"] for one in answer["looks"] if one["says"].startswith("clock"))
    assert answer["ok"]


def test_a_database_that_takes_nothing_is_said(house: House) -> None:
    """The reason and the fix, as on /readyz."""
    with house.store._write_engine.connect() as db:
        db.connection.cursor().execute("PRAGMA query_only=ON")
    [line] = wrong(house)
    assert line.startswith("database: read_only: ")


def test_as_a_command(tmp_path: Path) -> None:
    """Exit 1 and a line for each fault; settings that can't be read are the doctor's first line, not a traceback."""
    (tmp_path / "doorstep.toml").write_text(f'[doorstep]\ndatabase = "d.sqlite3"\nlang = "en"\nport = {free_port()}\n')
    done = doorstep("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "BAD  people: nobody can sign in" in done.stdout
    assert "ok   database: " in done.stdout
    (tmp_path / "doorstep.toml").write_text("[doorstep]\nprot = 1\n")
    done = doorstep("doctor", cwd=tmp_path)
    assert (done.returncode, "did you mean `port`" in done.stdout) == (1, True)
    assert "Traceback" not in done.stderr
