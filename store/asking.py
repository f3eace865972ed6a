"""Whom to ask about which shipment, and when: one row for each source that can be asked, the first and those that
stand by.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select

from domain.privacy import mask_text
from domain.tracking import Milestone, NoData
from store import aside, facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import from_seconds, maybe_from_seconds, maybe_to_seconds, table, to_seconds

POLL = "poll"
MAX_ERROR_TEXT = 500
IN_LIMIT = 500
_asking = table(tables.Asking)

SETTLED, USUAL, NEAR, UNDER_CASE = range(4)
"""What an answer is worth, least first: nothing more is expected; on its way; close to its promise or its door; somebody
works on it.
"""
WORTHS = (UNDER_CASE, NEAR, USUAL, SETTLED)
ASK_GAP = timedelta(minutes=30)
"""No number is asked about more often than this, not even before an alarm (Kuaidi100 locks it)."""
OVERDUE = timedelta(hours=24)
"""What has waited this long past its turn is asked as if it were near: scarce calls starve nobody."""


@dataclass(frozen=True, slots=True)
class Due:
    """A shipment whose turn it is to be asked about, with what asking needs; ``told``: a digest of what its source told last."""

    shipment_id: int
    number: str
    carrier: str
    phone4: str
    destination: str
    due_at: datetime
    worth: int = USUAL
    shipped_on: str = ""
    told: bytes | None = None


DUE_COLUMNS = (
    "a.shipment_id, s.number, s.carrier, coalesce(substr(c.phone, -4), ''), s.destination, a.next_poll_at, a.worth,"
    " s.created_at, a.told"
)
DUE_TABLES = (
    "asking a JOIN shipment s ON s.id = a.shipment_id LEFT JOIN orders o ON o.ref = s.order_ref"
    " LEFT JOIN customer c ON c.id = o.customer_id"
)


def add(db: Db, shipment_id: int, sources: Sequence[tuple[str, str]], *, next_poll_at: datetime | None) -> None:
    """Start asking the first of these (source, account) pairs; the others stand by."""
    if not sources:
        return
    db.execute(
        _asking.insert(),
        [
            {
                "shipment_id": shipment_id,
                "source": source,
                "account": account,
                "place": place,
                "worth": USUAL,
                "next_poll_at": next_poll_at if place == 0 else None,
                "failures": 0,
            }
            for place, (source, account) in enumerate(sources)
        ],
    )


def due_polls(db: Db, source: str, account: str, *, now: datetime, limit: int) -> list[Due]:
    """The shipments of one credential that are due: by worth, then longest due first."""
    found: list[Due] = []
    for worth in WORTHS:
        if len(found) < limit:
            rows = db.exec_driver_sql(
                f"SELECT {DUE_COLUMNS} FROM {DUE_TABLES}"
                " WHERE a.source = ? AND a.account = ? AND a.worth = ? AND a.next_poll_at <= ?"
                " ORDER BY a.next_poll_at, a.shipment_id LIMIT ?",
                (source, account, worth, to_seconds(now), limit - len(found)),
            )
            found.extend(due_of(row) for row in rows.all())
    return found


def count_due(db: Db, source: str, account: str, *, now: datetime, most: int) -> int:
    """How many shipments of one credential are due; counted up to ``most``."""
    found = 0
    for worth in WORTHS:
        if found < most:
            found += db.exec_driver_sql(
                "SELECT count(*) FROM (SELECT 1 FROM asking WHERE source = ? AND account = ? AND worth = ?"
                " AND next_poll_at <= ? LIMIT ?) due",
                (source, account, worth, to_seconds(now), most - found),
            ).scalar_one()
    return found


def due_of(row: Any) -> Due:
    shipment_id, number, carrier, phone4, destination, next_poll_at, worth, created_at, told = row
    created = from_seconds(created_at)
    due_at = created if next_poll_at is None else from_seconds(next_poll_at)
    return Due(shipment_id, number, carrier, phone4, destination, due_at, worth, created.date().isoformat(), told)


def lift_overdue(db: Db, source: str, account: str, *, now: datetime) -> None:
    """What has waited for a day past its turn goes before what is only usual."""
    db.exec_driver_sql(
        "UPDATE asking SET worth = ? WHERE source = ? AND account = ? AND worth IN (?, ?) AND next_poll_at < ?",
        (NEAR, source, account, SETTLED, USUAL, to_seconds(now - OVERDUE)),
    )


def asked_of(db: Db, source: str, account: str, number: str) -> Due | None:
    """The newest shipment with a number that a credential is asked about, in the shape of something due."""
    row = db.exec_driver_sql(
        f"SELECT {DUE_COLUMNS} FROM {DUE_TABLES} WHERE s.number = ? AND a.source = ? AND a.account = ?"
        " ORDER BY a.shipment_id DESC LIMIT 1",
        (number, source, account),
    ).one_or_none()
    return due_of(row) if row else None


def is_erased(db: Db, shipment_id: int) -> bool:
    """Whether its customer was erased: nothing that is told of it is kept any more."""
    sql = "SELECT 1 FROM watch WHERE shipment_id = ? AND ended = 'erased'"
    return db.exec_driver_sql(sql, (shipment_id,)).first() is not None


# --- what asking brought -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Polled:
    """What a question left behind for one shipment at one source; ``ended`` says why watching it is over."""

    shipment_id: int
    next_poll_at: datetime | None
    no_data: NoData | None = None
    failed: bool = False
    worth: int = USUAL
    ended: str = ""


UNLESS_STANDING_BY = "CASE WHEN place > 0 AND next_poll_at IS NULL THEN NULL ELSE CAST(? AS BIGINT) END"


def reschedule(db: Db, source: str, polled: Iterable[Polled], *, now: datetime) -> None:
    """Move deadlines; a failed question keeps what is known of the shipment. What stands by is not asked for an answer
    alone: it came by a push, or while its first source answered again.
    """
    rows = sorted(polled, key=lambda p: p.shipment_id)
    at = to_seconds(now)
    told = [
        (maybe_to_seconds(p.next_poll_at), p.worth, at, p.no_data.value if p.no_data else None, p.shipment_id, source)
        for p in rows
        if not p.failed
    ]
    if told:
        db.exec_driver_sql(
            f"UPDATE asking SET next_poll_at = {UNLESS_STANDING_BY}, worth = ?, polled_at = ?, no_data = ?, failures = 0"
            " WHERE shipment_id = ? AND source = ?",
            told,
        )
    failed = [(maybe_to_seconds(p.next_poll_at), p.shipment_id, source) for p in rows if p.failed]
    if failed:
        db.exec_driver_sql(
            f"UPDATE asking SET next_poll_at = {UNLESS_STANDING_BY}, failures = failures + 1"
            " WHERE shipment_id = ? AND source = ?",
            failed,
        )
    _end(db, [p for p in rows if p.ended])


def remember(db: Db, source: str, told: Mapping[int, bytes]) -> None:
    """Keep, by shipment, the digests of what a source told: in the transaction that records it."""
    if told:
        db.exec_driver_sql(
            "UPDATE asking SET told = ? WHERE shipment_id = ? AND source = ?",
            [(digest, shipment_id, source) for shipment_id, digest in sorted(told.items())],
        )


def _end(db: Db, polled: Sequence[Polled]) -> None:
    """Watching is over for every source of a shipment, and it is said why."""
    if not polled:
        return
    ids = [(p.shipment_id,) for p in polled]
    db.exec_driver_sql("UPDATE watch SET ended = ? WHERE shipment_id = ?", [(p.ended, p.shipment_id) for p in polled])
    db.exec_driver_sql("UPDATE asking SET next_poll_at = NULL WHERE shipment_id = ?", ids)
    db.exec_driver_sql("UPDATE subscription SET state = 'over', due_at = NULL WHERE shipment_id = ?", ids)


def set_aside(db: Db, source: str, shipment_id: int, error: Exception, *, until: datetime, now: datetime) -> None:
    """One shipment that our own fault can't take: it waits, with its error on record, and holds up nobody else."""
    _move(db, shipment_id, source, until)
    aside.put(db, POLL, f"{source}/{shipment_id}", error, now=now)
    facts.append(
        db, [FactRow("shipment", str(shipment_id), "set_aside", now, words=mask_text(repr(error))[:MAX_ERROR_TEXT])]
    )


