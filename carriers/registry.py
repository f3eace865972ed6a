"""Every carrier that the house can ask, by id. A new adapter is one import and one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from carriers import dhl, fedex, jd, kuaidi100, kuaidiniao, kuaidiniao_vocabulary, manual, sf, track17, ups, usps
from carriers.base import Carrier
from domain.errors import RuleError

CARRIERS: Mapping[str, Carrier] = MappingProxyType(
    {
        carrier.id: carrier
        for carrier in (
            kuaidi100.CARRIER,
            kuaidiniao.CARRIER,
            fedex.CARRIER,
            sf.CARRIER,
            ups.CARRIER,
            dhl.CARRIER,
            usps.CARRIER,
            track17.CARRIER,
            jd.CARRIER,
            manual.CARRIER,
        )
    }
)

SHIPPERS = kuaidiniao_vocabulary.SHIPPERS
"""The house's carriers that Kuaidiniao has a code for."""

MANUAL, parse_event, parse_leg = manual.ID, manual.parse_event, manual.parse_leg
"""The source of what a merchant brings by itself, and how its rows are read one by one."""


def get(carrier_id: str) -> Carrier:
    """The adapter. Raises RuleError, naming the ids that exist."""
    try:
        return CARRIERS[carrier_id]
    except KeyError:
        raise RuleError(f"unknown carrier {carrier_id!r}: use one of {', '.join(sorted(CARRIERS))}") from None


def account_settings(carrier: Carrier, table: Mapping[str, Any]) -> msgspec.Struct:
    """The settings of one account from its table in the configuration. Raises RuleError, naming the key and the fault;
    a value never appears in the message, for it may be a secret.
    """
    try:
        settings = msgspec.convert(dict(table), carrier.settings)
    except msgspec.ValidationError as exc:
        raise RuleError(f"{carrier.id}: {_in_words(str(exc))}") from None
    empty = [f.name for f in msgspec.structs.fields(carrier.settings) if f.required and not getattr(settings, f.name)]
    if empty:
        raise RuleError(f"{carrier.id}: {empty[0]} is empty: fill it in")
    return settings


def _in_words(fault: str) -> str:
    """The decoder's message with the path as people write it in TOML: ``key`` instead of ``$.key``."""
    return fault.replace("Object ", "").replace("`$.", "`")
