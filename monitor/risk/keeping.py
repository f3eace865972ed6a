"""A fitted model as bytes, and back: zipped JSON, whose floats come back to the last bit.

What goes with it are the weeks as they stood when it was fitted: the daemon asks it until the next night.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.risk.gaps import Gap, Gaps
from monitor.risk.history import History
from monitor.risk.model import RiskModel, know
from monitor.risk.pace import Pace
from monitor.risk.working_time import WorkingTime

VERSION = 4
"""Of the format and of the columns: a model of another version isn't read, and the rules decide until the next night."""
NUMBERS = ("fitted_at", "shift", "forecast", "seen")
COUNTS = ("parcels", "missed")
ARRAYS = ("beta", "centre", "scale")


@dataclass(frozen=True)
class Kept:
    """A model and how the weeks stood: speed, promises missed, late parcels that stayed late, the groups' speeds, and
    the log of how much slower each carrier moves than usual.
    """

    model: RiskModel
    weeks: tuple[float, float, float]
    group_speed: Mapping[str, float]
    slower: Mapping[str, float]


def kept(model: RiskModel, history: History, now: float) -> Kept:
    """The model with the weeks of its history as they stand at ``now`` (hours since 1970)."""
    if not len(history.parcels):
        return Kept(model, (0.0, 0.0, 0.0), {}, {})
    k = know(model, history, now)
    regime = k.regime
    day, values = regime.at(np.array([now]))
    speed, missed, stayed = (float(value[0]) for value in values)
    at = int(day[0])
    groups, slower = ({name: float(by[at]) for name, by in table.items()} for table in (regime.group_speed, k.slower))
    return Kept(model, (speed, missed, stayed), groups, slower)


def to_bytes(k: Kept) -> bytes:
    m = k.model
    value = {
        **{name: getattr(m, name) for name in (*NUMBERS, *COUNTS)},
        **{name: getattr(m, name).tolist() for name in ARRAYS},
        "clock": m.clock.speed,
        "pace": {"a": m.pace.a, "b": m.pace.b, "sigma": m.pace.sigma, "loss": m.pace.loss, "effects": m.pace.effects},
        "gaps": {key: (gap.mu, gap.sigma, gap.count) for key, gap in m.gaps.known.items()},
        "weeks": k.weeks,
        "group_speed": k.group_speed,
        "slower": k.slower,
    }
    return zlib.compress(json.dumps(value, ensure_ascii=False, sort_keys=True).encode())


def from_bytes(body: bytes) -> Kept:
    value: dict[str, Any] = json.loads(zlib.decompress(body))
    beta, centre, scale = (np.array(value[name]) for name in ARRAYS)
    model = RiskModel(
        clock=WorkingTime(tuple(value["clock"])), pace=Pace(**value["pace"]),
        gaps=Gaps({key: Gap(*gap) for key, gap in value["gaps"].items()}), beta=beta, centre=centre, scale=scale,
        **{name: value[name] for name in (*NUMBERS, *COUNTS)},
    )  # fmt: skip
    return Kept(model, tuple(value["weeks"]), value["group_speed"], value["slower"])
