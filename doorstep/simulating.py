"""`doorstep simulate`: months of the real house under faults, judged by the truth of the world. One folder, one month."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from config.settings import Settings
from domain.errors import RuleError
from doorstep import logs
from doorstep.demo import write_settings
from doorstep.town_house import HouseReads, TownHouse, in_town
from sim import checkers, faults
from sim.acting import Door
from sim.carriers import SimTransport
from sim.chats.desk import DeskChat
from sim.disturbed import Disturbed
from sim.evidence import CaseRow, CheckinRow, DeedRow, Evidence, LetterRow, PaymentRow, StopRow, Violation
from sim.merchant import MerchantSystem
from sim.run import Played, run
from sim.wire import Memory
from sim.world import RETURN_SHARE, World
from store import check, evidence
from store.base import Store

START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
STEP = timedelta(hours=1)
PORT, KEY = 8791, "ds_simulated"
LONGEST_D, MOST_PARCELS = 366, 100_000
CHANNEL = "telegram:desk"
SUMMARY, DATABASE = "summary.json", "simulated.sqlite3"


@dataclass(frozen=True, slots=True)
class Rule:
    """A shop's rule for returns: the profile that says so, and what it waits for before it pays."""

    profile: str
    pays_on: str


RULES = (Rule("seven_day", "collected"), Rule("three_guarantees", "inspected"))
"""In turns, by the seed."""


def with_rule(settings: Settings, rule: Rule) -> Settings:
    return replace(settings, returns=msgspec.structs.replace(settings.returns, profile=rule.profile))


@dataclass(frozen=True, slots=True)
class Asked:
    """What to simulate."""

    days: int
    parcels: int
    seed: int
    faults: tuple[str, ...]

    def command(self, out: Path) -> str:
        """What plays the same month again."""
        named = "all" if self.faults == tuple(faults.FAULTS) else ",".join(self.faults) or "none"
        return f"doorstep simulate --days {self.days} --parcels {self.parcels} --seed {self.seed} --faults {named} --out {out}"


def asked_of(*, days: int, parcels: int, seed: int, named: str) -> Asked:
    """Raises RuleError for what can't be simulated."""
    for name, value, most in (("days", days, LONGEST_D), ("parcels", parcels, MOST_PARCELS)):
        if not 1 <= value <= most:
            raise RuleError(f"--{name}: {value} is out of range; say 1 to {most}")
    return Asked(days, parcels, seed, faults.named(named))


def simulate(asked: Asked, out: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play it, judge it, write ``summary.json`` into the folder and give what stands in it. Raises RuleError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix="house-") as folder:
            found = asyncio.run(Month(asked, Path(folder)).play(say))
        (out / SUMMARY).write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise RuleError(f"{out}: {exc.strerror}; name a folder that can be written") from exc
    return found


