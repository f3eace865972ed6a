"""The night's learning: from the merchant's own database to alarms computed ahead, the same by one look and by all."""

import asyncio
import json
import multiprocessing
from dataclasses import replace
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from monitor_support import POLICY, START, M, at, opened, scan, with_shipment

from config.words import say
from domain.case import (
    FALSE_ALARM_WORDS,
    CaseEvent,
    CaseFact,
    Finding,
    Kind,
    Severity,
    Subject,
    SubjectType,
)
from domain.errors import RuleError
from domain.tracking import ParcelReading
from domain.words import Words
from doorstep.nightly import LearningFailed, Nightly, apart
from monitor import capacity, learning, look, own_history
from monitor.decide import SILENCE
from monitor.explaining import explain
from monitor.foresight import sight
from monitor.replay.command import Wanted, replay_own
from monitor.risk.keeping import from_bytes, to_bytes
from monitor.weighing import MODELS_OWN
from store import asking, cases, due, mail, risk, tracking
from store.asking import Polled

DAYS = 60
NOW = START + timedelta(days=DAYS)
CALM = replace(POLICY, risk=replace(POLICY.risk, min_samples=100))


def lived(db, parcels: int = 500, seed: int = 3) -> None:
    """Two months of parcels, promised within four days: most take two, one in ten stalls for weeks; asked about until NOW."""
    rng, readings, polled = Random(seed), [], []
    for n in range(parcels):
        begun = rng.uniform(0, DAYS * 24 - 30)
        number = f"N{n}"
        one = with_shipment(db, number, promised_h=begun + 96, created_h=begun, origin="上海", destination="浙江/杭州")
        late = 24 * rng.uniform(14, 30) if rng.random() < 0.1 else 0.0
        steps = [(M.PICKED_UP, 1.0), (M.IN_TRANSIT, 10.0), (M.IN_TRANSIT, 24.0 * rng.lognormvariate(0, 0.3) + late)]
        steps += [(M.AT_DESTINATION, 8.0), (M.DELIVERED, 14.0)]
        hours, events = begun, []
        for step, gap in steps:
            hours += gap
            if hours < DAYS * 24:
                events.append(scan(step, hours))
        readings.append((one, "kuaidi100", (ParcelReading(number, tuple(events)),)))
        polled.append(Polled(one, NOW + timedelta(hours=4)))
    tracking.record(db, readings, now=NOW)
    asking.reschedule(db, "kuaidi100", polled, now=NOW)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learning")
    with opened(folder) as store:
        store.write(lived)
        yield store


def test_the_history_is_what_the_scans_tell(shop):
    """Received ones end at their delivery; the others are known not to be received until their source last told of them."""
    history = shop.read(own_history.read, CALM, now=NOW)
    p = history.parcels
    received = history.received_at < np.inf
    assert 380 < received.sum() < len(p) <= 500
    assert (history.received_at[received] <= NOW.timestamp() / 3600).all()
    assert history.censored_at[~received] == pytest.approx(NOW.timestamp() / 3600)
    overdue = ~received & (history.deadline < NOW.timestamp() / 3600)
    assert overdue.sum() > 5
    assert (history.missed[overdue] == 1).all()
    assert np.isnan(history.missed[~received & ~overdue]).all()
    assert p.value_cents == pytest.approx(5_900)


def test_a_look_and_the_night_see_the_same_crossings(shop):
    """What is stored for every watched parcel is what a look at it computes; the model comes back to the last bit."""
    learned = learning.learn(shop.where, CALM, NOW)
    assert learned.why_not == ""
    assert learned.moved == sorted(learned.moved)
    again = learning.learn(shop.where, CALM, NOW)
    assert (again.body, again.moved) == (learned.body, learned.moved)
    shop.write(keep_it, learned)
    ids = [one for one, _ in learned.moved]
    seen = shop.read(lambda db: sight(db, tracking.views(db, ids), CALM, now=NOW))
    assert seen.why_not == ""
    ahead = {one: at for one, at in learned.moved if at is not None and at > NOW.timestamp()}
    assert len(ahead) > 5
    for one, crosses_at in ahead.items():
        found = seen.of[one]
        assert crosses_at in {int(found.watch_at.timestamp()), int(found.alert_at.timestamp())}
        assert 0 <= found.probability < 1
        assert found.alert_from == CALM.alert_from(5_900)


def keep_it(db, learned):
    risk.keep(
        db,
        fitted_at=learned.fitted_at,
        version=learning.VERSION,
        why_not=learned.why_not,
        learned=learned.learned,
        body=learned.body,
    )


