"""Ordered tables of phrases, for sources that send no code, or one that its text says more exactly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carriers.base import Meaning


@dataclass(frozen=True, slots=True)
class Phrase:
    """A row of an ordered phrase table: the first one found in the text wins.

    ``also``: one of these must be in the text too, where it names any. ``unless``: none of these may be.
    """

    phrase: str
    meaning: Meaning
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def fits(self, text: str) -> bool:
        if self.phrase not in text or any(word in text for word in self.unless):
            return False
        return not self.also or any(word in text for word in self.also)


def phrase_in(text: str, table: Sequence[Phrase]) -> Phrase | None:
    """The first row of the table that fits the text."""
    if isinstance(table, PhraseTable):
        return table.first_in(text)
    return next((row for row in table if row.fits(text)), None)


class PhraseTable(tuple[Phrase, ...]):  # noqa: SLOT001 (a tuple can have none)
    """A long table. Each row stands under the rarest of its characters, and only rows whose character the text holds are
    tried: a dozen of five hundred.
    """

    def __init__(self, rows: Iterable[Phrase]) -> None:
        del rows
        held_by = Counter(char for row in self for char in set(row.phrase))
        self._under = defaultdict[str, list[tuple[int, Phrase]]](list)
        for place, row in enumerate(self):
            self._under[min(row.phrase, key=held_by.__getitem__)].append((place, row))

    def first_in(self, text: str) -> Phrase | None:
        first, found = len(self), None
        for char in self._under.keys() & set(text):
            for place, row in self._under[char]:
                if place >= first:
                    break
                if row.phrase in text and row.fits(text):  # most rows aren't even called
                    first, found = place, row
        return found
