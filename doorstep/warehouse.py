"""The warehouse's acts where rooms meet: a decision with the case that it asks for, and both as systems send them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from config.words import say
from domain.case import Subject, SubjectType
from domain.checkin import Look, Looked, merged
from domain.errors import RuleError
from domain.privacy import mask_text
from domain.returns import Return
from domain.words import Words
from doorstep.house import House
from doorstep.intake_fields import Fields, body_of
from doorstep.intake_values import MAX_TEXT, text_of
from monitor.by_hand import open_by_hand
from scheduler import warehouse
from scheduler.plan_types import Refused
from scheduler.warehouse import Decided, ScannedIn
from store import files
from store.base import Db

FIELDS = ("code", "items", "note")
DIFFERS_TYPE = "return_differs"
MAX_PHOTOS = 5


def decide(
    db: Db,
    house: House,
    ref: str,
    looked: Sequence[Looked],
    *,
    now: datetime,
    by: str | None,
    channel: str,
    note: str = "",
    photos: Sequence[bytes] = (),
) -> Decided | Refused:
    """Write a decision with its photos; where somebody has to look at it, the desk's case is opened in the same transaction.

    Raises RuleError where a photo can't be kept.
    """
    note = mask_text(note)
    done = warehouse.inspect(
        db, ref, looked, now=now, by=by, channel=channel, words=note, photos=len(photos[:MAX_PHOTOS])
    )
    if isinstance(done, Refused) or done.repeated:
        return done
    for data in photos[:MAX_PHOTOS]:
        files.add(db, data, subject_type="return", subject_id=ref, by=by, at=now)
    if done.for_desk:
        _open(db, house, done.value, looked, note, now=now, by=by, channel=channel)
    return done


def _open(
    db: Db, house: House, value: Return, looked: Sequence[Looked], note: str, *, now: datetime, by: str | None, channel: str
) -> None:  # fmt: skip
    lang, zone = house.settings.doorstep.lang, house.settings.zone
    wanted = merged(warehouse.expected_of(value))
    found = [f"{one.sku} {one.look.value} {one.qty}/{max(wanted[one.sku], one.qty)}" for one in looked]
    text = say(Words("warehouse.found", {"items": ", ".join(found), "text": note}), lang, zone).strip()
    about = Subject(SubjectType.RETURN, value.ref)
    open_by_hand(
        db, about, house.policy.case_types[DIFFERS_TYPE], text, house.policy, order_ref=value.order_ref, now=now,
        by=by, channel=channel,
    )  # fmt: skip


def parse_looked(raw: object) -> tuple[Looked, ...]:
    """``[{sku, look, qty}]``; ``qty``: the good pieces. Raises RuleError."""
    if not isinstance(raw, list) or len(raw) > 200:
        raise RuleError("must be a list of {sku, look, qty}, look one of ok, part, differs")
    return tuple(_looked(one) for one in raw)


def _looked(raw: object) -> Looked:
    if not isinstance(raw, Mapping) or raw.get("look") not in tuple(Look) or not isinstance(raw.get("qty"), int):
        raise RuleError("each is {sku, look, qty}: look one of ok, part, differs, qty the good pieces")
    return Looked(text_of(raw.get("sku")), Look(raw["look"]), raw["qty"])


def take(
    house: House, db: Db, raw: Mapping[str, Any], *, by: str | None, channel: str, now: datetime
) -> ScannedIn | Decided:
    """``{code}`` checks in, ``{code, items}`` decides as well. Raises RuleError with what is wrong."""
    f = Fields(body_of(raw), FIELDS)
    nothing: tuple[Looked, ...] = ()
    code, looked, note = (
        f.needed("code", text_of, ""),
        f.read("items", parse_looked, nothing),
        f.text("note")[:MAX_TEXT],
    )
    f.finish()
    done: ScannedIn | Decided | Refused = warehouse.scan(db, code, now=now, by=by, channel=channel)
    if looked and isinstance(done, ScannedIn):
        done = decide(db, house, done.value.ref, looked, now=now, by=by, channel=channel, note=note)
    if isinstance(done, Refused):
        raise RuleError(f"code: {say(done.reason, house.settings.doorstep.lang, house.settings.zone)}")
    return done
