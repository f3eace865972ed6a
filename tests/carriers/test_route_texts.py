"""Route texts of the Chinese carriers, as their customers read them, and what they say: written apart from the phrases."""

import csv
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from carriers.kuaidi100_phrases import MANNERS, PHRASES
from carriers.kuaidi100_wire import meaning_of
from carriers.phrases import phrase_in

ROWS = list(
    csv.DictReader(
        (Path(__file__).parent / "route_texts.tsv").read_text(encoding="utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['firm']}-{row['text'][:30]}")
def test_a_route_text_says_what_a_reader_understands(row: dict[str, str]) -> None:
    """Milestone, reason and manner, of collections, moves, drops, failures, returns and signatures of each firm."""
    meaning = meaning_of("", "", row["text"])[1]
    told = (meaning.milestone, meaning.reason or "", meaning.manner or "") if meaning else ("unmapped", "", "")
    assert told == (row["milestone"], row["reason"], row["manner"])


def test_every_firm_and_every_outcome_is_among_the_texts() -> None:
    """A table that holds a few happy parcels proves nothing."""
    assert len({row["text"] for row in ROWS}) == len(ROWS) >= 150
    firms = Counter(row["firm"] for row in ROWS)
    assert {"zto", "yto", "sto", "yunda", "jt", "ems", "jd", "sf", "deppon", "cainiao", "best", "advice"} <= set(firms)
    assert {row["manner"] for row in ROWS} >= {"self", "other", "neighbour", "locker", "point", "agent", "safe_place"}
    assert {row["milestone"] for row in ROWS} >= {
        *("announced", "picked_up", "in_transit", "customs", "at_destination", "out_for_delivery", "attempt_failed"),
        *("awaiting_collection", "delivered", "returning", "returned", "transferred", "cancelled", "exception", "info"),
    }


def test_no_phrase_hides_behind_an_earlier_one() -> None:
    """For each row there is a text that only it decides: the row's own words."""
    for row in PHRASES:
        texts = [row.phrase + other for other in row.also or ("",)]
        assert any(phrase_in(text, PHRASES) is row for text in texts), row


def test_the_table_finds_what_going_through_it_would_find() -> None:
    """Trying only the rows whose rarest character is in a text changes no outcome, whatever phrases meet in it."""
    rows, rng = tuple(PHRASES), Random(3)
    words = [word for row in rows for word in (row.phrase, *row.also, *row.unless)]
    for _ in range(5_000):
        text = "".join(rng.choice(words) for _ in range(rng.randint(0, 5)))
        assert phrase_in(text, PHRASES) is phrase_in(text, rows), text


def test_no_word_of_a_manner_hides_behind_an_earlier_one() -> None:
    """A longer word after a shorter one that it holds would never be asked."""
    words = [word for _, names in MANNERS for word in names]
    for place, word in enumerate(words):
        assert not any(earlier in word for earlier in words[:place]), word
