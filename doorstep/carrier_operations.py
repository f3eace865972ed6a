"""What `doorstep carriers` can have done, here or by a running daemon: list, test, plan, unmapped."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from carriers.base import Account, Carrier
from carriers.registry import CARRIERS, get
from carriers.sender import Answer, Line
from config.words import say as say_words
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable
from domain.shipment import ShipmentView
from domain.tracking import Ask, Failed, Found, NotFound
from domain.words import Words
from doorstep.credentials import Credential, Money, Spent, credentials
from doorstep.house import House
from doorstep.sources import region_of_source
from monitor import spending
from monitor.plan import Plan, plan
from monitor.poll import ask_of
from net.http import Http, Transport
from store import asking, tracking


def carriers_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Every credential: what is set, quota and money used, last success, how it is called."""
    del params
    found = house.store.read(partial(credentials, house), now=house.now())
    return {"credentials": [_credential(one) for one in found], "known": sorted(CARRIERS)}


def _credential(one: Credential) -> dict[str, Any]:
    state = one.line.state
    return {
        "name": one.name,
        "set_up": one.set_up,
        "watched": one.line.watched,
        "subscribed": one.line.subscribed,
        "last_ok_at": state.last_ok_at.isoformat() if state.last_ok_at else None,
        "failing_since": state.failing_since.isoformat() if state.failing_since else None,
        "paused_until": state.paused_until.isoformat() if state.paused_until else None,
        "used_up_until": state.used_up_until.isoformat() if state.used_up_until else None,
        "error": state.error,
        "budgets": [_spent(spent) for spent in one.budgets],
        "money": _money(one.money) if one.money else None,
        "callback_url": one.callback_url,
        "proven": one.proven,
    }


def _spent(spent: Spent) -> dict[str, Any]:
    return {
        "per_s": spent.per_s,
        "calls": spent.calls,
        "used": spent.used,
        "free_at": spent.free_at.isoformat() if spent.free_at else None,
    }


def _money(money: Money) -> dict[str, Any]:
    return {"units": money.units, "cost": money.cost, "cap": money.cap, "currency": money.currency}


# --- a live self-test ---


def carriers_test(house: House, params: Mapping[str, Any], *, transport: Transport | None = None) -> dict[str, Any]:
    """Ask one question with one account, and say in one sentence what that shows."""
    carrier = get(params["carrier"])
    if not carrier.asks:
        raise RuleError(
            f"{carrier.id}: nobody is asked: bring events by POST /api/events or doorstep import events FILE"
        )
    account = _account(house, carrier, params.get("account", ""))
    _spend(house, carrier, account)
    ask = _question(house, carrier, params)
    answer = asyncio.run(_ask(carrier, account, ask, house, transport))
    ok, words = verdict(carrier, answer)
    text = say_words(words, params.get("lang") or house.settings.doorstep.lang, house.settings.zone)
    return {"carrier": carrier.id, "account": account.name, "number": ask.number, "ok": ok, "says": text}


def _account(house: House, carrier: Carrier, name: str) -> Account:
    accounts = house.settings.carriers.get(carrier.id, {})
    chosen = name or ("main" if "main" in accounts else next(iter(accounts), "main"))
    if chosen not in accounts:
        raise RuleError(f"{carrier.id}: no account {chosen!r} is set: add [carriers.{carrier.id}.{chosen}]")
    return Account(carrier.id, chosen, accounts[chosen])


def _spend(house: House, carrier: Carrier, account: Account) -> None:
    """A test is a question like any other: it counts, and isn't asked where nothing is left."""
    if not house.store.write(spending.try_out, carrier, account, now=house.now()):
        name = spending.credential(carrier, account.name)
        raise RuleError(
            f"{name}: its calls or its money are used up now; `doorstep carriers list` says when they return"
        )


def _question(house: House, carrier: Carrier, params: Mapping[str, Any]) -> Ask:
    number = params.get("number")
    if not number:
        return carrier.probe
    _keep_gap(house, carrier, number)
    known = house.store.read(_asked_of, carrier.id, number)
    return known or Ask(number, carrier=params.get("of") or carrier.probe.carrier, phone4=params.get("phone4"))