def taken(db: Db, source: str, shipment_ids: Iterable[int]) -> None:
    """Their answers were kept: what was set aside among them isn't any more."""
    aside.clear(db, POLL, [f"{source}/{one}" for one in shipment_ids])


def retry(db: Db, source: str, shipment_id: int, *, now: datetime) -> None:
    """A person wants it to be asked about again now."""
    _move(db, shipment_id, source, now)


def _move(db: Db, shipment_id: int, source: str, at: datetime) -> None:
    db.execute(
        _asking.update().where(_asking.c.shipment_id == shipment_id, _asking.c.source == source).values(next_poll_at=at)
    )


# --- asking sooner, or again ---------------------------------------------------------------------------------------

AFTER_THE_GAP = "max(?, coalesce(polled_at, 0) + ?)"
"""A moment, but not before the gap since the last answer is over; with ``_moment`` for its values."""


def _moment(at: datetime) -> tuple[int, int]:
    return to_seconds(at), int(ASK_GAP.total_seconds())


def ask_now(db: Db, source: str, shipment_id: int, *, not_before: timedelta, now: datetime) -> None:
    """An unproven push came: ask its source as soon as its budget and the gap since the last question allow. What watching
    has ended for stays so.
    """
    db.exec_driver_sql(
        "UPDATE asking SET worth = max(worth, ?), next_poll_at = min(next_poll_at, max(?, coalesce(polled_at, 0) + ?))"
        " WHERE shipment_id = ? AND source = ? AND next_poll_at IS NOT NULL",
        (NEAR, to_seconds(now), int(not_before.total_seconds()), shipment_id, source),
    )


