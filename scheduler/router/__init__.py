"""The router: which courier serves which stops, in what order and when; and why the rest stays.

    problem = read_problem(json.load(file))
    plan = solve(problem, seed=1, limit=Seconds(10))

`solve` runs in the calling process; `process.solve_in_process` keeps an event loop free. OR-Tools and the compiled kernel are loaded by the first `solve` that needs them.
"""

from scheduler.router.engine import Engine, solve
from scheduler.router.plan import BreakTaken, Plan, Reload, Route, Unserved, Visit, plan_from_dict, plan_to_dict
from scheduler.router.problem import Break, Cost, Courier, Limit, Locked, Problem, Seconds, Steps, Stop
from scheduler.router.reading import read_problem

__all__ = [
    "Break",
    "BreakTaken",
    "Cost",
    "Courier",
    "Engine",
    "Limit",
    "Locked",
    "Plan",
    "Problem",
    "Reload",
    "Route",
    "Seconds",
    "Steps",
    "Stop",
    "Unserved",
    "Visit",
    "plan_from_dict",
    "plan_to_dict",
    "read_problem",
    "solve",
]
