"""Open cases that nobody was told of are found: on the console's page and in the figures, whatever happened to their letters."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_support import Desk, a_desk, a_gateway

from doorstep.unheard import EVERY, GRACE, count_unheard, recount, unheard_cases
from store import cases, mail

FATES = ("waiting", "sent", "dead", "passed over", "sent, then dead")
URL = "http://127.0.0.1:1"


def later(desk: Desk, by: timedelta) -> None:
    desk.clock.set(desk.clock.at + by)


def found(desk: Desk) -> set[int]:
    return {one.case_id for one in unheard_cases(desk.house)}


def meet(desk: Desk, case: int, fate: str) -> None:
    """What becomes of a case's letters in the chat; those to the console count for nothing: somebody has to look there."""
    letters = desk.house.store.read(mail.letters_about, "case", str(case))
    for letter in letters:
        if letter.channel == "console":
            desk.house.store.write(mail.mark_sent, letter.id, now=desk.clock.at, remote_id="")
            continue
        if fate.startswith("sent"):
            desk.house.store.write(mail.mark_sent, letter.id, now=desk.clock.at, remote_id="1.1")
        if fate.endswith("dead"):
            later_one = replace(letter, id=f"{letter.id}-later")
            desk.house.store.write(mail.post, [later_one], now=desk.clock.at)
            desk.house.store.write(mail.mark_failed, later_one.id, error="gone", retry_at=None, now=desk.clock.at)
        if fate == "passed over":
            desk.house.store.write(mail.needless, letter.id, now=desk.clock.at, why="a later edit says it all")


@given(st.lists(st.tuples(st.sampled_from(FATES), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_exactly_the_open_cases_without_a_delivered_alert_are_found(tmp_path_factory, told) -> None:
    """Every history of fates: waiting, dead or passed over is unheard, sent once is heard, young or closed is nobody's trouble."""
    desk = a_desk(tmp_path_factory.mktemp("unheard"), a_gateway(), URL)
    made = [(desk.open(n), fate, old) for n, (fate, old) in enumerate(told) if old]
    later(desk, GRACE)
    made += [(desk.open(100 + n), fate, old) for n, (fate, old) in enumerate(told) if not old]
    for case, fate, _ in made:
        meet(desk, case, fate)
    expected = {case for case, fate, old in made if old and not fate.startswith("sent")}
    assert found(desk) == expected
    assert count_unheard(desk.house) == len(expected)
    desk.close()


def test_a_case_that_is_delivered_late_is_no_longer_unheard(tmp_path: Path) -> None:
    desk = a_desk(tmp_path, a_gateway(), URL)
    case = desk.open()
    later(desk, GRACE)
    assert found(desk) == {case}
    meet(desk, case, "sent")
    assert found(desk) == set()
    assert desk.house.store.read(cases.get, case).is_open
    desk.close()


def test_pages_go_by_the_beats_count_while_it_is_fresh(tmp_path: Path) -> None:
    """Counted once a minute, by the beat; where none counted for three minutes, the page counts by itself."""
    desk = a_desk(tmp_path, a_gateway(), URL)
    case = desk.open()
    later(desk, GRACE)
    asyncio.run(recount(desk.house, now=desk.clock.at))
    meet(desk, case, "sent")
    assert count_unheard(desk.house) == 1
    later(desk, EVERY / 2)
    asyncio.run(recount(desk.house, now=desk.clock.at))
    assert count_unheard(desk.house) == 1
    later(desk, EVERY / 2)
    asyncio.run(recount(desk.house, now=desk.clock.at))
    assert count_unheard(desk.house) == 0
    desk.open(2)
    later(desk, GRACE)
    assert count_unheard(desk.house) == 1
    desk.close()
