"""What is known of the way to a far side goes on where another process sends next."""

import json
from datetime import UTC, datetime, timedelta

from chat.pace import Pace
from domain.errors import Unreachable
from doorstep.lane import Lane

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_a_lane_that_is_handed_on_rests_as_long_and_is_paced_as_before() -> None:
    """Through plain JSON: the pause after failures, how many there were, and the calls that count in a window."""
    first = Lane(NOW, Pace(((2, 60.0),)))
    for seconds in (0, 10):
        first.pace.made(NOW + timedelta(seconds=seconds))
    first.stumbled(NOW)
    first.stumbled(NOW)
    second = Lane(NOW, Pace(((2, 60.0),)))
    second.take_up(json.loads(json.dumps(first.left())))
    for seconds in (1, 11, 59):
        at = NOW + timedelta(seconds=seconds)
        assert second.wait_s(at) == first.wait_s(at) > 0
    second.stumbled(NOW)
    assert second.failures == 3


def test_how_a_lane_does_is_handed_on_without_what_the_far_side_said() -> None:
    """It fails there, too, since when it fails; its words stay where they were heard."""
    first, second = Lane(NOW), Lane(NOW)
    first.health.failed(Unreachable("sms", "no answer for 13812345678"), NOW)
    left = json.dumps(first.left())
    assert "138" not in left
    second.take_up(json.loads(left))
    assert second.health.failing_since == NOW
    assert second.health.error
    first.well(NOW + timedelta(minutes=1))
    second.take_up(first.left())
    assert second.health == first.health
