"""Whose number it is, told from the number alone. Pure: the table stands in carriers/number_formats.py.

Nobody is asked here. Where no guess is sure, the house asks an online detector (``Carrier.detect``), then a person.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from carriers.number_formats import FORMATS, Format, HowSure

LONGEST = 40  # characters of a number, as the house takes them
ORDER = tuple(HowSure)


@dataclass(frozen=True, slots=True)
class Guess:
    """A carrier that the number may be of. ``carrier`` is the house's code, None where the house has none for it:
    then ``country`` says whose postal operator it is. ``why`` is for people.
    """

    carrier: str | None
    certainty: HowSure
    why: str
    country: str = ""

    @property
    def name(self) -> str:
        return self.carrier or f"postal operator of {self.country}"


def guesses(number: str) -> tuple[Guess, ...]:
    """Every carrier whose format the number fits, best first, each once; () where it fits none."""
    plain = written_plainly(number)
    return ranked(_fitting(plain)) if 0 < len(plain) <= LONGEST else ()


def ranked(found: Iterable[Guess]) -> tuple[Guess, ...]:
    """The best guess of each carrier, best first. Where two carriers fit, none is sure. A post without a code of the
    house's is named only where no carrier fits.
    """
    best: dict[str | None, Guess] = {}
    for guess in sorted(found, key=lambda guess: ORDER.index(guess.certainty)):
        best.setdefault(guess.carrier, guess)
    named = tuple(guess for guess in best.values() if guess.carrier) or tuple(best.values())
    return named if len(named) == 1 else tuple(map(_not_alone, named))


def sure_carrier(number: str) -> str | None:
    """The house's code of the carrier that may be taken without asking anybody."""
    return next((guess.carrier for guess in guesses(number) if guess.certainty is HowSure.SURE), None)


def written_plainly(number: str) -> str:
    """Capitals and digits as in the table: without the blanks, hyphens and dots that people group digits by."""
    return re.sub(r"[\s.\-–—]", "", unicodedata.normalize("NFKC", number)).upper()


def _fitting(number: str) -> list[Guess]:
    return [guess for row in FORMATS if (guess := _guess(row, number)) is not None]


def _guess(row: Format, number: str) -> Guess | None:
    found = row.pattern.fullmatch(number)
    if found is None:
        return None
    parts = found.groupdict()
    if row.check is None:
        return Guess(row.carrier, row.certainty, row.name, parts.get("country", ""))
    if not row.check(parts.get("n", number)):
        return None
    return Guess(row.carrier, row.certainty, f"{row.name}; the check digit fits", parts.get("country", ""))


def _not_alone(guess: Guess) -> Guess:
    return replace(guess, certainty=HowSure.LIKELY) if guess.certainty is HowSure.SURE else guess