class Month:
    """A world, a house in it, and what happens to both. ``change`` lets a test put a broken rule into the settings, and
    ``return_share`` more returns into a short month.
    """

    def __init__(
        self,
        asked: Asked,
        folder: Path,
        change: Callable[[Settings], Settings] = lambda kept: kept,
        *,
        return_share: float = RETURN_SHARE,
    ) -> None:
        self.asked = asked
        plan = faults.plan_of(asked.faults, seed=asked.seed, start=START, days=asked.days)
        rule = RULES[asked.seed % len(RULES)]
        self.world = World(
            asked.seed, plan.start, asked.days, asked.parcels, outages=plan.outages, retold=plan.retold, no_shows=plan.no_shows,
            halts=plan.halts, chat_down=plan.chat_down, pays_on=rule.pays_on, return_share=return_share,
        )  # fmt: skip
        self.memory, now = Memory(), [plan.start]
        self.chat, self.system = DeskChat(self._time, plan.chat_down), MerchantSystem()
        carriers = SimTransport(self.world, lambda: now[0], self.memory)
        settings = change(in_town(with_rule(write_settings(folder, PORT, 1), rule)))
        self.house = TownHouse(
            settings, folder / DATABASE, carriers, seed=asked.seed, key=KEY, now=now, memory=self.memory, chat=self.chat,
            system=self.system,
        )  # fmt: skip
        self.disturbed = Disturbed(self.house, plan, asked.seed)
        self.plan = plan

    def _time(self) -> datetime:
        return self.house.house.wall()

    @property
    def store(self) -> Store:
        return self.house.house.store

    async def play(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Live the month, and give its summary; the house is closed then."""
        try:
            played = await self.live(say)
            return self.judged(played)
        finally:
            await self.house.kill()

    async def live(self, say: Callable[[str], None]) -> Played:
        """The month as the one way of driving a house plays it."""
        reads, door = HouseReads(self.house), Door(f"http://127.0.0.1:{PORT}", KEY)

        async def each(now: datetime) -> None:
            day, rest = divmod(now - self.world.start, timedelta(days=1))
            if not rest:
                say(f"seed {self.asked.seed}: day {day} of {self.asked.days}, {self.disturbed.cuts} power cuts")

        return await run(
            self.disturbed, self.world, days=self.asked.days, step=STEP, reads=reads, door=door, memory=self.memory, each=each,
        )  # fmt: skip

    def judged(self, played: Played) -> dict[str, Any]:
        """The summary, as docs/formats.md has it."""
        found = self.evidence(self.store)
        violations = [*self.violations(self.store, played.until), *self._errors(played)]
        return {
            "seed": self.asked.seed,
            "digest": self.store.read(check.digest),
            "parcels": sum(tale.parcel is not None for tale in self.world.tales),
            "anomalies": sum(tale.injected for tale in self.world.tales),
            "cases": len(found.cases),
            "alerts": sum(letter.kind == "alert" for letter in found.letters),
            "violations": [_told(violation) for violation in violations],
            "truth": {kind: asdict(score) for kind, score in checkers.score(self.world, found, played.until).items()},
        }

    def violations(self, store: Store, until: datetime) -> list[Violation]:
        """What the checkers say of a database, and what its own facts do."""
        rebuilt = store.read(check.differences, now=until)
        found = checkers.check(self.world, self.evidence(store), until)
        return [*found, *(Violation("rebuilt", one.subject, until, str(one)) for one in rebuilt)]

    def evidence(self, store: Store) -> Evidence:
        """What the house wrote, and what its far sides saw."""
        return evidence_of(store, heard={CHANNEL: self.chat.shown}, taken=dict(self.system.taken))

    def _errors(self, played: Played) -> list[Violation]:
        """Nobody who is at the door is answered with an error of ours, but while the disk is full."""
        return [
            Violation("answered", one.request.url, one.at, f"HTTP {one.reply.status}")
            for one in played.refusals
            if one.reply.status >= 500 and not any(span.holds(one.at) for span in self.plan.full)
        ]


def _told(violation: Violation) -> dict[str, str]:
    return {
        "checker": violation.checker,
        "subject": violation.subject,
        "at": violation.at.astimezone(UTC).isoformat(),
        "text": violation.text,
    }


def evidence_of(
    store: Store, *, heard: Mapping[str, frozenset[str]] | None = None, taken: Mapping[str, int] | None = None
) -> Evidence:
    """What a house wrote, as the rows that the checkers judge."""
    numbers = store.read(evidence.numbers)
    return Evidence(
        cases=[CaseRow(*row) for row in store.read(evidence.cases)],
        payments=[PaymentRow(*row) for row in store.read(evidence.payments)],
        stops=[StopRow(*row) for row in store.read(evidence.stops)],
        numbers={ref: number for ref, (number, _) in numbers.items()},
        asked=dict(numbers.values()),
        stand_ins=store.read(evidence.stand_ins),
        letters=[LetterRow(*row) for row in store.read(evidence.letters)],
        deeds=[DeedRow(*row) for row in store.read(evidence.deeds)],
        heard=heard or {},
        taken=taken,
        checkins=[CheckinRow(*row) for row in store.read(evidence.checkins)],
    )


def command(*, days: int, parcels: int, seed: int, named: str, out: Path) -> int:
    """The exit status: 0, or 1 where a rule was broken; then the command that shows it again is said."""
    asked = asked_of(days=days, parcels=parcels, seed=seed, named=named)
    logs.set_up("critical")  # faults make a house log errors; what counts is what it did
    found = simulate(asked, out, lambda line: print(line, file=sys.stderr, flush=True))
    print(*_lines(asked, found, out), sep="\n")
    return 1 if found["violations"] else 0


def _lines(asked: Asked, found: Mapping[str, Any], out: Path) -> Sequence[str]:
    wrong = [f"{v['checker']}  {v['subject']}  {v['at']}  {v['text']}" for v in found["violations"]]
    counted = f"seed {asked.seed}: {found['parcels']} parcels, {found['anomalies']} anomalies, {found['cases']} cases"
    again = [f"again: {asked.command(out)}"] if wrong else []
    return [*wrong, f"{counted}, {len(wrong)} violations, digest {found['digest']}", *again]
