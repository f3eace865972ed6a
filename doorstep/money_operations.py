"""What `doorstep money` can have done, here or by a running daemon."""

from collections.abc import Mapping
from typing import Any

from domain.errors import RuleError
from domain.people import Right, may
from doorstep import money
from doorstep.house import House
from doorstep.money_export import export
from store import money_views, people, proposals


def money_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Instructions, the newest first, and what waits for somebody's word."""
    show = params.get("show") or ""
    if show not in money_views.FILTERS:
        raise RuleError(f"show: {show!r} is none of {', '.join(name for name in money_views.FILTERS if name)}")
    found = house.store.read(money_views.lines, show=show, limit=int(params.get("limit", 200)))
    return {
        "instructions": [
            {
                **money.instruction_json(one.instruction),
                "sent_at": one.letter.sent_at.isoformat() if one.letter and one.letter.sent_at else None,
                "dead": bool(one.letter and one.letter.dead_at and not one.letter.sent_at),
            }
            for one in found
        ],
        "waiting": [
            {
                "id": one.id, "case": one.case_id, "order": one.order_ref, "way": one.way.value,
                "amount_cents": one.amount_cents, "cost_cents": one.cost_cents, "currency": one.currency,
                "needs": [need.value for need in one.needs], "by": one.proposed_by,
            }
            for one in house.store.read(proposals.waiting)
        ],
    }  # fmt: skip


def money_confirm(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """A person saw that it was done."""
    person = house.store.read(people.find_person, params["by"])
    if person is None or not person.active or not may(person.role, Right.ACT):
        raise RuleError(f"--by: {params['by']} may not do this: name somebody of the desk")
    found = house.store.write(money.confirm, params["id"], now=house.now(), by=person.id, channel="cli")
    if found is None:
        raise RuleError(f"there is no instruction {params['id']!r}: `doorstep money list` shows those that there are")
    house.bus.publish("money")
    return dict(money.instruction_json(found))


def money_export(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """The CSV's text; who took it is on record."""
    lang = house.settings.doorstep.lang
    text = house.store.write(export, by=params["by"], lang=lang, now=house.now(), channel="cli")
    if text is None:
        raise RuleError(f"--by: {params['by']} may not take data out of the house: a lead or an admin may")
    return {"text": text}
