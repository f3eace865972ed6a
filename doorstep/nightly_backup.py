"""A backup every night, by itself, the last few kept. What was made, and when, is read from the folder: nothing else knows it better."""

import asyncio
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from config.settings import Settings
from doorstep import backups
from doorstep.retrying import Health

log = structlog.get_logger()
NAME, TIME = "doorstep-", "%Y%m%dT%H%M%SZ"
MADE = re.compile(rf"{NAME}\d{{8}}T\d{{6}}Z")
AGAIN = timedelta(hours=1)


def made_in(folder: Path) -> list[tuple[datetime, Path]]:
    """The whole backups of a folder, the oldest first; what a crash left half-way is none."""
    found = (path for path in folder.glob(f"{NAME}*") if MADE.fullmatch(path.name)) if folder.is_dir() else ()
    return sorted((datetime.strptime(path.name, NAME + TIME).replace(tzinfo=UTC), path) for path in found)


def last_time(settings: Settings, now: datetime) -> datetime:
    """The latest moment at which a backup was due."""
    local = now.astimezone(settings.zone)
    today = datetime.combine(local.date(), settings.backup.at, settings.zone)
    return today if today <= local else today - timedelta(days=1)


class NightlyBackup:
    """Makes a backup when one is due, beside the beats, never two at once. ``health`` says how the last try went."""

    def __init__(self, settings: Settings, wall: Callable[[], datetime]) -> None:
        self.settings = settings
        self.health = Health()
        self._wall = wall
        self._running: asyncio.Task[None] | None = None
        self._not_before: datetime | None = None

    @property
    def folder(self) -> Path:
        return self.settings.path(self.settings.backup.folder)

    @property
    def last_at(self) -> datetime | None:
        """When the newest backup was made; None where there is none."""
        made = made_in(self.folder)
        return made[-1][0] if made else None

    async def look(self) -> None:
        """Begin one where it is due; returns at once."""
        now = self._wall()
        busy = self._running is not None and not self._running.done()
        if not self.settings.backup.keep or busy or (self._not_before is not None and now < self._not_before):
            return
        last = self.last_at
        if last is None or last < last_time(self.settings, now):
            self._not_before = now + AGAIN
            self._running = asyncio.create_task(self.run(now))

    async def run(self, now: datetime) -> None:
        """Make one, and let go of the oldest; a failure is logged, shown on /readyz, and tried again in an hour."""
        try:
            await asyncio.to_thread(self._make, now)
        except Exception as exc:
            self.health.failed(exc, now)
            log.exception("backup failed")
        else:
            self.health.well(now)
            log.info("backup made", kept=len(made_in(self.folder)))

    def _make(self, now: datetime) -> None:
        for part in self.folder.glob(f"{NAME}*{backups.PART}"):
            shutil.rmtree(part)  # what a crash left
        made = made_in(self.folder)
        target = self.folder / f"{NAME}{now.astimezone(UTC):{TIME}}"
        last = made[-1][1] if made else None
        backups.make(self.settings.database, target, now=now, last=last, url=self.settings.store_url)
        for _, path in made_in(self.folder)[: -self.settings.backup.keep]:
            shutil.rmtree(path)

    async def finish(self) -> None:
        """Wait for the one that runs: a copy can't be called back from its thread."""
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
