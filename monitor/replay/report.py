"""The report of a replay: one HTML file with its pictures in it, nothing loaded from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = {"model": "#0072b2", "no scan for N days": "#d55e00", "promise + k days": "#00805e", "ideal": "#888"}
"""Okabe-Ito hues; the lines also differ by their dashes."""
DASHES = {"model": "", "no scan for N days": "6 3", "promise + k days": "2 3", "ideal": "1 4"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 280, 52, 40, 12
STYLE = """
:root{color-scheme:light dark;--ink:#17211f;--bg:#fff;--line:#d9e0dd}
@media(prefers-color-scheme:dark){:root{--ink:#e5ecea;--bg:#0f1514;--line:#2d3b38}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--bg);max-width:1040px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse}
td,th{border-bottom:1px solid var(--line);padding:.25rem .7rem;text-align:right}td:first-child,th:first-child{text-align:left}
.pictures{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}figcaption{font-size:.85rem;max-width:440px}
svg text{fill:var(--ink);font-size:11px}svg .grid{stroke:var(--line)}
"""

Line = Sequence[tuple[float, float]]


def report(summary: dict[str, Any], curves: dict[str, dict[str, Line]]) -> str:
    """``curves``: by a caption's lead, by ranking: (false alarms per 1000, recall)."""
    pictures = [
        _figure(
            chart(lines, x="false alarms per 1000 parcels", y="recall", y_max=1.0, x_max=_reach(lines)),
            f"Recall {lead} against false alarms, over all thresholds.",
        )
        for lead, lines in curves.items()
    ]
    pictures += [_reliability(summary), _by_lead(summary), _costs(summary)]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Replay</title><style>{STYLE}</style><h1>Replay</h1>{_opening(summary)}"
        f"<h2>False alarms per 1000 parcels at equal recall</h2>{_targets(summary)}"
        f'<h2>Pictures</h2><div class="pictures">{"".join(pictures)}</div>'
        f"{_verdicts(summary)}<h2>Models</h2>{_models(summary)}<h2>What was found in the files</h2>{_found(summary)}</html>"
    )


def _opening(s: dict[str, Any]) -> str:
    told = s["alarms"]
    per_agent = (
        f", {told['alerts_per_agent_day']} a day for each agent" if told["alerts_per_agent_day"] is not None else ""
    )
    return (
        f"<p>{s['parcels']['evaluated']:,} parcels handed over from {escape(s['evaluate_from'])} on; the target is known of "
        f"{s['parcels']['counted']:,}, and {_percent(s['parcels']['missed_share'])} of those weren't received by their promise "
        f"and {s['grace_days']:g} days. With this policy the desk would have had {told['alerts']:,} alerts "
        f"({told['alerts_per_1000']} per 1000 parcels{per_agent}), {_percent(told['precision'])} of them right.</p>"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(str(cell))}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _cell(cell: Any) -> str:
    return "–" if cell is None else escape(f"{cell:g}" if isinstance(cell, float) else str(cell))


RANKINGS = ("model", "no scan for N days", "promise + k days")


def _targets(s: dict[str, Any]) -> str:
    rows = [
        (f"{t['recall']:.0%} by promise {t['lead_days']:+g} d", *(t[name] for name in RANKINGS)) for t in s["targets"]
    ]
    return table(("reach", *RANKINGS), rows)


def _verdicts(s: dict[str, Any]) -> str:
    """What the desk said of its own alarms; nothing where no desk was asked."""
    if "verdicts" not in s:
        return ""
    said = s["verdicts"]
    if not said["all"]["judged"]:
        return "<h2>What the desk said of its alarms</h2><p>No case was closed with a verdict since then.</p>"
    parts = [("all", {"": said["all"]}), *((by, said[by]) for by in ("kind", "carrier", "week"))]
    rows = [(f"{by} {name}".strip(), *_judged(one)) for by, found in parts for name, one in found.items()]
    each = [(one["week"], one["kind"], one["carrier"] or "–", *_judged(one)) for one in said["each"]]
    return (
        f"<h2>What the desk said of its alarms</h2>{table(('verdicts', *JUDGED), rows)}"
        f"<h3>Each kind of a carrier in a week</h3>{table(('week', 'kind', 'carrier', *JUDGED), each)}"
    )


JUDGED = ("right", "judged", "precision", "95 % interval")


def _judged(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["right"], one["judged"], _percent(one["precision"]), f"{one['low']:.0%} to {one['high']:.0%}"


def _models(s: dict[str, Any]) -> str:
    rows = [(m["fitted_at"], m["parcels"], m["missed"], m["relied_on"] or "yes") for m in s["models"]]
    return table(("fitted at", "parcels", "missed", "relied on"), rows)


def _found(s: dict[str, Any]) -> str:
    rows = [(f"left out: {what}", count) for what, count in s["rejected"].items()]
    rows += [(what, count) for what, count in s["noted"].items()]
    return table(("what", "rows"), rows) if rows else "<p>Nothing out of order.</p>"


# --- pictures ------------------------------------------------------------------------------------------------------


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _reach(lines: dict[str, Line]) -> float:
    """The picture ends where the baselines have reached all: further right nothing is to be seen."""
    ends = sorted(max((x for x, _ in line), default=0.0) for line in lines.values())
    return max(ends[len(ends) // 2] if ends else 1.0, 1.0)


def _reliability(s: dict[str, Any]) -> str:
    points = [(r["forecast"], r["came"]) for r in s["reliability"]]
    svg = chart({"model": points, "ideal": [(0, 0), (1, 1)]}, x="forecast", y="came", x_max=1.0, y_max=1.0)
    return _figure(svg, "Reliability: forecast probability against what came, each parcel once per tenth and month.")


def _by_lead(s: dict[str, Any]) -> str:
    by = s["alarms"]["by_lead"]
    shift = -min((row["lead_days"] for row in by), default=0.0)
    lines = {
        "recall": [(row["lead_days"] + shift, row["recall"]) for row in by if row["recall"] is not None],
        "precision": [(row["lead_days"] + shift, row["precision"]) for row in by if row["precision"] is not None],
    }
    svg = chart(lines, x=f"days after (promise - {shift:g} d)", y="share", y_max=1.0, x_max=shift + 5)
    return _figure(svg, "The policy's own alerts: recall and precision of what was told by then.")


def _costs(s: dict[str, Any]) -> str:
    lines = {name: [(float(row["cost"]), row[name]) for row in s["costs"]] for name in RANKINGS}
    high = max((y for line in lines.values() for _, y in line), default=1.0)
    svg = chart(lines, x="cost of a bad parcel not told by its promise, in needless checks", y="cost per 1000 parcels",
                x_max=float(s["costs"][-1]["cost"]), y_max=max(high, 1.0))  # fmt: skip
    return _figure(svg, "The least cost that each ranking allows, by what a late word costs.")


OTHER = {"recall": "#0072b2", "precision": "#d55e00"}


def chart(lines: Mapping[str, Line], *, x: str, y: str, x_max: float, y_max: float) -> str:
    across, up = WIDTH - LEFT - 10, HEIGHT - BOTTOM - TOP
    parts = [
        f'<svg role="img" aria-label="{escape(y)} against {escape(x)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    ]
    for tick in range(5):
        level = TOP + up * (1 - tick / 4)
        right = LEFT + across * tick / 4
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + across}" y1="{level:.1f}" y2="{level:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{level + 4:.1f}" text-anchor="end">{y_max * tick / 4:.3g}</text>')
        parts.append(f'<text x="{right:.1f}" y="{TOP + up + 14}" text-anchor="middle">{x_max * tick / 4:.3g}</text>')
    parts.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x)}</text>')
    parts.append(f'<text transform="translate(12 {TOP + up / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour, dash = COLOURS.get(name) or OTHER.get(name, "#888"), DASHES.get(name, "")
        inside = [(a, b) for a, b in sorted(line) if a <= x_max * 1.001]
        path = " ".join(
            f"{LEFT + across * a / x_max:.1f},{TOP + up * (1 - min(b, y_max) / y_max):.1f}" for a, b in inside
        )
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}" points="{path}"/>'
        )
        key = TOP + up - 14 * (len(lines) - number)
        parts.append(
            f'<text x="{LEFT + across - 4}" y="{key + 6}" text-anchor="end" style="fill:{colour}">{escape(name)}</text>'
        )
    return "".join(parts) + "</svg>"
