"""What a courier says of their route without its page: set off, late, vehicle full, can't go on, well again, why a stop failed. Once, and on record.

A failed stop goes through the same act as the page's button (scheduler/courier), what concerns the route as a whole through the
same report (scheduler/reports): the next re-plan reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chat.acts import RouteWord, Wish
from chat.route_phrases import REASONS
from domain.pickup import FailReason
from domain.returns import Route, Stop
from domain.words import Words
from scheduler.courier import ENDED, Act, ActKind, act_at
from scheduler.letters import numbers_of
from scheduler.plan_types import Refused
from scheduler.policy import Policy
from scheduler.reports import NOTHING, Report, Said, report, said_of
from store import courier_chats, facts
from store.base import Db
from store.facts import FactRow

OVERDUE = timedelta(hours=12)
"""How long after its planned end a route is still the one that its courier speaks of."""
OFF = "courier_off"
"""The fact of a route that its courier set off; late and full are those of scheduler/reports."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that a courier said; ``key`` tells one delivery from another. ``route``: the one whose message it was said to,
    None for whichever is theirs now.
    """

    courier: str
    wish: Wish
    key: str
    route: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """How it is answered. ``choices``: what can be answered to a question; ``done``: something was written."""

    lines: tuple[Words, ...]
    choices: tuple[tuple[str, Words], ...] = ()
    done: bool = False


def say(db: Db, saying: Saying, *, policy: Policy, now: datetime) -> Heard:
    """Do what a courier says about their own route, once, in one transaction; and what to answer."""
    route = route_of(db, saying, now=now)
    if route is None:
        return Heard((Words("route_said.no_route", {}),))
    return SAID[RouteWord(saying.wish.kind)](db, saying, route, policy, now)


def route_of(db: Db, saying: Saying, *, now: datetime) -> Route | None:
    """Their own open route: the one that was named, else the earliest."""
    mine = courier_chats.open_routes(db, saying.courier, after=now - OVERDUE)
    return next((route for route in mine if route.id == saying.route), mine[0] if mine else None)


def _off(db: Db, saying: Saying, route: Route, policy: Policy, now: datetime) -> Heard:
    del policy
    fresh = all(fact.event != OFF for fact in facts.history(db, "route", route.id))
    if fresh:
        facts.append(db, [FactRow("route", route.id, OFF, now, saying.courier, saying.channel)])
    return Heard((Words("route_said.off", {}),), done=fresh)


def _report(what: Report, word: str) -> "Do":
    """What the courier's page can say too; the same words, heard again by another account of ours, are said once."""

    def do(db: Db, saying: Saying, route: Route, policy: Policy, now: datetime) -> Heard:
        del policy
        minutes = int(saying.wish.length.total_seconds() // 60) if saying.wish.length else 0
        data = {"minutes": minutes} if what is Report.LATE else {}
        told, choices = Words(f"route_said.{word}", data), AFTER[what]
        if _stands(said_of(facts.history(db, "route", route.id)), what, minutes):
            return Heard((told,), choices)
        outcome = report(
            db, route.id, what, minutes=minutes, key=saying.key, now=now, by=saying.courier, channel=saying.channel
        )  # fmt: skip
        if isinstance(outcome, Refused):
            return Heard((outcome.reason,))
        return Heard((told,), choices, done=not outcome.repeated)

    return do


def _stands(said: Said, what: Report, minutes: int) -> bool:
    """Whether it is what they said before, and nothing since took it back."""
    before = {
        Report.LATE: 0 < minutes == said.late_min,
        Report.OUT: said.out,
        Report.FULL: said.full,
        Report.WELL: said == NOTHING,
    }
    return before[what]


_WELL = ("well", Words("chat.route_button.well", {}))
AFTER: dict[Report, tuple[tuple[str, Words], ...]] = {
    Report.LATE: (),
    Report.OUT: (_WELL,),
    Report.FULL: (_WELL,),
    Report.WELL: (),
}
"""What is offered with the answer: whoever pressed or wrote the wrong thing takes it back at once."""


def _stop_failed(db: Db, saying: Saying, route: Route, policy: Policy, now: datetime) -> Heard:
    number, reason = saying.wish.stop, saying.wish.words
    if number is None:
        return _which_stop(db, route)
    stop = _numbered(db, route, number)
    if stop is None:
        return Heard((Words("route_said.no_stop", {"stop": number, "day": route.day}),))
    if not reason:
        return _which_reason(number)
    act = Act(ActKind.FAILED, saying.key, reason=FailReason(reason))
    outcome = act_at(
        db, stop.id, act, route_id=route.id, policy=policy, now=now, by=saying.courier, channel=saying.channel
    )  # fmt: skip
    if isinstance(outcome, Refused):
        return Heard((Words("route_said.stop_over", {"stop": number}),))
    told = Words("route_said.stop_failed", {"stop": number, "fail_reason": reason})
    return Heard((told,), done=not outcome.repeated)


def _numbered(db: Db, route: Route, number: int) -> Stop | None:
    """The stop that the courier knows under this number."""
    known = {n: stop for stop, n in numbers_of(db, route).items()}
    return next((stop for stop in route.stops if stop.id == known.get(number)), None)


def _which_reason(number: int) -> Heard:
    lines = (_reason(n, reason, number) for n, reason in enumerate(REASONS, start=1))
    choices = ((f"{number} {n}", _button(n, reason)) for n, reason in enumerate(REASONS, start=1))
    return Heard((Words("route_said.which_reason", {"stop": number}), *lines), tuple(choices))


def _which_stop(db: Db, route: Route) -> Heard:
    """Numbers for both; the buttons are for the open stops that come next."""
    numbers = numbers_of(db, route)
    reasons = (
        Words("route_said.reason_number", {"number": n, "fail_reason": r.value}) for n, r in enumerate(REASONS, 1)
    )
    still = [numbers[stop.id] for stop in route.stops if stop.status not in ENDED and stop.id in numbers]
    choices = ((f"failed {number}", Words("chat.route_button.stop", {"stop": number})) for number in still[:NEXT])
    return Heard((Words("route_said.which_stop", {}), *reasons), tuple(choices))


NEXT = 4
"""Stops that are offered as buttons: the one at whose door the courier stands is among the next."""


def _reason(number: int, reason: FailReason, stop: int) -> Words:
    return Words("route_said.reason_line", {"stop": stop, "number": number, "fail_reason": reason.value})


def _button(number: int, reason: FailReason) -> Words:
    return Words("chat.route_button.reason", {"number": number, "fail_reason": reason.value})


def _can_say(db: Db, saying: Saying, route: Route, policy: Policy, now: datetime) -> Heard:
    del db, saying, route, policy, now
    return Heard((Words("route_said.can_say", {}),))


Do = Callable[[Db, Saying, Route, Policy, datetime], Heard]
SAID: dict[RouteWord, Do] = {
    RouteWord.OFF: _off,
    RouteWord.LATE: _report(Report.LATE, "late"),
    RouteWord.FULL: _report(Report.FULL, "full"),
    RouteWord.OUT: _report(Report.OUT, "out"),
    RouteWord.WELL: _report(Report.WELL, "well"),
    RouteWord.STOP_FAILED: _stop_failed,
    RouteWord.ROUTE: _can_say,
}
