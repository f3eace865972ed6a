"""Tomorrow's case load: from what is usual and what the risk foresees, said once, set right by what came."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from engines import ON_BOTH
from monitor_support import BY_DAY, POLICY, ROOM, START, at, opened, with_shipment
from test_learning import CALM, NOW, keep_it, lived

from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.figures import Figure
from domain.load import Came, Forecast, forecast
from domain.words import Words
from monitor import digest, learning, load, look
from monitor.figures import samples
from monitor.weighing import DECIDED
from store import chat_queue, people, risk
from store import load as kept
from store.base import Db

DAY = date(2026, 3, 9)
SPAN = (START, START + timedelta(days=1))


def made(days: list[Came], record: list[tuple[Forecast, Came]] = [], **more: object) -> Forecast:  # noqa: B006
    told = {"by_risk": None, "waiting": 0, "room": None, **more}
    return forecast(DAY, SPAN, days, record, **told)  # type: ignore[arg-type]


def opened_each_day(db: Db, counts: list[int]) -> None:
    """So many cases on each day from START on, an hour after it began there."""
    people.set_meta(db, "began", "yes")
    for day, count in enumerate(counts):
        for n in range(count):
            number = f"N{day}-{n}"
            subject = Subject(SubjectType.SHIPMENT, str(with_shipment(db, number)))
            found = Finding(Kind.LOST, subject, at(0), (Words("evidence.silence", {}),), severity=Severity.URGENT)
            look.open_and_say(db, found, POLICY, now=at(24 * day + 1), order_ref=f"O-{number}")


def test_what_is_usual_follows_the_last_days() -> None:
    """Without a model it is the mean of the last whole days, a week ago counting half; a day without cases is a day."""
    calm, rising = [Came(4, 0)] * 28, [Came(12, 0)] * 7 + [Came(4, 0)] * 21
    assert made(calm).expected == 4
    assert 7 < made(rising).expected < 12
    assert made([Came(0, 0)] * 5).expected == 0


def test_what_the_risk_foresees_is_set_right_by_the_record() -> None:
    """The model's sum stands beside what is usual of the rest; where it was twice too high lately it is taken at little more than half."""
    days = [Came(10, 6)] * 14
    first = made(days, by_risk=8.0)
    assert first.expected == 4 + 8
    later = made(days, [(first, Came(8, 4))] * 14, by_risk=8.0)
    assert 4 + 4 < later.expected < 4 + 5


def test_bounds_are_those_of_chance_and_widen_where_days_were_further_off() -> None:
    """Four days in five by chance alone; wider where the record says that days vary more, never narrower."""
    days = [Came(100, 0)] * 14
    one = made(days)
    assert (one.low, one.high) == (87, 114)
    right, off = made(days, [(one, Came(100, 0))] * 14), made(days, [(one, Came(60, 0)), (one, Came(140, 0))] * 7)
    assert (right.low, right.high) == (one.low, one.high)
    assert off.low < 70
    assert off.high > 130


def test_where_there_is_no_room_it_says_how_many_will_wait() -> None:
    """What will be told is no more than there is room for; what was held back today asks for room tomorrow."""
    full = made([Came(40, 0)] * 14, room=40, waiting=14)
    assert (full.demand, full.expected, full.short) == (54, 40, 14)
    assert made([Came(40, 0)] * 14, room=60).short == 0
    assert made([Came(40, 0)] * 14, waiting=14).short == 0


def test_tomorrow_is_forecast_once_a_day_from_eight_on(tmp_path: Path) -> None:
    """On the desk's clock; with fewer than three whole days nothing is known; said is said, whatever comes later."""
    with opened(tmp_path) as store:
        store.write(opened_each_day, [2, 2, 2, 2, 2, 2])  # from 9:00 in Shanghai on: the first day isn't a whole one
        assert store.write(load.look_ahead, BY_DAY, now=at(3 * 24)) is None
        assert store.write(load.look_ahead, BY_DAY, now=at(4 * 24 - 1.1)) is None
        found = store.write(load.look_ahead, BY_DAY, now=at(4 * 24 - 1))
        assert found is not None
        assert (found.day, found.expected, found.by_risk) == (date(2026, 3, 7), 2.0, None)
        assert store.write(load.look_ahead, BY_DAY, now=at(4 * 24 + 5)) is None
        assert store.read(kept.of_day, found.day) == found


