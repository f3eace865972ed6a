"""`python -m bench.reply_words SOURCE`: the words of a source's replies, for a new file of store/reply_words, to standard output.

Taken from its recorded replies (tests/carriers/recorded): names of fields, in their order, with the codes that are words; and, of
carriers in China, from their texts of routes: what stands between places, people and numbers. No place, person, number or time gets there.
With a database (`--database`), what the kept replies of that source would take with these words is told beside what they take.
"""

import argparse
import csv
import json
import re
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

TESTS = Path("tests/carriers")
FIRMS = {"sf": ("sf",), "jd": ("jd",), "kuaidi100": (), "kuaidiniao": ()}
"""Whose texts a source brings; () for everybody's."""
CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)*|true|false|ok|polling|transit")
ASIDE = re.compile(r"（[^）]*）|\([^)]*\)|\[[^\]]*\]")
BETWEEN = re.compile(r"【[^】]*】|[0-9*]+|[A-Za-z]{1,3}\d\w*|[\u4e00-\u9fff]\*+")
SHORTEST = 3


def shape(value: Any) -> Any:
    """A reply without what it is about: each kind of object once, texts and numbers empty."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return list({json.dumps(names(one)): one for one in map(shape, value)}.values())
    if isinstance(value, str):
        if value.startswith("{"):
            return json.dumps(shape(json.loads(value)), ensure_ascii=False)
        return value if CODE.fullmatch(value) else ""
    return value if value is None or isinstance(value, bool) else 0


def names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: names(one) for key, one in sorted(value.items())}
    return [names(one) for one in value] if isinstance(value, list) else 0


def shapes(source: str) -> list[Any]:
    """The shapes of a source's recorded replies, the simplest first: what stands last is found best."""
    found = {}
    for path in sorted((TESTS / "recorded" / source).glob("*.json")):
        try:
            one = shape(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            continue  # recorded because it is no JSON
        if not path.name.endswith(".golden.json"):
            found[json.dumps(names(one))] = one
    return sorted(found.values(), key=lambda one: len(json.dumps(one)))


def phrases(source: str) -> Iterator[str]:
    firms = FIRMS.get(source)
    if firms is None:
        return
    with (TESTS / "route_texts.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if not firms or row["firm"] in firms:
                said = (one.strip(" ,，。！!、:：;；") for one in BETWEEN.split(ASIDE.sub(" ", row["text"])))
                yield from (one for one in said if len(one) >= SHORTEST)


def words(source: str) -> str:
    """Field names stand there with and without blanks between them: senders write both."""
    found = shapes(source)
    spaced = [json.dumps(one, ensure_ascii=False) for one in found]
    compact = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in found]
    return "\n".join([*dict.fromkeys(phrases(source)), *spaced, *compact])


def measured(database: Path, source: str, dictionary: bytes) -> str:
    with closing(sqlite3.connect(database)) as db:
        kept = db.execute("SELECT body FROM raw_reply WHERE source = ?", (source,)).fetchall()
    before, after = 0, 0
    for (body,) in kept:
        packer = zlib.compressobj(zdict=dictionary)
        before, after = before + len(body), after + len(packer.compress(zlib.decompress(body)) + packer.flush())
    return (
        f"{source}: {len(kept)} replies, {before} bytes as they are kept, {after} with {len(dictionary)} bytes of words"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.reply_words", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--database", type=Path, help="a house's database, from before there were such words")
    asked = parser.parse_args()
    said = words(asked.source)
    if asked.database:
        print(measured(asked.database, asked.source, said.encode()), file=sys.stderr)
    else:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
