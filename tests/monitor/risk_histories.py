"""Histories for the risk model and the replay: order-level and scan-level, seeded, as files of `doorstep replay`."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

START = datetime(2025, 1, 1, tzinfo=UTC)
SHIPMENTS = [
    "shipment_id",
    "carrier",
    "service",
    "origin",
    "destination",
    "handed_over_at",
    "promised_at",
    "outcome",
    "outcome_at",
    "weight",
]
EVENTS = ["shipment_id", "at", "milestone", "code", "place", "physical"]
REGIONS = ("north/a", "north/b", "south/c", "south/d", "west/e")
SLOW = {"north/a": 1.0, "north/b": 1.1, "south/c": 1.4, "south/d": 1.6, "west/e": 0.8}


def order_level(seed: int, parcels: int, days: int) -> tuple[list[dict], list[dict]]:
    """Two stamps a parcel: handed over, delivered; promises padded by lane; one in a hundred never arrives."""
    rng = Random(seed)
    shipments, events = [], []
    for n in range(parcels):
        handed = START + timedelta(days=rng.uniform(0, days))
        to = rng.choice(REGIONS)
        promised = (handed + timedelta(days=10 + rng.uniform(0, 6))).replace(hour=0, minute=0, second=0, microsecond=0)
        took = timedelta(days=6 * SLOW[to] * rng.lognormvariate(0, 0.5))
        lost = rng.random() < 0.01
        shipments.append(row(n, to, handed, promised, "lost" if lost else "delivered", None if lost else handed + took))
        events.append(event(n, handed, "picked_up", ""))
        if not lost:
            events.append(event(n, handed + took, "delivered", to))
    return shipments, events


def scan_level(seed: int, parcels: int, days: int) -> tuple[list[dict], list[dict]]:
    """About ten scans a parcel through hubs; one in twelve stalls on its way, and half of those for weeks."""
    rng = Random(seed)
    shipments, events = [], []
    for n in range(parcels):
        at = handed = START + timedelta(days=rng.uniform(0, days))
        to = rng.choice(REGIONS)
        stall = rng.randrange(1, 6) if rng.random() < 1 / 12 else -1
        way = [("picked_up", "hub/x"), *(("in_transit", f"hub/{rng.randrange(4)}") for _ in range(4))]
        way += [("at_destination", to), ("out_for_delivery", to), ("delivered", to)]
        for step, (milestone, place) in enumerate(way):
            gap = rng.lognormvariate(-0.9, 0.6) + (rng.choice((3, 25)) * rng.uniform(0.8, 1.3) if step == stall else 0)
            at = at + timedelta(days=gap) if step else handed
            events.append(event(n, at, milestone, place))
            if step and rng.random() < 0.3:
                events.append(event(n, at + timedelta(minutes=5), "info", "", physical="0"))
        shipments.append(row(n, to, handed, handed + timedelta(days=6), "delivered", at, carrier=f"c{n % 2}"))
    return shipments, events


def peak(seed: int, parcels: int, days: int, begins: int) -> tuple[list[dict], list[dict]]:
    """Scans as above, and from one day on all of carrier c0's gaps take twice as long; one parcel in sixteen stalls for weeks."""
    rng = Random(seed)
    shipments, events = [], []
    for n in range(parcels):
        at = handed = START + timedelta(days=rng.uniform(0, days))
        to, carrier = rng.choice(REGIONS), f"c{n % 2}"
        stall = rng.randrange(1, 6) if rng.random() < 1 / 16 else -1
        way = [("picked_up", "hub/x"), *(("in_transit", f"hub/{rng.randrange(4)}") for _ in range(4))]
        way += [("at_destination", to), ("out_for_delivery", to), ("delivered", to)]
        for step, (milestone, place) in enumerate(way):
            slower = 2.0 if carrier == "c0" and (at - START).days >= begins else 1.0
            gap = slower * rng.lognormvariate(-0.9, 0.6) + (rng.uniform(18, 30) if step == stall else 0)
            at = at + timedelta(days=gap) if step else handed
            events.append(event(n, at, milestone, place))
        shipments.append(row(n, to, handed, handed + timedelta(days=6), "delivered", at, carrier=carrier))
    return shipments, events


def row(n, to, handed, promised, outcome, ended, carrier="") -> dict:
    return {
        "shipment_id": f"P{n:05}", "carrier": carrier, "service": "", "origin": "hub/x", "destination": to,
        "handed_over_at": handed.isoformat(), "promised_at": promised.isoformat(), "outcome": outcome,
        "outcome_at": ended.isoformat() if ended else "", "weight": "1",
    }  # fmt: skip


def event(n, at, milestone, place, physical="1") -> dict:
    return {
        "shipment_id": f"P{n:05}",
        "at": at.isoformat(),
        "milestone": milestone,
        "code": "",
        "place": place,
        "physical": physical,
    }


def write(folder: Path, shipments: list[dict], events: list[dict]) -> tuple[Path, Path]:
    files = folder / "shipments.csv", folder / "events.csv"
    for path, head, rows in zip(files, (SHIPMENTS, EVENTS), (shipments, events), strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, head, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    return files
