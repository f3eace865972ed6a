"""Which causes explain findings: the statistics by themselves, on counts."""

from collections.abc import Mapping
from math import isclose
from random import Random

from monitor_support import POLICY, START, M, scan

from domain.case import Finding, Kind, Subject, SubjectType
from domain.incident import Cause, CauseKind, cause_of
from domain.parcel import fold
from domain.shipment import Shipment, ShipmentView
from domain.words import Words
from monitor.causes import Scene, causes_of, explain, is_within, tail
from store.causes import ALL, Exposure

RULES = POLICY.incidents
DAY = Cause(CauseKind.DAY, place="2026-03-02").key


def hub(carrier: str, name: str) -> str:
    return Cause(CauseKind.HUB, carrier, name).key


def of(carrier: str) -> str:
    return Cause(CauseKind.CARRIER, carrier).key


def scene(watched: Mapping[tuple[str, str], int], usual: float | None = None) -> Scene:
    """So many watched parcels by (carrier, hub)."""
    counted: dict[str, int] = {ALL: sum(watched.values())}
    for (carrier, name), n in watched.items():
        counted[hub(carrier, name)] = n
        counted[of(carrier)] = counted.get(of(carrier), 0) + n
    return Scene(Exposure(counted, usual), RULES)


def fresh(found: Mapping[tuple[str, str], int]) -> dict[int, frozenset[str]]:
    """So many findings by (carrier, hub)."""
    causes = [frozenset({hub(*where), of(where[0]), DAY}) for where, n in found.items() for _ in range(n)]
    return dict(enumerate(causes, 1))


def explained(found: Mapping[tuple[str, str], int], where: Scene, *standing: Cause) -> dict[str, int]:
    return {group.cause.key: len(group.cases) for group in explain(fresh(found), standing, where)}


EVEN = {(carrier, f"{carrier}{n}"): 100 for carrier in "abcde" for n in range(20)}
"""10,000 parcels at a hundred hubs of five carriers."""


def test_the_tail_of_a_count() -> None:
    """Against figures that anybody can look up."""
    assert tail(0, 3.0) == 1.0
    assert isclose(tail(1, 0.1), 0.0951626, rel_tol=1e-5)
    assert isclose(tail(5, 1.0), 0.00365985, rel_tol=1e-5)
    assert isclose(tail(12, 4.0), 0.00091523, rel_tol=1e-4)
    assert tail(5, 0.0) == 0.0
    assert tail(3, 40.0) == 1.0
    assert 0 <= tail(9_000, 100.0) < 1e-300


def test_a_hub_that_stands_out_is_the_cause() -> None:
    """Ten findings where one is usual; the single ones elsewhere stay alone."""
    found = {("a", "a3"): 10, ("a", "a4"): 1, ("b", "b1"): 1, ("c", "c9"): 2}
    assert explained(found, scene(EVEN)) == {hub("a", "a3"): 10}


def test_fewer_than_the_least_are_none() -> None:
    """Four of a hub at which nothing ever happens are four cases."""
    assert explained({("a", "a3"): RULES.members - 1}, scene(EVEN, usual=0.0001)) == {}


def test_a_large_hub_has_more_without_being_broken() -> None:
    """Twelve findings at a hub with a thousand parcels are what is usual; at one with fifty they are not."""
    watched = {**EVEN, ("a", "big"): 1_000, ("a", "small"): 50}
    assert explained({("a", "big"): 12, ("b", "b1"): 1}, scene(watched)) == {}
    assert explained({("a", "small"): 12, ("b", "b1"): 1}, scene(watched)) == {hub("a", "small"): 12}


def test_what_comes_at_once_needs_to_be_less() -> None:
    """Eight findings of a hub within an hour are beyond chance where eight in a day are not."""
    an_hour = Scene(scene(EVEN).exposure, RULES, 1 / 6)
    assert explained({("a", "a3"): 8}, scene(EVEN)) == {}
    assert explained({("a", "a3"): 8}, an_hour) == {hub("a", "a3"): 8}


def test_a_bad_day_everywhere_blames_no_hub() -> None:
    """Where findings are many everywhere, a hub with as many as the others isn't the cause: the day is, once."""
    found = dict.fromkeys(EVEN, 6)
    assert explained(found, scene(EVEN)) == {DAY: 600}


def test_a_carrier_wide_event_is_one_incident() -> None:
    """Twenty hubs of one carrier with a few each, or with many each, are the carrier and not twenty hubs."""
    few = {("b", f"b{n}"): 3 for n in range(20)}
    many = {("b", f"b{n}"): 40 for n in range(20)}
    assert explained(few, scene(EVEN)) == {of("b"): 60}
    assert explained(many, scene(EVEN)) == {of("b"): 800}


def test_hubs_that_come_one_after_another_become_the_carrier() -> None:
    """Three hubs of a carrier are open incidents; with the fourth it is the carrier."""
    standing = [Cause(CauseKind.HUB, "b", f"b{n}") for n in range(RULES.spread)]
    assert explained({("b", "b9"): 12}, scene(EVEN), *standing) == {of("b"): 12}
    assert explained({("b", "b9"): 12}, scene(EVEN), *standing[1:]) == {hub("b", "b9"): 12}


