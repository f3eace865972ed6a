"""What waits, said to the desk's chats once a working morning: cases that nobody was told of, last days of claims, appeals, answers that
are overdue; and what tomorrow will bring, where anything is said at all or there is no room for it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from chat.messages import Answer
from chat.registry import CHATS
from config.policies import DetectionPolicy
from domain.claim import Claim, ClaimState
from domain.claim_clock import MAY_BE_APPEALED, WAITS_FOR_ANSWER
from domain.load import Forecast
from domain.words import Words
from monitor import unheard
from monitor.alerts import CHANGED, reader_of
from store import chat_queue, claims, enquiries, load, mail, people
from store.base import Db
from store.chat_queue import ChannelRow
from store.mail import Letter

SAID = "digest_said"
"""Where the house remembers the last day of which it was said."""
EARLIEST = time(8)
"""A desk that works all night reads it in the morning, on its own clock."""
NAMED = 5
"""Claims named one by one; the page has them all."""
MOST = 2_000


def say(db: Db, policy: DetectionPolicy, *, now: datetime) -> bool:
    """Once a day in which the desk works, from its first minute after 8:00 on; nothing where nothing waits."""
    hours = policy.desk.hours
    local = now.astimezone(hours.zone)
    day = local.date().isoformat()
    if local.time() < EARLIEST or people.meta(db, SAID) == day or not hours.is_open(now):
        return False
    people.set_meta(db, SAID, day)
    channels = chat_queue.channels(db)
    lines = (*_lines(db, policy, now=now),) if channels else ()
    ahead = load.of_day(db, local.date() + timedelta(days=1))
    if channels and ahead and (lines or ahead.short):
        lines = (*lines, words_of(ahead))
    mail.post(db, [_letter(channel, day, lines) for channel in channels if lines], now=now)
    return bool(lines)


def _letter(channel: ChannelRow, day: str, lines: tuple[Words, ...]) -> Letter:
    said = Answer((Words("digest.title", {}), *lines, *_where(channel)))
    payload = CHATS[channel.adapter].render(said, reader_of(channel))
    return Letter(
        f"digest-{day}@{channel.name}", channel.name, "digest", "morning", "desk", day, payload, priority=CHANGED
    )


def _where(channel: ChannelRow) -> tuple[Words, ...]:
    return (Words("digest.where", {"claims": f"{channel.url}/claims", "asking": f"{channel.url}/enquiries"}),) * bool(
        channel.url
    )


def _lines(db: Db, policy: DetectionPolicy, *, now: datetime) -> Iterator[Words]:
    silent = unheard.count(db, now)
    if silent:
        yield Words("digest.unheard", {"n": silent})
    rows = claims.queue(db, [ClaimState.DRAFT, *WAITS_FOR_ANSWER, *MAY_BE_APPEALED], limit=MOST)
    yield from of_claims([row.claim for row in rows], now=now, days=policy.claims.remind_d)
    usual = policy.enquiries.usual
    late = {one.case_id for one in enquiries.due(db, now=now, usual=usual) if one.enquiry}
    if late:
        yield Words("digest.enquiries_late", {"n": len(late)})


def words_of(one: Forecast) -> Words:
    """What a day is to bring; where there is no room for it all, how many cases will have to wait."""
    said = {"expected": round(one.demand), "low": one.low, "high": one.high}
    if one.room is None:
        return Words("digest.ahead", {**said, "on": one.day.isoformat()})
    code = "digest.ahead_short" if one.short else "digest.ahead_room"
    return Words(code, {**said, "on": one.day.isoformat(), "room": one.room, "short": one.short})


def of_claims(found: Sequence[Claim], *, now: datetime, days: Sequence[int]) -> Iterator[Words]:
    """What these claims ask of the desk, by the nearest day first."""
    until = now + timedelta(days=max(days, default=0))
    drafts = [one for one in found if one.state is ClaimState.DRAFT]
    yield from _dated("last_day", [(one.last_at, one) for one in drafts if one.last_at], now, until)
    appeals = [(one.appeal_by, one) for one in found if one.state in MAY_BE_APPEALED and one.appeal_by]
    yield from _dated("appeal", appeals, now, until)
    counts = {
        "to_file": sum(one.file_by is not None and one.file_by <= now and not one.lapsed for one in drafts),
        "answers_late": sum(one.state in WAITS_FOR_ANSWER and one.overdue for one in found),
    }
    yield from (Words(f"digest.{what}", {"n": n}) for what, n in counts.items() if n)


def _dated(what: str, ends: Sequence[tuple[datetime, Claim]], now: datetime, until: datetime) -> Iterator[Words]:
    near = sorted((pair for pair in ends if now < pair[0] <= until), key=lambda pair: pair[0])
    if near:
        yield Words(f"digest.{what}", {"n": len(near)})
    for end, claim in near[:NAMED]:
        yield Words(
            "digest.one", {"number": claim.number, "claim_reason": claim.reason.value, "end_at": end.isoformat()}
        )
