"""Accounts that are taken out of the settings: their parcels are asked about elsewhere, and never forgotten in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import settings as configured
from config.settings import Settings
from domain.shipment import Shipment
from doorstep.adopting import adopt_orphans
from doorstep.clock import wall
from doorstep.wiring import STRUCTS
from store import asking, check, facts, intake, subscriptions
from store.base import Db, Store

KUAIDI100 = '[carriers.kuaidi100.{account}]\ncustomer = "C"\nkey = "K"\n'
SEVENTEEN = '[carriers.17track.main]\nkey = "K"\n'
FEDEX = '[carriers.fedex.main]\nclient_id = "I"\nclient_secret = "S"\n'


def set_to(folder: Path, text: str) -> Settings:
    file = folder / "doorstep.toml"
    file.write_text(text)
    return configured.load(file, environ={}, structs=STRUCTS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "doorstep.sqlite3") as opened:
        yield opened


def watched(db: Db, carrier: str = "zhongtong", number: str = "ZT1") -> int:
    shipment = Shipment(number, carrier, "kuaidi100", wall(), account="main")
    return int(intake.add_shipment(db, shipment, next_poll_at=wall(), alarm_at=None).id)


def pairs(db: Db, shipment: int) -> list[tuple[str, str]]:
    return [(one.source, one.account) for one in asking.sources_of(db, [shipment]).get(shipment, [])]


def test_a_parcel_goes_to_the_account_that_took_its_own_one_s_place(store, tmp_path):
    shipment = store.write(watched)
    adopted = store.write(adopt_orphans, set_to(tmp_path, KUAIDI100.format(account="second")), now=wall())
    assert adopted == (1, 0)
    assert store.read(pairs, shipment) == [("kuaidi100", "second")]
    assert store.read(asking.sources_of, [shipment])[shipment][0].next_poll_at is not None
    assert store.read(check.differences, now=wall()) == []


def test_a_source_that_wants_numbers_registered_is_subscribed_to_first(store, tmp_path):
    shipment = store.write(watched)
    assert store.write(adopt_orphans, set_to(tmp_path, SEVENTEEN), now=wall()) == (1, 0)
    assert store.read(subscriptions.states, "17track", [shipment]) == {shipment: "wanted"}
    assert store.read(asking.sources_of, [shipment])[shipment][0].next_poll_at is None


def test_what_nobody_can_be_asked_about_stays_and_is_counted(store, tmp_path):
    shipment = store.write(watched)
    assert store.write(adopt_orphans, set_to(tmp_path, FEDEX), now=wall()) == (0, 1)
    assert store.read(pairs, shipment) == [("kuaidi100", "main")]


def test_a_second_start_changes_nothing(store, tmp_path):
    shipment = store.write(watched)
    settings = set_to(tmp_path, KUAIDI100.format(account="second"))
    store.write(adopt_orphans, settings, now=wall())
    before = store.read(facts.history, "shipment", str(shipment))
    assert store.write(adopt_orphans, settings, now=wall()) == (0, 0)
    assert store.read(facts.history, "shipment", str(shipment)) == before
