"""Results for people: medians, and ratios to the baseline with their spread."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.harness import middle, ratios

HEAD = f"  {'side':<34}{'median':>14}  {'unit':<14}{'ratio':>8}{'from - to':>17}{{last:>9}}{'runs':>6}"
COST = "cost"
"""The unit of plans: their last column is the gap to the comparison's best figure, not a ratio by CPU time."""


def heading(version: str, machine: Mapping[str, object]) -> list[str]:
    known = ", ".join(f"{name} {value}" for name, value in machine.items())
    return [f"code {version}", f"machine: {known}"]


def table(line: Mapping[str, Any], *, kept: bool) -> list[str]:
    """One comparison. ``ratio`` is the median of the rounds' ratios to the baseline, ``from - to`` the least and greatest;
    ``by CPU`` is the same of this process's CPU time, which other loads on the machine disturb less.
    """
    title = f"{line['bench']}: {line['name']}" + (f"  (measured {line['at'][:16]})" if kept else "")
    facts = [line["note"], f"aim: {line['aim']}" if line["aim"] else "", f"seed {line['seed']}" if line["seed"] else ""]
    load = f"load {line['load'][0]:.1f} -> {line['load'][1]:.1f}"
    head = HEAD.format(last="gap" if line["unit"] == COST else "by CPU")
    remarks = [f"  ! {remark}" for remark in line["remarks"]]
    return ["", title, f"  {'; '.join([*filter(None, facts), load])}", head, *_rows(line), *remarks]


def _rows(line: Mapping[str, Any]) -> Iterator[str]:
    for side, figures in line["figures"].items():
        is_base = side == line["baseline"]
        told = "baseline" if is_base else _figure(middle(ratios(line["figures"], side, line["baseline"])), "8.3f")
        last = _gap(line, side) if line["unit"] == COST else _by_cpu(line, side)
        spread = "" if is_base else _spread(ratios(line["figures"], side, line["baseline"]))
        median = f"{middle(figures):,.{2 if middle(figures) < 1000 else 0}f}"
        yield f"  {side:<34}{median:>14}  {line['unit']:<14}{told:>8}{spread:>17}{last:>9}{len(figures):>6}"


def _by_cpu(line: Mapping[str, Any], side: str) -> str:
    is_base = side == line["baseline"]
    return "" if is_base else _figure(middle(ratios(line["cpu"], side, line["baseline"])), ".3f")


def _gap(line: Mapping[str, Any], side: str) -> str:
    best = min(min(figures) for figures in line["figures"].values())
    return f"{100 * (min(line['figures'][side]) / best - 1):.2f} %"


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _spread(values: list[float]) -> str:
    return f"{min(values):.2f} - {max(values):.2f}" if len(values) > 1 else ""
