"""How the command line reaches a running daemon: one writer, whoever asks.

The daemon writes ``<database>.control`` (readable by its owner only) with its local address and a token. A command that
finds it sends its operation there; one that finds no daemon takes the database's lock and does the same operation here.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from domain.errors import OutsideError, RuleError
from doorstep.house import House
from net.http import Http, HttpRequest

Operation = Callable[[House, Mapping[str, Any]], dict[str, Any]]


def control_file(database: Path) -> Path:
    return database.with_name(database.name + ".control")


def announce(database: Path, url: str) -> str:
    """Write the control file of a daemon that listens at ``url``; returns the token to be asked for."""
    token = secrets.token_urlsafe(32)
    path = control_file(database)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
    return token


def withdraw(database: Path) -> None:
    control_file(database).unlink(missing_ok=True)


def ask_daemon(database: Path, name: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Have the running daemon do an operation; None where none runs. Raises RuleError where it refuses."""
    try:
        where = json.loads(control_file(database).read_text())
    except FileNotFoundError:
        return None
    if not _alive(where["pid"]):
        return None
    return asyncio.run(_post(where, name, params))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _post(where: Mapping[str, Any], name: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    headers = {"authorization": f"Bearer {where['token']}", "content-type": "application/json"}
    request = HttpRequest("POST", f"{where['url']}/control/{name}", headers, json.dumps(dict(params)).encode())
    async with Http("daemon") as http:
        try:
            reply = await http.send(request)
        except OutsideError:
            return None  # it died without taking its file along; the lock tells for sure
    answer: dict[str, Any] = json.loads(reply.body)
    if reply.status != 200:
        raise RuleError(answer.get("detail", f"the daemon answered {reply.status}"))
    return answer
