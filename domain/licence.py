"""A collector's licence: in China fetching parcels for others is express business, which needs one (邮政法 51; 快递市场管理办法 19)."""

from dataclasses import dataclass
from datetime import date

ASKED_IN = frozenset({"CN"})
"""Countries whose law asks a collector for a licence, by ISO 3166 code."""
MISSING, OVER = "licence_missing", "licence_over"


@dataclass(frozen=True, slots=True)
class Licence:
    """``until``: the last day on which it holds, None where nobody said. ``asked``: whether the law asks for one."""

    number: str = ""
    until: date | None = None
    asked: bool = True

    def fault(self, day: date) -> str:
        """Why its collector may not fetch anything on a local day: a code, "" where it may. What nobody said isn't over."""
        if not self.asked:
            return ""
        if not self.number.strip():
            return MISSING
        return OVER if self.until and self.until < day else ""


NOT_ASKED = Licence(asked=False)
