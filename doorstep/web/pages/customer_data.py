"""One customer's personal data, for administrators: until when it is kept, a legal hold, export and erasure."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.errors import RuleError
from doorstep import erasures
from doorstep.erasures import Whom
from doorstep.web.context import Desk, Form, Managing, Shared, Web, field, go, render, tongue
from store import keeping

router = APIRouter()
CHANNEL = "console"


@router.get("/orders/{ref:path}/privacy")
def data_of(request: Request, web: Shared, who: Managing, ref: str) -> Response:
    return _show(request, web, who, ref)


def _show(request: Request, web: Web, who: Desk, ref: str, *, status: int = 200, **values: Any) -> Response:
    shown: dict[str, Any] = {"notice": "", "bad": False} | values
    return render(request, who, "customer_data.html", status=status, ref=ref, found=_found(web, ref), **shown)


def _found(web: Web, ref: str) -> erasures.Found:
    try:
        return erasures.find(web.house, Whom(order=ref))
    except RuleError as exc:
        raise HTTPException(404, "order") from exc


@router.post("/orders/{ref:path}/privacy/hold")
def hold(web: Shared, who: Managing, form: Form, ref: str) -> Response:
    """Keep this customer's data whatever its age; without a reason the hold is lifted."""
    found, why = _found(web, ref), field(form, "why", 300)
    web.house.store.write(keeping.hold, found.customers, why, by=who.person.id, now=web.house.now(), channel=CHANNEL)
    return go(f"/orders/{ref}/privacy")


@router.post("/orders/{ref:path}/privacy/export")
def export(web: Shared, who: Managing, form: Form, ref: str) -> Response:
    del form
    _found(web, ref)
    packed = erasures.export(web.house, Whom(order=ref), by=who.person.id, channel=CHANNEL)
    headers = {"Content-Disposition": 'attachment; filename="customer.zip"'}
    return Response(packed, media_type="application/zip", headers=headers)


@router.post("/orders/{ref:path}/privacy/erase")
def erase(request: Request, web: Shared, who: Managing, form: Form, ref: str) -> Response:
    """Erase for good, once it was confirmed that this is the right customer."""
    found, even_open = _found(web, ref), field(form, "even_open", 1) == "1"
    refused = _refused(found, confirmed=field(form, "confirmed", 1) == "1", even_open=even_open)
    speech = tongue(web, who.lang)
    if refused:
        return _show(request, web, who, ref, status=422, notice=speech.t(f"privacy.{refused}"), bad=True)
    done = erasures.erase(web.house, Whom(order=ref), by=who.person.id, channel=CHANNEL, even_open=even_open)
    web.house.bus.publish("cases")
    left = speech.t("privacy.trace_in", files=", ".join(done.traces)) if done.traces else speech.t("privacy.no_trace")
    lines = [speech.t("privacy.erased_now", orders=len(done.orders), found=left)]
    if done.leftovers:
        lines.append(speech.t("privacy.leftovers", files=", ".join(done.leftovers)))
    return _show(request, web, who, ref, notice=" ".join(lines), bad=bool(done.traces))


def _refused(found: erasures.Found, *, confirmed: bool, even_open: bool) -> str:
    """The name of the text that says why not; '' where nothing is against it."""
    if found.hold:
        return "refused_hold"
    if not confirmed:
        return "refused_confirm"
    return "refused_open" if found.open and not even_open else ""
