"""`doorstep doctor`: each thing that must be right, looked at, one line each and the fix where it is wrong.

Nothing is asked of anybody outside unless that is wanted (``ask``): then one question for each account, at its price, and a step into each chat.
"""

import asyncio
import platform
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.licences import licence_warnings
from config.words import say
from domain.errors import OutsideError, RuleError
from domain.people import Role
from domain.words import Words
from doorstep import stuck
from doorstep.carrier_operations import carriers_test
from doorstep.chats import lines_of
from doorstep.credentials import Credential, credentials
from doorstep.house import House
from doorstep.nightly_backup import made_in
from net.http import Http, HttpRequest, Transport
from store import chat_queue, dialect, people, pg_backup
from store.postgres import shown
from store.trouble import DatabaseError, trouble_of

LEAST_FREE = 1024**3
OLD = timedelta(hours=26)
"""A night was missed, and the hour in which a failed one is tried again is over."""
SKEW = timedelta(seconds=30)
"""Signatures of carriers and chats hold for a few minutes; half a minute leaves room."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked at, and how it is."""

    ok: bool
    words: Words


def doctor(house: House, params: Mapping[str, Any], *, transport: Transport | None = None) -> dict[str, Any]:
    """Every look as a line in the installation's language, or ``lang``; ``ask``: accounts and chats are tried for real."""
    ask = bool(params.get("ask"))
    lang = params.get("lang") or house.settings.doorstep.lang
    looks = [
        *_settings(house), *_store(house), *_disk(house), *_backups(house), *_people(house), *_carriers(house, ask=ask),
        *_chats(house, ask=ask), _clock(house, transport), _stuck(house), _versions(house),
    ]  # fmt: skip
    lines = [{"ok": one.ok, "says": say(one.words, lang, house.settings.zone)} for one in looks]
    return {"ok": all(one.ok for one in looks), "looks": lines}


def good(code: str, **params: Any) -> Look:
    return Look(ok=True, words=Words(f"doctor.{code}", params))


def bad(code: str, **params: Any) -> Look:
    return Look(ok=False, words=Words(f"doctor.{code}", params))


def _settings(house: House) -> Iterator[Look]:
    settings, file = house.settings, house.settings.file
    secret = any(settings.carriers.values()) or any(settings.chats.values())
    if file.exists() and secret and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield bad("settings.readable", file=str(file))
    else:
        yield good("settings.ok", file=str(file))
    today = house.wall().astimezone(settings.zone).date()
    yield from (bad("settings.warned", warning=said) for said in licence_warnings(settings.collectors, today))


def _store(house: House) -> Iterator[Look]:
    try:
        house.store.write(people.set_meta, "probed_at", house.wall().isoformat())
    except DatabaseError as exc:
        yield bad("store.bad", trouble=trouble_of(exc) or str(exc.orig))
    else:
        place = shown(house.store.url) if house.store.url else str(house.store.path)
        engine = house.store.read(dialect.engine)
        yield good("store.ok", engine=engine, place=place, size=size(house.store.read(dialect.size)))


def _disk(house: House) -> Iterator[Look]:
    growing = 0 if house.store.url else house.store.read(dialect.size)
    free, needed = shutil.disk_usage(house.store.path.parent).free, max(LEAST_FREE, growing)
    yield good("disk.ok", free=size(free)) if free >= needed else bad("disk.bad", free=size(free), needed=size(needed))


def _backups(house: House) -> Iterator[Look]:
    wanted = house.settings.backup
    made = made_in(house.settings.path(wanted.folder))
    if house.store.url and (missing := pg_backup.missing()):
        yield bad("backup.no_tools", tools=", ".join(missing))
    if not wanted.keep:
        yield bad("backup.off")
    elif not made:
        yield bad("backup.none")
    else:
        at = made[-1][0]
        yield (bad if house.wall() - at > OLD else good)(
            f"backup.{'old' if house.wall() - at > OLD else 'ok'}", made_at=at.isoformat()
        )


def _people(house: House) -> Iterator[Look]:
    active = [one for one in house.store.read(people.people) if one.active]
    is_one = any(one.role == Role.ADMIN for one in active)
    yield good("people.ok", people=len(active)) if is_one else bad("people.bad")


