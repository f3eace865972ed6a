"""Two daemons on one PostgreSQL database: one ticks, the other stands by and takes over."""

from pathlib import Path

import httpx
import pytest
from engines import ask, fresh, server
from running_support import Daemon, daemon, free_port, wait_for

from domain.errors import RuleError
from store import people, postgres
from store.base import Store

LEADERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = " + str(postgres.LEADING)


def installed(folder: Path, url: str) -> int:
    """Settings of one machine; the port on which it will listen."""
    folder.mkdir()
    port = free_port()
    (folder / "doorstep.toml").write_text(f'[doorstep]\nport = {port}\n[store]\nurl = "{url}"\n')
    return port


def cut_off(dsn: str) -> None:
    """Break the connection of whoever leads, as a server that ends does."""
    ask(dsn, f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE objid = {postgres.LEADING}")
    wait_for(lambda: ask(dsn, LEADERS) == [(0,)])


def is_up(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_a_change_of_one_who_was_taken_over_is_refused(tmp_path: Path) -> None:
    """Whose connection was lost, and with it the lock, changes nothing any more once another one leads."""
    server()
    dsn = fresh()
    with Store(tmp_path / "a" / "desk.sqlite3", url=dsn, leads=True) as first:
        with pytest.raises(postgres.Led):
            Store(tmp_path / "b" / "desk.sqlite3", url=dsn, leads=True)
        first.write(people.set_meta, "a", "1")
        cut_off(dsn)
        with Store(tmp_path / "b" / "desk.sqlite3", url=dsn, leads=True) as second:
            with pytest.raises(postgres.Led, match="another daemon ticks"):
                first.write(people.set_meta, "a", "2")
            assert first.led
            assert second.read(people.meta, "a") == "1"
        assert ask(dsn, LEADERS) == [(0,)]


def test_one_who_only_lost_the_connection_goes_on(tmp_path: Path) -> None:
    """A server that was restarted, or a broken connection, costs no more than a new one."""
    server()
    dsn = fresh()
    with Store(tmp_path / "a" / "desk.sqlite3", url=dsn, leads=True) as store:
        store.write(people.set_meta, "a", "1")
        cut_off(dsn)
        store.write(people.set_meta, "a", "2")
        assert store.read(people.meta, "a") == "2"
        assert ask(dsn, LEADERS) == [(1,)]


def test_restoring_waits_for_no_daemon(tmp_path: Path) -> None:
    """While a daemon ticks, what needs the database for itself is refused with the way out."""
    server()
    dsn = fresh()
    leader = Store(tmp_path / "desk.sqlite3", url=dsn, leads=True)
    with leader, pytest.raises(RuleError, match="stop it first"), postgres.held(dsn):
        pass
    with postgres.held(dsn), pytest.raises(postgres.Led):
        Store(tmp_path / "desk.sqlite3", url=dsn, leads=True)


@pytest.mark.slow
def test_the_other_daemon_takes_over(tmp_path: Path) -> None:
    """While the first one lives the second opens no port; killed in the middle, the first is followed by the second."""
    server()
    dsn = fresh()
    ports = [installed(tmp_path / name, dsn) for name in ("a", "b")]
    with daemon(tmp_path / "a", "run", port=ports[0]) as first:
        second = Daemon(tmp_path / "b", ("run",), ports[1])
        try:
            second.begin()
            wait_for(lambda: "standing by" in second.log())
            with pytest.raises(httpx.ConnectError):
                is_up(ports[1])
            first.kill()
            wait_for(lambda: is_up(ports[1]))
        finally:
            second.close()
