"""The desk's answer to a collector that disputes a line of its statement."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response

from domain.people import Right
from doorstep.web.context import Desk, Form, Shared, field, go, needs
from store import disputes, returns

router = APIRouter()
Approving = Annotated[Desk, Depends(needs(Right.APPROVE))]


@router.post("/routes/{route_id}/dispute")
def answer_dispute(web: Shared, who: Approving, form: Form, route_id: str) -> Response:
    """Agreed or declined, with words; the collector reads it on its statement. Saying it again changes nothing."""
    route, said = web.house.store.read(returns.find_route, route_id), field(form, "agreed", 3)
    if route is None:
        raise HTTPException(404, "route")
    if said not in {"yes", "no"}:
        raise HTTPException(422, "agreed")
    words = field(form, "words", disputes.MAX_WORDS)
    web.house.store.write(disputes.answer, route_id, words, agreed=said == "yes", by=who.person.id, now=web.house.now())
    web.house.bus.publish("routes")
    return go(f"/routes?day={route.day}")
