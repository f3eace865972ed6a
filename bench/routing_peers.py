"""One solve by PyVRP or VROOM, in a Python that has them and nothing of ours: a problem's JSON on stdin, its answer on stdout.

    PEERS_PYTHON bench/routing_peers.py pyvrp --seconds 10 --seed 1 < problem.json
    PEERS_PYTHON bench/routing_peers.py versions

The answer is {"cost": number or null where no plan serves all that must be served, "cpu_s": number}. Seconds are CPU seconds of this
process. Only what the public instances have is translated: one window, one load, no set-ups, distance as the only cost.
"""

import argparse
import json
import sys
from collections import Counter
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from time import process_time

PACKAGES = {"pyvrp": "pyvrp", "vroom": "pyvroom"}


def kinds_of(problem):
    """(start, shift, capacity, longest route) of the couriers, and how many there are of each."""
    return Counter((c["start"], *c["shift"], c["capacity"][0], c.get("max_route_s")) for c in problem["couriers"])


class CpuLimit:
    def __init__(self, seconds):
        self.end = process_time() + seconds

    def __call__(self, _cost):
        return process_time() >= self.end


def pyvrp(problem, seconds, seed):
    import numpy as np
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType, solve

    depots = sorted({c["start"] for c in problem["couriers"]})
    places = [*depots, *(stop["at"] for stop in problem["stops"])]
    matrix = np.array(problem["matrix_s"])[np.ix_(places, places)]
    clients = [
        Client(
            len(depots) + k, delivery=stop["load"], service_duration=stop["service_s"], tw_early=stop["windows"][0][0],
            tw_late=stop["windows"][0][1], prize=stop.get("price") or 0, required=stop.get("price") is None,
        )
        for k, stop in enumerate(problem["stops"])
    ]  # fmt: skip
    vehicles = []
    for (start, opens, closes, capacity, longest), count in kinds_of(problem).items():
        home = depots.index(start)
        more = {} if longest is None else {"shift_duration": longest}
        vehicles.append(
            VehicleType(
                num_available=count, capacity=[capacity], start_depot=home, end_depot=home, tw_early=opens, tw_late=closes,
                **more,
            )
        )  # fmt: skip
    data = ProblemData(
        locations=[Location(0, 0) for _ in places], clients=clients, depots=[Depot(k) for k in range(len(depots))],
        vehicle_types=vehicles, distance_matrices=[matrix], duration_matrices=[matrix],
    )  # fmt: skip
    result = solve(data, stop=CpuLimit(seconds), seed=seed, display=False)
    return result.cost() if result.is_feasible() else None


def vroom(problem, seconds, _seed):
    import numpy as np
    from vroom import Input, Job, TimeWindow, Vehicle

    task = Input()
    task.set_durations_matrix(profile="car", matrix_input=np.array(problem["matrix_s"], dtype=np.uint32))
    for k, courier in enumerate(problem["couriers"]):
        window = TimeWindow(*courier["shift"])
        home = courier["start"]
        task.add_vehicle(Vehicle(k, start=home, end=home, capacity=courier["capacity"], time_window=window))
    for k, stop in enumerate(problem["stops"]):
        windows = [TimeWindow(*window) for window in stop["windows"]]
        task.add_job(
            Job(k, location=stop["at"], pickup=stop["load"], default_service=stop["service_s"], time_windows=windows)
        )
    summary = task.solve(exploration_level=5, nb_threads=1, timeout=timedelta(seconds=seconds)).summary
    return None if summary.unassigned else summary.cost


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("peer", choices=["versions", *PACKAGES])
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    if asked.peer == "versions":
        found = {}
        for name, package in PACKAGES.items():
            try:
                found[name] = version(package)
            except PackageNotFoundError:
                continue
        print(json.dumps(found))
        return 0
    problem = json.load(sys.stdin)
    began = process_time()
    cost = {"pyvrp": pyvrp, "vroom": vroom}[asked.peer](problem, asked.seconds, asked.seed)
    print(json.dumps({"cost": cost, "cpu_s": process_time() - began}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
