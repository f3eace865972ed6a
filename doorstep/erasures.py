"""Exporting and erasing one customer, as the command line and the pages have it done; and erasing again after a restore.

The list of erasures also stands beside the database (``<database>.erasures``): a backup that is restored doesn't know what was erased
after it was made, the list does. It holds ids and keyed hashes, nothing that says who it was.
"""

import hashlib
import hmac
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.erasing import Personal, forms, rewriter
from domain.errors import RuleError
from doorstep.house import House
from doorstep.invitations import keyed
from doorstep.traces import clean_leftovers, files_of, traces
from store import customers as customer_records
from store import erasing, facts, keeping
from store import files as stored_files
from store.base import Db
from store.erasing import Asked, ErasureRow, Scope
from store.facts import FactRow


@dataclass(frozen=True, slots=True)
class Whom:
    """How a customer is named: by one of an order, a phone, a mail address."""

    order: str = ""
    phone: str = ""
    email: str = ""

    def __str__(self) -> str:
        return f"order {self.order}" if self.order else "this phone" if self.phone else "this mail address"


@dataclass(frozen=True, slots=True)
class Found:
    """A customer's records, what is theirs, what is still open about them and what holds them."""

    customers: tuple[int, ...]
    scope: Scope
    open: tuple[str, ...]
    hold: str
    erased_at: datetime | None
    look_at: datetime | None


def find(house: House, whom: Whom) -> Found:
    """Raises RuleError where there is no such customer."""
    found = house.store.read(_find, whom)
    if found is None:
        raise RuleError(
            f"there is no customer of {whom}: name an order, or the phone or mail address exactly as it was sent"
        )
    return found


def _find(db: Db, whom: Whom) -> Found | None:
    customers = erasing.customers_of(db, order=whom.order, phone=whom.phone, email=whom.email)
    if not customers:
        return None
    scope = erasing.scope_of(db, customers)
    kept = [keeping.of(db, one) for one in customers]
    erased = [one.erased_at for one in kept]
    return Found(
        customers, scope, tuple(keeping.still_open(db, scope)), keeping.held(db, customers),
        max((at for at in erased if at), default=None) if all(erased) else None,
        max((one.look_at for one in kept if one.look_at), default=None),
    )  # fmt: skip


# --- export --------------------------------------------------------------------------------------------------------


def export(house: House, whom: Whom, *, by: str, channel: str) -> bytes:
    """Everything about one customer as a zip: customer.json, table by table, and the files that were added. On record, with
    who took it.
    """
    found = find(house, whom)
    rows = house.store.write(_export, found, FactRow("person", by, "exported", house.now(), by, channel))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("customer.json", json.dumps(rows, ensure_ascii=False, indent=1, default=_plain))
        for name, data in house.store.read(_files_of, found.scope):
            out.writestr(name, data)
    return packed.getvalue()


def _export(db: Db, found: Found, told: FactRow) -> dict[str, Any]:
    data = {"what": "customer", "count": 1, "customers": list(found.customers)}
    facts.append(
        db, [FactRow(told.subject_type, told.subject_id, told.event, told.at, told.by, told.channel, data=data)]
    )
    return {"exported_at": told.at, **erasing.personal_rows(db, found.scope)}


def _files_of(db: Db, scope: Scope) -> list[tuple[str, bytes]]:
    rows = [
        row for kind, ids in scope.subjects.items() for one in ids for row in stored_files.of_subject(db, kind, one)
    ]
    kept = [(row, stored_files.content(db, row)) for row in rows]
    return [(f"files/{row.id}.{row.kind}", data) for row, data in kept if data is not None]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value.hex() if isinstance(value, bytes) else str(value)


def save(out: Path, data: bytes) -> None:
    """A new file, for its owner's eyes. Raises RuleError where there is one already."""
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise RuleError(f"{out}: can't be written ({exc.strerror}); name a new file in a folder that exists") from exc
    with os.fdopen(handle, "wb") as file:
        file.write(data)


# --- erase ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. ``traces``: files in which something still stands; ``leftovers``: imported files that were changed."""

    id: str
    customers: int
    orders: tuple[str, ...]
    leftovers: tuple[str, ...]
    traces: tuple[str, ...]


