"""A real Matrix homeserver for tests: Synapse from PyPI as a process of its own, in an environment of its own.

Synapse is AGPL-3.0: it is only ever run, never imported, and nothing of it is shipped. `make .venv-synapse/.ready` installs it.
"""

import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("DOORSTEP_SYNAPSE_PYTHON", ROOT / ".venv-synapse" / "bin" / "python"))
NAME = "chat.test"
SECRET = "only-for-tests"
PATIENCE_S = 60.0
"""How long it may take to come up while the machine is busy; never a figure that is measured."""

PLENTY = {"per_second": 1_000, "burst_count": 1_000}
RATES = {
    "rc_message": PLENTY,
    "rc_registration": PLENTY,
    "rc_login": {"address": PLENTY, "account": PLENTY, "failed_attempts": PLENTY},
    "rc_joins": {"local": PLENTY, "remote": PLENTY},
    "rc_invites": {"per_room": PLENTY, "per_user": PLENTY},
    "rc_room_creation": PLENTY,
    "rc_reports": PLENTY,
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"file": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["file"]},
}


def require() -> None:
    if not PYTHON.exists():
        pytest.skip("Synapse isn't installed: `make .venv-synapse/.ready` does that, `make test` too")


@dataclass
class User:
    """Somebody at the homeserver, by plain HTTP."""

    server: "Synapse"
    id: str
    password: str
    token: str
    sends: int = 0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, verify=False, trust_env=False))

    def call(self, method: str, path: str, body: Any = None, *, ok: bool = True) -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        reply = self.http.request(method, f"{self.server.url}/_matrix/client{path}", json=body, headers=headers)
        assert not ok or reply.status_code == 200, reply.text
        return reply.json() if ok else reply

    def create_room(self, *invite: str) -> str:
        made = self.call("POST", "/v3/createRoom", {"preset": "private_chat", "invite": list(invite)})
        return str(made["room_id"])

    def join(self, room: str) -> None:
        self.call("POST", f"/v3/join/{quote(room)}", {})

    def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        self.sends += 1
        path = f"/v3/rooms/{quote(room)}/send/{kind}/{self.id[1:4]}{self.sends}-{time.monotonic_ns()}"
        return str(self.call("PUT", path, content)["event_id"])

    def say(self, room: str, text: str, *, thread: str = "") -> str:
        relation = {"m.relates_to": {"rel_type": "m.thread", "event_id": thread}} if thread else {}
        return self.send(room, {"msgtype": "m.text", "body": text, **relation})

    def react(self, room: str, event: str, key: str = "✅") -> str:
        return self.send(
            room, {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}}, "m.reaction"
        )

    def events(self, room: str) -> list[dict[str, Any]]:
        """Everything in a room, oldest first, as it was sent (edits are entries of their own)."""
        found: list[dict[str, Any]] = []
        start = ""
        while True:
            page = self.call("GET", f"/v3/rooms/{quote(room)}/messages?dir=f&limit=500{start}")
            found += page["chunk"]
            if not page.get("end") or not page["chunk"]:
                return found
            start = f"&from={page['end']}"

    def message(self, room: str, event: str) -> dict[str, Any]:
        """A message as people see it: with its latest edit in its place."""
        raw = self.call("GET", f"/v3/rooms/{quote(room)}/event/{quote(event)}")
        replaced = raw.get("unsigned", {}).get("m.relations", {}).get("m.replace")
        return dict(replaced["content"]["m.new_content"] if replaced else raw["content"])

    def rooms(self) -> dict[str, Any]:
        """Rooms that this user is in or invited to."""
        return dict(self.call("GET", "/v3/sync?timeout=0").get("rooms", {}))


@dataclass
class Synapse:
    folder: Path
    port: int
    rates: dict[str, Any] = field(default_factory=lambda: RATES)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        config = {
            "server_name": NAME,
            "pid_file": str(self.folder / "pid"),
            "listeners": [
                {
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "type": "http",
                    "resources": [{"names": ["client"]}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "home.sqlite3")}},
            "log_config": str(self.folder / "logging.json"),
            "media_store_path": str(self.folder / "media"),
            "registration_shared_secret": SECRET,
            "macaroon_secret_key": SECRET,
            "form_secret": SECRET,
            "signing_key_path": str(self.folder / "signing.key"),
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "url_preview_enabled": False,
            "report_stats": False,
            "bcrypt_rounds": 4,
            **self.rates,
        }
        (self.folder / "logging.json").write_text(json.dumps(LOGGING))
        (self.folder / "home.json").write_text(json.dumps(config))  # JSON is YAML
        self._run("--generate-keys").wait(PATIENCE_S)

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(PYTHON), "-m", "synapse.app.homeserver", "-c", str(self.folder / "home.json"), *arguments]
        with (self.folder / "synapse.log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self) -> None:
        self.process = self._run()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/_matrix/client/versions").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"Synapse didn't come up: {self.log()}")

    def log(self) -> str:
        return (self.folder / "synapse.log").read_text("utf-8", "replace")[-3_000:]

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def user(self, name: str) -> User:
        """Register somebody with the shared secret (Synapse's admin API), and sign them in."""
        password = f"password-of-{name}"
        nonce = httpx.get(f"{self.url}/_synapse/admin/v1/register").json()["nonce"]
        parts = (nonce, name, password, "notadmin")
        mac = hmac.new(SECRET.encode(), b"\0".join(p.encode() for p in parts), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": mac}
        made = httpx.post(f"{self.url}/_synapse/admin/v1/register", json=body, timeout=30)
        assert made.status_code == 200, made.text
        return User(self, made.json()["user_id"], password, made.json()["access_token"])


@contextlib.contextmanager
def running(folder: Path, port: int, rates: dict[str, Any] | None = None) -> Iterator[Synapse]:
    """A homeserver that ends with the test, whatever happens in it."""
    require()
    made = Synapse(folder, port, {**RATES, **(rates or {})})
    made.prepare()
    try:
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.kill()
