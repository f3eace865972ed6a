"""Keys of the interface: made, listed, revoked. A key may be bound to scopes; only its hash is kept."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from domain.errors import RuleError
from doorstep.house import House
from store import people

INTAKE, MONEY, PICKUPS = "intake", "money", "pickups"
SCOPES = {
    INTAKE: "POST /api/orders, shipments, returns, checkins, disputes, cases, refunds, events",
    MONEY: "/api/instructions",
    PICKUPS: "/api/pickups, /api/intercepts",
}


def key_create(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new API key; it is shown once, only its hash is kept. Without scopes it may do everything."""
    scopes = sorted(set(params.get("scopes") or ()))
    if unknown := [one for one in scopes if one not in SCOPES]:
        raise RuleError(f"--scope {unknown[0]}: unknown; known are {', '.join(SCOPES)}")
    key = f"ds_{secrets.token_urlsafe(32)}"
    made = house.store.write(
        people.add_api_key, name=params["name"], digest=key_digest(key), now=house.wall(), scopes=scopes
    )
    if not made:
        raise RuleError(f"a key named {params['name']!r} exists already: choose another name")
    return {"name": params["name"], "key": key, "scopes": scopes or list(SCOPES)}


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def keys_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    del params
    return {
        "keys": [
            {
                "name": one.name,
                "scopes": list(one.scopes or SCOPES),
                "created_at": one.created_at.isoformat(),
                "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
            }
            for one in house.store.read(people.api_keys)
        ]
    }


def key_revoke(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """From now on it is no key. Raises RuleError where there is none of that name that is good."""
    if not house.store.write(people.revoke_api_key, params["name"], now=house.wall()):
        raise RuleError(f"no key that is good has the name {params['name']!r}: `doorstep keys list` names them")
    return {"name": params["name"]}
