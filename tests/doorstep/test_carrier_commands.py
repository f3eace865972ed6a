"""`doorstep carriers …` as people run it: against the simulated carriers over HTTP, and where an account is wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engines import a_store
from running_support import answer, doorstep
from test_cli import shop  # noqa: F401 - a fixture

from domain.errors import RuleError
from domain.shipment import Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from doorstep.carrier_operations import carriers_list, carriers_plan, carriers_test, carriers_unmapped, table_row
from doorstep.clock import SetClock
from doorstep.demo import write_settings
from doorstep.house import House
from doorstep.wiring import open_house
from sim.carriers import SimTransport
from sim.world import World
from store import asking, budgets, intake, sources, tracking
from store.budgets import Window

START = datetime(2026, 3, 1, 16, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = write_settings(tmp_path, 8722, 1)
    with a_store(settings.database) as store:
        yield open_house(settings, store, now=SetClock(NOW))


def wrong_key(house: House, source: str, **keys: str) -> House:
    """The same house with one account spoiled."""
    from dataclasses import replace

    import msgspec

    accounts = {n: dict(named) for n, named in house.settings.carriers.items()}
    accounts[source]["main"] = msgspec.structs.replace(accounts[source]["main"], **keys)
    return replace(house, settings=replace(house.settings, carriers=accounts))


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, START, 12, 200, outages=())


def tried(house: House, world: World, source: str, **params: Any) -> dict[str, Any]:
    return carriers_test(house, {"carrier": source, "lang": "en", **params}, transport=SimTransport(world, lambda: NOW))


SOURCES = ("kuaidi100", "kuaidiniao", "fedex", "sf", "ups", "dhl", "usps", "17track", "jd")


@pytest.mark.parametrize("source", SOURCES)
def test_a_good_account_is_said_to_work(house: House, world: World, source: str) -> None:
    """With a made-up number: the source answers that it doesn't know it, and that is enough."""
    told = tried(house, world, source)
    assert told["ok"], told
    assert "the account works" in told["says"]


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("kuaidi100", {"key": "x"}),
        ("kuaidiniao", {"app_key": "x"}),
        ("fedex", {"client_secret": "x"}),
        ("sf", {"checkword": "x"}),
        ("ups", {"client_secret": "x"}),
        ("dhl", {"api_key": "x"}),
        ("usps", {"client_secret": "x"}),
        ("17track", {"key": "x"}),
        ("jd", {"app_secret": "x"}),
    ],
)
def test_a_wrong_credential_is_named_in_one_sentence(
    house: House, world: World, source: str, keys: dict[str, str]
) -> None:
    """What was refused, and what to check; the secret itself is never in it."""
    told = tried(wrong_key(house, source, **keys), world, source)
    assert not told["ok"]
    assert f"{source} refused the account" in told["says"]
    assert told["says"].count(".") <= 3


def test_a_source_that_is_down_is_no_wrong_account(house: House) -> None:
    """Nothing answers: check the network, not the keys."""
    told = carriers_test(house, {"carrier": "dhl", "lang": "en"})
    assert not told["ok"]
    assert "can't be reached" in told["says"]


def test_a_real_number_shows_its_scans(house: House, world: World) -> None:
    """A parcel of the town, asked about by its number."""
    tale = next(t for t in world.tales if t.parcel and t.parcel.source == "sf" and len(t.parcel.shown(NOW)) > 2)
    assert tale.parcel
    told = tried(house, world, "sf", number=tale.parcel.number, phone4=tale.parcel.phone4)
    assert told["ok"]
    assert "scans" in told["says"]


def test_a_number_that_was_just_asked_about_is_left_alone(house: House, world: World) -> None:
    """Kuaidi100 locks a number that is asked about twice within half an hour."""
    shipment = Shipment("ZT1", "zhongtong", "kuaidi100", NOW)
    shipment_id = int(house.store.write(intake.add_shipment, shipment, next_poll_at=NOW, alarm_at=None).id)
    house.store.write(
        asking.reschedule, "kuaidi100", [asking.Polled(shipment_id, NOW)], now=NOW - timedelta(minutes=10)
    )
    with pytest.raises(RuleError, match="ask again in 20 min"):
        tried(house, world, "kuaidi100", number="ZT1")


def test_a_test_is_a_question_like_any_other(house: House, world: World) -> None:
    """It counts, and isn't asked where nothing is left."""
    tried(house, world, "dhl")
    assert house.store.read(budgets.spent, "dhl/main", 86_400, now=NOW) == 1
    house.store.write(budgets.spend, "dhl/main", [Window(250, 86_400)], 250, now=NOW)
    with pytest.raises(RuleError, match="used up"):
        tried(house, world, "dhl")


