"""What the command line can have done, here or by a running daemon: name → function of the house and JSON values."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from chat.acts import ActKind, ChatAct
from domain.errors import RuleError
from domain.words import Words
from doorstep import importing
from doorstep.booking_operations import (
    carriers_intercept,
    pickups_book,
    pickups_cancel,
    pickups_list,
    pickups_quote,
    pickups_settle,
    pickups_state,
)
from doorstep.carrier_operations import carriers_list, carriers_plan, carriers_test, carriers_unmapped
from doorstep.chat_operations import chat_link, chat_test_look, chat_test_send, chat_test_unclicked, chats_list
from doorstep.control import Operation
from doorstep.courier_operations import courier_chat_set, courier_code, courier_unlink, couriers_list
from doorstep.doctor import doctor
from doorstep.explaining import explain_number
from doorstep.figures import figures_told
from doorstep.house import House
from doorstep.keys import key_create, key_revoke, keys_list
from doorstep.money_operations import money_confirm, money_export, money_list
from doorstep.people_operations import (
    customer_erase,
    customer_export,
    customer_hold,
    customer_show,
    people_list,
    person_active,
    person_add,
    person_role,
    reapply_erasures,
    sign_in,
)
from doorstep.solving import Apart
from doorstep.stuck import stuck_list, stuck_retry
from doorstep.taking import Sender, takers_of
from monitor import acts
from scheduler.router.problem import Seconds
from scheduler.tick import tick
from store import cases, check, reads, returns
from store.cases import CaseRow

PLAN_SECONDS = 10.0


def cases_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    found = house.store.read(cases.list_cases, only_open=not params.get("all"))
    numbers = {case.id: house.store.read(reads.subject_number, case.subject) for case in found}
    return {"cases": [case_json(case, numbers[case.id]) for case in found]}


def case_json(case: CaseRow, number: str) -> dict[str, Any]:
    """FORMATS: id, kind, subject_type, subject_id, status, opened_at, promise_by, owner; and the number people know."""
    return {
        "id": case.id,
        "kind": case.kind.value,
        "subject_type": case.subject.type.value,
        "subject_id": case.subject.id,
        "number": number,
        "status": case.status.value,
        "opened_at": case.opened_at.isoformat(),
        "promise_by": case.promise_by.isoformat() if case.promise_by else None,
        "owner": case.owner,
    }


def case_act(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    act = ChatAct(
        "cli",
        "main",
        params.get("key") or house.new_id(),
        params["by"],
        int(params["case"]),
        ActKind(params["kind"]),
        params.get("words", ""),
        params.get("to"),
    )
    outcome = house.store.write(acts.perform, act, now=house.now())
    house.bus.publish("cases")
    if isinstance(outcome, acts.Refused):
        raise RuleError(say(house, outcome.why))
    number = house.store.read(reads.subject_number, outcome.case.subject)
    return {"case": case_json(outcome.case, number)}


def say(house: House, words: Words) -> str:
    from config.words import say as say_words

    return say_words(words, house.settings.doorstep.lang, house.settings.zone)


def import_file(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    report = importing.import_file(
        house.store, params["kind"], Path(params["file"]), takers=takers_of(house, Sender(None, "import")),
        now=house.now(), headers=params.get("headers") or {},
    )  # fmt: skip
    house.bus.publish("cases")
    return report.to_json()


def routes_plan(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Plan what is past its cut-off. A batch is dispatched once, whoever plans it, a beat of the daemon or this."""
    del params
    apart = Apart(Seconds(PLAN_SECONDS))
    done = asyncio.run(
        tick(
            house.store, house.pickups, now=house.now(), solve=apart, link=house.route_link,
            rng=Random(secrets.randbits(64)), decide=apart.decide,
        )
    )  # fmt: skip
    house.bus.publish("routes")
    return {
        "dispatched": [route.id for one in done.dispatched for route in one.routes],
        "failed": [say(house, one.why) for one in done.failed],
    }


def collector_link(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """The link to a collector's own page. Raises RuleError where the settings name no such collector."""
    known = [one.id for one in house.settings.collectors]
    if params["collector"] not in known:
        raise RuleError(
            f"no collector has the id {params['collector']!r}: choose one of {', '.join(known) or 'none yet'}"
        )
    return {"collector": params["collector"], "url": house.collector_link(params["collector"])}


def routes_show(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    day = params.get("day") or house.now().astimezone(house.settings.zone).date().isoformat()
    found = house.store.read(returns.routes_of_day, day)
    return {
        "day": day,
        "routes": [
            {
                "id": route.id,
                "courier": route.courier,
                "status": route.status,
                "depart_at": route.depart_at.isoformat(),
                "return_at": route.return_at.isoformat(),
                "distance_m": route.distance_m,
                "stops": [
                    {"return": s.return_ref, "start_at": s.start_at.isoformat(), "status": s.status}
                    for s in route.stops
                ],
            }
            for route in found
        ],
    }


def check_all(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    del params
    now = max(house.now(), house.store.read(check.newest) or house.now())
    found = house.store.read(check.differences, now=now)
    return {"differences": [str(d) for d in found], "digest": house.store.read(check.digest)}


OPERATIONS: dict[str, Operation] = {
    "cases_list": cases_list,
    "case_act": case_act,
    "import": import_file,
    "key_create": key_create,
    "keys_list": keys_list,
    "key_revoke": key_revoke,
    "people_list": people_list,
    "person_add": person_add,
    "person_role": person_role,
    "person_active": person_active,
    "sign_in": sign_in,
    "routes_plan": routes_plan,
    "routes_show": routes_show,
    "collector_link": collector_link,
    "customer_show": customer_show,
    "customer_export": customer_export,
    "customer_erase": customer_erase,
    "customer_hold": customer_hold,
    "reapply_erasures": reapply_erasures,
    "check": check_all,
    "doctor": doctor,
    "figures": figures_told,
    "explain": explain_number,
    "chats_list": chats_list,
    "chat_link": chat_link,
    "chat_test_send": chat_test_send,
    "chat_test_look": chat_test_look,
    "chat_test_unclicked": chat_test_unclicked,
    "carriers_list": carriers_list,
    "carriers_test": carriers_test,
    "carriers_plan": carriers_plan,
    "carriers_unmapped": carriers_unmapped,
    "carriers_intercept": carriers_intercept,
    "stuck_list": stuck_list,
    "stuck_retry": stuck_retry,
    "money_list": money_list,
    "money_confirm": money_confirm,
    "money_export": money_export,
    "pickups_quote": pickups_quote,
    "pickups_book": pickups_book,
    "pickups_cancel": pickups_cancel,
    "pickups_state": pickups_state,
    "pickups_settle": pickups_settle,
    "pickups_list": pickups_list,
    "couriers_list": couriers_list,
    "courier_code": courier_code,
    "courier_chat_set": courier_chat_set,
    "courier_unlink": courier_unlink,
}


def perform(house: House, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Raises RuleError where the operation is unknown, or refuses."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise RuleError(f"unknown operation {name!r}: use one of {', '.join(sorted(OPERATIONS))}")
    return operation(house, params)