def erase(house: House, whom: Whom, *, by: str, channel: str, even_open: bool = False) -> Erased:
    """Erase one customer everywhere. Raises RuleError where a legal hold forbids it, or something is open (``even_open``: all
    the same; their parcels are watched no more).
    """
    found = find(house, whom)
    if found.hold:
        raise RuleError(
            f"this customer is under a legal hold ({found.hold}): lift it first with `doorstep customers hold --lift`"
        )
    if found.open and not even_open:
        raise RuleError(f"still open: {', '.join(found.open)}; settle it first, or erase all the same with --even-open")
    asked = Asked(house.new_id(), house.now(), by, "asked", channel)
    return carry_out(house, found.customers, found.scope, asked)


def carry_out(house: House, customers: Sequence[int], scope: Scope, asked: Asked) -> Erased:
    gone = house.store.write(_erase, customers, scope, asked, hash_of(house))
    house.store.write(stored_files.sweep)
    keep_list(house)
    leftovers = clean_leftovers(house.settings.import_folder, rewriter(gone.known_as))
    left = leave_no_trace(house, gone.alone)
    return Erased(asked.id, len(customers), tuple(scope.of("order")), tuple(leftovers), tuple(left))


def _erase(db: Db, customers: Sequence[int], scope: Scope, asked: Asked, keyed_hash: erasing.Keyed) -> erasing.Gone:
    """Rows, letters, facts, the files that were added to what is theirs, and by what they were known again as the same
    customer. The files' bytes go after the commit.
    """
    for kind, ids in scope.subjects.items():
        for one in ids:
            stored_files.erase(db, stored_files.of_subject(db, kind, one), now=asked.at)
    for record in {customer_records.record_of(db, ref) for ref in scope.of("order")} - {None}:
        assert record is not None
        customer_records.forget(db, record)
    return erasing.erase(db, customers, asked, keyed_hash)


def leave_no_trace(house: House, who: Personal) -> list[str]:
    """Empty the write-ahead log; where something is still found in the database's files, write it anew. Returns the files in
    which anything is found even then.
    """
    wanted = list(forms(who))
    if house.store.url:
        house.store.shred()  # the server's own files aren't ours to look through
        return []
    house.store.checkpoint()
    if not traces(files_of(house.store.path), wanted):
        return []
    house.store.shred()
    return traces(files_of(house.store.path), wanted)


def hash_of(house: House) -> erasing.Keyed:
    """Hashes that only this installation makes. Its key is read at once: a change can't read beside itself."""
    key = keyed(house, "erased").encode()
    return lambda text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


# --- the list beside the database ----------------------------------------------------------------------------------


def list_file(database: Path) -> Path:
    return database.with_name(database.name + ".erasures")


def keep_list(house: House) -> None:
    """Write the list anew: what the database knows, and what only the list knows."""
    path = list_file(house.store.path)
    known = {row.id: _line(row) for row in house.store.read(erasing.erasures)}
    lines = {**known, **{row.id: _line(row) for row in read_list(path)}}
    aside = path.with_name(f"{path.name}.part")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines.values())
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _line(row: ErasureRow) -> str:
    return json.dumps({**asdict(row), "at": row.at.isoformat()}, sort_keys=True)


def read_list(path: Path) -> list[ErasureRow]:
    """Raises RuleError where a line can't be read: an erasure that is forgotten is a customer who is back."""
    if not path.exists():
        return []
    return [_row(path, number, line) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)]


def _row(path: Path, number: int, line: str) -> ErasureRow:
    try:
        raw: Mapping[str, Any] = json.loads(line)
        lists = {name: tuple(raw[name]) for name in ("customers", "orders", "digests")}
        return ErasureRow(raw["id"], datetime.fromisoformat(raw["at"]), raw["by"], raw["why"], **lists)
    except (ValueError, KeyError, TypeError) as exc:
        raise RuleError(
            f"{path}:{number}: isn't a line of the list of erasures; restore the file from a backup"
        ) from exc


def reapply(house: House) -> list[Erased]:
    """Erase again whom the list names and the database still knows: it was restored from an older backup."""
    known = {row.id for row in house.store.read(erasing.erasures)}
    if known:
        keep_list(house)  # a power cut between an erasure and its line costs nothing
    unknown = [row for row in read_list(list_file(house.store.path)) if row.id not in known]
    if not unknown:
        return []
    back = house.store.read(erasing.back_again, unknown, hash_of(house))
    done = []
    for row in unknown:
        scope = house.store.read(erasing.scope_of, back[row.id])
        done.append(carry_out(house, back[row.id], scope, Asked(row.id, house.now(), row.by, "restored")))
    return [one for one in done if one.customers]