def test_alarms_move_with_the_night_and_with_a_scan(tmp_path):
    """The night writes each crossing beside the rules' clock; a scan moves it; the next night finds nothing to move."""
    with opened(tmp_path) as store:
        store.write(lived)
        learned = learning.learn(store.where, CALM, NOW)
        assert asyncio.run(learning.keep(store, learned)) == len(learned.moved)
        stored = store.read(risk_times)
        assert {one: at for one, (_, at, _) in stored.items() if at} == dict(learned.moved)
        one = next(one for one, at in learned.moved if at > NOW.timestamp() + 3600)
        number = store.read(lambda db: tracking.views(db, [one])[one].shipment.number)
        later = NOW + timedelta(hours=1)
        event = scan(M.IN_TRANSIT, DAYS * 24 + 0.5, place="浙江/杭州")
        store.write(tracking.record, [(one, "kuaidi100", (ParcelReading(number, (event,)),))], now=later)
        store.write(asking.reschedule, "kuaidi100", [Polled(one, later)], now=later)
        store.write(look.look_at, [one], CALM, now=later)
        alarm, moved, rules = store.read(risk_times)[one]
        assert moved != stored[one][1]
        assert alarm == min(at for at in (moved, rules) if at is not None)


def risk_times(db):
    rows = db.exec_driver_sql("SELECT shipment_id, alarm_at, risk_at, rules_at FROM watch").all()
    return {one: (alarm, moved, rules) for one, alarm, moved, rules in rows}


def test_with_a_model_the_risk_decides_and_the_case_says_how_sure(tmp_path):
    """By the model a parcel that stays silent becomes a case with its probability, the silence and what would clear it."""
    with opened(tmp_path) as store:
        store.write(lived)
        store.write(keep_it, learning.learn(store.where, CALM, NOW))
        stalled = [one for one, (_, _, _) in store.read(risk_times).items()]
        store.write(look.look_at, stalled, CALM, now=NOW)
        opened_ones = [
            c
            for c in store.read(cases.list_cases, only_open=True)
            if c.kind in {Kind.PROMISE_RISK, Kind.PROMISE_MISSED}
        ]
        assert opened_ones
        for case in opened_ones:
            assert case.probability is not None
            assert case.probability >= CALM.alert_from(5_900) - 1e-6
            codes = [words.code for words in case.evidence]
            assert codes == ["evidence.chance", "evidence.gap", "evidence.promise_given", "evidence.clears"]
        assert not [c for c in store.read(cases.list_cases, only_open=True) if c.kind is Kind.STALLED]


def test_without_enough_data_the_rules_decide_and_the_case_says_so(tmp_path):
    """Thirty parcels teach nothing that can be relied on: rules raise the case, and its evidence names the reason."""
    with opened(tmp_path) as store:
        store.write(lived, 30)
        learned = learning.learn(store.where, POLICY, NOW)
        assert learned.why_not == "few_parcels"
        assert learned.moved == []
        store.write(keep_it, learned)
        store.write(look.look_at, list(store.read(risk_times)), POLICY, now=NOW)
        silent = [
            c for c in store.read(cases.list_cases, only_open=True) if c.kind in {Kind.STALLED, Kind.PROMISE_MISSED}
        ]
        assert silent
        for case in silent:
            assert case.evidence[-1].code == "evidence.by_rules"
            assert case.evidence[-1].params == {"why_code": "few_parcels"}


def test_an_alarm_is_the_earlier_of_rules_and_risk(tmp_path):
    """Moving the risk keeps the rules' clock; None takes it away."""
    with opened(tmp_path) as store:
        one = store.write(with_shipment)
        store.write(due.set_alarms, [due.Alarm(one, START + timedelta(hours=5))])
        for risk_at, alarm_at in ((3, 3), (9, 5), (None, 5)):
            seconds = int((START + timedelta(hours=risk_at)).timestamp()) if risk_at else None
            store.write(due.move_risk, [(one, seconds)])
            assert store.read(risk_times)[one][0] == int((START + timedelta(hours=alarm_at)).timestamp())


def test_only_the_last_models_are_kept(tmp_path):
    """A month of nights stays; the newest one is asked."""
    with opened(tmp_path) as store:
        for day in range(risk.KEPT + 5):
            store.write(
                risk.keep,
                fitted_at=START + timedelta(days=day),
                version=1,
                why_not="few_parcels",
                learned={},
                body=b"x",
            )
        assert store.read(risk.newest).fitted_at == START + timedelta(days=risk.KEPT + 4)
        assert store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM risk_model").scalar()) == risk.KEPT
        assert not store.read(risk.is_due, now=START + timedelta(days=risk.KEPT + 4, hours=23))
        assert store.read(risk.is_due, now=START + timedelta(days=risk.KEPT + 5))


