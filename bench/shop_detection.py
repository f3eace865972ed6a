"""`python -m bench.shop_detection`: a simulated shop whose truth is known, judged by the shipped rules: alarms, precision, recall.

Every parcel's route texts go through Kuaidi100's reader without any code, so a misread text costs here; then fold, course, detectors,
judgement and decisions, at each event and at each stored alarm. Each bad parcel has an ordinary twin with the same trunk (sim/lives);
one ordinary parcel in twenty has an ordinary delay or a failed attempt. Half of the deliveries end in lockers and stations, most
without consent data. `--words 2` tells the same lives in other words. Exit code 0 whatever the figures are.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from random import Random
from statistics import median

from carriers.kuaidi100_wire import meaning_of
from config.policies import DetectionPolicy, load_detection
from domain.case import Kind, Subject, SubjectType
from domain.course import course_of
from domain.figures import wilson
from domain.parcel import Delivered, fold
from domain.shipment import ParcelView, Shipment, ShipmentView
from domain.tracking import Certainty, EventTime, Milestone, ScanEvent, Zone
from monitor.crossing import judge
from monitor.decide import CLEARS_BY_ITSELF, SILENCE, visible
from monitor.foresight import NO_MODEL, Sight
from monitor.weighing import weighed
from sim.lives import DOMESTIC, PLOTS, Beat, Happening, Plot, Promise, Spot, Step, beats_of, tell
from sim.voices import KUAIDI100

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
PLACES = {
    Spot.ORIGIN: "广州白云网点", Spot.HUB: "广州转运中心", Spot.MIDDLE: "武汉转运中心", Spot.PORT: "上海口岸",
    Spot.CITY: "杭州转运中心", Spot.BRANCH: "杭州余杭网点",
}  # fmt: skip
CARRIER = "zhongtong"
FAR = "北京朝阳网点"
HOME = "CN/浙江/杭州"
PROMISED = timedelta(days=6)
GRACE = timedelta(days=7)
HORIZON = timedelta(days=22)
WISH_SHARE = 0.10
"""Customers whose wish for the door alone is known; the rest gave no consent data."""
DELAYED, ABSENT, CLOSE_CALL = 0.03, 0.02, 0.004
"""Ordinary trouble among ordinary parcels: a day at a hub, an attempt repeated on the next day, 50 to 60 hours at a hub."""
CORRECTED, MISLABELLED, AGREED = 0.001, 0.0005, 0.02
"""Ordinary untidiness: signed, handed out and signed again within hours; a wrong city beside a right delivery; a wish for the door given up at the door (of those who
had it).
"""

MISDELIVERED = ("undone", "elsewhere", "wish_ignored", "off_the_road", "wrong_door")
"""The last one is given to somebody else and nothing shows it: only the customer can tell."""
OTHERS = (
    "lost",
    "lost_by_word",
    "stalled",
    "never_collected",
    "failed_attempt",
    "returning",
    "refused",
    "damaged",
    "address",
    "looping",
)
ACCEPTED: Mapping[Kind, frozenset[Kind]] = {
    Kind.NEVER_COLLECTED: SILENCE,
    Kind.STALLED: SILENCE | {Kind.LOST},
    Kind.LOST: SILENCE | {Kind.LOST},
    Kind.REFUSED: frozenset({Kind.REFUSED, Kind.RETURNING}),
    Kind.DAMAGED: frozenset({Kind.DAMAGED, Kind.RETURNING}),
    Kind.FAILED_ATTEMPT: frozenset({Kind.FAILED_ATTEMPT}) | SILENCE,
}
"""One trouble under several names."""
UNHEARD = frozenset({Kind.STALLED, Kind.LOST})
"""Troubles that only silence tells of, but for a carrier's word."""

