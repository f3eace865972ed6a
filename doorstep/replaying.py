"""`doorstep replay`: on two files, or on the house's own database, whether its daemon runs or not."""

from pathlib import Path
from typing import Any

from domain.errors import RuleError
from doorstep.clock import wall
from doorstep.running import read_settings
from monitor.replay.command import Wanted, replay, replay_own


def play(
    shipments: Path | None,
    events: Path | None,
    *,
    own: bool,
    config: Path,
    wanted: tuple[str, Path | None, float | None, str],
    out: Path,
) -> dict[str, Any]:
    """Raises RuleError where it isn't said, or said twice, what to replay."""
    if own and (shipments or events):
        raise RuleError("--own replays your own database: leave --shipments and --events out")
    if own:
        settings = read_settings(config)
        usual, zone = settings.detection, settings.zone
        return replay_own(
            settings.store_url or settings.database, Wanted(*wanted), out=out, now=wall(), usual=usual, zone=zone
        )
    if shipments is None or events is None:
        raise RuleError("name both files with --shipments and --events, or say --own for your own database")
    return replay(shipments, events, Wanted(*wanted), out=out, now=wall())
