"""Figures: how well the promise is kept, how carriers, collectors, shops and people do; as charts, tables and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from domain.errors import RuleError
from domain.figures import HOW, LINES, By, Figure, How, Value
from doorstep import figures
from doorstep.figures import Report
from doorstep.web.context import Shared, SignedIn, Web, names_of, render
from store import people

router = APIRouter()

GROUPS: Mapping[str, tuple[Figure, ...]] = {
    "promise": (
        Figure.PROMISE_KEPT,
        Figure.FIRST_RESPONSE,
        Figure.PROGRESS_GAP,
        Figure.ACKNOWLEDGED,
        Figure.REOPENED,
        Figure.PRECISION,
        Figure.LOAD_OFF,
        Figure.LOAD_INSIDE,
    ),
    "money": (
        Figure.REFUND_TIME,
        Figure.RESHIP_TIME,
        Figure.MONEY_LOST,
        Figure.RECOVERED,
        Figure.CLAIMS_LOST,
    ),
    "parcels": (Figure.ON_TIME, Figure.LOST, Figure.FALSE_SIGNED, Figure.TRACKING_GAP, Figure.CARRIER_ANSWER),
    "pickups": (Figure.PICKUP_ON_TIME, Figure.PICKUP_FIRST_TRY, Figure.PICKUP_NO_SHOW, Figure.PICKUP_COST),
    "warehouse": (Figure.WAREHOUSE_TIME, Figure.WAREHOUSE_IN_LINE),
}
"""What is drawn together."""

SCORECARDS: Mapping[By, tuple[Figure, ...]] = {
    By.CARRIER: (
        Figure.ON_TIME,
        Figure.LOST,
        Figure.FALSE_SIGNED,
        Figure.TRACKING_GAP,
        Figure.CARRIER_ANSWER,
        Figure.MONEY_LOST,
        Figure.RECOVERED,
        Figure.CLAIMS_LOST,
        Figure.PRECISION,
    ),
    By.COLLECTOR: (
        Figure.PICKUP_ON_TIME,
        Figure.PICKUP_FIRST_TRY,
        Figure.PICKUP_NO_SHOW,
        Figure.PICKUP_COST,
    ),
    By.DEPOT: (Figure.WAREHOUSE_TIME, Figure.WAREHOUSE_IN_LINE),
    By.SHOP: (Figure.CASES, Figure.ON_TIME, Figure.PROMISE_KEPT, Figure.FIRST_RESPONSE, Figure.REFUND_TIME),
    By.PERSON: (Figure.ACKNOWLEDGED, Figure.WAREHOUSE_TIME),
    By.KIND: (Figure.PRECISION, Figure.PROMISE_KEPT, Figure.FIRST_RESPONSE, Figure.REOPENED),
}


@router.get("/figures")
def figures_page(
    request: Request, web: Shared, who: SignedIn, step: str = "", since: str = "", until: str = ""
) -> Response:
    found = _found(web, step, since, until)
    names = names_of(web, web.house.store.read(people.people))
    settings = web.house.settings
    collectors, depots = ({one.id: one.name for one in them} for them in (settings.collectors, settings.depots))
    charts = {figure: chart(found.series[figure], HOW[figure], LINES.get(figure, ())) for figure in Figure}
    return render(
        request, who, "figures.html", report=found, groups=GROUPS, scorecards=SCORECARDS, charts=charts, how=HOW,
        lines=LINES, names=names | collectors | depots,
    )  # fmt: skip


@router.get("/figures.csv")
def figures_csv(web: Shared, who: SignedIn, step: str = "", since: str = "", until: str = "") -> Response:
    """Figures are about no customer: whoever may look may take them along."""
    del who
    found = _found(web, step, since, until)
    name = f"figures-{found.range.first}-{found.range.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(figures.to_csv(figures.rows(found)), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/figures.json")
def figures_json(web: Shared, who: SignedIn, step: str = "", since: str = "", until: str = "") -> Response:
    del who
    return JSONResponse(figures.to_json(_found(web, step, since, until)))


def _found(web: Web, step: str, since: str, until: str) -> Report:
    try:
        return figures.report_of(web.house, since=since, until=until, step=step)
    except RuleError as exc:
        raise HTTPException(422, str(exc)) from exc


# --- charts ----------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, FOOT = 320, 96, 14
GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A period's bar in the drawing's units; ``value`` None draws a mark for "nothing happened", not a bar of 0."""

    x: float
    y: float
    width: float
    height: float
    start: date
    value: Value


@dataclass(frozen=True, slots=True)
class Chart:
    """``lines``: name and height of what the figure is held against. ``top`` is the value at the upper edge."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[str, float], ...]
    top: float


def chart(series: Sequence[tuple[date, Value]], how: How, lines: Sequence[tuple[str, float]]) -> Chart:
    """Bars over time; a share is always drawn against the whole, so that 98 % looks like 98 %."""
    highest = max((value.value or 0.0 for _, value in series), default=0.0)
    shown = [line for line in lines if how is not How.MEDIAN or line[1] <= 3 * highest]
    top = 1.0 if how is How.SHARE and highest <= 1 else max(highest, *(at for _, at in shown), 0.0) or 1.0
    width = WIDTH / max(len(series), 1)
    return Chart(
        tuple(_bar(n, width, start, value, top) for n, (start, value) in enumerate(series)),
        tuple((name, _height(at, top)) for name, at in shown),
        top,
    )


def _bar(n: int, width: float, start: date, value: Value, top: float) -> Bar:
    y = _height(value.value or 0.0, top)
    return Bar(round(n * width + GAP / 2, 2), y, round(max(width - GAP, 1), 2), round(HEIGHT - y, 2), start, value)


def _height(value: float, top: float) -> float:
    return round(HEIGHT * (1 - min(max(value, 0.0) / top, 1.0)), 2)
