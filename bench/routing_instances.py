"""Public routing instances as Doorstep problems, and a run over them that prints the gap to the best known cost.

    python -m bench.routing_instances FOLDER [--seconds 10] [--only NAME] [--seed 1] [--engine auto] [--cores 1]

FOLDER has vrptw/, ortec/, pcvrptw/ and mdvrptw/ as in the project's development data; without it the run says so and stops.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from scheduler.referee import check
from scheduler.router import Seconds, read_problem, solve
from scheduler.router.engine import ENGINES

BEST_VRPTW = {
    "C101": 8273, "C205": 5864, "R101": 16377, "R109": 11469, "R204": 7313, "RC103": 12580, "RC205": 11540,
    "C2_2_3": 17634, "R1_2_1": 46672, "R2_2_2": 30082, "RC1_2_4": 28452, "RC2_2_8": 21512, "R1_4_2": 88733,
    "RC2_4_1": 61473, "C1_4_3": 69299, "R1_10_3": 446771, "RC2_10_2": 242486,
}  # fmt: skip
SECTIONS = re.compile(r"^([A-Z_]+)\s*:?\s*(.*)$")


def distance(a, b, factor, rounding):
    return rounding(factor * ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def matrix(points, factor, rounding):
    return [[distance(a, b, factor, rounding) for b in points] for a in points]


def courier(name, depot, shift, capacity, **more):
    base = {"id": name, "start": depot, "end": depot, "shift": shift, "capacity": [capacity], "cost": {"per_m": 1}}
    return base | more


def stop(name, at, window, service, load, **more):
    return {"id": name, "at": at, "windows": [window], "service_s": service, "load": [load]} | more


def solomon(file: Path) -> tuple[dict[str, Any], float]:
    rows = [line.split() for line in file.read_text().splitlines() if line.strip()]
    table = [[int(x) for x in row] for row in rows if all(re.fullmatch(r"-?\d+", x) for x in row)]
    (vehicles, capacity), nodes = table[0], table[1:]
    points = [(row[1], row[2]) for row in nodes]
    horizon = [10 * nodes[0][4], 10 * nodes[0][5]]
    stops = [stop(str(r[0]), k, [10 * r[4], 10 * r[5]], 10 * r[6], r[3]) for k, r in enumerate(nodes) if k]
    problem = {
        "matrix_s": matrix(points, 10, int),
        "loads": ["parcels"],
        "stops": stops,
        "couriers": [courier(f"v{k}", 0, horizon, capacity) for k in range(vehicles)],
    }
    return problem, BEST_VRPTW[file.stem]


def sections(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    name = ""
    for line in file.read_text().splitlines():
        match = SECTIONS.match(line.strip())
        if match:
            name = match[1]
            found[name] = match[2] or []
        elif line.strip() and isinstance(found.get(name), list):
            found[name].append(line.split())
    return found


def best_of(file: Path) -> float:
    text = file.with_suffix(".sol").read_text()
    return float(re.findall(r"[Cc]ost\D*([\d.]+)", text)[-1])


def ortec(file: Path) -> tuple[dict[str, Any], float]:
    parts = sections(file)
    rows = [[int(x) for x in row] for row in parts["EDGE_WEIGHT_SECTION"]]
    flat = [x for row in rows for x in row]
    size = int(parts["DIMENSION"])
    drive = [flat[k * size : (k + 1) * size] for k in range(size)]
    load = [int(row[1]) for row in parts["DEMAND_SECTION"]]
    window = [[int(row[1]), int(row[2])] for row in parts["TIME_WINDOW_SECTION"]]
    service = [int(row[1]) for row in parts["SERVICE_TIME_SECTION"]]
    stops = [stop(str(k), k, window[k], service[k], load[k]) for k in range(1, size)]
    vehicles = [courier(f"v{k}", 0, window[0], int(parts["CAPACITY"])) for k in range(int(parts["VEHICLES"]))]
    return {"matrix_s": drive, "loads": ["parcels"], "stops": stops, "couriers": vehicles}, best_of(file)


def vrplib(file: Path, factor: int, rounding: Any) -> tuple[dict[str, Any], float]:
    """PyVRP's dialect with coordinates: prizes, several depots, a longest route."""
    parts = sections(file)

    def scaled(x):
        return round(factor * float(x))

    points = [(float(row[1]), float(row[2])) for row in parts["NODE_COORD_SECTION"]]
    load = [int(float(row[1])) for row in parts["DEMAND_SECTION"]]
    window = [[scaled(row[1]), scaled(row[2])] for row in parts["TIME_WINDOW_SECTION"]]
    every = scaled(parts.get("SERVICE_TIME", 0))
    service = [scaled(row[1]) for row in parts.get("SERVICE_TIME_SECTION", [])] or [every] * len(points)
    prizes = [scaled(row[1]) for row in parts.get("PRIZE_SECTION", [])]
    depots = [int(row[0]) - 1 for row in parts["DEPOT_SECTION"] if int(row[0]) > 0]
    home = [int(row[1]) - 1 for row in parts.get("VEHICLES_DEPOT_SECTION", [])]
    count, capacity = int(parts["VEHICLES"]), int(parts["CAPACITY"])
    longest = scaled(parts["VEHICLES_MAX_DURATION"]) if "VEHICLES_MAX_DURATION" in parts else None
    stops = [
        stop(str(k), k, window[k], service[k], load[k], price=prizes[k] if prizes else None)
        for k in range(len(points))
        if k not in depots
    ]
    couriers = [
        courier(f"v{k}", d := home[k] if home else depots[0], window[d], capacity, max_route_s=longest)
        for k in range(count)
    ]
    problem = {"matrix_s": matrix(points, factor, rounding), "loads": ["x"], "stops": stops, "couriers": couriers}
    return problem, best_of(file)


def instances(folder: Path):
    yield from ((file, solomon) for file in sorted(folder.glob("vrptw/*.txt")))
    yield from ((file, ortec) for file in sorted(folder.glob("ortec/*.txt")))
    yield from ((file, lambda f: vrplib(f, 10, int)) for file in sorted(folder.glob("pcvrptw/*.vrp")))
    yield from ((file, lambda f: vrplib(f, 1000, round)) for file in sorted(folder.glob("mdvrptw/*.vrp")))


def main() -> int:
    options = argparse.ArgumentParser(description="gaps of the router on public instances")
    options.add_argument("folder", type=Path)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="")
    options.add_argument("--engine", default="auto", choices=ENGINES)
    options.add_argument("--cores", type=int, default=1, choices=(1, 2))
    asked = options.parse_args()
    if not asked.folder.is_dir():
        print(f"no instances: {asked.folder} is not there")
        return 0
    for file, convert in instances(asked.folder):
        if asked.only in file.stem:
            raw, best = convert(file)
            problem = read_problem(raw)
            limit = Seconds(asked.seconds)
            plan = solve(problem, seed=asked.seed, limit=limit, engine=asked.engine, cores=asked.cores)
            gap = 100 * (plan.cost / best - 1)
            rest = f"{plan.unserved_mandatory} not served, {plan.seconds:.1f} s, {len(check(problem, plan))} violations"
            print(f"{file.stem:40} {plan.cost:12.0f} {best:12.0f} {gap:7.2f} %  {rest}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