def test_two_hubs_that_are_nearly_the_whole_carrier() -> None:
    """A small carrier with two large hubs stands still when both do."""
    watched = {**EVEN, ("z", "z1"): 60, ("z", "z2"): 60, ("z", "z3"): 10}
    assert explained({("z", "z1"): 30, ("z", "z2"): 30}, scene(watched)) == {of("z"): 60}


def test_a_hub_and_another_carrier_are_two_causes() -> None:
    """What a hub explains doesn't count against its carrier, nor against the day."""
    found = {("a", "a3"): 40, **{("d", f"d{n}"): 3 for n in range(20)}}
    assert explained(found, scene(EVEN)) == {hub("a", "a3"): 40, of("d"): 60}


def test_a_shops_own_history_says_what_is_usual() -> None:
    """Where a twentieth of the parcels always has a finding, eight of a hundred are no incident."""
    assert explained({("a", "a3"): 8}, scene(EVEN, usual=0.05)) == {}
    assert explained({("a", "a3"): 8}, scene(EVEN, usual=0.005)) == {hub("a", "a3"): 8}


def test_chance_alone_gives_hardly_any_incident() -> None:
    """A year of ordinary days at a hundred hubs, each parcel with a finding at one in a hundred: no more than one false incident."""
    rng, where, false = Random(5), scene(EVEN), 0
    for _ in range(365):
        found = {hub_: sum(rng.random() < 0.01 for _ in range(100)) for hub_ in EVEN}
        false += len(explained(found, where))
    assert false <= 1


def test_what_speaks_for_what() -> None:
    """A carrier for its hubs, the day for all, nothing for another carrier's, and many at once for nothing."""
    narrow, wide = Cause(CauseKind.HUB, "a", "a1"), Cause(CauseKind.CARRIER, "a")
    day, many = Cause(CauseKind.DAY, place="2026-03-02"), Cause(CauseKind.MANY, place="x")
    assert is_within(narrow, wide)
    assert is_within(wide, day)
    assert not is_within(narrow, Cause(CauseKind.CARRIER, "b"))
    assert not is_within(wide, narrow)
    assert not is_within(narrow, many)


def test_a_cause_is_its_key() -> None:
    """A place with the mark in it that keys are made with is kept apart from the key's own."""
    cause = Cause(CauseKind.LANE, "a", "CN/浙江", "CN/北京")
    assert cause_of(cause.key) == cause
    assert cause_of(Cause(CauseKind.HUB, "a", "x|y").key).place == "x y"


def view(*events: object, origin: str = "CN/浙江/杭州", destination: str = "CN/北京/朝阳") -> ShipmentView:
    sent = Shipment("ZT1", "zhongtong", "kuaidi100", START, 1, origin=origin, destination=destination)
    return ShipmentView(sent, (), fold(list(events), now=START))  # type: ignore[arg-type]


def finding(kind: Kind, code: str = "evidence.silence") -> Finding:
    return Finding(kind, Subject(SubjectType.SHIPMENT, "1"), START, (Words(code),))


ZONE = POLICY.region("cn").calendar.zone


def test_what_a_finding_could_have_in_common() -> None:
    """Hub and lane and carrier and day, narrowest first; a parcel that nobody fetched has its depot instead of a hub."""
    moved = causes_of(finding(Kind.STALLED), view(scan(M.IN_TRANSIT, -1)), ZONE, now=START)
    assert [cause_of(c).kind.value for c in moved] == ["hub", "lane", "carrier", "day"]
    waiting = causes_of(finding(Kind.NEVER_COLLECTED), view(), ZONE, now=START)
    assert [cause_of(c).kind.value for c in waiting] == ["depot", "lane", "carrier", "day"]
    assert cause_of(moved[1]) == Cause(CauseKind.LANE, "zhongtong", "CN/浙江", "CN/北京")
    assert [cause_of(c).kind.value for c in causes_of(finding(Kind.STALLED), view(origin=""), ZONE, now=START)] == [
        "carrier", "day",
    ]  # fmt: skip


def test_a_trouble_of_its_own_has_no_common_cause() -> None:
    """Damaged, misdelivered, a failed attempt, lost by the carrier's word: never a member. Lost by long silence is."""
    here = view(scan(M.IN_TRANSIT, -1))
    for kind in (Kind.DAMAGED, Kind.MISDELIVERED, Kind.FAILED_ATTEMPT, Kind.REFUSED, Kind.DISPUTED):
        assert causes_of(finding(kind, f"evidence.{kind.value}"), here, ZONE, now=START) == ()
    assert causes_of(finding(Kind.LOST, "evidence.lost_by_word"), here, ZONE, now=START) == ()
    assert causes_of(finding(Kind.LOST), here, ZONE, now=START) != ()
