"""Parcels: how many stand where, the ones heard of last, and one parcel with every scan."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.errors import RuleError
from domain.tracking import Milestone
from doorstep.sources import source_of, way_of
from doorstep.web.context import Acting, Form, Shared, SignedIn, field, go, names_of, render
from monitor.identify import settle
from store import overviews, people, unidentified

router = APIRouter()
MAX_BARE = 50

WAY = (
    Milestone.ANNOUNCED,
    Milestone.PICKED_UP,
    Milestone.IN_TRANSIT,
    Milestone.AT_DESTINATION,
    Milestone.OUT_FOR_DELIVERY,
    Milestone.DELIVERED,
)
"""The steps that a parcel's bar shows."""
STEP = {
    **{milestone: index for index, milestone in enumerate(WAY)},
    Milestone.TRANSFERRED: 1,
    Milestone.CUSTOMS: 2,
    Milestone.ATTEMPT_FAILED: 4,
    Milestone.AWAITING_COLLECTION: 4,
}
"""How far along the bar a milestone is; the others stand beside the way and light nothing."""


def step_of(milestone: Milestone | None) -> int:
    """Index into WAY, -1 where the milestone is not on it."""
    return STEP.get(milestone, -1) if milestone else -1


@router.get("/parcels")
def parcels(request: Request, web: Shared, who: SignedIn, state: str = "") -> Response:
    known = state if state in {*Milestone, "none"} else ""
    counts = web.house.store.read(overviews.parcel_counts)
    bare = web.house.store.read(unidentified.waiting, limit=MAX_BARE)
    helpless = web.house.store.read(overviews.helpless, limit=MAX_BARE)
    views = web.house.store.read(overviews.recent_shipments, milestone=known)
    order = [None, *Milestone]
    shown = [(milestone, counts[milestone]) for milestone in order if counts.get(milestone)]
    return render(
        request, who, "parcels.html", counts=shown, views=views, state=known, total=sum(counts.values()),
        bare=bare, helpless=helpless,
    )  # fmt: skip


@router.post("/parcels/{shipment_id}/carrier")
def name_carrier(web: Shared, who: Acting, form: Form, shipment_id: int) -> Response:
    """A person says whose a number is: a bare one, or one that its carrier doesn't know."""
    try:
        found = source_of(web.house.settings, field(form, "carrier", 80))
    except RuleError as exc:
        raise HTTPException(422, str(exc)) from exc
    way = way_of(web.house.settings, found[1]) if found else None
    if found is None or way is None:
        raise HTTPException(422, "carrier")
    web.house.store.write(
        settle, shipment_id, found[1], way, now=web.house.now(), correcting=True, by=who.person.id, channel="console"
    )
    web.house.bus.publish("parcels")
    return go("/parcels")


@router.get("/parcels/{number:path}")
def parcel(request: Request, web: Shared, who: SignedIn, number: str) -> Response:
    page = web.house.store.read(overviews.parcel_page, number)
    if page is None:
        return render(request, who, "parcel_unknown.html", status=404, number=number)
    names = names_of(web, web.house.store.read(people.people))
    return render(request, who, "parcel.html", page=page, way=WAY, step_of=step_of, names=names)
