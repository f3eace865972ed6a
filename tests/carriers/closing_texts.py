"""Closing and trouble texts with their truth, and how well a reader tells them apart: precision and recall for each class.

The texts were written as couriers and carriers would write them, without a look at any phrase table. Every second text of a
class is held out: the tables were never changed after it.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

MANNERS: Mapping[Manner | None, str] = MappingProxyType(
    {
        Manner.SELF: "self",
        Manner.OTHER: "family",
        Manner.AGENT: "front_desk",
        Manner.POINT: "station_out",
        Manner.LOCKER: "locker_out",
        Manner.NEIGHBOUR: "neighbour",
        Manner.SAFE_PLACE: "safe_place",
    }
)
REASONS: Mapping[Reason | None, str] = MappingProxyType(
    {
        Reason.LOST: "lost",
        Reason.DESTROYED: "lost",
        Reason.DAMAGED: "damaged",
        Reason.REFUSED: "refused",
        Reason.ABSENT: "absent",
        Reason.UNREACHABLE: "absent",
        Reason.ADDRESS: "address",
        Reason.MISSORTED: "wrong_place",
        Reason.INTERCEPTED: "intercepted",
        Reason.DELAYED: "held",
        Reason.WEATHER: "held",
    }
)
BACK = frozenset({Milestone.RETURNING, Milestone.RETURNED})
TROUBLED = frozenset({Milestone.EXCEPTION, Milestone.ATTEMPT_FAILED})
WAITING = frozenset({"station_in", "locker_in"})
"""Told apart by nobody: where it waits isn't part of the state."""


@dataclass(frozen=True, slots=True)
class Text:
    half: str
    language: str
    truth: str
    text: str


def texts() -> list[Text]:
    lines = (Path(__file__).parent / "closing_texts.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Text(r["half"], r["language"], "waiting" if r["class"] in WAITING else r["class"], r["text"]) for r in rows]


def class_of(meaning: Meaning | None) -> str:
    """The class that a reader's meaning amounts to; ``signed`` where it names no hands, ``unread`` where it has none."""
    if meaning is None:
        return "unread"
    if meaning.milestone is Milestone.DELIVERED and meaning.reason is not Reason.DAMAGED:
        return MANNERS.get(meaning.manner, "signed")
    if meaning.milestone is Milestone.AWAITING_COLLECTION:
        return "waiting"
    if meaning.milestone in BACK:
        return "returning"
    if meaning.reason in REASONS:
        return REASONS[meaning.reason]
    return "undone" if meaning.milestone in TROUBLED else meaning.milestone.value


@dataclass(frozen=True, slots=True)
class Score:
    """``said``: how often the class was told; ``truly``: how many texts are of it; ``right``: both."""

    said: int
    truly: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.truly if self.truly else 1.0


def scores(read: Callable[[str], Meaning | None], rows: Iterable[Text]) -> dict[str, Score]:
    """For each class, and for "all", how a reader did."""
    told = [(row.truth, class_of(read(row.text))) for row in rows]
    names = sorted({truth for truth, _ in told})
    per = {
        name: Score(
            sum(said == name for _, said in told),
            sum(truth == name for truth, _ in told),
            sum(truth == said == name for truth, said in told),
        )
        for name in names
    }
    read_at_all = sum(said != "unread" for _, said in told)
    return {**per, "all": Score(read_at_all, len(told), sum(truth == said for truth, said in told))}


def shown(found: Mapping[str, Score]) -> str:
    """A table for people."""
    return "\n".join(
        f"{n:12} n={s.truly:3} precision={s.precision:.2f} recall={s.recall:.2f}" for n, s in found.items()
    )