OTHER_WORDS: Mapping[Step, tuple[str, ...]] = {
    Step.COLLECTED: ("{place}揽收成功，快件等待发出",),
    Step.LEFT_ORIGIN: ("快件由{place}装车，正发往{next}",),
    Step.AT_HUB: ("快件运抵{place}，已到达",),
    Step.LEFT_HUB: ("{place}已完成分拣，发往{next}",),
    Step.AT_MIDDLE: ("快件运抵{place}，已到达",),
    Step.LEFT_MIDDLE: ("{place}已完成分拣，发往{next}",),
    Step.AT_CITY: ("快件运抵{place}，已到达",),
    Step.LEFT_CITY: ("{place}已完成分拣，发往{next}",),
    Step.AT_BRANCH: ("快件运抵{place}，已到达",),
    Step.OUT: ("派件员正在为您派送，请保持电话畅通",),
    Step.FAILED: ("敲门没人开，改明日再送", "拨打收件人手机三次均未接"),
    Step.BAD_ADDRESS: ("门牌号有误，等客户补充地址",),
    Step.REFUSED: ("收件人不愿接收此件", "客户不肯签收"),
    Step.DAMAGED: ("外箱压扁，内物渗漏", "货物摔碎，已拍照"),
    Step.LOST: ("该件全网查找未果", "运输途中失踪，已登记"),
    Step.RETURNING: ("原件正退还给寄件人", "此件返回商家途中"),
    Step.RETURNED: ("退回件已签收",),
    Step.LOCKER: ("包裹投进楼下格口，等待领取", "已投柜"),
    Step.STATION: ("包裹送到便利店代收点，请尽快领取", "已到自提点，凭验证码提取"),
    Step.TAKEN_LOCKER: ("客户开柜取走快件",),
    Step.TAKEN_STATION: ("客户在服务站提取了包裹",),
    Step.SIGNED: ("客户当面签收", "快件交给收件人，完成签收"),
    Step.SIGNED_OTHER: ("由同住室友代为签收", "隔壁邻居代收完成"),
    Step.SIGNED_LATE: ("收件人本人签收",),
}


@dataclass(frozen=True, slots=True)
class Life:
    """A parcel with its truth. ``kind`` None: nothing is wrong."""

    kind: Kind | None
    plot: str
    events: tuple[ScanEvent, ...]
    created_at: datetime
    door_only: bool
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """Which wording, and what picks among its texts."""

    wording: int
    rng: Random


@dataclass(slots=True)
class Tally:
    days: int
    parcels: int = 0
    delivered: int = 0
    alarms: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false_from: Counter[str] = field(default_factory=Counter)
    kinds_of: dict[str, Kind] = field(default_factory=dict)
    silent_h: list[float] = field(default_factory=list)
    """Of stalled and lost parcels, for how long nothing had been heard when they were told."""


# --- lives ---


