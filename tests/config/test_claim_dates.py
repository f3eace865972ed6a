"""When a claim can be filed: dates worked out by hand, against the shipped policy."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendars import Calendar
from config.errors import ConfigError
from config.policies import load_claims, load_detection, window
from config.policies.claim_dates import answer_by
from domain.claim import ClaimReason, EvidenceItem
from domain.parcel import NEW, ParcelState
from domain.shipment import Shipment

POLICY = load_claims()
ABROAD = Calendar(ZoneInfo("UTC"), frozenset(range(5)))
LONDON = Calendar(ZoneInfo("Europe/London"), frozenset(range(5)), frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
CHINA = load_detection().regions["cn"].calendar
R = ClaimReason


def day(text: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC)


def sent(
    carrier: str, on: str, *, promised: str | None = None, service: str = "", way: str = "", region: str = "default"
) -> Shipment:
    origin, _, destination = way.partition(">")
    return Shipment(
        "1", carrier, carrier, day(on), service=service, region=region, origin=origin, destination=destination,
        promised_at=day(promised) if promised else None,
    )  # fmt: skip


CASES = [
    # UPS: 24 h after the promised time, until 60 days after it. 60 days from 2026-03-05: 26 in March, 30 in April, 4 May
    (sent("ups", "2026-03-01", promised="2026-03-05"), R.LOST, NEW, ABROAD, "2026-03-06", "2026-05-04"),
    # ... over the leap day of 2028: 2028-02-20 and 60 days: 9 left in February, 31 in March, 20 April
    (sent("ups", "2028-02-15", promised="2028-02-20"), R.LOST, NEW, ABROAD, "2028-02-21", "2028-04-20"),
    # ... one day later without it in 2027
    (sent("ups", "2027-02-15", promised="2027-02-20"), R.LOST, NEW, ABROAD, "2027-02-21", "2027-04-21"),
    # ... on the leap day itself
    (sent("ups", "2028-02-20", promised="2028-02-28"), R.DAMAGED, NEW, ABROAD, "2028-02-29", "2028-04-28"),
    # ... no promise known: when it opens isn't known, the last day is counted from shipping, the safe side
    (sent("ups", "2026-03-01"), R.LOST, NEW, ABROAD, None, "2026-04-30"),
    # FedEx within a country: 60 days from shipping; across a border: 21
    (sent("fedex", "2026-03-01", promised="2026-03-04", way="US/TN>US/CA"), R.LOST, NEW, ABROAD, "2026-03-05", "2026-04-30"),
    (sent("fedex", "2026-03-01", promised="2026-03-04", way="US/TN>DE/BE"), R.LOST, NEW, ABROAD, "2026-03-05", "2026-03-22"),
    # ... nobody knows which: the one that ends first
    (sent("fedex", "2028-02-10", promised="2028-02-14"), R.LOST, NEW, ABROAD, "2028-02-15", "2028-03-02"),
    # ... damage: five days from delivery
    (sent("fedex", "2026-03-01"), R.DAMAGED, ParcelState(delivered_at=day("2026-02-26")), ABROAD, "2026-02-26", "2026-03-03"),
    # ... and from shipping while no delivery is known
    (sent("fedex", "2026-03-01"), R.DAMAGED, NEW, ABROAD, None, "2026-03-06"),
    # DHL Express: as soon as the carrier confirms; 30 days from acceptance
    (sent("dhl", "2026-01-31", service="EXPRESS"), R.LOST, NEW, ABROAD, None, "2026-03-02"),
    # DHL eCommerce: ten working days after the last scan. From Fri 2026-03-06: 9-13 are five, 16-20 ten
    (sent("dhl", "2026-03-01", service="ecommerce"), R.LOST, ParcelState(last_physical_at=day("2026-03-06")), ABROAD, "2026-03-20", "2026-03-29"),
    # ... from a Saturday: the first working day is the Monday
    (sent("dhl", "2026-03-01", service="ecommerce"), R.LOST, ParcelState(last_physical_at=day("2026-03-07")), ABROAD, "2026-03-20", "2026-03-29"),
    # DPD: 14 days from shipping
    (sent("dpd", "2028-02-20", promised="2028-02-22"), R.MISSING_CONTENTS, NEW, ABROAD, "2028-02-22", "2028-03-05"),
    # Royal Mail: ten working days after the due date, 80 days from posting. Due Wed 2026-04-01; Good Friday and Easter Monday
    # are closed: 2, 7, 8, 9, 10, 13, 14, 15, 16, 17 April
    (sent("royalmail", "2026-03-30", promised="2026-04-01", way="GB/LND>GB/MAN"), R.LOST, NEW, LONDON, "2026-04-17", "2026-06-18"),
    # ... abroad 25 working days (without those holidays): 2026-05-06
    (sent("royalmail", "2026-03-30", promised="2026-04-01", way="GB/LND>FR/PAR"), R.LOST, NEW, ABROAD, "2026-05-06", "2026-09-26"),
    # USPS insured mail: from day 15 to day 60
    (sent("usps", "2028-01-01", service="insured", way="US/NY>US/CA"), R.LOST, NEW, ABROAD, "2028-01-16", "2028-03-01"),
    # USPS Priority Mail Express: from day 7
    (sent("usps", "2027-01-01", service="PRIORITY_MAIL_EXPRESS", way="US/NY>US/CA"), R.LOST, NEW, ABROAD, "2027-01-08", "2027-03-02"),
    # USPS damage: at once, until day 60
    (sent("usps", "2027-01-01", way="US/NY>US/CA"), R.DAMAGED, ParcelState(delivered_at=day("2027-01-04")), ABROAD, "2027-01-04", "2027-03-02"),
    # OnTrac: three working days without movement, from a Thursday: Tuesday; no last day is known
    (sent("ontrac", "2026-03-01"), R.LOST, ParcelState(last_physical_at=day("2026-03-05")), ABROAD, "2026-03-10", None),
    # GLS: 48 hours without movement
    (sent("gls", "2026-03-01"), R.LOST, ParcelState(last_physical_at=day("2026-03-07")), ABROAD, "2026-03-09", None),
    # China Post: 365 days, the leap day of 2028 is one of them
    (sent("youzhengguonei", "2027-06-01", promised="2027-06-06", region="cn"), R.LOST, NEW, CHINA, "2027-06-06", "2028-05-31"),
    (sent("youzhengguoji", "2027-12-01", promised="2027-12-20", region="cn"), R.LOST, NEW, CHINA, "2027-12-20", "2028-05-29"),
    # every express firm of China: 1095 days; 17:00 UTC is the next day in Shanghai
    (sent("zhongtong", "2026-03-01", region="cn"), R.DELAY, NEW, CHINA, "2026-03-01", "2029-02-28"),
    (Shipment("1", "yuantong", "k", day("2026-03-01", 17), region="cn"), R.LOST, NEW, CHINA, "2026-03-02", "2029-03-01"),
]  # fmt: skip


@pytest.mark.parametrize(("shipment", "reason", "state", "calendar", "opens", "last"), CASES)
def test_dates_worked_out_by_hand(shipment, reason, state, calendar, opens, last) -> None:
    found = window(POLICY, shipment, state, reason, calendar)
    assert found is not None
    assert (found.opens_on and found.opens_on.isoformat(), found.last_on and found.last_on.isoformat()) == (opens, last)


def test_there_are_twenty_of_them() -> None:
    assert len(CASES) >= 20


def test_the_last_day_is_over_at_its_midnight_in_the_carriers_zone() -> None:
    found = window(POLICY, sent("zhongtong", "2026-03-01", region="cn"), NEW, R.LOST, CHINA)
    assert found is not None
    assert found.last_at == datetime(2029, 2, 28, 16, tzinfo=UTC)


def test_a_window_is_not_open_before_its_hour() -> None:
    """24 hours after the promised time is not the midnight before: a claim that comes too early is refused."""
    found = window(POLICY, sent("ups", "2026-03-01", promised="2026-03-05"), NEW, R.LOST, ABROAD)
    assert found is not None
    assert found.opens_at == day("2026-03-06")


def test_the_carriers_word_opens_what_waits_for_it() -> None:
    confirmed = day("2026-02-10")
    found = window(POLICY, sent("dhl", "2026-01-31", service="EXPRESS"), NEW, R.LOST, ABROAD, confirmed_at=confirmed)
    assert found is not None
    assert found.opens_at == confirmed


@pytest.mark.parametrize(("carrier", "region"), [("nobody", "default"), ("dhl", "default")])
def test_where_no_row_speaks_nothing_is_made_up(carrier: str, region: str) -> None:
    """DHL is two firms with two rules: without a service neither is guessed."""
    assert window(POLICY, sent(carrier, "2026-03-01", region=region), NEW, R.LOST, ABROAD) is None


@pytest.mark.parametrize(
    ("asked", "days", "business", "due"),
    [
        (day("2026-11-25"), 7, False, "2026-12-02"),
        (day("2028-02-25"), 7, False, "2028-03-03"),
        (day("2026-03-06"), 10, True, "2026-03-20"),
        (day("2026-03-07"), 1, True, "2026-03-09"),
    ],
)
def test_an_answer_is_due_by_the_end_of_its_day(asked: datetime, days: int, business: bool, due: str) -> None:
    found = answer_by(asked, days, ABROAD, business=business)
    assert found is not None
    assert found.isoformat() == f"{due}T23:59:00+00:00"
    assert answer_by(asked, None, ABROAD, business=business) is None


def test_each_reason_wants_its_evidence() -> None:
    wanted = POLICY.wanted("zhongtong", R.MISDELIVERED)
    assert {EvidenceItem.CONSENT_RECORD, EvidenceItem.DELIVERY_PHOTO, EvidenceItem.TRACKING_HISTORY} <= set(wanted)
    assert EvidenceItem.PACKING_PHOTOS not in wanted
    assert len(wanted) == len(set(wanted))
    assert all(EvidenceItem.PROOF_OF_VALUE in POLICY.wanted("ups", reason) for reason in ClaimReason)


def test_the_ladder_goes_from_the_carrier_to_the_court() -> None:
    assert [step.to for step in POLICY.ladder("cn")] == [
        "carrier",
        "platform",
        "postal_12305",
        "consumer_12315",
        "court",
    ]


def test_a_file_of_ones_own_changes_what_it_names(tmp_path) -> None:
    """Reminders, evidence of one carrier and a region's ladder; the rest stays as it is shipped."""
    own = tmp_path / "claims.toml"
    own.write_text(
        'remind_d = [5]\nfile_within_d = 9\n[[evidence]]\ncarrier = "ups"\nwants = ["photos"]\nsource = "our contract"\n'
        'certainty = "merchant"\nchecked_on = 2026-11-25\n'
    )
    policy = load_claims(own)
    assert (policy.remind_d, policy.file_within_d, policy.rules) == ((5,), 9, POLICY.rules)
    assert EvidenceItem.PHOTOS in policy.wanted("ups", R.LOST)
    own.write_text(
        '[[evidence]]\nwants = ["an elephant"]\nsource = "x"\ncertainty = "memory"\nchecked_on = 2026-11-25\n'
    )
    with pytest.raises(ConfigError, match=r"claims.toml.*wants"):
        load_claims(own)
