"""Until when carriers' replies are kept: some days, and as evidence for as long as a case or claim about a parcel in them is open."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote_to_bytes

from store import packed
from store.base import Db
from store.tables import to_seconds
from store.tracking import chunks

LOOK_AGAIN = timedelta(days=1)
_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]{3,39}")
_HELD = (
    "SELECT s.number FROM shipment s WHERE s.number IN ({})"
    " AND (EXISTS (SELECT 1 FROM cases c WHERE c.closed_at IS NULL AND c.subject_type = 'shipment'"
    " AND c.subject_id = CAST(s.id AS VARCHAR))"
    " OR EXISTS (SELECT 1 FROM cases c WHERE c.closed_at IS NULL AND c.order_ref = s.order_ref)"
    " OR EXISTS (SELECT 1 FROM claim l WHERE l.shipment_id = s.id AND l.state NOT IN ('paid', 'written_off')))"
)


def is_due(db: Db, *, before: datetime, now: datetime) -> bool:
    """Whether a reply that came before is still there, and wasn't found to be held a while ago."""
    looks = (
        f"SELECT 1 FROM raw_reply WHERE again_at IS NULL AND at < {to_seconds(before)} LIMIT 1",
        f"SELECT 1 FROM raw_reply WHERE again_at IS NOT NULL AND again_at <= {to_seconds(now)} LIMIT 1",
    )
    return any(db.exec_driver_sql(look).first() for look in looks)


def drop(db: Db, *, before: datetime, now: datetime, limit: int) -> int:
    """Look at replies that came before, the oldest first: delete those that nothing holds; returns how many.

    A reply knows no shipments: the parcels are those whose numbers stand in it.
    """
    rows = db.exec_driver_sql(
        "SELECT digest, body FROM raw_reply WHERE digest IN (SELECT digest FROM raw_reply WHERE again_at IS NULL AND at < ?"
        " ORDER BY at LIMIT ?) UNION ALL SELECT digest, body FROM raw_reply WHERE digest IN (SELECT digest FROM raw_reply"
        " WHERE again_at IS NOT NULL AND again_at <= ? ORDER BY again_at LIMIT ?)",
        (to_seconds(before), limit, to_seconds(now), limit),
    )
    named = {bytes(digest): words_of(body) for digest, body in rows}
    held = _held(db, named)
    gone = [digest for digest in named if digest not in held]
    for chunk in chunks(gone):
        db.exec_driver_sql(f"DELETE FROM raw_reply WHERE digest IN ({_marks(chunk)})", tuple(chunk))
    for chunk in chunks(sorted(held)):
        db.exec_driver_sql(
            f"UPDATE raw_reply SET again_at = ? WHERE digest IN ({_marks(chunk)})",
            (to_seconds(now + LOOK_AGAIN), *chunk),
        )
    return len(gone)


def words_of(body: bytes) -> frozenset[str]:
    """What may be a tracking number in a compressed reply: each word with a digit, as numbers are written here."""
    text = unquote_to_bytes(packed.unpack(body))
    return frozenset(word.decode().upper() for word in _WORD.findall(text) if any(48 <= byte <= 57 for byte in word))


def _held(db: Db, named: Mapping[bytes, frozenset[str]]) -> set[bytes]:
    words = sorted(frozenset[str]().union(*named.values()))
    found = {row[0] for chunk in chunks(words) for row in db.exec_driver_sql(_HELD.format(_marks(chunk)), tuple(chunk))}
    return {digest for digest, said in named.items() if said & found}


def _marks(chunk: Iterable[object]) -> str:
    return ",".join("?" for _ in chunk)
