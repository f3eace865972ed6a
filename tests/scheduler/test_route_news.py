"""What couriers are told of a route that changed: differences that lead from what they know to the plan."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.returns import Route, Stop
from domain.words import Words
from scheduler.route_news import Known, at_first, differences

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def a_route(*stops: str, off: dict[str, str] | None = None) -> Route:
    """Stops in the order of the plan; those of ``off`` ended in that way."""
    ended = off or {}
    made = [
        Stop(one, "RT1", f"r-{one}", n, 30.0, 120.0, AT, AT, AT, ended.get(one, "planned"), None, AT if one in ended else None)
        for n, one in enumerate([*stops, *ended], start=1)
    ]  # fmt: skip
    return Route("RT1", "2026-11-23", "hz", "fast", "wang", AT, AT + timedelta(hours=8), AT, tuple(made))


SEVEN = at_first(a_route("a", "b", "c", "d", "e", "f", "g"))


def told(known: Known, route: Route) -> list[Words]:
    return list(differences(known, route).changes)


def test_a_cancelled_stop_and_a_moved_one_are_two_differences() -> None:
    """ "Stop 5 cancelled, 7 moved before 6": nothing is said of what stays."""
    route = a_route("a", "b", "c", "d", "g", "f", off={"e": "cancelled"})
    assert told(SEVEN, route) == [
        Words("route_change.cancelled", {"stop": 5}),
        Words("route_change.moved", {"stop": 7, "before": 6}),
    ]


def test_what_the_courier_ended_is_no_news_to_them() -> None:
    route = a_route("c", "d", "e", "f", "g", off={"a": "collected", "b": "failed"})
    assert told(SEVEN, route) == []
    assert differences(SEVEN, route).known.numbers["c"] == 3


def test_a_stop_that_another_courier_got_isn_t_theirs_any_more() -> None:
    """Whether it is still on the route as taken off, or on another route altogether."""
    assert told(SEVEN, a_route("a", "b", "c", "d", "e", "f", off={"g": "unplanned"})) == [
        Words("route_change.gone", {"stop": 7})
    ]
    assert told(SEVEN, a_route("a", "b", "c", "d", "e", "f")) == [Words("route_change.gone", {"stop": 7})]


def test_a_new_stop_gets_the_next_number_and_the_others_keep_theirs() -> None:
    """Also after the highest number went: a number never means another stop."""
    news = differences(SEVEN, a_route("a", "x", "b", "c", "d", "e", "f", off={"g": "cancelled"}))
    assert news.changes[-1] == Words("route_change.added", {"stop": 8, "before": 2})
    again = differences(news.known, a_route("a", "b", "c", "d", "e", "f", "y"))
    assert again.changes == (Words("route_change.gone", {"stop": 8}), Words("route_change.added_last", {"stop": 9}))


def test_the_same_plan_is_no_difference() -> None:
    """Telling it twice says nothing the second time."""
    news = differences(SEVEN, a_route("g", "a", "b", "c", "d", "e", "f"))
    assert news.changes == (Words("route_change.moved", {"stop": 7, "before": 1}),)
    assert differences(news.known, a_route("g", "a", "b", "c", "d", "e", "f")).changes == ()


def carried_out(known: Known, changes: tuple[Words, ...]) -> list[int]:
    """What somebody holds in their hand who does one change after another to the list that they had."""
    order = [known.numbers[stop] for stop in known.order]
    for change in changes:
        what, stop = change.code.removeprefix("route_change."), change.params["stop"]
        if stop in order:
            order.remove(stop)
        if what in {"moved", "added"}:
            order.insert(order.index(change.params["before"]), stop)
        elif what in {"moved_last", "added_last"}:
            order.append(stop)
    return order


@given(
    st.permutations([f"s{n}" for n in range(9)]),
    st.integers(0, 9),
    st.permutations([f"s{n}" for n in range(14)]),
    st.data(),
)
def test_who_carries_the_differences_out_has_the_plan(
    before: list[str], keep: int, after: list[str], data: st.DataObject
) -> None:
    """From any order to any other, with stops gone and new ones: the list that follows is the plan's; and no stop that may stay
    is named more than once.
    """
    known = at_first(a_route(*before))
    planned = after[: data.draw(st.integers(0, len(after)))]
    off = {one: "cancelled" for one in before[keep:] if one not in planned}
    news = differences(known, a_route(*planned, off=off))
    assert carried_out(known, news.changes) == [news.known.numbers[stop] for stop in planned]
    named = [change.params["stop"] for change in news.changes]
    assert len(named) == len(set(named))
    assert differences(news.known, a_route(*planned, off=off)).changes == ()
