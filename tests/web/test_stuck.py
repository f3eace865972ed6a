"""What got stuck: seen on the outbox page and by command, tried again by one click, and never in the way of anything else."""

import asyncio
from datetime import datetime, timedelta

import pytest
from engines import ON_BOTH
from web_support import NOW, Browser, add_parcel, app_of, open_case

from domain.errors import RuleError
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.letter_post import OWN_TRIES, LetterPost
from doorstep.operations import perform
from store import aside, cases, facts, mail
from store.base import Db
from store.mail import Letter


class Post(LetterPost):
    """A post that a certain letter breaks until it is mended."""

    prefix = "customer:"
    give_up = timedelta(hours=48)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.went: list[str] = []
        self.broken = True

    async def send(self, letter: Letter) -> str | None:
        if self.broken and letter.id == "L1":
            raise KeyError("order")
        self.went.append(letter.id)
        return "there"

    def undelivered(self, db: Db, letter: Letter, *, error: str, now: datetime) -> None:
        mail.mark_failed(db, letter.id, error=error, retry_at=None, now=now)


def letters(house: House, *ids: str) -> None:
    made = [Letter(one, "customer:A1", "message", "opened", "case", "1") for one in ids]
    house.store.write(mail.post, made, now=NOW)


def broken_case(house: House) -> int:
    case_id = open_case(house, add_parcel(house))
    house.store.write(aside.put, "case", str(case_id), KeyError("moonstruck"), now=NOW)
    return case_id


def test_a_letter_that_breaks_the_post_holds_up_no_other(house: House) -> None:
    """It is the first in the queue; the others go at once, it is tried some times and then given up, seen, and sent once mended."""
    letters(house, "L1", "L2", "L3")
    post = Post(house)
    assert isinstance(house.now, SetClock)

    async def looks() -> None:
        for _ in range(OWN_TRIES):
            await post.look()
            house.now.set(house.now() + timedelta(hours=1))  # type: ignore[attr-defined]

    asyncio.run(looks())
    assert post.went == ["L2", "L3"]
    [stuck] = perform(house, "stuck_list", {})["stuck"]
    assert (stuck["key"], stuck["tries"], stuck["retry"]) == ("letter:L1", OWN_TRIES, True)
    post.broken = False
    assert perform(house, "stuck_retry", {"key": "all"}) == {"again": ["letter:L1"]}
    asyncio.run(post.look())
    assert post.went == ["L2", "L3", "L1"]
    assert perform(house, "stuck_list", {}) == {"stuck": []}


@ON_BOTH
def test_the_page_shows_what_was_set_aside_and_has_it_tried_again(house: House, chen: Browser) -> None:
    """With its error and how often; the click moves the case's deadline to now, on record."""
    case_id = broken_case(house)
    page = chen.get("/outbox").text
    assert "Deadlines of case" in page
    assert "moonstruck" in page
    assert chen.post("/stuck/retry", {"key": f"case:{case_id}"}).status_code == 303
    assert [case.id for case in house.store.read(cases.due_timers, now=NOW, limit=9)] == [case_id]
    retried = house.store.read(facts.history, "stuck", f"case:{case_id}")
    assert [(fact.event, fact.by) for fact in retried] == [("retried", "chen")]


def test_who_may_only_look_may_not_try_again(house: House) -> None:
    """403, and no button."""
    case_id = broken_case(house)
    eve = Browser(app_of(house)).sign_in("eve")
    assert "/stuck/retry" not in eve.get("/outbox").text
    assert eve.post("/stuck/retry", {"key": f"case:{case_id}"}).status_code == 403
    eve.close()


def test_every_topic_has_its_words(house: House, lin: Browser) -> None:
    """A topic without a name would break the page exactly when it is needed."""
    for topic in ("parcel", "case", "message", "news", "poll", "check", "heard"):
        house.store.write(aside.put, topic, "1", ValueError("x"), now=NOW)
    assert "stuck." not in lin.get("/outbox").text


def test_an_unknown_key_is_refused(house: House) -> None:
    """With the way to the right one; what can't be tried again says so."""
    with pytest.raises(RuleError, match="stuck list"):
        perform(house, "stuck_retry", {"key": "case:77"})
    house.store.write(aside.put, "check", "claims", ValueError("x"), now=NOW)
    with pytest.raises(RuleError, match="can't be tried again"):
        perform(house, "stuck_retry", {"key": "check:claims"})
