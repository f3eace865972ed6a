"""A route to take along without a phone, or in another one: a paper with codes to scan, a table, a track.

Whoever may see the customers at the door gets them (the courier; at the desk, who may take data out); a collector's dispatcher gets
districts and numbers only, as on their page, and no track, since its points are people's homes.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import segno

from domain.returns import Route, Stop
from doorstep.money_export import BOM, inert
from doorstep.pdf import Cell, Pdf
from doorstep.web.tongue import Tongue
from store.overviews import Visit

COLUMNS = ("number", "arrive", "slot", "district", "name", "phone", "address", "items", "return", "status")
TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "gpx": "application/gpx+xml"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet is made of. ``link``: the courier's page, "" where the paper has no codes; ``full``: with customers."""

    route: Route
    visits: dict[str, Visit]
    numbers: dict[str, int]
    courier: str
    link: str
    full: bool

    def number(self, stop: Stop) -> int:
        return self.numbers.get(stop.id, stop.position)


def made(sheet: Sheet, kind: str, speech: Tongue, *, now: datetime) -> bytes:
    """The file of a kind (TYPES)."""
    match kind:
        case "pdf":
            return paper(sheet, speech, now=now)
        case "csv":
            return table(sheet, speech)
        case _:
            return track(sheet)


def paper(sheet: Sheet, speech: Tongue, *, now: datetime) -> bytes:
    """One row a stop, with room for a tick; a code leads to the stop on the courier's page."""
    route, zone = sheet.route, speech.zone
    foot = f"{route.id} · {speech.t('sheet.printed', at=_when(now, zone))} · {{n}}/{{of}}"
    pdf = Pdf(f"{speech.t('sheet.title')} {route.day}", foot=foot)
    pdf.heading(f"{speech.t('sheet.title')} {route.day} · {sheet.courier}", size=18)
    hint = speech.t("sheet.hint") if sheet.link else speech.t("sheet.no_customers")
    span = f"{_clock(route.depart_at, zone)}–{_clock(route.return_at, zone)} · {route.distance_m / 1000:.1f} km"
    pdf.row(Cell(f"{span}\n{hint}", 0.8), Cell("", 0.2), code=_code(sheet.link))
    for stop in route.stops:
        row = dict(zip(COLUMNS, cells(sheet, stop, speech), strict=True))
        when = f"{row['number']}. {row['arrive']}"
        where = " · ".join(filter(None, (row["name"], row["phone"], row["district"], row["address"])))
        end = row["status"] if stop.ended_at else speech.t("sheet.tick")
        slot = f"{speech.t('sheet.slot')} {row['slot']}" if row["slot"] else ""
        pdf.row(
            Cell(f"{when} {slot}", 0.2, bold=True), Cell(where, 0.32), Cell(f"{row['items']} ({row['return']})", 0.18),
            Cell(end, 0.14), Cell("", 0.16), code=_code(f"{sheet.link}#stop-{stop.id}" if sheet.link else ""),
        )  # fmt: skip
    return pdf.data()


def table(sheet: Sheet, speech: Tongue) -> bytes:
    """The same for a spreadsheet."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([speech.t(f"sheet.{name}") for name in COLUMNS])
    out.writerows([inert(cell) for cell in cells(sheet, stop, speech)] for stop in sheet.route.stops)
    return (BOM + text.getvalue()).encode()


def cells(sheet: Sheet, stop: Stop, speech: Tongue) -> list[str]:
    """In the order of COLUMNS."""
    visit = sheet.visits.get(stop.return_ref)
    value, order = (visit.value, visit.order) if visit else (None, None)
    customer = order.customer if order else None
    names = {item.sku: item.name or item.sku for item in order.items} if order else {}
    slot = ""
    if value and value.slot_from and value.slot_to:
        slot = f"{_clock(value.slot_from, speech.zone)}–{_clock(value.slot_to, speech.zone)}"
    personal = (customer.name, customer.phone, customer.address) if customer and sheet.full else ("", "", "")
    items = ", ".join(f"{names.get(item.sku, item.sku)} × {item.qty}" for item in value.items) if value else ""
    return [
        str(sheet.number(stop)),
        _clock(stop.arrive_at, speech.zone),
        slot,
        customer.district if customer else "",
        *personal,
        items,
        stop.return_ref,
        speech.t(f"stop.{stop.status}"),
    ]


def track(sheet: Sheet) -> bytes:
    """GPX 1.1: the stops still ahead as waypoints by number, and the way; WGS-84."""
    open_ = [stop for stop in sheet.route.stops if stop.ended_at is None]
    points = [
        f"<wpt lat={quoteattr(f'{s.lat:.6f}')} lon={quoteattr(f'{s.lon:.6f}')}><name>{sheet.number(s)}</name></wpt>"
        for s in open_
    ]
    way = "".join(f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"/>' for lat, lon in sheet.route.path)
    return "".join((
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<gpx version="1.1" creator="Doorstep" xmlns="http://www.topografix.com/GPX/1/1">',
        f"<metadata><name>{escape(sheet.route.id)}</name></metadata>",
        *points,
        f"<trk><name>{escape(sheet.route.id)}</name><trkseg>{way}</trkseg></trk></gpx>\n",
    )).encode()  # fmt: skip


def file_name(route: Route, kind: str) -> str:
    """Letters, digits and dashes only, whatever a courier is called."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char == "-") else "-" for char in route.id)
    return f"{plain[:80]}.{kind}"


def _code(text: str) -> Sequence[Sequence[int]]:
    return [list(line) for line in segno.make(text, micro=False, error="m").matrix] if text else ()


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def kinds(*, full: bool) -> Iterable[str]:
    """What can be had; a track shows where people live."""
    return tuple(TYPES) if full else ("pdf", "csv")
