"""Asking carriers: how a case stands with its carrier, and a pasted reply taken apart by tracking number.

Chinese desks ask in a branch's chat group, many numbers at once, and get one text back. It is split by what stands in it: a
line belongs to the numbers in it, a line without any to the ones before; nothing is lost, what can't be placed is shown.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.case import CaseEvent, Kind

ABOUT_CARRIER = (
    Kind.NEVER_COLLECTED,
    Kind.STALLED,
    Kind.PROMISE_RISK,
    Kind.PROMISE_MISSED,
    Kind.LOST,
    Kind.FAILED_ATTEMPT,
    Kind.RETURNING,
    Kind.DAMAGED,
    Kind.MISDELIVERED,
    Kind.DISPUTED,
    Kind.LOOPING,
)
"""Kinds of cases that the carrier can say something about."""


@dataclass(frozen=True, slots=True)
class Enquiry:
    """How a case stands with its carrier: asked last at ``asked_at``; ``answered_at`` None: no answer came since."""

    asked_at: datetime
    times: int = 1
    means: str = ""
    basis: str = ""
    answer_by: datetime | None = None
    answered_at: datetime | None = None


def advance(state: Enquiry | None, event: CaseEvent, at: datetime, data: Mapping[str, Any]) -> Enquiry | None:
    """What one fact of a case changes; a reopened case has asked nobody yet, and a mail that never arrived asked nobody."""
    if event is CaseEvent.CARRIER_CONTACTED:
        due = data.get("answer_by")
        answer_by = datetime.fromisoformat(due) if due else None
        times = state.times + 1 if state else 1
        return Enquiry(at, times, str(data.get("means", "")), str(data.get("basis", "")), answer_by)
    if event is CaseEvent.CARRIER_ANSWERED and state:
        return replace(state, answered_at=at)
    undelivered = event is CaseEvent.MESSAGE_FAILED and bool(data.get("carrier"))
    return None if event is CaseEvent.REOPENED or undelivered else state


# --- where a parcel is asked about ---------------------------------------------------------------------------------

_CITY = re.compile(r"(?:[\u4e00-\u9fff]{2,7}?(?:省|自治区))?([\u4e00-\u9fff]{2,7}?)(?:市|地区|自治州|盟)")
_STATION = re.compile(r"(?:转运中心|分拨中心|集散中心|中转站|中转部|分拣中心|处理中心|营业部|网点|分部|公司|中转场)$")
MAX_BRANCH = 40


def branch_of(place: str) -> str:
    """The region by which carriers' branches are told apart: the city of a place, as far as it can be read."""
    text = unicodedata.normalize("NFKC", place).strip("【】[] ")
    city = _CITY.search(text)
    if city:
        return city.group(1)
    path = "/".join(part.strip() for part in text.split("/")[:2])
    return (_STATION.sub("", path) or path)[:MAX_BRANCH]


# --- a pasted reply ------------------------------------------------------------------------------------------------

MAX_REPLY, MAX_LINES = 40_000, 1_000
"""Characters and lines of a pasted reply; a longer one is pasted in parts."""
MIN_NUMBER, MAX_GROUPS = 8, 8
"""The shortest tracking number, and into how many pieces people break one."""