def test_a_model_comes_back_to_the_last_bit(shop):
    """Bytes and back: the same weights, clock, gaps and weeks."""
    learned = learning.learn(shop.where, CALM, NOW)
    back = from_bytes(learned.body)
    assert to_bytes(back) == learned.body


def test_the_daemon_learns_in_a_process_of_its_own(tmp_path):
    """A spawned process reads the database that is in use and comes back with the model; it isn't due again that day."""

    async def night(store):
        house = SimpleNamespace(store=store, policy=CALM, wall=lambda: NOW)
        nightly = Nightly(house)
        await nightly.look(NOW)
        await nightly._running
        return await store.aread(risk.newest)

    with opened(tmp_path) as store:
        store.write(lived)
        found = asyncio.run(night(store))
        assert (found.fitted_at, found.why_not) == (NOW, "")
        assert found.learned["parcels"] > 300
        assert not store.read(risk.is_due, now=NOW + timedelta(hours=20))


def test_a_day_has_no_more_alerts_than_the_desk_can_work_on(tmp_path):
    """With room for two, the two that are worth most become cases; the others are watched, and weighed again tomorrow."""
    with opened(tmp_path) as store:
        store.write(lived)
        store.write(keep_it, learning.learn(store.where, CALM, NOW))
        two = replace(CALM, agents=1, alerts_per_agent_day=2, incidents=replace(CALM.incidents, members=1_000))
        ids = list(store.read(risk_times))
        before = store.read(lambda db: sight(db, tracking.views(db, ids), CALM, now=NOW))
        store.write(look.look_at, ids, two, now=NOW)
        told = [c for c in store.read(cases.list_cases, only_open=True) if c.kind in SILENCE]
        held = {
            w.subject.id: w.probability for w in store.read(cases.watch_list)
            if (w.probability or 0) >= CALM.alert_from(5_900) and before.of[int(w.subject.id)].alert_at <= NOW
        }  # fmt: skip
        others = [c for c in store.read(cases.list_cases, only_open=True) if c.kind not in SILENCE]
        assert len(told) == max(2 - len(others), 0)
        assert held
        assert min((c.probability for c in told), default=1.0) >= max(held.values())
        midnight = capacity.next_day(NOW)
        assert all(store.read(risk_times)[int(one)][1] <= midnight.timestamp() for one in held)
        store.write(look.look_at, [int(one) for one in held], two, now=midnight)
        again = [c for c in store.read(cases.list_cases, only_open=True) if c.kind in SILENCE]
        assert len(again) == len(told) + min(2, len(held))


def test_dear_goods_are_worth_a_check_sooner():
    """The more the goods cost, the lower the threshold, within the policy's bounds; without a price it is the policy's own."""
    levels = [POLICY.alert_from(value) for value in (100, 5_900, 30_000, 10_000_000)]
    assert levels == sorted(levels, reverse=True)
    assert (levels[0], levels[-1]) == (POLICY.worth.most, POLICY.worth.least)
    assert POLICY.alert_from(None) == POLICY.risk.alert


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_whole_reasoning_can_be_said(tmp_path, lang):
    """Of every shipment, with a model and without: each line has its words, and with one the chance and its parts are told."""
    with opened(tmp_path) as store:
        store.write(lived, 300)
        ids = list(store.read(risk_times))
        rules = store.read(explain, ids[0], CALM, now=NOW)
        assert "explain.rules_decide" in [words.code for words in rules]
        store.write(keep_it, learning.learn(store.where, CALM, NOW))
        store.write(look.look_at, ids, CALM, now=NOW)
        open_ones = [int(c.subject.id) for c in store.read(cases.list_cases, only_open=True) if c.kind in SILENCE]
        for one in open_ones[:5]:
            lines = store.read(explain, one, CALM, now=NOW)
            codes = [words.code for words in lines]
            assert {"explain.model", "evidence.chance", "evidence.gap", "evidence.clears", "explain.case"} <= set(codes)
            assert codes.count("explain.part") == 3
            said = [say(words, lang, ZoneInfo("Asia/Shanghai"), strict=True) for words in lines]
            assert all("[" not in text for text in said)
        assert open_ones
        assert store.read(explain, 10**9, CALM, now=NOW) == []


