"""Kuaidi100's codes for carriers, which are the house's own: lower case, as its query wants them.

Source: the code table that api.kuaidi100.com publishes for its query (carriers/tables/kuaidi100.tsv).
"""

from carriers.carrier_spellings import ROWS
from carriers.carrier_tables import AmbiguousCarrierError, carrier_of, house_carrier

__all__ = ["NEEDS_PHONE", "ROWS", "carrier_code", "carrier_name"]

NEEDS_PHONE = frozenset({"shunfeng", "shunfengkuaiyun", "fengwang", "zhongtong"})
"""Carriers that answer Kuaidi100 only with the phone of either party: SF by its document, ZTO in practice."""


def carrier_code(name: str) -> str | None:
    """Kuaidi100's code for a carrier's name, short name, English name, abbreviation or code; None where it has none, or
    where several carriers bear the name.
    """
    try:
        found = house_carrier(name)
    except AmbiguousCarrierError:
        return None
    return found.kuaidi100 if found else None


def carrier_name(code: str, lang: str = "zh") -> str:
    """The name to show for a house carrier's id in "zh" (also "zh-CN") or "en"; the id itself where it is unknown."""
    known = carrier_of(code)
    return known.names["en" if lang.startswith("en") else "zh"] if known else code
