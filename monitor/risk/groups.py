"""The groups that a parcel belongs to, from coarse to fine: each borrows strength from the ones before it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from monitor.risk.history import Ints, Parcels

PATH_DEPTH = 3
PLACES = 1 << 16
"""How many places' paths are kept cut up: most parcels go between few places."""


@lru_cache(PLACES)
def parts(path: str) -> tuple[str, ...]:
    return tuple(part.strip().casefold() for part in path.split("/") if part.strip())


@lru_cache(PLACES)
def head(path: str, depth: int) -> str:
    """The path's largest places down to a depth; empty where it doesn't go so deep."""
    found = parts(path)
    return "/".join(found[:depth]) if len(found) >= depth else ""


@lru_cache(PLACES)
def levels_of(carrier: str, service: str, origin: str, destination: str) -> tuple[tuple[str, str], ...]:
    """Each level's name and the parcel's group; an empty group: not known."""
    carrier, service = carrier.strip().casefold(), service.strip().casefold()
    found = [("carrier", carrier), ("service", f"{carrier}|{service}" if service else "")]
    lane = ""
    for depth in range(1, PATH_DEPTH + 1):
        here, there = head(origin, depth), head(destination, depth)
        pair = f"{here}>{there}" if here and there else ""
        found += [(f"origin {depth}", here), (f"destination {depth}", there), (f"lane {depth}", pair)]
        lane = (pair or lane) if depth < PATH_DEPTH else lane
    return (*found, ("carrier's lane", f"{carrier}|{lane}" if carrier and lane else ""))


def levels(parcels: Parcels) -> Iterator[tuple[str, list[str]]]:
    """For each level its name and every parcel's group."""
    ends = zip(parcels.carrier, parcels.service, parcels.origin, parcels.destination, strict=True)
    rows = [levels_of(*one) for one in ends]
    for number, (name, _) in enumerate(levels_of("", "", "", "")):
        yield name, [row[number][1] for row in rows]


def subset(p: Parcels, keep: Ints) -> Parcels:
    """Some rows of the parcels."""

    def texts(column: Sequence[str]) -> list[str]:
        return [column[i] for i in keep.tolist()]

    return Parcels(
        texts(p.ids), texts(p.carrier), texts(p.service), texts(p.origin), texts(p.destination), p.handed[keep],
        p.promised[keep], p.assumed[keep], p.outcome[keep], p.outcome_at[keep], p.weight[keep], p.heard[keep],
        p.value_cents[keep],
    )  # fmt: skip
