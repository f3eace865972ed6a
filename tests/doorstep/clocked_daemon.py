"""`doorstep run` at the time that stands in a file: a day of pickups lived through without waiting for it.

python clocked_daemon.py SETTINGS CLOCK
"""

import sys
from datetime import datetime
from pathlib import Path

from doorstep.running import run_daemon


class FileClock:
    """The time in a file; secrets and sessions stay on the wall clock, as everywhere."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.file.read_text("utf-8"))

    def set(self, at: datetime) -> None:
        beside = self.file.with_suffix(".new")
        beside.write_text(at.isoformat(), "utf-8")
        beside.replace(self.file)


if __name__ == "__main__":
    run_daemon(Path(sys.argv[1]), now=FileClock(Path(sys.argv[2])))
