"""Results on disk: one JSON line a comparison, under bench/results/. What is there already isn't measured again."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.harness import Comparison, Taken
from bench.machine import ROOT

RESULTS = ROOT / "bench" / "results"
Line = dict[str, Any]


class Keeping:
    """The results of one version of the code on one machine; other lines of the files stay as they are."""

    def __init__(self, folder: Path, version: str, machine: dict[str, object]) -> None:
        self.folder = folder
        self.version = version
        self.machine = machine

    def find(self, bench: str, name: str) -> Line | None:
        """The newest line of this comparison for this very code and machine."""
        mine = (self.version, self.machine, name)
        lines = (line for line in self._lines(bench) if (line["version"], line["machine"], line["name"]) == mine)
        return max(lines, key=lambda line: line["at"], default=None)

    def add(self, bench: str, comparison: Comparison, taken: Taken) -> Line:
        line = {
            "bench": bench,
            "name": comparison.name,
            "version": self.version,
            "machine": self.machine,
            "at": datetime.now(UTC).isoformat(),
            "unit": comparison.unit,
            "baseline": comparison.baseline,
            "aim": comparison.aim,
            "seed": comparison.seed,
            "note": comparison.note,
            **dataclasses.asdict(taken),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        cut = self._file(bench).exists() and not self._file(bench).read_bytes().endswith(b"\n")
        with self._file(bench).open("a", encoding="utf-8") as file:
            file.write("\n" * cut + json.dumps(line, ensure_ascii=False) + "\n")
        return line

    def _file(self, bench: str) -> Path:
        return self.folder / f"{bench}.jsonl"

    def _lines(self, bench: str) -> Iterator[Line]:
        if self._file(bench).exists():
            for text in self._file(bench).read_text(encoding="utf-8").splitlines():
                yield from whole(text)


def whole(text: str) -> Iterator[Line]:
    """The line; nothing where a killed run cut it short: that comparison counts as not measured."""
    try:
        yield json.loads(text)
    except json.JSONDecodeError:
        return