def begin(db: Db, source: str, shipment_id: int, *, now: datetime) -> None:
    """A source that must be subscribed to first may be asked from now on, unless watching has ended."""
    db.exec_driver_sql(
        "UPDATE asking SET next_poll_at = ? WHERE shipment_id = ? AND source = ? AND next_poll_at IS NULL"
        " AND EXISTS (SELECT 1 FROM watch w WHERE w.shipment_id = asking.shipment_id AND w.ended = '')",
        (to_seconds(now), shipment_id, source),
    )


def ask_soon(db: Db, shipment_id: int, *, at: datetime) -> None:
    """A clock has run out: ask once more before saying so, as soon as the gap since each source's last answer allows. What
    is due sooner stays so, and who can't tell of the parcel isn't asked.
    """
    db.exec_driver_sql(
        f"UPDATE asking SET next_poll_at = {AFTER_THE_GAP}, worth = ? WHERE shipment_id = ?"
        f" AND next_poll_at > {AFTER_THE_GAP}"
        " AND (no_data IS NULL OR (no_data = 'not_scanned' AND NOT EXISTS ("
        " SELECT 1 FROM asking o WHERE o.shipment_id = asking.shipment_id AND o.polled_at IS NOT NULL"
        " AND o.no_data IS NULL)))",
        (*_moment(at), NEAR, shipment_id, *_moment(at)),
    )


def under_case(db: Db, shipment_ids: Sequence[int], *, now: datetime) -> None:
    """Somebody works on these: they go first, and watching that had ended goes on."""
    for chunk in _chunks(shipment_ids):
        marks = ",".join("?" * len(chunk))
        db.exec_driver_sql(f"UPDATE asking SET worth = ? WHERE shipment_id IN ({marks})", (UNDER_CASE, *chunk))
    watch_again(db, shipment_ids, now=now)