@ON_BOTH
def test_each_forecast_is_scored_when_its_day_is_over(tmp_path: Path) -> None:
    """By how many cases it was off, of those that came; and whether they lay between its bounds. Not before the day is over."""
    with opened(tmp_path) as store:
        store.write(opened_each_day, [2, 2, 2, 2, 2, 9])
        store.write(load.look_ahead, BY_DAY, now=at(4 * 24 - 1))
        early = store.read(samples, since=START, now=at(6 * 24 - 10))
        assert Figure.LOAD_OFF not in early
        scored = store.read(samples, since=START, now=at(6 * 24 - 9))
        assert [(s.value, s.weight) for s in scored[Figure.LOAD_OFF]] == [(7.0, 9)]
        assert [s.value for s in scored[Figure.LOAD_INSIDE]] == [0.0]


def test_the_night_adds_up_what_the_risk_foresees(tmp_path: Path) -> None:
    """A parcel that stands at p comes to its level before it is received with the chance p / level: the days' sums are those
    of the parcels that cross then, without those that have a case; and the forecast takes tomorrow's.
    """
    with opened(tmp_path) as store:
        store.write(lived)
        learned = learning.learn(store.where, CALM, NOW)
        coming = learned.learned["coming"]
        assert list(coming) == [(NOW.date() + timedelta(days=n)).isoformat() for n in range(learning.COMING)]
        store.write(keep_it, learned)
        ids = [one for one, _ in learned.moved]
        foreseen = store.read(_of_day, ids, NOW.date() + timedelta(days=1))
        assert 0 < coming[(NOW.date() + timedelta(days=1)).isoformat()] == round(sum(foreseen), 3)
        assert all(0 < chance <= 1 for chance in foreseen)
        found = store.write(load.look_ahead, CALM, now=NOW + timedelta(hours=9))
        assert found is not None
        assert found.by_risk == coming[found.day.isoformat()]
        assert store.write(load.by_risk, found.day, NOW + timedelta(days=3)) is None
        store.write(look.look_at, ids, CALM, now=NOW)
        again = learning.learn(store.where, CALM, NOW).learned["coming"]
        assert sum(again.values()) <= sum(coming.values())


def _of_day(db: Db, ids: list[int], day: date) -> list[float]:
    from monitor.foresight import sight
    from store import tracking

    begin, end = load.span_of(day, CALM.desk.hours.zone)
    seen = sight(db, tracking.views(db, ids), CALM, now=NOW).of.values()
    return [min(f.probability / f.alert_from, 1.0) for f in seen if begin <= f.alert_at < end]


def test_the_morning_says_what_tomorrow_has_no_room_for(tmp_path: Path) -> None:
    """A tomorrow that there is room for is said beside what waits, never alone; one that there isn't is said by itself."""
    with opened(tmp_path) as store:
        store.write(chat_queue.set_channels, [ROOM], now=at(0))
        short = replace(made([Came(40, 0)] * 14, room=30), day=START.date() + timedelta(days=1))
        store.write(kept.keep, replace(short, room=60), now=at(-1))
        assert not store.write(digest.say, BY_DAY, now=at(0))
    with opened(tmp_path / "short") as store:
        store.write(chat_queue.set_channels, [ROOM], now=at(0))
        store.write(kept.keep, short, now=at(-1))
        assert store.write(digest.say, BY_DAY, now=at(0))
        [letter] = store.read(chat_queue.due, ROOM.name, now=at(0), limit=10)
        assert "about 40 new cases, room for 30: 10 will have to wait" in letter.payload["body"]


def test_members_of_an_incident_are_not_counted(tmp_path: Path) -> None:
    """They are told together: a storm doesn't make the next weeks look busy."""
    with opened(tmp_path) as store:
        store.write(opened_each_day, [3])
        store.write(lambda db: db.exec_driver_sql("UPDATE cases SET incident_id = 1 WHERE id = 1"))
        assert store.read(kept.came, [(at(0), at(24))], DECIDED) == [Came(2, 0)]


def test_only_what_was_learned_lately_is_asked(tmp_path: Path) -> None:
    """A model that isn't relied on, or of before yesterday, foresees nothing: what is usual stands alone."""
    with opened(tmp_path) as store:
        fitted = {"version": learning.VERSION, "learned": {"coming": {DAY.isoformat(): 5.0}}, "body": b"x"}
        store.write(risk.keep, fitted_at=START, why_not="few_parcels", **fitted)
        assert store.read(load.by_risk, DAY, at(1)) is None
        store.write(risk.keep, fitted_at=START, why_not="", **fitted)
        assert store.read(load.by_risk, DAY, at(1)) == 5.0
        assert store.read(load.by_risk, DAY, at(49)) is None