def lives(days: int, a_day: int, bad: float, words: int, rng: Random, start: datetime = START) -> Iterator[Life]:
    """The parcels of some days: bad ones, a twin of each, ordinary ones."""
    told = Random(rng.random())  # of its own, so that the same lives are told in other words
    of_misdelivery, of_others = cycle(MISDELIVERED), cycle(OTHERS)
    plot = ""
    for day in range(days):
        wrong = round(a_day * bad)
        for n in range(a_day):
            begin = start + timedelta(days=day, seconds=rng.randrange(36_000))
            if n >= 2 * wrong:
                yield ordinary(begin, Telling(words, told), rng)
                continue
            if n % 2 == 0:
                plot = next(of_misdelivery if (n // 2) % 3 == 0 else of_others)
            yield troubled(plot, begin, Telling(words, told), rng, twin=bool(n % 2))


def ordinary(begin: datetime, words: Telling, rng: Random) -> Life:
    beats = beats_of(PLOTS["plain"](DOMESTIC), twin=False, rng=rng, endings=True)
    chance = rng.random()
    if chance < DELAYED + CLOSE_CALL:
        hours = (20, 40) if chance < DELAYED else (50, 60)
        beats = tuple(replace(b, least_h=hours[0], most_h=hours[1]) if b.step is Step.LEFT_MIDDLE else b for b in beats)
    elif chance < DELAYED + CLOSE_CALL + ABSENT:
        out = next(n for n, b in enumerate(beats) if b.step is Step.OUT)
        again = (Beat(Step.FAILED, Spot.BRANCH, 1, 5), Beat(Step.OUT, Spot.BRANCH, 10, 14, round=True))
        beats = (*beats[: out + 1], *again, *beats[out + 1 :])
    by_hand = beats[-1].step is Step.SIGNED
    if rng.random() < CORRECTED and by_hand:
        beats = (*beats, Beat(Step.OUT, Spot.BRANCH, 0.2, 1), Beat(Step.SIGNED, Spot.BRANCH, 0.2, 2))
    wish = rng.random() < WISH_SHARE and (by_hand or rng.random() < AGREED)
    told = life(None, "ordinary", tell(beats, begin, rng), begin, words, door_only=wish)
    return _moved(told) if rng.random() < MISLABELLED else told


def troubled(name: str, begin: datetime, words: Telling, rng: Random, *, twin: bool) -> Life:
    kind, happened = None, ()
    if name in PLOTS:
        plot: Plot = PLOTS[name](DOMESTIC)
        kind = plot.kind
        happened = tell(beats_of(plot, twin=twin, rng=rng, endings=False), begin, rng)
        if name == "never_collected" and not twin:
            happened = happened[:1]
    else:
        kind = Kind.LOOPING if name == "looping" else Kind.MISDELIVERED
        happened = tell(_own(name, twin=twin), begin, rng)
    told = life(None if twin else kind, name, happened, begin, words, door_only=name == "wish_ignored" and not twin)
    return told if twin or name != "elsewhere" else _moved(told)


def _own(name: str, *, twin: bool) -> tuple[Beat, ...]:
    """Lives that sim/lives has no plot for."""
    if name == "wish_ignored":  # its twin ends alike, without a wish
        at = next(n for n, b in enumerate(DOMESTIC) if b.step is Step.OUT)
        return (
            *DOMESTIC[: at + 1],
            Beat(Step.STATION, Spot.BRANCH, 0.7, 5),
            Beat(Step.TAKEN_STATION, Spot.BRANCH, 1, 30),
        )
    if name == "off_the_road" and not twin:
        at = next(n for n, b in enumerate(DOMESTIC) if b.step is Step.LEFT_MIDDLE)
        return (*DOMESTIC[: at + 1], Beat(Step.SIGNED, Spot.BRANCH, 0.3, 2))
    if name == "looping" and not twin:
        at = next(n for n, b in enumerate(DOMESTIC) if b.step is Step.LEFT_MIDDLE)
        lap = (
            Beat(Step.AT_HUB, Spot.HUB, 6, 12),
            Beat(Step.LEFT_HUB, Spot.HUB, 1, 5),
            Beat(Step.AT_MIDDLE, Spot.MIDDLE, 6, 12),
            Beat(Step.LEFT_MIDDLE, Spot.MIDDLE, 1, 5),
        )
        return (*DOMESTIC[: at + 1], *lap, *lap, *DOMESTIC[at + 1 :])
    return DOMESTIC


def _moved(told: Life) -> Life:
    """The same life, signed for in another city."""
    *way, last = told.events
    return replace(told, events=(*way, replace(last, place=FAR)))


def life(
    kind: Kind | None,
    plot: str,
    happened: Sequence[Happening],
    begin: datetime,
    words: Telling,
    *,
    door_only: bool,
) -> Life:
    promised = begin + PROMISED
    if plot in PLOTS and PLOTS[plot](DOMESTIC).promise is Promise.MISSED:
        promised = begin + PROMISED / 2
    return Life(kind, plot, tuple(scan_of(one, words) for one in happened), begin, door_only, promised)


def scan_of(one: Happening, words: Telling) -> ScanEvent:
    """The event as the reader understands its text, and nothing else."""
    told = OTHER_WORDS.get(one.step) if words.wording == 2 else None
    text = words.rng.choice(told or KUAIDI100[one.step].texts)
    place = PLACES[one.spot]
    text = text.format(
        place=place, next="下一站转运中心", man="李师傅", phone="13800000000", buyer="王**", brand="中通快递"
    )
    code, meaning = meaning_of("", "", text)
    time = EventTime(one.at.isoformat(), one.at, Zone.OFFSET, Certainty.EXACT)
    if meaning is None:
        return ScanEvent(code, text, Milestone.UNMAPPED, time, place=place)
    return ScanEvent(code, text, meaning.milestone, time, meaning.reason, meaning.physical, place, meaning.manner)


# --- judging ---


Look = Callable[[ShipmentView], Sight]
"""What the learned risk says of a parcel as it is seen at a moment."""


def by_rules(view: ShipmentView) -> Sight:
    """Nothing was learned: the policy's rules decide, as on a shop's first days."""
    del view
    return Sight({}, None, NO_MODEL)


Looked = Callable[[Iterable[Life]], Iterator[tuple[Life, Look]]]


def by_rules_alone(wanted: Iterable[Life]) -> Iterator[tuple[Life, Look]]:
    return ((one, by_rules) for one in wanted)


def view_of(one: Life, known: Sequence[ScanEvent], now: datetime) -> ShipmentView:
    """The parcel as the daemon sees it by these events."""
    sent = Shipment("N1", CARRIER, "kuaidi100", one.created_at, id=1, destination=HOME, promised_at=one.promised_at)
    state = fold(known, now=now)
    close = (
        state.delivered is not Delivered.NO
        or state.milestone is Milestone.AWAITING_COLLECTION
        or one.kind is Kind.LOOPING
    )
    courses = (course_of(known, now=now),) if close else ()
    return ShipmentView(
        sent, (ParcelView(1, "N1", "", "out", state),), state, polled_at=now, door_only=one.door_only, courses=courses
    )


def alarms_of(one: Life, policy: DetectionPolicy, look: Look = by_rules) -> list[tuple[datetime, Kind]]:
    """Every case that would open, walked forward: at each event, and at each moment that was computed ahead."""
    until = one.created_at + HORIZON
    moments = sorted({e.time.at for e in one.events if e.time.at} | {one.created_at})
    opened: list[tuple[datetime, Kind]] = []
    standing: set[Kind] = set()
    closed: set[tuple[Kind, datetime]] = set()
    ahead: datetime | None = None
    while moments or ahead:
        now = min(m for m in (moments[0] if moments else None, ahead) if m is not None)
        if now > until:
            break
        if moments and moments[0] == now:
            moments.pop(0)
        known = [e for e in one.events if e.time.at is not None and e.time.at <= now]
        view = view_of(one, known, now)
        counting = weighed(view, policy, look(view))
        judged = judge(counting, Subject(SubjectType.SHIPMENT, "1"), heard_until=now, now=now)
        shown = visible([f for f in judged.findings if not f.watch])
        for found in shown:
            taken = (
                found.kind in standing
                or (found.kind in SILENCE and standing & SILENCE)
                or (found.kind, found.since) in closed
            )
            if not taken:
                standing.add(found.kind)
                closed.add((found.kind, found.since))
                opened.append((now, found.kind))
        kinds = {f.kind for f in judged.findings}
        silent = bool(kinds & SILENCE)
        standing = {k for k in standing if k not in CLEARS_BY_ITSELF or k in kinds or (k in SILENCE and silent)}
        ahead = judged.alarm_at
    return opened


def measure(
    days: int, a_day: int, *, bad: float = 0.003, words: int = 1, seed: int = 7, policy: DetectionPolicy | None = None,
    looked: Looked = by_rules_alone,
) -> Tally:  # fmt: skip
    """Run the shop and count."""
    rules, tally = policy or load_detection(), Tally(days)
    for one, look in looked(lives(days, a_day, bad, words, Random(seed))):
        alarms = alarms_of(one, rules, look)
        tally.parcels += 1
        tally.delivered += any(e.milestone is Milestone.DELIVERED for e in one.events)
        accepted = ACCEPTED.get(one.kind, frozenset({one.kind})) if one.kind else frozenset[Kind]()
        if one.kind:
            tally.injected[one.plot] += 1
            tally.kinds_of[one.plot] = one.kind
            in_time = any(at <= one.promised_at + GRACE and kind in accepted for at, kind in alarms)
            tally.found[one.plot] += in_time
            if in_time and one.kind in UNHEARD:
                tally.silent_h.append(_silent_h(one, min(at for at, kind in alarms if kind in accepted)))
        for _, kind in alarms:
            tally.alarms[kind] += 1
            right = one.kind is not None
            tally.right[kind] += right
            if not right:
                tally.false_from[f"{kind.value} of {one.plot}"] += 1
    return tally


def _silent_h(one: Life, at: datetime) -> float:
    return (at - max(e.time.at for e in one.events if e.time.at and e.time.at <= at)) / timedelta(hours=1)


# --- telling ---


def share(k: int, n: int) -> str:
    low, high = wilson(k, n)
    return f"{k:>4}/{n:<4} {k / n if n else float('nan'):6.1%} [{low:.0%}, {high:.0%}]"


@dataclass(frozen=True, slots=True)
class Figures:
    per_agent_day: float
    precision: float
    lost_missed: int
    misdelivery_per_1000: float
    misdelivery_found: float


def figures(tally: Tally, agents: int) -> Figures:
    alarms, right = sum(tally.alarms.values()), sum(tally.right.values())
    lost = [plot for plot in tally.injected if tally.kinds_of[plot] is Kind.LOST]
    wrong = [plot for plot in tally.injected if tally.kinds_of[plot] is Kind.MISDELIVERED]
    return Figures(
        per_agent_day=alarms / tally.days / agents,
        precision=right / alarms if alarms else 1.0,
        lost_missed=sum(tally.injected[p] - tally.found[p] for p in lost),
        misdelivery_per_1000=1000 * tally.alarms[Kind.MISDELIVERED] / max(tally.delivered, 1),
        misdelivery_found=sum(tally.found[p] for p in wrong) / max(sum(tally.injected[p] for p in wrong), 1),
    )


def report(tally: Tally, agents: int) -> str:
    told, alarms = figures(tally, agents), sum(tally.alarms.values())
    recall: dict[Kind, list[int]] = defaultdict(lambda: [0, 0])
    for plot, n in tally.injected.items():
        recall[tally.kinds_of[plot]][0] += tally.found[plot]
        recall[tally.kinds_of[plot]][1] += n
    lines = [
        f"{tally.parcels} parcels in {tally.days} days, {sum(tally.injected.values())} bad, {alarms} alarms",
        f"alarms per agent and day   {told.per_agent_day:6.2f}   (at most 10)",
        f"precision                  {share(sum(tally.right.values()), alarms)}   (at least 40 %)",
        f"lost parcels missed        {told.lost_missed}   (none)",
        f"misdelivery alerts / 1000  {told.misdelivery_per_1000:6.2f}   (at most 3)",
        f"misdeliveries found        {told.misdelivery_found:6.1%}   (at least 80 %)",
        f"hours of silence when told  {median(tally.silent_h or [0]):6.1f}   (stalled and lost parcels, median)",
        "precision by kind of alarm:",
        *(f"  {kind.value:16} {share(tally.right[kind], n)}" for kind, n in sorted(tally.alarms.items())),
        "recall by kind of trouble:",
        *(f"  {kind.value:16} {share(*pair)}" for kind, pair in sorted(recall.items())),
        "recall by plot:",
        *(f"  {plot:16} {share(tally.found[plot], n)}" for plot, n in sorted(tally.injected.items())),
        "false alarms from: " + (", ".join(f"{plot} {n}" for plot, n in tally.false_from.most_common()) or "none"),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.shop_detection", description=__doc__)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--parcels", type=int, default=3_000, help="a day")
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--bad", type=float, default=0.003, help="share of truly bad parcels")
    parser.add_argument("--words", type=int, choices=(1, 2), default=1, help="which wording the carriers use")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--learned", action="store_true", help="with a model of the weeks before")
    asked = parser.parse_args()
    looked = _looked_by_model(asked) if asked.learned else by_rules_alone
    tally = measure(asked.days, asked.parcels, bad=asked.bad, words=asked.words, seed=asked.seed, looked=looked)
    print(report(tally, asked.agents), flush=True)


def _looked_by_model(asked: argparse.Namespace) -> Looked:
    from bench.shop_learned import learned, looked

    policy = load_detection()
    model = learned(asked.bad, asked.words, asked.seed, policy)
    print(f"a model of {model.parcels} parcels, {model.missed} late beyond grace: {model.why_not or 'relied on'}")
    return partial(looked, model=model, policy=policy)


if __name__ == "__main__":
    main()