def test_what_cannot_be_asked_is_refused_with_the_fix(house: House, world: World) -> None:
    """An account that isn't set, a carrier that doesn't exist, the events that people bring."""
    for params, said in (
        ({"carrier": "dhl", "account": "other"}, r"\[carriers.dhl.other\]"),
        ({"carrier": "tnt"}, "unknown carrier"),
        ({"carrier": "manual"}, "import events"),
    ):
        with pytest.raises(RuleError, match=said):
            carriers_test(house, {"lang": "en", **params}, transport=SimTransport(world, lambda: NOW))


def test_the_list_says_how_each_account_does_and_where_it_is_called(house: House, world: World) -> None:
    """Health, calls used, and an address that nobody guesses; the same each time."""
    tried(house, world, "usps")
    house.store.write(sources.save, sources.SourceState("usps", "main", NOW, used_up_until=NOW))
    found = {one["name"]: one for one in carriers_list(house, {})["credentials"]}
    assert set(found) == {f"{source}/main" for source in SOURCES}
    (hour,) = found["usps/main"]["budgets"]
    assert (hour["calls"], hour["per_s"], hour["used"]) == (60, 3600, 2)  # the token, and the question
    sf = found["sf/main"]["callback_url"]
    assert sf.startswith("http://127.0.0.1:8722/push/sf/main/")
    assert len(sf.rsplit("/", 1)[1]) == 32
    assert sf == {one["name"]: one for one in carriers_list(house, {})["credentials"]}["sf/main"]["callback_url"]
    assert sf.rsplit("/", 1)[1] != found["kuaidiniao/main"]["callback_url"].rsplit("/", 1)[1]


def test_the_plan_counts_what_is_watched(house: House) -> None:
    """A hundred parcels through DHL's starting quota."""
    for n in range(100):
        shipment = Shipment(f"JD01460{n:05}", "dhl", "dhl", NOW)
        house.store.write(intake.add_shipment, shipment, next_poll_at=NOW, alarm_at=None)
    plans = {one["name"]: one for one in carriers_plan(house, {})["plans"]}
    assert (plans["dhl/main"]["parcels"], plans["dhl/main"]["possible_per_day"]) == (100, 250)
    assert plans["dhl/main"]["share"] < 0.5
    assert plans["ups/main"]["parcels"] == 0


def test_unmapped_codes_are_listed_with_how_often_they_came(house: House) -> None:
    """Most frequent first, and as a row that only wants its meaning."""
    shipment = Shipment("ZT1", "zhongtong", "kuaidi100", NOW)
    shipment_id = int(house.store.write(intake.add_shipment, shipment, next_poll_at=NOW, alarm_at=None).id)

    def event(code: str, minute: int) -> ScanEvent:
        at = NOW.replace(minute=minute)
        return ScanEvent(code, f"状态 {code}", Milestone.UNMAPPED, EventTime("t", at, Zone.OFFSET, Certainty.EXACT))

    events = (event("9901", 1), event("9901", 2), event("9902", 3))
    house.store.write(tracking.record, [(shipment_id, "kuaidi100", [ParcelReading("ZT1", events)])], now=NOW)
    found = carriers_unmapped(house, {})["unmapped"]
    assert [(row["code"], row["count"]) for row in found] == [("9901", 2), ("9902", 1)]
    assert carriers_unmapped(house, {"carrier": "sf"})["unmapped"] == []
    assert table_row(found[0]) == '    "9901": Meaning(M.…, "…"),  # 2x 状态 9901'


# --- as commands ---------------------------------------------------------------------------------------------------


def test_the_commands_answer_in_words_and_in_json(shop: Path) -> None:  # noqa: F811
    """Without a daemon, under the database's lock."""
    listed = doorstep("carriers", "list", cwd=shop)
    assert listed.returncode == 0, listed.stderr
    assert "kuaidi100/main" in listed.stdout
    assert answer("carriers", "list", cwd=shop)["credentials"][0]["name"] == "kuaidi100/main"
    assert "every code and phrase" in doorstep("carriers", "unmapped", cwd=shop).stdout
    assert "kuaidi100/main: 0 parcels" in doorstep("carriers", "plan", cwd=shop).stdout
    tested = doorstep("carriers", "test", "kuaidi100", cwd=shop)
    assert tested.returncode == 1
    assert tested.stdout.startswith("does not work: ")
    detected = doorstep("carriers", "detect", "1Z999AA10123456784", cwd=shop)
    assert "ups" in detected.stdout
