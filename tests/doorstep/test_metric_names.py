"""docs/metrics.md names each figure that /metrics can print, with its kind and its labels, and nothing else."""

import re
from pathlib import Path

from api_support import NOW, door
from prometheus_client import CollectorRegistry, generate_latest

from doorstep import metrics
from doorstep.clock import SetClock
from doorstep.metrics import Metrics
from doorstep.nightly_backup import NightlyBackup
from doorstep.worker_figures import COUNTED, Figures

PAGE = Path(metrics.__file__).parent.parent / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(doorstep_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)

Names = dict[str, tuple[str, frozenset[str]]]


def documented() -> Names:
    rows = ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return {row[1]: (row[2], frozenset(re.findall(r"`(\w+)`", row[3]))) for row in rows}


def printed(tmp_path: Path) -> Names:
    """With everything that may be set up, so that each figure is registered."""
    with door(tmp_path) as at:
        daemons = Metrics(backup=NightlyBackup(at.house.settings, SetClock(NOW))).registry
        return names_of(Figures().registry) | names_of(daemons)


def names_of(registry: CollectorRegistry) -> Names:
    text = generate_latest(registry).decode()
    kinds = {m[1]: m[2] for m in TYPE.finditer(text) if not m[1].endswith("_created")}
    labels = {n: frozenset(c._labelnames) for c, names in registry._collector_to_names.items() for n in names}
    return {name: (kind, labels[name]) for name, kind in kinds.items()}


def test_a_workers_figures_are_called_as_the_daemons(tmp_path):
    """What both count has one name and one kind: sums over all processes are right."""
    with door(tmp_path):
        both = names_of(Figures().registry).keys() & names_of(Metrics().registry).keys()
    assert both == {f"doorstep_{name}" for name in (*COUNTED, "letters_sent_total", "routes_dispatched_total")}


def test_every_figure_is_documented_and_every_documented_figure_is_there(tmp_path):
    """By name, kind and labels."""
    assert printed(tmp_path) == documented()
    assert len(documented()) > 10


def test_what_the_console_prints_is_registered(tmp_path):
    """The figures of a house that runs are of the same names: nothing is printed past the registry."""
    with door(tmp_path) as at:
        names = {name for name, _ in TYPE.findall(at.client.get("/metrics").text)}
        assert {name for name in names if not name.endswith("_created")} <= set(documented())
