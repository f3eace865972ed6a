"""As a service: systemd and a heartbeat are told how it is, settings and secrets are taken anew while it runs, outside has a port of its own."""

import hashlib
import http.server
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import httpx
from running_support import Daemon, doorstep, free_port, wait_for

from config.settings import Doorstep
from doorstep.daemon import local_url
from doorstep.web.public_door import is_open

TOML = """
[doorstep]
database = "desk.sqlite3"
port = {port}
heartbeat_url = "{outside}/{beat}"
[backup]
keep = 0
[carriers.kuaidi100.main]
customer = "C"
key_file = "key"
base_url = "{outside}"
"""


class Outside:
    """A server that remembers what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[str] = []
        told = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told.paths.append(self.path)
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                told.bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"result": false, "returnCode": "500", "message": "x"}')

            def log_message(self, *_: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.server.shutdown()
    made.server.server_close()


def signed_with(body: str, key: str) -> bool:
    form = {name: values[0] for name, values in parse_qs(body).items()}
    return form["sign"] == hashlib.md5(f"{form['param']}{key}C".encode()).hexdigest().upper()


def test_systemd_the_heartbeat_and_new_secrets(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """READY and a sign of life at each beat; SIGHUP takes a new key and a new address without letting go of the port; settings with a
    mistake are left alone; SIGTERM is announced.
    """
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    port, file = free_port(), tmp_path / "doorstep.toml"

    said: list[str] = []

    def listen() -> None:
        while (told := heard.recv(4_096).decode()) != "over":
            said.append(told.partition("\n")[0])

    ear = threading.Thread(target=listen)
    ear.start()

    def told(wanted: str, times: int = 1) -> None:
        wait_for(lambda: said.count(wanted) >= times)

    with outside() as world:
        file.write_text(TOML.format(port=port, outside=world.url, beat="one"))
        (tmp_path / "key").write_text("old-key")
        lives = Daemon(tmp_path, ("run",), port)
        try:
            lives.start()
            told("READY=1")
            told("WATCHDOG=1")
            wait_for(lambda: "/one" in world.paths)
            doorstep("carriers", "test", "kuaidi100", cwd=tmp_path)
            assert signed_with(world.bodies[-1], "old-key")

            file.write_text("[doorstep]\nprot = 1\n")
            assert lives.process is not None
            lives.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "settings not taken" in lives.log())
            file.write_text(TOML.format(port=port, outside=world.url, beat="two"))
            (tmp_path / "key").write_text("new-key")
            lives.process.send_signal(signal.SIGHUP)
            told("RELOADING=1")
            socket.create_connection(("127.0.0.1", port)).close()
            told("READY=1", 2)
            wait_for(lambda: "/two" in world.paths)
            wait_for(lambda: httpx.get(f"{lives.url}/readyz").status_code == 200)
            doorstep("carriers", "test", "kuaidi100", cwd=tmp_path)
            assert signed_with(world.bodies[-1], "new-key")
            assert lives.stop() == 0
            told("STOPPING=1")
        finally:
            lives.close()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"over", str(tmp_path / "notify"))
            ear.join()
            heard.close()


def test_outside_has_a_port_of_its_own(tmp_path: Path) -> None:
    """On it only what proves itself by a signature is there: no console, no interface, no figures; the console's port has everything."""
    port, public = free_port(), free_port()
    (tmp_path / "doorstep.toml").write_text(
        f'[doorstep]\ndatabase = "desk.sqlite3"\nport = {port}\npublic_port = {public}\n[backup]\nkeep = 0\n'
    )
    lives = Daemon(tmp_path, ("run",), port)
    try:
        lives.start()
        link = doorstep("people", "add", "li", "Li", cwd=tmp_path).stdout
        there = {path: httpx.get(f"http://127.0.0.1:{public}{path}").status_code for path in (
            "/healthz", "/s/forged", "/", "/sign-in", "/enter/x", "/readyz", "/metrics", "/api/orders", "/control/check", "/case",
        )}  # fmt: skip
        assert there.pop("/healthz") == 200
        assert there.pop("/s/forged") in {404, 410}
        assert set(there.values()) == {404}
        assert httpx.get(f"{lives.url}/sign-in").status_code == 200
        assert httpx.get(f"{lives.url}/metrics").status_code == 200
        assert f"http://127.0.0.1:{port}/enter/" in link
        assert doorstep("check", cwd=tmp_path).returncode == 0
    finally:
        lives.close()


def test_what_is_open_is_a_short_list() -> None:
    """Neither an address that begins like an open one, nor a way around by dots, is."""
    assert is_open("/s/abc")
    assert is_open("/push/kuaidi100/main")
    assert not any(
        is_open(path) for path in ("/", "/s", "/settings", "/pushy", "/control/check", "/cases/1", "/returns")
    )


def test_commands_reach_the_daemon_past_any_proxy() -> None:
    """By the address that it listens on, not by the one that others know."""
    known = Doorstep(host="0.0.0.0", port=9000, public_url="https://desk.example.com")
    assert local_url(known) == "http://127.0.0.1:9000"
    assert local_url(Doorstep(host="::1", port=9000)) == "http://[::1]:9000"