def test_the_own_database_is_replayed_while_it_is_in_use(shop, tmp_path):
    """--own walks through what the daemon stored: everybody's hand-over, and the late ones by what their sources last told."""
    day = (START + timedelta(days=30)).date().isoformat()
    summary = replay_own(shop.where, Wanted(day), out=tmp_path / "own", now=NOW)
    assert summary["parcels"]["evaluated"] > 150
    assert summary["parcels"]["missed"] > 3
    assert summary["models"]
    assert (tmp_path / "own" / "report.html").exists()
    with pytest.raises(RuleError, match="there is no database"):
        replay_own(tmp_path / "none.sqlite3", Wanted(day), out=tmp_path, now=NOW)


def resolved(db, case_id, hours, words="", by="li"):
    verdict = "false_alarm" if words == FALSE_ALARM_WORDS else "solved"
    cases.add(db, case_id, CaseFact(CaseEvent.RESOLVED, at(hours), by, "console", words, {"verdict": verdict}))


def found_bad(db, number, kind, hours):
    subject = Subject(SubjectType.SHIPMENT, str(with_shipment(db, number)))
    finding = Finding(kind, subject, at(hours), (Words("evidence.silence", {}),), severity=Severity.URGENT)
    return look.open_and_say(db, finding, POLICY, now=at(hours), order_ref=f"O-{number}")


def test_the_desks_verdicts_are_counted_beside_its_own_replay(tmp_path):
    """Right and false alarms by kind, carrier and the shop's week, each with its number; what nobody judged, what cleared
    itself and what was judged before the replay begins count nowhere.
    """
    week = 7 * 24
    with opened(tmp_path) as store:
        judged = (("A", Kind.LOST, 30, ""), ("B", Kind.STALLED, 30, FALSE_ALARM_WORDS), ("C", Kind.STALLED, 31, ""),
                  ("D", Kind.STALLED, week - 9, FALSE_ALARM_WORDS), ("E", Kind.LOST, 2, ""))  # fmt: skip
        for number, kind, hours, words in judged:
            store.write(resolved, store.write(found_bad, number, kind, hours - 1), hours, words)
        store.write(found_bad, "F", Kind.LOST, 30)
        store.write(resolved, store.write(found_bad, "G", Kind.LOST, 30), 31, "", None)
        out = tmp_path / "own"
        summary = replay_own(
            store.where, Wanted("2026-03-03"), out=out, now=at(2 * week), zone=ZoneInfo("Asia/Shanghai")
        )
    said = summary["verdicts"]
    assert (said["all"]["right"], said["all"]["judged"], said["all"]["precision"]) == (2, 4, 0.5)
    assert {kind: (v["right"], v["judged"]) for kind, v in said["kind"].items()} == {"lost": (1, 1), "stalled": (1, 3)}
    assert {name: v["judged"] for name, v in said["carrier"].items()} == {"zhongtong": 4}
    assert {start: v["judged"] for start, v in said["week"].items()} == {"2026-03-02": 3, "2026-03-09": 1}
    assert [(one["week"], one["kind"], one["judged"]) for one in said["each"]] == [
        ("2026-03-02", "lost", 1), ("2026-03-02", "stalled", 2), ("2026-03-09", "stalled", 1)
    ]  # fmt: skip
    assert said["kind"]["stalled"]["low"] < 1 / 3 < said["kind"]["stalled"]["high"]
    assert json.loads((out / "summary.json").read_text())["verdicts"] == said
    assert "What the desk said of its alarms" in (out / "report.html").read_text()


def test_the_daemon_doesnt_wait_for_the_night_when_it_stops(tmp_path):
    """Let go of in the middle, the learning process is killed, and nothing was written."""

    async def stopped(store):
        nightly = Nightly(SimpleNamespace(store=store, policy=CALM, wall=lambda: NOW))
        await nightly.look(NOW)
        while not (begun := multiprocessing.active_children()):  # noqa: ASYNC110 - only the system tells
            await asyncio.sleep(0.01)
        await nightly.finish()
        return begun, nightly._running.cancelled()

    with opened(tmp_path) as store:
        store.write(lived, 20)
        begun, cancelled = asyncio.run(stopped(store))
        assert begun
        assert cancelled
        for child in begun:
            child.join()
        assert store.read(risk.newest) is None


