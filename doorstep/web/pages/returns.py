"""Returns: all of them with status, slot and payer; one with its history."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from domain.chinese_coordinates import wgs_of_bd, wgs_of_gcj
from domain.people import Right, may
from domain.pickup import WAITING_FOR_ROUTE, ReturnStatus
from domain.place import Location
from domain.privacy import mask_text
from domain.returns import goods_back
from domain.words import Words
from doorstep.web.context import Acting, Desk, Form, Shared, SignedIn, Web, field, go, names_of, needs, render
from doorstep.web.timeline import in_order, of_facts
from scheduler import refund
from scheduler.places.found import How
from scheduler.plan_types import Refused
from store import overviews, people, places

router = APIRouter()
MAPS: dict[str, Callable[[Location], Location]] = {"wgs": lambda at: at, "gcj": wgs_of_gcj, "bd": wgs_of_bd}
"""Whose map coordinates were copied from, and how they are turned into ours."""
Approving = Annotated[Desk, Depends(needs(Right.APPROVE))]


@router.get("/returns")
def all_returns(request: Request, web: Shared, who: SignedIn, status: str = "") -> Response:
    known = status if status in set(ReturnStatus) else ""
    lines = web.house.store.read(overviews.return_lines, status=known)
    counts = web.house.store.read(overviews.return_counts)
    shown = [(one, counts[one]) for one in ReturnStatus if counts.get(one)]
    return render(request, who, "returns.html", lines=lines, counts=shown, status_=known, total=sum(counts.values()))


@router.post("/returns/approve-anyway")
def approve_anyway(request: Request, web: Shared, who: Approving, form: Form) -> Response:
    """Pay what was withheld of a return, with a reason, on the record."""
    ref, why = field(form, "return", 80), field(form, "words", 500)
    if not why:
        return _show(request, web, who, ref, Words("ui.act.empty", {}))
    outcome = web.house.store.write(
        refund.approve_anyway, ref, now=web.house.now(), by=who.person.id, channel="console", why=mask_text(why)
    )
    if isinstance(outcome, Refused):
        return _show(request, web, who, ref, outcome.reason)
    for topic in ("returns", "money", "outbox"):
        web.house.bus.publish(topic)
    return go(f"/returns/{quote(ref, safe='')}")


@router.post("/returns/place")
def place(request: Request, web: Shared, who: Acting, form: Form) -> Response:
    """Put the address on the map, by coordinates copied from one."""
    ref, drawn = field(form, "return", 80), field(form, "map", 10)
    at, page = coordinates_of(field(form, "where", 80)), web.house.store.read(overviews.return_page, ref)
    if at is None or drawn not in MAPS:
        return _show(request, web, who, ref, Words("ui.return.where_wrong", {}))
    if page is None:
        raise HTTPException(404, "return")
    web.house.store.write(
        places.place, page.value.order_ref, MAPS[drawn](at), how="given", source="desk", now=web.house.now(),
        by=who.person.id, channel="console",
    )  # fmt: skip
    web.house.bus.publish("returns")
    return go(f"/returns/{quote(ref, safe='')}")


def coordinates_of(text: str) -> Location | None:
    """``31.23, 121.47``, latitude first; Chinese maps copy the longitude first, which is told by its size where it can be."""
    parts = text.replace("，", ",").split(",")
    try:
        one, other = (float(part) for part in parts)
    except ValueError:
        return None
    lat, lon = (other, one) if abs(one) > 90 else (one, other)
    return Location(lat=lat, lon=lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


@router.get("/returns/{ref:path}")
def one_return(request: Request, web: Shared, who: SignedIn, ref: str) -> Response:
    return _show(request, web, who, ref)


def _show(request: Request, web: Web, who: Desk, ref: str, wrong: Words | None = None) -> Response:
    page = web.house.store.read(overviews.return_page, ref)
    if page is None:
        raise HTTPException(404, "return")
    names = names_of(web, web.house.store.read(people.people))
    return render(
        request, who, "return.html", status=422 if wrong else 200, page=page, entries=in_order(of_facts(page.facts)),
        names=names, items=item_names(page), withheld=web.house.store.read(refund.withheld, ref), wrong=wrong,
        may_approve=may(who.person.role, Right.APPROVE), maps=MAPS, unplaced=is_unplaced(page),
        approximate=page.order is not None and page.order.customer.located == How.DISTRICT,
        goods=goods_back(page.value.items, page.order.items if page.order else ()), assumed=web.house.pickups.fleet.assumed,
    )  # fmt: skip


def is_unplaced(page: overviews.ReturnPage) -> bool:
    """Whether a route would need coordinates that nobody knows."""
    customer = page.order.customer if page.order else None
    return customer is not None and customer.lat is None and page.value.status in WAITING_FOR_ROUTE


def item_names(page: overviews.ReturnPage) -> dict[str, str]:
    """What the order calls its items."""
    return {item.sku: item.name for item in page.order.items} if page.order else {}