def watch_again(db: Db, shipment_ids: Sequence[int], *, now: datetime) -> None:
    """Watching of these goes on where it had ended: the first source is asked as soon as the gap since its last question
    allows. What is watched under another entry stays so, and so does what was an erased customer's.
    """
    for chunk in _chunks(shipment_ids):
        over = f"ended NOT IN ('', 'twin', 'erased') AND shipment_id IN ({','.join('?' * len(chunk))})"
        db.exec_driver_sql(
            f"UPDATE asking SET next_poll_at = {AFTER_THE_GAP} WHERE place = 0 AND next_poll_at IS NULL"
            f" AND shipment_id IN (SELECT shipment_id FROM watch WHERE {over})",
            (*_moment(now), *chunk),
        )
        db.exec_driver_sql(f"UPDATE watch SET ended = '' WHERE {over}", tuple(chunk))


def start_over(db: Db, shipment_id: int, *, now: datetime) -> None:
    """Its carrier was corrected: the first source is asked anew, and what was told under the wrong one is forgotten."""
    mine = _asking.c.shipment_id == shipment_id
    db.execute(_asking.update().where(mine).values(no_data=None, told=None))
    db.execute(_asking.update().where(mine, _asking.c.place == 0).values(next_poll_at=now))
    watch_again(db, [shipment_id], now=now)


# --- standing in ---------------------------------------------------------------------------------------------------


def stand_in(db: Db, source: str, account: str, *, now: datetime) -> None:
    """A source is down: the next one is asked about its shipments."""
    db.exec_driver_sql(
        f"UPDATE asking SET next_poll_at = {AFTER_THE_GAP} WHERE next_poll_at IS NULL AND place > 0 AND EXISTS ("
        " SELECT 1 FROM asking first WHERE first.shipment_id = asking.shipment_id AND first.place = asking.place - 1"
        " AND first.source = ? AND first.account = ? AND first.next_poll_at IS NOT NULL)",
        (*_moment(now), source, account),
    )


def stand_back(db: Db, source: str, account: str) -> None:
    """A source works again: all that stood in for it are left in peace, but where it doesn't know a shipment."""
    db.exec_driver_sql(
        "UPDATE asking SET next_poll_at = NULL WHERE place > 0 AND EXISTS ("
        " SELECT 1 FROM asking first WHERE first.shipment_id = asking.shipment_id AND first.place < asking.place"
        " AND first.source = ? AND first.account = ?"
        " AND (first.no_data IS NULL OR first.no_data = 'not_scanned'))",
        (source, account),
    )


def stand_in_for(db: Db, source: str, shipment_ids: Sequence[int], *, now: datetime) -> None:
    """A source can't tell of these shipments (refused, another carrier's, too old): the next one is asked."""
    if not shipment_ids:
        return
    db.exec_driver_sql(
        f"UPDATE asking SET next_poll_at = {AFTER_THE_GAP} WHERE shipment_id = ? AND next_poll_at IS NULL"
        " AND place = 1 + (SELECT place FROM asking first WHERE first.shipment_id = ? AND first.source = ?)",
        [(*_moment(now), one, one, source) for one in shipment_ids],
    )


# --- counts --------------------------------------------------------------------------------------------------------


def credentials(db: Db) -> list[tuple[str, str]]:
    """The (source, account) pairs that any watched shipment is asked through."""
    rows = db.execute(
        select(_asking.c.source, _asking.c.account)
        .where(_asking.c.next_poll_at.is_not(None))
        .group_by(_asking.c.source, _asking.c.account)
        .order_by(_asking.c.source, _asking.c.account)
    )
    return [(row[0], row[1]) for row in rows]


