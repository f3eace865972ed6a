"""What people did about a case, marked on its page: the carrier contacted, the customer told, resolved with a verdict, reopened."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from domain.case import CaseEvent, CaseFact, Told, Verdict
from domain.words import Words
from doorstep.web.context import Acting, Desk, Form, Shared, Web, field, go, is_htmx, tongue
from doorstep.web.life import told_at
from doorstep.web.pages.cases import show_case
from monitor.acts import Done, Refused, do, reopening
from store import cases
from store.base import Db

router = APIRouter()
MEANS = ("phone", "wangwang", "sms", "mail", "chat", "other")
"""How somebody was reached."""
Marked = tuple[CaseEvent, dict[str, Any]]


def _means(form: FormData) -> dict[str, Any] | None:
    means = field(form, "means", 20)
    return {"means": means} if means in MEANS else None


def _contacted(form: FormData, zone: ZoneInfo) -> Marked | None:
    del zone
    means = _means(form)
    return (CaseEvent.CARRIER_CONTACTED, means) if means else None


def _answered(form: FormData, zone: ZoneInfo) -> Marked | None:
    del zone
    means = _means(form)
    return (CaseEvent.CARRIER_ANSWERED, means) if means else None


def _told(form: FormData, zone: ZoneInfo) -> Marked | None:
    means, told = _means(form), field(form, "told", 20)
    if means is None or told not in set(Told):
        return None
    dated = {"next_at": _local(field(form, "next_at", 40), zone)} if told == Told.NEXT_STEP else {}
    return CaseEvent.CUSTOMER_TOLD, {"told": told, **means, **dated}


def _resolved(form: FormData, zone: ZoneInfo) -> Marked | None:
    del zone
    verdict = field(form, "verdict", 20)
    return (CaseEvent.RESOLVED, {"verdict": verdict}) if verdict in set(Verdict) else None


def _reopened(form: FormData, zone: ZoneInfo) -> Marked | None:
    del form, zone
    return CaseEvent.REOPENED, {}


def _local(text: str, zone: ZoneInfo) -> str:
    """A date and time of the page, which are the shop's; empty where it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return ""


DEEDS: dict[str, Callable[[FormData, ZoneInfo], Marked | None]] = {
    "contacted": _contacted,
    "answered": _answered,
    "told": _told,
    "resolved": _resolved,
    "reopened": _reopened,
}


@router.post("/cases/{case_id}/life")
def mark(request: Request, web: Shared, who: Acting, form: Form, case_id: int) -> Response:
    """Put what somebody did on record, once for each form; the page as it stands then."""
    read = DEEDS.get(field(form, "deed", 20))
    marked = read(form, web.house.settings.zone) if read else None
    why = _do(web, who, form, case_id, marked) if marked else Words("refused.says_nothing", {})
    if not is_htmx(request):
        return go(f"/cases/{case_id}")
    speech = tongue(web, who.lang)
    toast = speech.words(why) if why else speech.t("life.marked")
    return show_case(request, web, who, case_id, "_case_body.html", toast=toast, toast_bad=bool(why))


def _do(web: Web, who: Desk, form: FormData, case_id: int, marked: Marked) -> Words | None:
    event, data = marked
    at = now = web.house.now()
    if event is CaseEvent.CUSTOMER_TOLD and (clock := field(form, "told_at", 5)):
        case = web.house.store.read(cases.get, case_id)
        told = told_at(clock, case.opened_at, now, web.house.settings.zone) if case else now
        if told is None:
            return Words("refused.bad_time", {})
        at, data = told, data | ({"noted_at": now.isoformat()} if told != now else {})
    fact = CaseFact(event, at, who.person.id, "console", field(form, "words"), data)
    outcome = web.house.store.write(_done, web, case_id, fact, field(form, "key", 80) or web.house.new_id())
    if outcome is None:
        raise HTTPException(404, "case")
    web.house.bus.publish("cases")
    return outcome.why if isinstance(outcome, Refused) else None


def _done(db: Db, web: Web, case_id: int, fact: CaseFact, key: str) -> Done | Refused | None:
    case = cases.get(db, case_id)
    if case is None:
        return None
    if fact.event is CaseEvent.REOPENED:
        fact = reopening(case, web.house.policy, fact)
    return do(db, case_id, fact, key=key)