def _carriers(house: House, *, ask: bool) -> Iterator[Look]:
    found = [one for one in house.store.read(partial(credentials, house), now=house.now()) if one.set_up]
    if not found:
        yield bad("carrier.none")
    for one in found:
        yield _asked(house, one) if ask else _health(one)


def _health(one: Credential) -> Look:
    state = one.line.state
    if state.failing_since:
        return bad(
            "carrier.bad",
            name=one.name,
            carrier=state.source,
            since_at=state.failing_since.isoformat(),
            error=state.error,
        )
    if state.last_ok_at:
        return good("carrier.ok", name=one.name, last_at=state.last_ok_at.isoformat())
    return good("carrier.not_asked", name=one.name)


def _asked(house: House, one: Credential) -> Look:
    """One question; where none is allowed, what is known."""
    source, account = one.line.state.source, one.line.state.account
    try:
        answer = carriers_test(house, {"carrier": source, "account": account})
    except RuleError:
        return _health(one)
    if answer["ok"]:
        return good("carrier.asked", name=one.name, says=answer["says"])
    return bad("carrier.refused", name=one.name, carrier=source, says=answer["says"].rstrip(".。"))


def _chats(house: House, *, ask: bool) -> Iterator[Look]:
    counts = house.store.read(chat_queue.counts)
    refused = asyncio.run(_entered(house)) if ask else {}
    for row in house.store.read(chat_queue.channels):
        count = counts.get(row.name, {})
        dead, waiting = count.get("dead", 0), count.get("waiting", 0)
        if refused.get(row.name):
            yield bad("chat.refused", name=row.name, error=refused[row.name])
        elif dead:
            yield bad("chat.dead", name=row.name, dead=dead)
        else:
            yield good("chat.entered" if ask else "chat.ok", name=row.name, waiting=waiting)


async def _entered(house: House) -> dict[str, str]:
    """What each chat says when we come in; '' where it lets us."""
    said = {}
    for line in lines_of(house.settings, wall=house.wall):
        try:
            await line.enter()
            said[line.channel] = ""
        except OutsideError as exc:
            said[line.channel] = str(exc)
        finally:
            await line.close()
    return said


def _clock(house: House, transport: Transport | None) -> Look:
    url = next((one.base_url for named in house.settings.carriers.values() for one in named.values()), "")
    if not url:
        return good("clock.no_host")
    host = urlsplit(url).hostname or url
    before = house.wall()
    told = asyncio.run(_date_of(url, transport))
    if told is None:
        return good("clock.unknown", host=host)
    off = max(
        timedelta(0), abs(told - before) - (house.wall() - before) - timedelta(seconds=1)
    )  # Date has whole seconds
    params = {"host": host, "off_s": max(1, int(off.total_seconds()))}
    return bad("clock.bad", **params) if off > SKEW else good("clock.ok", **params)


async def _date_of(url: str, transport: Transport | None) -> datetime | None:
    """What a server says that time it is, whatever else it answers."""
    async with Http("clock", transport=transport) as http:
        try:
            reply = await http.send(HttpRequest("HEAD", url))
            told = parsedate_to_datetime(reply.headers.get("date", ""))
        except (OutsideError, ValueError):
            return None
    return told if told.tzinfo else None


def _stuck(house: House) -> Look:
    found = house.store.read(stuck.everything)
    return bad("stuck.bad", stuck=len(found)) if found else good("stuck.ok")


def _versions(house: House) -> Look:
    return good(
        "versions.ok", doorstep=version("doorstep"), schema=house.store.read(dialect.schema), python=platform.python_version(),
    )  # fmt: skip


def size(count: int) -> str:
    """Bytes as people say them."""
    value, units = float(count), ("B", "kB", "MB", "GB", "TB")
    for unit in units:
        if value < 1000 or unit == units[-1]:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError(count)


def unopened(file: Path, problem: RuleError) -> dict[str, Any]:
    """Where the settings or the database can't even be opened: that is the line."""
    return {
        "ok": False,
        "looks": [{"ok": False, "says": line} for line in str(problem).splitlines()],
        "file": str(file),
    }
