"""What the command line can have done about couriers' chats."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from config.words import say
from domain.errors import RuleError
from doorstep import courier_chat
from doorstep.house import House
from store import courier_chats

CHANNEL = "cli"


def couriers_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Every courier of the settings, and where they are written to."""
    del params
    chats = {one.courier: one for one in house.store.read(courier_chats.all_of_them)}
    found = [(one.id, one.name, chats.get(one.id)) for one in house.settings.couriers]
    return {
        "couriers": [
            {"id": i, "name": name, "channel": chat.channel if chat else None, "identity": chat.identity if chat else None}
            for i, name, chat in found
        ]
    }  # fmt: skip


def courier_code(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """A one-time code for a courier. Raises RuleError where nobody of that name drives."""
    courier = params["id"]
    if courier not in {one.id for one in house.settings.couriers}:
        raise RuleError(f"{courier} isn't a courier of the settings: add [[couriers]] with that id")
    code = courier_chat.new_code(house, courier, by=None, via=CHANNEL)
    return {"id": courier, "code": code, "minutes": int(courier_chat.CODE_FOR.total_seconds() // 60)}


def courier_chat_set(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    where = (params["id"], params["channel"], params["identity"], params.get("lang", ""))
    why = courier_chat.set_by_hand(house, *where, by=None, via=CHANNEL)
    if why is not None:
        raise RuleError(say(why, "en", ZoneInfo("UTC")))
    return {"id": params["id"], "channel": params["channel"], "identity": params["identity"]}


def courier_unlink(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    was = house.store.write(courier_chats.unlink, params["id"], now=house.now(), by=None, via=CHANNEL)
    return {"id": params["id"], "was": was}
