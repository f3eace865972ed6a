"""A collector's monthly statement behind its own link, as a page and as CSV."""

import csv
import io
import re
from datetime import date

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from config.settings import Collector
from domain.pickup import Fault
from domain.statement import Line, lines, total
from doorstep.money_export import BOM, inert
from doorstep.web.context import Asking, Shared, Web, field, render, tongue
from doorstep.web.pages.collector import firm_of, own
from doorstep.web.pages.courier import PlainForm
from doorstep.web.tongue import Tongue
from scheduler import roster
from store import disputes, returns

router = APIRouter()
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
COLUMNS = ("day", "route", "courier", "collected", *(f"failed_{one}" for one in Fault), "km", "hours", "amount")


@router.get("/collector/{token}/statement")
def statement(request: Request, web: Shared, asking: Asking, token: str, month: str = "") -> Response:
    firm, month = firm_of(web, token), _month(web, month)
    found = _lines(web, firm, month)
    names = {one.id: one.name for one in web.house.settings.couriers}
    said = web.house.store.read(disputes.of_routes, [one.route for one in found])
    return render(
        request, asking, "collector_statement.html", token=token, firm=firm, month=month, lines=found, sum=total(found),
        faults=list(Fault), couriers=names, earlier=_before(month), disputes=said,
        disputed=[one for one in found if one.route in said and said[one.route].open],
    )  # fmt: skip


@router.post("/collector/{token}/routes/{route_id}/dispute")
def dispute_line(request: Request, web: Shared, form: PlainForm, token: str, route_id: str) -> Response:
    """Say why a line is wrong; the desk answers. Once until it has."""
    firm = firm_of(web, token)
    route = own(request, web, firm, web.house.store.read(roster.route_of, route_id, firm.id))
    words = field(form, "words", disputes.MAX_WORDS)
    if not words:
        raise HTTPException(422, "words")
    web.house.store.write(disputes.dispute, route.id, words, by=firm.id, channel=roster.CHANNEL, now=web.house.now())
    web.house.bus.publish("routes")
    return Response(status_code=303, headers={"Location": f"/collector/{token}/statement?month={route.day[:7]}"})


@router.get("/collector/{token}/statement.csv")
def statement_csv(web: Shared, asking: Asking, token: str, month: str = "") -> Response:
    firm, month = firm_of(web, token), _month(web, month)
    speech, text = tongue(web, asking.lang), io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([speech.t(f"statement.{name}") for name in COLUMNS])
    found = _lines(web, firm, month)
    out.writerows([inert(cell) for cell in _cells(one)] for one in (*found, _named(total(found), speech)))
    headers = {"Content-Disposition": f'attachment; filename="{firm.id}-{month}.csv"'}
    return Response(BOM + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(web: Web, firm: Collector, month: str) -> list[Line]:
    return lines(web.house.store.read(returns.routes_of_month, month, firm.id), firm.tariff)


def _named(one: Line, speech: Tongue) -> Line:
    return Line(speech.t("statement.sum"), "", "", one.collected, one.failed, one.distance_m, one.work_s, one.cents)


def _cells(one: Line) -> list[str]:
    """In the order of COLUMNS; the amount in the main unit, empty where no price is set."""
    failed = (str(one.failed[fault]) for fault in Fault)
    amount = "" if one.cents is None else f"{one.cents / 100:.2f}"
    km, hours = f"{one.distance_m / 1000:.1f}", f"{one.work_s / 3600:.2f}"
    return [one.day, one.route, one.courier, str(one.collected), *failed, km, hours, amount]


def _month(web: Web, month: str) -> str:
    if month and not MONTH.fullmatch(month):
        raise HTTPException(404, "month")
    return month or f"{web.house.now().astimezone(web.house.settings.zone):%Y-%m}"


def _before(month: str) -> str:
    """The month before."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first.replace(year=first.year - 1, month=12):%Y-%m}" if first.month == 1 else f"{first.replace(month=first.month - 1):%Y-%m}"  # fmt: skip
