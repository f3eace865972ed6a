"""The courier's page asks whether the desk may see where they are, and tells it while they agree (scheduler/positions)."""

from datetime import datetime, timedelta

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import FormData

from domain.place import Location
from doorstep.web.context import YEAR_S, Asking, Shared, field, tongue, wants_json
from doorstep.web.pages.courier import PlainForm, page_of, show
from scheduler import positions
from store.positions import Position

router = APIRouter()
MAX_LAT, MAX_LON, MAX_ACCURACY_M = 90, 180, 100_000


@router.post("/courier/{token}/share")
def share_position(request: Request, web: Shared, asking: Asking, form: PlainForm, token: str) -> Response:
    """The courier agrees that their position is seen, or takes that back."""
    route, said = page_of(request, web, token).route, field(form, "share", 20)
    if said not in set(positions.Share):
        raise HTTPException(422, "share")
    wanted = positions.Share(said) if web.house.settings.returns.courier_positions else positions.Share.WITHDRAWN
    sees = web.house.store.write(positions.say, route.id, wanted, by=route.courier, now=web.house.now())
    web.house.bus.publish("routes")
    text = tongue(web, asking.lang).t("position.said_yes" if sees else "position.said_no")
    if wants_json(request):
        return JSONResponse({"ok": True, "message": text})
    return show(request, web, asking, token, page_of(request, web, token), notice=text)


@router.post("/courier/{token}/position")
def courier_position(request: Request, web: Shared, form: PlainForm, token: str) -> Response:
    """Where the phone is; ``go_on`` false: nothing was kept, and nothing more is wanted."""
    route, position = page_of(request, web, token).route, read_position(form, web.house.now())
    if position is None:
        raise HTTPException(422, "position")
    wanted = web.house.settings.returns.courier_positions
    goes_on = wanted and web.house.store.write(positions.take, route.id, position, now=web.house.now())
    if goes_on:
        web.house.bus.publish("routes")
    return JSONResponse({"go_on": goes_on})


def read_position(form: FormData, now: datetime) -> Position | None:
    """What the phone says, rounded to some metres; None where that is no place."""
    try:
        lat, lon = float(field(form, "lat", 30)), float(field(form, "lon", 30))
        accuracy, ago = float(field(form, "accuracy_m", 30) or "nan"), float(field(form, "ago_s", 30) or 0)
    except ValueError:
        return None
    if not (abs(lat) <= MAX_LAT and abs(lon) <= MAX_LON and 0 <= ago <= YEAR_S):
        return None
    within = round(accuracy) if 0 <= accuracy < MAX_ACCURACY_M else None
    return Position(now - timedelta(seconds=round(ago)), Location(lat=round(lat, 5), lon=round(lon, 5)), within)
