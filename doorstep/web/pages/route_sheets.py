"""The desk's download of a route: whoever may take data out of the house gets its customers, on record; others see none."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from domain.people import Right
from doorstep.route_sheet import Sheet
from doorstep.web.context import Desk, Shared, needs
from doorstep.web.pages.courier import route_page, sheet_file
from store import facts
from store.facts import FactRow

router = APIRouter()
Exporting = Annotated[Desk, Depends(needs(Right.EXPORT))]


@router.get("/routes/{route_id}/sheet.{kind}")
def desk_sheet(request: Request, web: Shared, who: Exporting, route_id: str, kind: str) -> Response:
    del request
    house = web.house
    page = house.store.read(route_page, route_id)
    if page is None:
        raise HTTPException(404, "route")
    names = {one.id: one.name for one in house.settings.couriers}
    route, name = page.route, names.get(page.route.courier, page.route.courier)
    reply = sheet_file(
        web, who.lang, Sheet(route, page.visits, page.numbers, name, house.route_link(route.id), full=True), kind
    )
    data = {"what": "route", "rows": len(route.stops)}
    house.store.write(
        facts.append, [FactRow("person", who.person.id, "exported", house.now(), who.person.id, "console", data=data)]
    )
    return reply