def watched(db: Db, source: str, account: str) -> int:
    """How many shipments wait for scans from a credential."""
    return db.execute(
        select(func.count())
        .select_from(_asking)
        .where(_asking.c.source == source, _asking.c.account == account, _asking.c.next_poll_at.is_not(None))
    ).scalar_one()


def shipments_of_source(db: Db, source: str, account: str) -> list[int]:
    rows = db.execute(
        select(_asking.c.shipment_id)
        .where(_asking.c.source == source, _asking.c.account == account, _asking.c.next_poll_at.is_not(None))
        .order_by(_asking.c.shipment_id)
    )
    return [row[0] for row in rows]


def standing_by_milestone(db: Db) -> dict[tuple[str, str], tuple[dict[Milestone | None, int], int]]:
    """For each credential: its watched shipments by milestone (None: never scanned), and how many call by themselves."""
    found: dict[tuple[str, str], tuple[dict[Milestone | None, int], int]] = {}
    rows = db.exec_driver_sql(
        "SELECT a.source, a.account, p.milestone, count(DISTINCT a.shipment_id),"
        " count(DISTINCT CASE WHEN b.state = 'stands' THEN a.shipment_id END)"
        " FROM asking a JOIN parcel p ON p.shipment_id = a.shipment_id"
        " LEFT JOIN subscription b ON b.shipment_id = a.shipment_id AND b.source = a.source"
        " WHERE a.next_poll_at IS NOT NULL GROUP BY a.source, a.account, p.milestone"
    )
    for source, account, milestone, n, pushed in rows:
        counts, before = found.get((source, account), ({}, 0))
        counts[Milestone(milestone) if milestone else None] = n
        found[source, account] = (counts, before + pushed)
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a shipment, as the parcel's page shows it."""

    source: str
    account: str
    place: int
    next_poll_at: datetime | None
    polled_at: datetime | None
    no_data: NoData | None


def sources_of(db: Db, shipment_ids: Sequence[int]) -> Mapping[int, list[Source]]:
    """Who is asked about each shipment, the first one first."""
    found: dict[int, list[Source]] = defaultdict(list)
    for chunk in _chunks(shipment_ids):
        rows = db.exec_driver_sql(
            "SELECT shipment_id, source, account, place, next_poll_at, polled_at, no_data FROM asking"
            f" WHERE shipment_id IN ({','.join('?' * len(chunk))}) ORDER BY shipment_id, place",
            tuple(chunk),
        )
        for shipment_id, source, account, place, next_poll_at, polled_at, no_data in rows:
            times = (maybe_from_seconds(next_poll_at), maybe_from_seconds(polled_at))
            found[shipment_id].append(Source(source, account, place, *times, NoData(no_data) if no_data else None))
    return found


class Told(NamedTuple):
    """When a source answered last, and what it lacked then."""

    polled_at: int
    no_data: str | None


def told_of(db: Db, shipment_ids: Sequence[int]) -> Mapping[int, list[Told]]:
    """What the sources of each shipment answered last, the first one's before the others'; of those that ever did."""
    found: dict[int, list[Told]] = defaultdict(list)
    for chunk in _chunks(shipment_ids):
        rows = db.exec_driver_sql(
            "SELECT shipment_id, polled_at, no_data FROM asking WHERE polled_at IS NOT NULL"
            f" AND shipment_id IN ({','.join('?' * len(chunk))}) ORDER BY shipment_id, place",
            tuple(chunk),
        ).all()
        for shipment_id, polled_at, no_data in rows:
            found[shipment_id].append(Told(polled_at, no_data))
    return found


def may_know(db: Db, source: str, shipment_ids: Sequence[int]) -> set[int]:
    """Which of these another source may know of still: it hasn't said that they are too old."""
    return {
        one
        for one, told in sources_of(db, shipment_ids).items()
        if any(s.source != source and s.no_data is not NoData.AGED_OUT for s in told)
    }


def _chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[i : i + IN_LIMIT] for i in range(0, len(values), IN_LIMIT))
