"""What got stuck: letters that were given up, items that our own fault broke. Seen in one list, tried again by one word.

The key of a letter is `letter:ID`, of an item that was set aside `topic:item` (store/aside).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import RuleError
from domain.telling import Step
from doorstep.house import House
from doorstep.money import HELD
from store import aside, asking, cases, due, facts, mail, overviews, telling
from store.aside import Aside
from store.base import Db
from store.facts import FactRow

LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Stuck:
    """``retry``: whether a person can have it tried again; what isn't comes again by itself, or not at all."""

    key: str
    error: str
    tries: int
    since: datetime
    retry: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "error": self.error,
            "tries": self.tries,
            "since": self.since.isoformat(),
            "retry": self.retry,
        }


def _parcel(db: Db, item: str, now: datetime) -> None:
    due.put_off(db, int(item), now)


def _case(db: Db, item: str, now: datetime) -> None:
    cases.set_timer(db, int(item), now)


def _message(db: Db, item: str, now: datetime) -> None:
    case_id, round_, step = item.split("/")
    telling.again(db, int(case_id), int(round_), Step(step), now)


def _poll(db: Db, item: str, now: datetime) -> None:
    source, _, shipment = item.rpartition("/")
    asking.retry(db, source, int(shipment), now=now)


AGAIN: Mapping[str, Callable[[Db, str, datetime], None]] = {
    "parcel": _parcel, "case": _case, "message": _message, asking.POLL: _poll,
}  # fmt: skip
"""How an item that was set aside is made due again, by its topic."""


def everything(db: Db) -> list[Stuck]:
    """Items that were set aside, then letters that were given up."""
    dead = [one for one in overviews.troubled_letters(db) if one.dead_at]
    letters = [
        Stuck(f"{LETTER}:{one.id}", one.error, one.attempts, one.dead_at, retry=one.error != HELD)
        for one in dead
        if one.dead_at
    ]
    return [*(of_aside(one) for one in aside.everything(db)), *letters]


def of_aside(one: Aside) -> Stuck:
    return Stuck(f"{one.topic}:{one.item}", one.error, one.tries, one.first_at, retry=one.topic in AGAIN)


def retry(db: Db, key: str, *, by: str | None, channel: str, now: datetime) -> None:
    """Make it due now, on record. Raises RuleError where nothing of that key is stuck, or it can't be tried again."""
    known = next((one for one in everything(db) if one.key == key), None)
    if known is None:
        raise RuleError(f"nothing stuck has the key {key!r}: `doorstep stuck list` names them")
    if not known.retry:
        raise RuleError(f"{key}: can't be tried again from here; what it belongs to says what to do ({known.error})")
    topic, _, item = key.partition(":")
    if topic == LETTER:
        mail.try_again(db, item, now=now)
    else:
        AGAIN[topic](db, item, now)
    facts.append(db, [FactRow("stuck", key, "retried", now, by, channel)])


# --- operations ----------------------------------------------------------------------------------------------------


def stuck_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    del params
    return {"stuck": [one.to_json() for one in house.store.read(everything)]}


def stuck_retry(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """One by its key, or `all` that can be."""
    wanted = params["key"]
    keys = [one.key for one in house.store.read(everything) if one.retry] if wanted == "all" else [wanted]
    for key in keys:
        house.store.write(retry, key, by=params.get("by") or None, channel="cli", now=house.now())
    house.bus.publish("outbox")
    return {"again": keys}
