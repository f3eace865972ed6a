"""Until when a claim can be filed: the shipped table, and one's own rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policies import load_claims
from domain.shipment import Shipment

SHIPPED = datetime(2026, 3, 1, tzinfo=UTC)
PROMISED = SHIPPED + timedelta(days=4)


def parcel(carrier: str, service: str = "", promised_at: datetime | None = PROMISED) -> Shipment:
    return Shipment("1", carrier, carrier, SHIPPED, service=service, promised_at=promised_at)


def test_every_row_names_its_source_and_how_sure_it_is() -> None:
    """Carriers' pages change: a date without a source, a certainty and a day of reading can't be trusted or renewed."""
    rules = load_claims().rules
    assert len(rules) >= 15
    for rule in rules:
        assert len(rule.source) > 5, rule
        assert rule.checked_on.year >= 2026, rule


@pytest.mark.parametrize(
    ("shipment", "last_day"),
    [
        (parcel("fedex"), SHIPPED + timedelta(days=60)),
        (parcel("ups"), PROMISED + timedelta(days=60)),
        (parcel("ups", promised_at=None), None),  # counted from a promise that nobody knows
        (parcel("dhl", "EXPRESS"), SHIPPED + timedelta(days=30)),
        (parcel("dhl", "dhl ecommerce"), SHIPPED + timedelta(days=28)),
        (parcel("usps", "insured"), None),  # abroad it might be international mail, of which no last day is known
        (parcel("zhongtong"), None),
    ],
)
def test_the_last_day_is_the_latest_that_may_apply(shipment: Shipment, last_day: datetime | None) -> None:
    """Watching too long costs a few questions, watching too short may cost a claim."""
    assert load_claims().last_day(shipment) == last_day


def test_own_rows_replace_those_of_their_carrier(tmp_path: Path) -> None:
    """A contract's own terms go before the shipped ones; other carriers keep theirs."""
    own = tmp_path / "claims.toml"
    own.write_text(
        '[[claims]]\ncarrier = "fedex"\nearliest_d = 2\nearliest_from = "promised"\nlatest_d = 45\n'
        'source = "our contract of 2026"\ncertainty = "merchant"\nchecked_on = 2026-05-01\n'
    )
    claims = load_claims(own)
    assert claims.last_day(parcel("fedex")) == SHIPPED + timedelta(days=45)
    assert claims.last_day(parcel("dhl", "express")) == SHIPPED + timedelta(days=30)


def test_a_row_that_doesnt_fit_is_named(tmp_path: Path) -> None:
    """With its line and key."""
    own = tmp_path / "claims.toml"
    own.write_text('[[claims]]\ncarrier = "fedex"\nearliest_d = "soon"\n')
    with pytest.raises(ConfigError, match=r"claims.toml.*earliest_d"):
        load_claims(own)
