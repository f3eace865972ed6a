"""Mean gaps to the best known costs, per set of public instances, of our engines and of peers where a Python with them is named.

    python -m bench.routing_gaps FOLDER [--seconds 10] [--seeds 1,2] [--engines kernel,ortools,pyvrp,vroom] [--peers PYTHON] [--only NAME]

Seconds are CPU seconds of one core, so that a busy machine slows the run and hardly changes its figures (a shared cache and shared
arithmetic units still do). Each solve is a JSON line in bench/results/routing_gaps.jsonl, kept for its engine's version and
this machine: the run may be stopped and goes on where it was. Engines take turns on each instance. A plan that leaves out a stop
that must be served has no gap; how many there were is printed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from time import process_time
from typing import Any

from bench.keeping import RESULTS, whole
from bench.machine import machine, version
from bench.routing_instances import instances
from scheduler.referee import check
from scheduler.router import Seconds, read_problem, solve

OURS = ("kernel", "ortools", "auto")
LEVEL = 0.05  # per cent: costs so near to each other are level
PEERS_SCRIPT = Path(__file__).with_name("routing_peers.py")
FILE = "routing_gaps.jsonl"


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two solves the same measurement."""

    engine: str
    version: str
    instance: str
    seed: int
    seconds: float


def key_of(line: Mapping[str, Any]) -> Key:
    return Key(*(line[name] for name in Key.__slots__))


class Kept:
    """The lines of this machine, by key."""

    def __init__(self, file: Path, here: Mapping[str, object]) -> None:
        self.file, self.here = file, here
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        lines = [line for row in text.splitlines() for line in whole(row)]
        self.lines = {key_of(line): line for line in lines if line["machine"] == here}

    def add(self, key: Key, figures: Mapping[str, Any]) -> dict[str, Any]:
        line = {**{name: getattr(key, name) for name in Key.__slots__}, "machine": self.here, **figures}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.lines[key] = line
        return line


def solved(engine: str, raw: dict[str, Any], key: Key, peers: str | None) -> dict[str, Any]:
    """{"cost", "missing", "load"}; a cost of None where what must be served isn't."""
    load = os.getloadavg()[0]
    if engine in OURS:
        problem = read_problem(raw)
        plan = solve(problem, seed=key.seed, limit=Seconds(key.seconds), engine=engine, clock=process_time)
        assert not check(problem, plan)
        missing = plan.unserved_mandatory
        return {"cost": None if missing else plan.cost, "missing": missing, "cpu_s": plan.seconds, "load": load}
    words = [peers, str(PEERS_SCRIPT), engine, "--seconds", str(key.seconds), "--seed", str(key.seed)]
    done = subprocess.run(words, input=json.dumps(raw), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return {**answer, "missing": 0 if answer["cost"] is not None else None, "load": load}


def expresses(engine: str, raw: Mapping[str, Any]) -> bool:
    """VROOM has neither prices of optional stops nor a limit on a route's length with its waits."""
    optional = any(stop.get("price") is not None for stop in raw["stops"])
    return engine != "vroom" or not (optional or any(c.get("max_route_s") for c in raw["couriers"]))


@cache
def versions(peers: str | None) -> dict[str, str]:
    if peers is None:
        return {}
    done = subprocess.run([peers, str(PEERS_SCRIPT), "versions"], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def measured(asked: argparse.Namespace, kept: Kept) -> Iterator[dict[str, Any]]:
    """Every line asked for, measured where it isn't kept."""
    ours, theirs = version(), versions(asked.peers)
    engines = [name for name in asked.engines.split(",") if name in OURS or name in theirs]
    for file, convert in instances(asked.folder):
        if asked.only not in f"{file.parent.name}/{file.stem}" or not file.stat().st_size:
            continue
        raw, best = convert(file)
        for seed in (int(seed) for seed in asked.seeds.split(",")):
            for engine in engines:
                if expresses(engine, raw):
                    name = f"{file.parent.name}/{file.stem}"
                    key = Key(engine, theirs.get(engine, ours), name, seed, asked.seconds)
                    line = kept.lines.get(key) or kept.add(key, solved(engine, raw, key, asked.peers))
                    gap = None if line["cost"] is None else 100 * (line["cost"] / best - 1)
                    print(f"{name:52} {seed:3} {engine:8} {said(gap)}", flush=True)
                    yield {**line, "gap": gap}


def said(gap: float | None) -> str:
    return "      –" if gap is None else f"{gap:6.2f} %"


def summary(lines: list[dict[str, Any]], rival: str = "pyvrp") -> Iterator[str]:
    """Per set and engine: the mean gap, and on how many instances it is ahead of the rival or level."""
    sets = sorted({line["instance"].split("/")[0] for line in lines})
    for name in [*sets, "all"]:
        mine = [line for line in lines if name in {"all", line["instance"].split("/")[0]}]
        rivals = by_instance(mine, rival)
        for engine in dict.fromkeys(line["engine"] for line in mine):
            found = by_instance(mine, engine)
            gaps = [line["gap"] for line in mine if line["engine"] == engine and line["gap"] is not None]
            failed = sum(line["engine"] == engine and line["gap"] is None for line in mine)
            both = [k for k in found if k in rivals]
            ahead = sum(found[k] <= rivals[k] + LEVEL for k in both)
            words = f"{name:10} {engine:8} mean gap {said(mean(gaps) if gaps else None)} over {len(found)} instances"
            words += f", {failed} without a full plan" if failed else ""
            yield words + (f"; ahead of {rival} or level on {ahead} of {len(both)}" if both and engine != rival else "")


def by_instance(lines: list[dict[str, Any]], engine: str) -> dict[str, float]:
    """Mean gap over the seeds; an instance with a seed without a full plan counts as infinitely far."""
    found = defaultdict(list)
    for line in lines:
        if line["engine"] == engine:
            found[line["instance"]].append(float("inf") if line["gap"] is None else line["gap"])
    return {name: mean(gaps) for name, gaps in found.items()}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--seeds", default="1")
    options.add_argument("--engines", default="kernel,ortools,pyvrp,vroom")
    options.add_argument("--peers", help="a Python with pyvrp and pyvroom installed")
    options.add_argument("--only", default="", help="instances with this in their set/name")
    options.add_argument("--results", type=Path, default=RESULTS)
    asked = options.parse_args()
    if not asked.folder.is_dir():
        print(f"no instances: {asked.folder} is not there")
        return 0
    lines = list(measured(asked, Kept(asked.results / FILE, machine())))
    print("\n".join(["", f"{asked.seconds:g} CPU seconds on one core, {machine()['cpu']}", *summary(lines)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