def test_a_night_that_fails_is_tried_again_an_hour_later(tmp_path):
    """A file that is no database: the error comes back as LearningFailed, the last model stays, an hour passes."""
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(LearningFailed, match="DatabaseError"):
        asyncio.run(apart(broken, CALM, NOW))

    async def nights(store):
        nightly = Nightly(SimpleNamespace(store=store, policy=CALM, wall=lambda: NOW), learn=fails)
        for later in (timedelta(), timedelta(minutes=59), timedelta(minutes=61)):
            await nightly.look(NOW + later)
            if nightly._running:
                await nightly._running
        return store.read(risk.newest)

    tried = []

    async def fails(path, policy, now):
        tried.append(now)
        raise LearningFailed("the process died")

    with opened(tmp_path) as store:
        store.write(lived, 20)
        assert asyncio.run(nights(store)) is None
        assert tried == [NOW, NOW + timedelta(minutes=61)]


def test_the_watch_list_is_ranked_by_worth_and_promises_nothing(tmp_path):
    """Its chance times what a late word costs by the goods' value, less a needless check; no case, no message; when it will be an
    alert is stored, and a new chance ranks it anew.
    """
    wide = replace(CALM, risk=replace(CALM.risk, watch=0.02))
    with opened(tmp_path) as store:
        store.write(lived)
        store.write(keep_it, learning.learn(store.where, wide, NOW))
        store.write(half_of_them_dearer)
        ids = list(store.read(risk_times))
        store.write(look.look_at, ids, wide, now=NOW)
        watched = store.read(cases.watch_list)
        seen = store.read(lambda db: sight(db, tracking.views(db, ids), wide, now=NOW)).of
        assert {seen[int(w.subject.id)].value_cents for w in watched} == {5_900, 40_000}
        for w in watched:
            value = seen[int(w.subject.id)].value_cents
            late, check = wide.worth.late_cents + wide.worth.late_share * value, wide.worth.check_cents
            assert w.worth_cents == round(w.probability * late - (1 - w.probability) * check)
        worth = [w.worth_cents for w in watched]
        assert worth == sorted(worth, reverse=True)
        assert [w.probability for w in watched] != sorted((w.probability for w in watched), reverse=True)
        told = {
            row.subject_id for row in store.read(lambda db: db.exec_driver_sql("SELECT subject_id FROM cases").all())
        }
        assert told.isdisjoint({w.subject.id for w in watched})
        times = store.read(risk_times)
        for w in watched:
            assert times[int(w.subject.id)][1] == int(seen[int(w.subject.id)].alert_at.timestamp()) > NOW.timestamp()
        one = max(watched, key=lambda w: seen[int(w.subject.id)].alert_at)
        later = NOW + (seen[int(one.subject.id)].alert_at - NOW) / 2
        store.write(asking.reschedule, "kuaidi100", [Polled(int(one.subject.id), later)], now=later)
        store.write(look.look_at, [int(one.subject.id)], wide, now=later)
        [again] = [w for w in store.read(cases.watch_list) if w.subject == one.subject]
        assert again.probability > one.probability
        assert again.worth_cents > one.worth_cents


def test_a_chance_that_wavers_at_the_threshold_neither_clears_nor_repeats(tmp_path):
    """A case stays while its chance lies between watching and alerting: nothing is said; below watching it clears, by an edit."""
    with opened(tmp_path) as store:
        store.write(lived)
        store.write(keep_it, learning.learn(store.where, CALM, NOW))
        ids = list(store.read(risk_times))
        seen = store.read(lambda db: sight(db, tracking.views(db, ids), CALM, now=NOW)).of
        shipment, p = next((one, f.probability) for one, f in seen.items() if 0.1 < f.probability < 0.9)

        def looked(watch, alert):
            worth = replace(CALM.worth, least=alert, most=alert)
            store.write(
                look.look_at, [shipment], replace(CALM, worth=worth, risk=replace(CALM.risk, watch=watch)), now=NOW
            )
            [case] = [c for c in store.read(cases.list_cases, only_open=False) if c.kind in MODELS_OWN]
            return case.is_open, [letter.kind for letter in store.read(mail.letters_about, "case", str(case.id))]

        for _ in range(3):
            assert looked(p - 0.02, p - 0.01) == (True, ["alert"])
            assert looked(p - 0.01, p + 0.01) == (True, ["alert"])
        assert looked(p + 0.01, p + 0.02) == (False, ["alert", "alert_edit"])
        assert looked(p - 0.02, p - 0.01) == (True, ["alert", "alert_edit", "alert_edit"])


def half_of_them_dearer(db):
    refs = [row[0] for row in db.exec_driver_sql("SELECT ref FROM orders ORDER BY created_at, length(ref), ref")]
    for ref in refs[::2]:
        db.exec_driver_sql("UPDATE orders SET items = replace(items, '5900', '40000') WHERE ref = ?", (ref,))
