"""What the command line can have done about people and customers' data."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errors import RuleError
from domain.people import Right, may
from domain.words import Words
from doorstep import erasures, team
from doorstep.erasures import Whom
from doorstep.house import House
from doorstep.team import Deed
from doorstep.web.auth import hash_password, sign_in_link
from store import facts, keeping, people
from store.base import Db
from store.facts import FactRow
from store.people import Person

CHANNEL = "cli"


def people_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    del params
    found = house.store.read(people.people)
    return {"people": [{"id": p.id, "name": p.name, "role": p.role, "active": p.active} for p in found]}


def person_add(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Add somebody, or give somebody who is known another name, role or password."""
    hashed = hash_password(params["password"]) if params.get("password") else ""
    person = Person(params["id"], params["name"], params["role"], params.get("lang", ""), hashed)
    known = house.store.read(people.find_person, person.id)
    if known is None:
        _do(house, lambda db, deed: team.add(db, person, deed), params)
        link = "" if hashed else sign_in_link(house, person.id)
        return {"id": person.id, "name": person.name, "role": person.role, "url": link}
    _do(house, lambda db, deed: team.set_role(db, person.id, person.role, deed), params)
    changed = replace(known, name=person.name, role=person.role, lang=person.lang or known.lang)
    house.store.write(people.save_person, replace(changed, password_hash=hashed or known.password_hash))
    return {"id": person.id, "name": person.name, "role": person.role, "url": ""}


def person_role(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    _do(house, lambda db, deed: team.set_role(db, params["id"], params["role"], deed), params)
    return {"id": params["id"], "role": params["role"]}


def person_active(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    active = bool(params["active"])
    _do(house, lambda db, deed: team.set_active(db, params["id"], deed, active=active), params)
    return {"id": params["id"], "active": active}


def sign_in(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    _do(house, lambda db, deed: team.linked(db, params["id"], deed), params)
    return {"url": sign_in_link(house, params["id"])}


def _do(house: House, change: Callable[[Db, Deed], Words | None], params: Mapping[str, Any]) -> None:
    """Raises RuleError with the reason where it was refused."""
    from doorstep.operations import say

    why = house.store.write(change, Deed(params.get("by") or None, house.now(), CHANNEL))
    if why is not None:
        raise RuleError(say(house, why))


# --- customers' data -----------------------------------------------------------------------------------------------


def customer_show(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """What there is of one customer, without saying who they are."""
    _managing(house, params["by"])
    found = erasures.find(house, _whom(params))
    return {
        "customers": len(found.customers),
        "orders": list(found.scope.of("order")),
        "open": list(found.open),
        "hold": found.hold,
        "erased_at": found.erased_at.isoformat() if found.erased_at else None,
        "look_at": found.look_at.isoformat() if found.look_at else None,
    }


def customer_export(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    by, out = _managing(house, params["by"]), Path(params["out"])
    if out.exists():
        raise RuleError(f"{out}: is there already; name a new file")
    data = erasures.export(house, _whom(params), by=by, channel=CHANNEL)
    erasures.save(out, data)
    return {"file": str(out), "bytes": len(data)}


def customer_erase(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    by = _managing(house, params["by"])
    done = erasures.erase(house, _whom(params), by=by, channel=CHANNEL, even_open=bool(params.get("even_open")))
    house.bus.publish("cases")
    return erased_json(done)


def customer_hold(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a customer's data whatever its age, or lift that."""
    by, why = _managing(house, params["by"]), params.get("why", "").strip()
    found = erasures.find(house, _whom(params))
    if not why and not params.get("lift"):
        raise RuleError("why: say what the data is kept for, or --lift the hold")
    house.store.write(keeping.hold, found.customers, why, by=by, now=house.now(), channel=CHANNEL)
    return {"orders": list(found.scope.of("order")), "hold": why}


def reapply_erasures(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Erase again whom a restored backup brought back."""
    del params
    return {"erased": [erased_json(one) for one in erasures.reapply(house)]}


def erased_json(done: erasures.Erased) -> dict[str, Any]:
    return {
        "id": done.id,
        "customers": done.customers,
        "orders": list(done.orders),
        "leftovers": list(done.leftovers),
        "traces": list(done.traces),
    }


def _whom(params: Mapping[str, Any]) -> Whom:
    whom = Whom(params.get("order") or "", params.get("phone") or "", params.get("email") or "")
    if sum(map(bool, (whom.order, whom.phone, whom.email))) != 1:
        raise RuleError("name the customer by one of: an order's reference, --phone, --email")
    return whom


def _managing(house: House, by: str) -> str:
    """Raises RuleError, and keeps on record, where this person may not manage customers' data."""
    person = house.store.read(people.find_person, by)
    if person is not None and person.active and may(person.role, Right.MANAGE):
        return by
    if person is not None:
        data = {"right": Right.MANAGE.value, "path": "customers"}
        house.store.write(facts.append, [FactRow("person", by, "refused", house.now(), by, CHANNEL, data=data)])
    raise RuleError(f"{by!r} may not do this: it needs an administrator (`doorstep people list` shows them)")
