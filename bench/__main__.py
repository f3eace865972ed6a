"""`python -m bench [NAME…]`: take what isn't measured yet of these benches (all by default) and print every figure.

Exit code 0 whatever the figures are: they are for reading. 2 where a name is unknown.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from bench.harness import Comparison, take
from bench.keeping import RESULTS, Keeping
from bench.machine import machine, version
from bench.table import heading, table

BENCHES = (
    "ingest",
    "ingest_postgres",
    "again",
    "due",
    "startup",
    "fold",
    "routing",
    "decode",
    "path",
    "budgets",
    "desk",
    "hooks",
    "risk",
    "workers",
)


def main(words: list[str] | None = None) -> int:
    asked = options().parse_args(words)
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    keeping = Keeping(asked.results, version(), machine())
    say(heading(keeping.version, keeping.machine))
    for name in asked.names or BENCHES:
        for comparison in comparisons(name):
            if asked.only in comparison.name:
                say(one(name, comparison, keeping, again=asked.again))
    return 0


def comparisons(bench: str) -> list[Comparison]:
    found: list[Comparison] = import_module(f"bench.{bench}").measure()
    assert len({c.name for c in found}) == len(found), f"{bench}: two comparisons of one name"
    return found


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--only", default="", help="comparisons with this in their name")
    parser.add_argument("--again", action="store_true", help="measure even what is there already")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the JSON lines")
    return parser


def one(bench: str, comparison: Comparison, keeping: Keeping, *, again: bool) -> list[str]:
    """Measure, or take what an earlier run kept."""
    kept = None if again else keeping.find(bench, comparison.name)
    line = kept or keeping.add(bench, comparison, take(comparison))
    return table(line, kept=kept is not None)


def say(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
