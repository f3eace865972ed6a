"""``doorstep carriers detect``: whose numbers these are, as far as the numbers alone can tell. Asks nobody."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from carriers.detect import Guess, guesses

EXIT_TOLD = 0
EXIT_USAGE = 2
UNKNOWN = "fits no known format"


def carriers_detect(numbers: Sequence[str], as_json: bool) -> int:
    """Print a line for each number: number, carrier, certainty and why, with tabs between; or a JSON list.

    Returns 0, also where a number fits nothing; 2 for bad usage, which is told on stderr.
    """
    if not numbers or not all(number.strip() for number in numbers):
        sys.stderr.write("NUMBER is empty: give one or more tracking numbers\n")
        return EXIT_USAGE
    found = [(number.strip(), guesses(number)) for number in numbers]
    if as_json:
        text = json.dumps([_told(*one) for one in found], ensure_ascii=False, indent=1)
    else:
        text = "\n".join(_line(*one) for one in found)
    sys.stdout.write(text + "\n")
    return EXIT_TOLD


def _told(number: str, found: Sequence[Guess]) -> dict[str, Any]:
    """The best guess, and the others below it."""
    if not found:
        return {"number": number, "carrier": None, "country": None, "certainty": None, "why": UNKNOWN, "others": []}
    best, *others = map(_guess, found)
    return {"number": number, **best, "others": others}


def _guess(guess: Guess) -> dict[str, Any]:
    return {
        "carrier": guess.carrier,
        "country": guess.country or None,
        "certainty": guess.certainty.value,
        "why": guess.why,
    }


def _line(number: str, found: Sequence[Guess]) -> str:
    if not found:
        return f"{number}\t-\t-\t{UNKNOWN}"
    best, *others = found
    also = f" (or {', '.join(guess.name for guess in others)})" if others else ""
    return "\t".join((number, best.name, best.certainty.value, best.why + also))
