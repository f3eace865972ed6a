"""Returns: all of them with status, slot and payer; one with its history."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from domain.pickup import ReturnStatus
from doorstep.web.context import Shared, SignedIn, names_of, render
from doorstep.web.timeline import in_order, of_facts
from store import overviews, people

router = APIRouter()


@router.get("/returns")
def all_returns(request: Request, web: Shared, who: SignedIn, status: str = "") -> Response:
    known = status if status in set(ReturnStatus) else ""
    lines = web.house.store.read(overviews.return_lines, status=known)
    counts = web.house.store.read(overviews.return_counts)
    shown = [(one, counts[one]) for one in ReturnStatus if counts.get(one)]
    return render(request, who, "returns.html", lines=lines, counts=shown, status_=known, total=sum(counts.values()))


@router.get("/returns/{ref:path}")
def one_return(request: Request, web: Shared, who: SignedIn, ref: str) -> Response:
    page = web.house.store.read(overviews.return_page, ref)
    if page is None:
        raise HTTPException(404, "return")
    names = names_of(web, web.house.store.read(people.people))
    entries = in_order(of_facts(page.facts))
    return render(request, who, "return.html", page=page, entries=entries, names=names, items=item_names(page))


def item_names(page: overviews.ReturnPage) -> dict[str, str]:
    """What the order calls its items."""
    return {item.sku: item.name for item in page.order.items} if page.order else {}
