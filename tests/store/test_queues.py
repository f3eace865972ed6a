"""The desk's queues: every case that belongs in one is there once, in its order, whatever happens between two pages."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from store_support import add_shipment, at, finding, open_case, opened

from domain.case import CaseEvent, CaseFact, Kind
from domain.case_types import rank_of
from domain.errors import RuleError
from store import cases, queues
from store.base import Store
from store.cases import CaseRow
from store.queues import NOBODY, Queue, Wanted
from store.search import search

pytestmark = pytest.mark.usefixtures("engine")

NOW = at(30)
E = CaseEvent
BELONGS: dict[Queue, Callable[[CaseRow], bool]] = {
    Queue.ALL: lambda c: True,
    Queue.MINE: lambda c: c.owner == "li",
    Queue.UNOWNED: lambda c: c.owner is None,
    Queue.DUE: lambda c: c.told_at is None,
    Queue.MORNING: lambda c: c.told_at is None,
    Queue.CARRIER: lambda c: c.status == "with_carrier",
    Queue.UNCLAIMED: lambda c: c.status == "made_good",
}
DEEDS = (
    CaseFact(E.ACKNOWLEDGED, at(3), "li"),
    CaseFact(E.ASSIGNED, at(3), "li", data={"to": "sam"}),
    CaseFact(E.CARRIER_CONTACTED, at(4), "li"),
    CaseFact(E.CUSTOMER_TOLD, at(5), "li", data={"told": "outcome"}),
    CaseFact(E.MADE_GOOD, at(6), "li"),
    CaseFact(E.RESOLVED, at(7), "li"),
)


def a_desk(store: Store, n: int = 60) -> list[CaseRow]:
    """Cases of all kinds, some with the same promise to the second, to which people did this and that; the open ones."""
    rng = Random(7)
    kinds = [Kind.STALLED, Kind.LOST, Kind.DISPUTED, Kind.REFUND_UNCONFIRMED, Kind.DAMAGED]
    for i in range(n):
        shipment = store.write(add_shipment, f"ZT{i}", order=f"O{i}")
        case_id = store.write(open_case, str(shipment), rng.choice(kinds), hours=rng.randrange(12))
        for deed in rng.sample(DEEDS, rng.randrange(3)):
            store.write(cases.add, case_id, deed)
    store.write(cases.open_case, finding("1", Kind.SOURCE_SILENT), now=at(1), promise_by=None, timer_at=None)
    return [c for c in store.read(cases.list_cases) if c.promise_by]


def walk(store: Store, wanted: Wanted, *, size: int) -> list[int]:
    found: list[int] = []
    while True:
        page = store.read(queues.page, wanted, now=NOW, size=size)
        found += [line.case.id for line in page.lines]
        assert len(page.lines) <= size
        if not page.more:
            return found
        wanted = Wanted(wanted.queue, wanted.me, wanted.kind, wanted.owner, page.more)


@pytest.mark.parametrize("size", [1, 7, 200])
@pytest.mark.parametrize("queue", list(BELONGS))
def test_page_by_page_a_queue_is_whole(tmp_path: Path, queue: Queue, size: int) -> None:
    """Page by page each case of the queue comes once, by promise left (the morning list by its rank first)."""
    with opened(tmp_path) as store:
        mine = [c for c in a_desk(store) if BELONGS[queue](c)]
        by = (lambda c: (c.rank, c.promise_by, c.id)) if queue is Queue.MORNING else (lambda c: (c.promise_by, c.id))
        assert mine
        assert walk(store, Wanted(queue, "li"), size=size) == [c.id for c in sorted(mine, key=by)]


def test_the_counts_are_what_the_queues_hold(tmp_path: Path) -> None:
    """Each tab says how many rows are behind it."""
    with opened(tmp_path) as store:
        found = a_desk(store)
        counts = store.read(queues.counts, "li", now=NOW)
        for queue, belongs in BELONGS.items():
            assert counts.queues[queue] == sum(belongs(c) for c in found), queue
        assert counts.breached == sum(c.promise_by <= NOW and c.told_at is None for c in found if c.promise_by)
        assert store.read(queues.open_kinds) == {k: sum(c.kind is k for c in found) for k in {c.kind for c in found}}
        assert len(store.read(queues.incidents)) == 1


def test_filters_narrow_a_queue(tmp_path: Path) -> None:
    """By kind and by owner, both at once; nobody is an owner, too."""
    with opened(tmp_path) as store:
        found = a_desk(store)
        for wanted, belongs in (
            (Wanted(kind="lost"), lambda c: c.kind is Kind.LOST),
            (Wanted(owner="sam"), lambda c: c.owner == "sam"),
            (Wanted(Queue.DUE, kind="stalled", owner=NOBODY), lambda c: not c.owner and not c.told_at and c.kind is Kind.STALLED),
        ):  # fmt: skip
            assert set(walk(store, wanted, size=9)) == {c.id for c in found if belongs(c)}


def test_what_happens_between_two_pages_hides_nothing(tmp_path: Path) -> None:
    """Cases of the first page are closed and a new one opens before the second is asked for: nobody is passed over."""
    with opened(tmp_path) as store:
        found = sorted(a_desk(store), key=lambda c: (c.promise_by, c.id))
        first = store.read(queues.page, Wanted(), now=NOW, size=10)
        for line in first.lines[:5]:
            store.write(cases.add, line.case.id, CaseFact(E.RESOLVED, NOW, "li"))
        store.write(open_case, str(store.write(add_shipment, "NEW", order="NEW")), hours=0)
        rest = walk(store, Wanted(after=first.more), size=10)
        assert set(rest) >= {c.id for c in found[10:]}


def test_a_made_up_place_is_refused(tmp_path: Path) -> None:
    """Whoever writes nonsense into an address is told so."""
    with opened(tmp_path) as store:
        for key in ("x", "1.2", "1.2.x", "9.99999999999999999.1", "-1"):
            with pytest.raises(RuleError, match="after"):
                store.read(queues.page, Wanted(after=key), now=NOW)
        for key in ("x", "1.2", "soon.lost.1", "99999999999999999.lost.1"):
            with pytest.raises(RuleError, match="after"):
                store.read(queues.watch_page, after=key)


def test_the_watch_list_page_by_page(tmp_path: Path) -> None:
    """What has been watched longest comes first, each once."""
    with opened(tmp_path) as store:
        for i in range(23):
            store.write(cases.watch, finding(str(store.write(add_shipment, f"ZT{i}"))), now=at(i))
        found, after = [], ""
        while True:
            page = store.read(queues.watch_page, after=after, size=5)
            found += [line.item.subject.id for line in page.lines]
            after = page.more
            if not after:
                break
        assert len(found) == len(set(found)) == 23


def test_disputes_then_refunds_stand_first() -> None:
    """The user's documents: first disputes, then refunds, then what is due."""
    assert [rank_of(k) for k in (Kind.DISPUTED, Kind.REFUND_UNCONFIRMED, Kind.CHECKIN_MISSING, Kind.LOST)] == [
        0,
        1,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("ZT1234567", "ZT1234567"), ("zt1234567", "ZT1234567"), ("34567", "ZT1234567"), ("4567", "ZT1234567"), ("5678", "ZT1234567"),
     ("12345678", "ZT1234567"), ("13812345678", "ZT1234567"), ("O1", "ZT1234567"), ("ZT1", "ZT1234567"), ("567", None), ("%567", None), ("_T12", None)],
)  # fmt: skip
def test_the_search_finds_by_number_order_and_endings(tmp_path: Path, text: str, number: str | None) -> None:
    """A tracking number, its beginning or at least four of its last characters; an order; a phone or its ending."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment, "ZT1234567")
        case_id = store.write(open_case, str(shipment))
        hits = store.read(search, text)
        assert [v.shipment.number for v in hits.shipments] == ([number] if number else [])
        assert [c.id for c in hits.around] == ([case_id] if number else [])


def test_the_search_finds_a_case_by_its_number(tmp_path: Path) -> None:
    """With or without the sign in front."""
    with opened(tmp_path) as store:
        case_id = store.write(open_case, str(store.write(add_shipment)))
        for text in (f"{case_id}", f"#{case_id}", f"＃{case_id} "):
            assert [c.id for c in store.read(search, text).cases] == [case_id]