def _keep_gap(house: House, carrier: Carrier, number: str) -> None:
    """A watched number may have been asked about a moment ago: sources lock numbers that are asked about too often."""
    for view in house.store.read(_views_of, number):
        gap = carrier.min_interval - (house.now() - view.polled_at) if view.polled_at else timedelta()
        if gap > timedelta():
            minutes = -(-gap // timedelta(minutes=1))
            raise RuleError(f"{number} was asked about just now: ask again in {minutes} min, or leave --number out")


def _views_of(db: Any, number: str) -> list[ShipmentView]:
    return list(tracking.views(db, tracking.shipment_ids_by_number(db, number)).values())


def _asked_of(db: Any, source: str, number: str) -> Ask | None:
    found = tracking.views(db, tracking.shipment_ids_by_number(db, number)[:1])
    for view in found.values():
        due = asking.asked_of(db, source, view.shipment.account, number)
        if due:
            return ask_of(due)
        return Ask(number, view.shipment.carrier)
    return None


async def _ask(carrier: Carrier, account: Account, ask: Ask, house: House, transport: Transport | None) -> Answer:
    line = Line(carrier, account, Http(f"{carrier.id}/{account.name}", transport=transport), house.wall)
    try:
        return await line.ask([ask], house.new_id())
    finally:
        await line.close()


def verdict(carrier: Carrier, answer: Answer) -> tuple[bool, Words]:
    """Whether an account works, and why (not), from the answer to one question."""
    (reading,) = answer.readings
    name = carrier.id
    match reading:
        case Found(parcels=parcels):
            events = sum(len(parcel.events) for parcel in parcels)
            return True, Words("carrier_test.found", {"carrier": name, "events": events})
        case NotFound(kind=kind):
            return True, Words(f"carrier_test.{kind.value}", {"carrier": name})
        case Failed(error=error):
            told = {AccessDenied: "denied", RateLimited: "limited", Unreachable: "unreachable"}
            code = told.get(type(error), "unreadable")
            return False, Words(f"carrier_test.{code}", {"carrier": name, "error": str(error)})


# --- plan ---


def carriers_plan(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """How often today's parcels can be asked about, what it costs, and which detectors come too late."""
    del params
    found = house.store.read(asking.standing_by_milestone)
    plans = []
    for source, accounts in sorted(house.settings.carriers.items()):
        for account, settings in sorted(accounts.items()):
            if CARRIERS[source].asks:
                counts, pushed = found.get((source, account), ({}, 0))
                made = plan(
                    counts, CARRIERS[source], settings, house.policy, region=region_of_source(source), pushed=pushed
                )
                plans.append({"name": f"{source}/{account}", **_plan(made)})
    return {"plans": plans}


def _plan(made: Plan) -> dict[str, Any]:
    return {
        "parcels": made.parcels,
        "wanted_per_day": made.wanted,
        "possible_per_day": made.possible,
        "every_h": round(made.every.total_seconds() / 3600, 1),
        "share": round(made.share, 3),
        "cost_per_day": round(made.cost_per_day, 2) if made.cost_per_day is not None else None,
        "currency": made.currency,
        "late": list(made.late),
    }


# --- what no table knows yet ---


def carriers_unmapped(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Codes and phrases that were met and aren't in the table, most frequent first."""
    rows = house.store.read(tracking.unmapped, source=params.get("carrier", ""), limit=int(params.get("limit", 500)))
    return {"unmapped": [{"source": r.source, "code": r.code, "text": r.text, "count": r.count} for r in rows]}


def table_row(row: Mapping[str, Any]) -> str:
    """A ready-made row for the adapter's table; the milestone is for whoever knows what it means."""
    key = row["code"] or row["text"]
    return f'    {json.dumps(key, ensure_ascii=False)}: Meaning(M.…, "…"),  # {row["count"]}x {row["text"]}'
