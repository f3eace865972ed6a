"""`doorstep explain NUMBER`: the whole reasoning about a parcel, in the house's language."""

from collections.abc import Mapping
from typing import Any

from config.words import say
from domain.errors import RuleError
from domain.words import Words
from doorstep.house import House
from monitor.explaining import explain
from store import tracking

MOST = 20
"""Shipments of one number that are explained: numbers are reused."""


def explain_number(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Each shipment that carries the number, newest first. Raises RuleError where none does."""
    number = str(params["number"]).strip()
    lang, zone = house.settings.doorstep.lang, house.settings.zone
    ids = house.store.read(tracking.shipment_ids_by_number, number)[:MOST]
    if not ids:
        raise RuleError(say(Words("explain.unknown", {"number": number}), lang, zone))
    now = house.now()
    found = {one: house.store.read(explain, one, house.policy, now=now) for one in ids}
    return {
        "shipments": [
            {
                "id": one,
                "reasons": [words.to_json() for words in lines],
                "lines": [say(words, lang, zone) for words in lines],
            }
            for one, lines in found.items()
        ]
    }
