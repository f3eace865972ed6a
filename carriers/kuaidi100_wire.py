"""The wire of Kuaidi100: what its replies and pushes look like, and what their lines mean.

Private to the adapter: carriers/kuaidi100.py (asking) and carriers/kuaidi100_push.py (being called).
"""

import hashlib
from datetime import timedelta
from functools import lru_cache

import msgspec

from carriers.base import Meaning, Scalar, same_number, scan_event, text_of
from carriers.kuaidi100_phrases import PHRASES
from carriers.kuaidi100_vocabulary import CODE_OF_WORD, CODES, MANNERS_OF, REFINES
from carriers.route_texts import Vocabulary
from carriers.times import chinese_time
from domain.errors import UnreadableReply
from domain.tracking import Ask, EventTime, ScanEvent

ID = "kuaidi100"
HISTORY = timedelta(days=90)  # not documented
REMEMBERED = 16_384  # texts read before: carriers repeat themselves, and each poll repeats the whole list
VOCABULARY = Vocabulary(CODES, REFINES, MANNERS_OF, PHRASES)


class Event(msgspec.Struct, rename="camel"):
    time: Scalar = None
    ftime: Scalar = None
    context: Scalar = None
    location: Scalar = None
    area_name: Scalar = None
    status: Scalar = None
    status_code: Scalar = None


BLANK = Event()


class Result(msgspec.Struct, rename="camel"):
    """A query's reply and a push's ``lastResult``; a failed query has ``returnCode`` instead of the rest."""

    result: Scalar = None
    return_code: Scalar = None
    message: Scalar = None
    status: Scalar = None
    nu: Scalar = None
    com: Scalar = None
    data: list[Event] | None = None


class Pushed(msgspec.Struct, rename="camel"):
    status: Scalar = None
    message: Scalar = None
    auto_check: Scalar = None
    com_old: Scalar = None
    com_new: Scalar = None
    last_result: Result | None = None
    dest_result: Result | None = None


def check_number(result: Result, ask: Ask) -> None:
    if not same_number(result.nu, ask.number):
        raise UnreadableReply(ID, f"asked for {ask.number}, the reply is about {text_of(result.nu)!r}")


def events_of(result: Result) -> tuple[ScanEvent, ...]:
    return tuple([_event(line) for line in result.data or () if line != BLANK])


def _event(line: Event) -> ScanEvent:
    text = text_of(line.context)
    code, meaning = meaning_of(text_of(line.status_code).strip(), text_of(line.status).strip(), text)
    return scan_event(code, text, _time(line), meaning, place=_place(line))


def _place(line: Event) -> str:
    return text_of(line.location).strip() or text_of(line.area_name).strip()


def _time(line: Event) -> EventTime:
    """``ftime`` is Kuaidi100's own formatted time; ``time`` is the carrier's and comes unpadded, even cut: where they
    differ ("2016-11-1" beside "2016-11-11" of a parcel collected that day) only ``ftime`` fits the lines around it.
    """
    given = chinese_time(text_of(line.ftime))
    if given.at is not None:
        return given
    raw = text_of(line.time)
    carriers = chinese_time(raw if raw.strip() else "")
    return given if carriers.at is None and given.raw.strip() else carriers


@lru_cache(maxsize=REMEMBERED)
def meaning_of(status_code: str, status: str, text: str) -> tuple[str | None, Meaning | None]:
    """The event's code and what it means: statusCode, else status, else a phrase. A generic code is refined."""
    row, meaning = VOCABULARY.read(status_code or CODE_OF_WORD.get(status, status), text)
    return status_code or status or (f"text:{row.phrase}" if row else None), meaning


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
