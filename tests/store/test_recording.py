"""What is folded after a reading is what is stored, however the same reports are spelled the next time."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from store_support import add_shipment, at, opened

from domain.parcel import fold
from domain.tracking import Certainty, EventTime, Manner, Milestone, ParcelReading, Reason, ScanEvent, Zone
from store import tracking
from store.base import Db, Store

pytestmark = pytest.mark.usefixtures("engine")

M = Milestone
SPOKEN = (M.PICKED_UP, M.IN_TRANSIT, M.OUT_FOR_DELIVERY, M.ATTEMPT_FAILED, M.DELIVERED, M.INFO)
NOW = at(40)


def report(rng: Random) -> ScanEvent:
    """One of a few reports, spelled in one of a few ways that share its natural key, or read as by another version."""
    hours = rng.randint(0, 45)  # the last ones lie in the future
    step = rng.choice(SPOKEN) if rng.random() < 0.2 else SPOKEN[hours % len(SPOKEN)]
    moment = at(hours) + timedelta(seconds=rng.choice((0, 0, 0, 1, 59)), microseconds=rng.choice((0, 7)))
    time = EventTime(
        f"{moment:%H:%M}", moment, Zone.OFFSET, rng.choice((Certainty.EXACT, Certainty.EXACT, Certainty.DATE_ONLY))
    )
    if rng.random() < 0.1:
        time = EventTime(f"in {hours} hours", None, Zone.NONE, Certainty.UNKNOWN)
    text = rng.choice(("scan of {}", "scan of {} ", "scan  of {}")).format(hours)
    reason = rng.choice((None, None, Reason.ABSENT))
    return ScanEvent(
        "7", text, step, time, reason, rng.choice((None, True, False)), rng.choice((None, "", "杭州")), None
    )


def stands_as_stored(db: Db, parcel: int) -> None:
    (row,) = db.exec_driver_sql(f"SELECT {tracking.STATE_COLUMNS} FROM parcel WHERE id = ?", (parcel,)).all()
    stored = tracking.state_values(fold(tracking.events_of(db, [parcel])[parcel], now=NOW))
    assert tuple(row) == stored


@pytest.mark.parametrize("seed", range(12))
def test_a_parcel_stands_as_its_stored_events_say(tmp_path: Path, seed: int) -> None:
    """Whether the whole list comes again, a part of it, or the same reports in other seconds, words or meanings: the state
    after each reading is the fold of what is stored.
    """
    rng = Random(seed)
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        (one,) = store.read(tracking.views, [shipment])[shipment].parcels
        told: list[ScanEvent] = []
        for _ in range(25):
            told = [*told, *(report(rng) for _ in range(rng.randint(0, 2)))]
            listed = [event for event in told if rng.random() < 0.97]
            source = "sf" if rng.random() < 0.2 else "kuaidi100"
            reading = ParcelReading("ZT1", tuple(rng.sample(listed, len(listed))))
            store.write(tracking.record, [(shipment, source, [reading])], now=NOW)
            store.read(stands_as_stored, one.id)


def scanned(store: Store, shipment: int, *events: ScanEvent) -> None:
    store.write(tracking.record, [(shipment, "kuaidi100", [ParcelReading("ZT1", events)])], now=NOW)


def test_what_an_earlier_version_read_stays_as_it_was_read(tmp_path: Path) -> None:
    """A table that means something else by a code changes no fact; a later reading folds the facts, not its own view."""
    moment = EventTime("09:00", at(1), Zone.OFFSET, Certainty.EXACT)
    before = ScanEvent("7", "at the station", M.DELIVERED, moment, manner=Manner.POINT)
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        (one,) = store.read(tracking.views, [shipment])[shipment].parcels
        scanned(store, shipment, before)
        note = ScanEvent("8", "a note", M.INFO, replace(moment, at=at(2)))
        scanned(store, shipment, replace(before, milestone=M.AWAITING_COLLECTION, manner=None), note)
        store.read(stands_as_stored, one.id)
        view = store.read(tracking.views, [shipment])[shipment]
        assert (view.state.milestone, view.state.manner) == (M.DELIVERED, Manner.POINT)


def test_a_nul_in_a_carriers_words_costs_no_event(tmp_path: Path) -> None:
    """PostgreSQL keeps no NUL: another sign stands for it there. Told again it is nothing new, and the parcel stands as stored."""
    moment = EventTime("09:00", at(1), Zone.OFFSET, Certainty.EXACT)
    odd = ScanEvent("7\0", "到\0达", M.IN_TRANSIT, moment, place="杭\0州", physical=True)
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        (one,) = store.read(tracking.views, [shipment])[shipment].parcels
        scanned(store, shipment, odd)
        scanned(store, shipment, odd)
        store.read(stands_as_stored, one.id)
        assert len(store.read(tracking.events_of, [one.id])[one.id]) == 1