_GROUP = re.compile(r"[A-Z0-9]+")
_ENCLOSED = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")
_HYPHENED = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+")
_JOINS = re.compile(r"[ \-_.·\u200b]{1,2}")
_LABEL = re.compile(r"^(?:NO|NR|NUM|NUMBER|AWB|TN|ID|TRACKING)(?=[A-Z]*\d)")
_NOT_NUMBERS = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?"
    r"|(?<![A-Z\d])\+?(?:86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\d])|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)"
)
"""Dates, clocks and telephones: digits that are no parcel."""
_TAIL = re.compile(
    r"(?:尾号|末[四4]位|后[四4]位|尾数|ENDING(?: IN)?|LAST (?:FOUR|4)(?: DIGITS)?|\*{2,}|\.{3})\D{0,4}(\d{4,6})(?!\d)"
)
_QUOTED = re.compile(r"^\s*(?:>|\|)")
_SPEAKER = re.compile(r"^\S.{0,30}?[ \t]\[?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2} )?\d{1,2}:\d{2}(?::\d{2})?\]?\s*:?$")
_WORD = re.compile(r"[A-Z\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Part:
    """What a reply says about one number: its lines, in order."""

    number: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A reply taken apart. ``strangers``: what is said about numbers that nobody knows here; ``silent``: numbers that are
    only named; ``unplaced``: lines that belong to no number.
    """

    parts: tuple[Part, ...] = ()
    strangers: tuple[Part, ...] = ()
    silent: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()


def normal(number: str) -> str:
    """A number as it is compared: letters and digits, upper case, half width."""
    return "".join(_GROUP.findall(unicodedata.normalize("NFKC", number).upper()))


def candidates(text: str) -> set[str]:
    """Everything in a text that may be a tracking number: what to look up before it is split."""
    found: set[str] = set()
    for line in lines_of(text):
        found.update(_HYPHENED.findall(_plain(line)))
        for run in _runs(line):
            for start in range(len(run)):
                found.update(name for _, name in _joined(run, start))
    return found


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text[:MAX_REPLY].splitlines()[:MAX_LINES] if line.strip()]


def split(text: str, known: Collection[str], *, asked: Collection[str] = (), ours: Iterable[str] = ()) -> Split:
    """Take a reply apart. ``known``: numbers of cases, as ``normal`` writes them; ``asked``: those that an ending alone may
    mean; ``ours``: lines of our own question, which people paste along with the answer.
    """
    builder = _Builder(frozenset(known), tuple(asked), frozenset(line.strip() for line in ours))
    lines = lines_of(text)
    for index, line in enumerate(lines):
        builder.take(line, lines[index + 1] if index + 1 < len(lines) else "")
    return builder.done()


@dataclass(slots=True)
class _Builder:
    known: frozenset[str]
    asked: tuple[str, ...]
    ours: frozenset[str]
    said: dict[str, list[str]] = field(default_factory=dict)
    worded: set[str] = field(default_factory=set)
    unplaced: list[str] = field(default_factory=list)
    block: list[str] = field(default_factory=list)
    growing: bool = False
    header: str = ""

    def take(self, line: str, following: str) -> None:
        if line in self.ours or _QUOTED.match(line):
            self.unplaced.append(line)
            return
        numbers, bare = self._numbers(line)
        if numbers:
            self._named(line, numbers, bare=bare)
        elif line.rstrip().endswith((":", "：")) and self._is_bare(following):
            self.header = line
            self.block, self.growing = [], False
        elif self.block and not _SPEAKER.match(line):
            self._give(line, self.block, worded=True)
            self.growing = False
        else:
            self.unplaced.append(line)

    def _named(self, line: str, numbers: list[str], *, bare: bool) -> None:
        if bare and self.header:
            self._give(self.header, numbers, worded=True)
            self._give(line, numbers, worded=False)
            self.block = numbers
            return
        self.header = ""
        self.block = [*self.block, *numbers] if bare and self.growing else numbers
        self.growing = bare
        self._give(line, numbers, worded=not bare)

    def _give(self, line: str, numbers: Sequence[str], *, worded: bool) -> None:
        for number in dict.fromkeys(numbers):
            self.said.setdefault(number, []).append(line)
            if worded:
                self.worded.add(number)

    def _is_bare(self, line: str) -> bool:
        numbers, bare = self._numbers(line)
        return bool(numbers) and bare

    def _numbers(self, line: str) -> tuple[list[str], bool]:
        """The numbers that a line names, and whether it says nothing else."""
        plain = _plain(line)
        found: list[str] = []
        rest = plain
        for run in _runs(line):
            at = 0
            while at < len(run):
                end, name = self._first(run, at)
                if name:
                    found.append(name)
                    for group in run[at:end]:
                        rest = rest.replace(group, group.replace(name, " ") if name in group else " ", 1)
                at = max(end, at + 1)
        if not found:
            found = [number for tail in _TAIL.findall(plain) if (number := self._ending(tail))]
        return list(dict.fromkeys(found)), not _WORD.search(rest)

    def _first(self, run: list[str], at: int) -> tuple[int, str]:
        names = list(_joined(run, at))
        known = next(((end, name) for end, name in names if name in self.known), None)
        if known:
            return known
        return max(((end, name) for end, name in names if _is_stranger(run[at:end], name)), default=(at, ""))

    def _ending(self, tail: str) -> str:
        """The one asked number that ends so; '' where none does, or several."""
        meant = [number for number in self.asked if number.endswith(tail)]
        return meant[0] if len(meant) == 1 else ""

    def done(self) -> Split:
        worded = {number: tuple(lines) for number, lines in self.said.items() if number in self.worded}
        return Split(
            tuple(Part(number, lines) for number, lines in worded.items() if self._is_ours(number)),
            tuple(Part(number, lines) for number, lines in worded.items() if not self._is_ours(number)),
            tuple(number for number in self.said if number not in worded),
            tuple(self.unplaced),
        )

    def _is_ours(self, number: str) -> bool:
        return number in self.known or number in self.asked


def _plain(line: str) -> str:
    """As numbers are looked for: half width, upper case, without dates and telephones, and without the signs of a list
    (①, ⒈), which would become digits.
    """
    bare = _ENCLOSED.sub(" ", line)
    return _NOT_NUMBERS.sub(" | ", unicodedata.normalize("NFKC", bare).upper())


def _runs(line: str) -> Iterator[list[str]]:
    """Groups of letters and digits that may be one number, broken by spaces or hyphens."""
    plain = _plain(line)
    run: list[str] = []
    end = 0
    for match in _GROUP.finditer(plain):
        if run and not _JOINS.fullmatch(plain[end : match.start()]):
            yield run
            run = []
        run.append(match.group())
        end = match.end()
    if run:
        yield run


def _joined(run: list[str], start: int) -> Iterator[tuple[int, str]]:
    """What the groups from ``start`` on may be when put together, with where each ends: as it stands, and without letters
    that people stick to it (NO731…, 731…LOST).
    """
    for end in range(start + 1, min(start + MAX_GROUPS, len(run)) + 1):
        whole = "".join(run[start:end])
        if len(whole) < MIN_NUMBER or not any(char.isdigit() for char in whole):
            continue
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for name in dict.fromkeys(
            (whole, _LABEL.sub("", whole), whole.lstrip(letters), whole.rstrip(letters), whole.strip(letters))
        ):
            if len(name) >= MIN_NUMBER:
                yield end, name


def _is_stranger(groups: list[str], name: str) -> bool:
    """Whether it looks like a tracking number of somebody else: long, mostly digits, in one piece or in even ones."""
    digits = sum(char.isdigit() for char in name)
    if name != "".join(groups):
        return False
    if len(groups) == 1:
        return len(name) >= 10 and digits >= 8
    pieces = groups[1:] if groups[0].isalpha() and len(groups[0]) <= 4 else groups
    return digits >= 10 and len(pieces) >= 2 and all(piece.isdigit() and len(piece) >= 3 for piece in pieces)
