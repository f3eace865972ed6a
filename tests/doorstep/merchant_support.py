"""The merchant's system as a real server on a port of its own: it checks signatures its own way, and fails as it is told."""

import base64
import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"


def verified(headers: dict[str, str], body: bytes, secret: str = SECRET) -> bool:
    """Written from the specification, independently of the sender."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(sign, wanted) for version, sign in given)


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found


@dataclass
class Receiver:
    """``answers``: the next statuses (or "hang", "reset"), then 204."""

    port: int = 0
    answers: list[int | str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Received] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None
    _free: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        received = Received({k.lower(): v for k, v in request.headers.items()}, body)
        answer = self.answers.pop(0) if self.answers else 204
        self.got.append(received)
        if answer == "hang":
            self._free.wait(60)
        if isinstance(answer, str):
            request.connection.close()
            return
        request.send_response(answer)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("content-length", "0")
        request.end_headers()

    def stop(self) -> None:
        """As if it were killed: nobody listens any more."""
        self._free.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    try:
        yield made
    finally:
        made.stop()
