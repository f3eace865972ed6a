"""A mail server of our own for tests: speaks SMTP, records what it gets, and can fail, hang, refuse or offer TLS."""

import contextlib
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest


@dataclass
class Taken:
    """A message as it came over the wire."""

    sender: str
    recipients: list[str]
    raw: bytes
    user: str = ""
    encrypted: bool = False

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)  # type: ignore[return-value]


@dataclass
class Behaviour:
    """``rcpt`` and ``data``: the reply to these; ``hang``: say nothing at all; ``password``: what sign-in wants."""

    rcpt: str = "250 ok"
    data: str = "250 taken"
    hang: bool = False
    password: str = ""
    tls: ssl.SSLContext | None = None
    taken: list[Taken] = field(default_factory=list)
    sessions: int = 0


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"
    timeout = 10

    def handle(self) -> None:
        does = self.server.does
        does.sessions += 1
        if does.hang:
            self.server.stopped.wait(10)
            return
        self.encrypted, self.user = False, ""
        with contextlib.suppress(OSError, ValueError):
            self.say("220 test server")
            while line := self.rfile.readline():
                if self.answer(line.decode("utf-8", "replace").strip()):
                    return

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def answer(self, line: str) -> bool:
        """True where the session ends."""
        does, verb = self.server.does, line[:4].upper()
        if verb == "EHLO":
            offers = ["STARTTLS"] if does.tls and not self.encrypted else []
            offers += ["AUTH PLAIN"] if does.password else []
            names = ["test", *offers]
            self.say(*(f"250{'-' if i < len(names) - 1 else ' '}{n}" for i, n in enumerate(names)))
        elif verb == "STAR" and does.tls:
            self.say("220 go on")
            self.connection = does.tls.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.encrypted = True
        elif verb == "AUTH":
            import base64

            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self.user = user if password == does.password else ""
            self.say("235 ok" if self.user else "535 no")
        elif verb == "MAIL":
            self.sender, self.recipients = line[10:].split(">", maxsplit=1)[0].lstrip("<"), []
            self.say("250 ok")
        elif verb == "RCPT":
            self.recipients.append(line[8:].split(">", maxsplit=1)[0].lstrip("<"))
            self.say(does.rcpt)
        elif verb == "DATA":
            self.say("354 go on")
            raw = b""
            while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                raw += part[1:] if part.startswith(b"..") else part
            if does.data.startswith("250"):
                does.taken.append(Taken(self.sender, self.recipients, raw, self.user, self.encrypted))
            self.say(does.data)
        elif verb == "QUIT":
            self.say("221 bye")
            return True
        else:
            self.say("250 ok" if verb in {"RSET", "NOOP"} else "502 what?")
        return False


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, does: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.does = does
        self.stopped = threading.Event()


@contextlib.contextmanager
def smtp(does: Behaviour) -> Iterator[int]:
    """A running server; yields its port."""
    server = _Server(does)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost, made for this test, and the context of a server that shows it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no `openssl` on the PATH to make a certificate for the test")
    cert, key = folder / "cert.pem", folder / "key.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]  # fmt: skip
    subprocess.run([openssl, *asked], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
