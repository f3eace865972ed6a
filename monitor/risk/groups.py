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


def levels(parcels: Parcels) -> Iterator[tuple[str, list[str]]]:
    """For each level its name and every parcel's group; an empty group: not known."""
    carrier = [c.strip().casefold() for c in parcels.carrier]
    service = [s.strip().casefold() for s in parcels.service]
    yield "carrier", carrier
    yield "service", [f"{c}|{s}" if s else "" for c, s in zip(carrier, service, strict=True)]
    lanes: list[str] = [""] * len(carrier)
    for depth in range(1, PATH_DEPTH + 1):
        origin, destination = ([head(p, depth) for p in ends] for ends in (parcels.origin, parcels.destination))
        yield f"origin {depth}", origin
        yield f"destination {depth}", destination
        pairs = [f"{o}>{d}" if o and d else "" for o, d in zip(origin, destination, strict=True)]
        yield f"lane {depth}", pairs
        lanes = [pair or lane for pair, lane in zip(pairs, lanes, strict=True)] if depth < PATH_DEPTH else lanes
    yield "carrier's lane", [f"{c}|{lane}" if c and lane else "" for c, lane in zip(carrier, lanes, strict=True)]


def subset(p: Parcels, keep: Ints) -> Parcels:
    """Some rows of the parcels."""

    def texts(column: Sequence[str]) -> list[str]:
        return [column[i] for i in keep.tolist()]

    return Parcels(
        texts(p.ids), texts(p.carrier), texts(p.service), texts(p.origin), texts(p.destination), p.handed[keep],
        p.promised[keep], p.assumed[keep], p.outcome[keep], p.outcome_at[keep], p.weight[keep],
    )  # fmt: skip
