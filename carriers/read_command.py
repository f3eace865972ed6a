"""``doorstep carriers read``: what an adapter makes of one recorded reply, as JSON. Needs no configuration."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carriers import registry
from carriers.base import Carrier, failing_softly, read_safely
from domain.errors import RateLimited, RuleError
from domain.parcel import fold, timeline
from domain.tracking import Ask, Failed, Found, NotFound, ParcelReading, Reading, ScanEvent
from net.http import HttpReply

EXIT_READ = 0
EXIT_USAGE = 2
EXIT_ERROR = 3


def carriers_read(
    carrier: str, file: Path, *, number: str, push: bool, status: int, headers: Sequence[str], now: datetime
) -> int:
    """Print the report (docs/formats.md §2) and return the exit code: 0 for found and not_found, 3 for an error of the
    source, 2 for bad usage, which is told on stderr.
    """
    try:
        adapter = registry.get(carrier)
        reply = HttpReply(status, _headers(headers), _body(file))
        reading = _read(adapter, reply, Ask(number=_number(number)), push=push, now=now)
    except RuleError as exc:
        sys.stderr.write(f"{exc}\n")
        return EXIT_USAGE
    told = report(carrier, number, reading, now=now)
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return EXIT_ERROR if told["result"] == "error" else EXIT_READ


def _read(adapter: Carrier, reply: HttpReply, ask: Ask, *, push: bool, now: datetime) -> Reading:
    if not push:
        (reading,) = read_safely(adapter, reply, [ask], now)
        return reading
    source = adapter.push
    if source is None and not adapter.asks:  # whatever is brought by hand has one form
        return _read(adapter, reply, ask, push=False, now=now)
    if source is None:
        raise RuleError(f"{adapter.id} has no push: leave --push out")
    pushed = HttpReply(reply.status, reply.headers, source.unwrap(reply.body))
    (reading,) = failing_softly(adapter.id, lambda: source.read(pushed, [ask], now), [ask])
    return reading


def _number(number: str) -> str:
    if not number.strip():
        raise RuleError("--number is empty: give the number that was asked for")
    return number.strip()


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise RuleError(f"--header {line!r} is not NAME:VALUE")
        headers[name.strip().lower()] = value.strip()
    return headers


def _body(file: Path) -> bytes:
    """The file's bytes, as UTF-8 where they were saved in GB18030."""
    try:
        body = file.read_bytes()
    except OSError as exc:
        raise RuleError(f"{file}: {exc.strerror}") from exc
    for encoding in ("utf-8", "gb18030"):
        try:
            return body.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return body


def report(carrier: str, number: str, reading: Reading, *, now: datetime) -> dict[str, Any]:
    """A reading in the fixed form of docs/formats.md §2."""
    told: dict[str, Any] = {
        "carrier": carrier,
        "number": number,
        "result": "found",
        "no_data": None,
        "error": None,
        "moved_to": None,
        "parcels": [],
    }
    match reading:
        case Found(parcels=parcels, moved_to=moved_to):
            told |= {"moved_to": moved_to, "parcels": [_parcel(carrier, parcel, now) for parcel in parcels]}
        case NotFound(kind=kind, moved_to=moved_to):
            told |= {"result": "not_found", "no_data": kind, "moved_to": moved_to}
        case Failed(error=error, no_data=no_data):
            told |= {"result": "error", "no_data": no_data, "error": _error(error)}
    return told


def _error(error: Exception) -> dict[str, Any]:
    retry_after_s = error.retry_after_s if isinstance(error, RateLimited) else None
    return {"type": type(error).__name__, "retry_after_s": retry_after_s, "message": str(error)}


def _parcel(carrier: str, parcel: ParcelReading, now: datetime) -> Mapping[str, Any]:
    state = fold(parcel.events, now=now)
    return {
        "identity": parcel.identity,
        "number": parcel.number,
        "leg": parcel.leg,
        "state": {
            "milestone": state.milestone,
            "exception": state.reason,
            "manner": state.manner,
            "delivered": state.delivered,
        },
        "events": [_event(event) for event in timeline(carrier, parcel.events)],
    }


def _event(event: ScanEvent) -> Mapping[str, Any]:
    at = event.time.at
    return {
        "code": event.code,
        "text": event.text,
        "milestone": event.milestone,
        "exception": event.reason,
        "physical": event.physical,
        "place": event.place,
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None,
        "at_raw": event.time.raw,
        "zone": event.time.zone,
        "certainty": event.time.certainty,
    }
