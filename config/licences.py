"""What `config check` says of collectors' licences while there is still time to act."""

from collections.abc import Iterable
from datetime import date, timedelta

from config.settings import Collector
from domain.licence import MISSING, OVER

AHEAD = timedelta(days=30)
"""How long before its end a licence is named: renewing one takes weeks."""
FIX = "set `licence` and `licence_until`, or `country` where it works outside China"


def licence_warnings(collectors: Iterable[Collector], day: date) -> list[str]:
    """One sentence for each licence that is missing, over, ending soon or without a last day, on a local day."""
    return [f"collectors.{one.id}: {said}" for one in collectors if (said := _warning(one, day))]


def _warning(collector: Collector, day: date) -> str:
    held = collector.held
    if not held.asked:
        return ""
    told = {
        MISSING: f"no licence number: it gets no routes; {FIX}",
        OVER: f"its licence ended on {held.until}: it gets no routes; renew it and set `licence_until`",
    }
    if fault := held.fault(day):
        return told[fault]
    if held.until is None:
        return "licence_until isn't set: nobody is warned before the licence ends; set its last day"
    return f"its licence ends on {held.until}; renew it and set `licence_until`" if held.until <= day + AHEAD else ""
