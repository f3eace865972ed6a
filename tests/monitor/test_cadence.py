"""When a shipment is asked about next, what the answer is worth, and when watching ends."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from monitor_support import POLICY, at

from carriers.registry import CARRIERS
from config.policies import load_claims
from domain.parcel import NEW, Delivered, ParcelState
from domain.shipment import Shipment, ShipmentView
from domain.tracking import Milestone, NoData
from monitor.cadence import RARELY, Ended, Next, next_poll
from store.asking import NEAR, SETTLED, UNDER_CASE, USUAL

H, D = timedelta(hours=1), timedelta(days=1)
KUAIDI, FEDEX, SF = CARRIERS["kuaidi100"], CARRIERS["fedex"], CARRIERS["sf"]
WITH_CLAIMS = replace(POLICY, claims=load_claims())


def view(
    milestone: Milestone | None = Milestone.IN_TRANSIT,
    *,
    promised_at: datetime | None = None,
    carrier: str = "zhongtong",
    delivered_at: datetime | None = None,
    last_at: datetime | None = None,
) -> ShipmentView:
    delivered = Delivered.YES if delivered_at else Delivered.NO
    state = (
        ParcelState(milestone, delivered=delivered, delivered_at=delivered_at, last_at=last_at) if milestone else NEW
    )
    return ShipmentView(Shipment("1", carrier, carrier, at(0), promised_at=promised_at), state=state)


def test_what_matters_now_is_worth_more_and_asked_more_often() -> None:
    """Under a case, then close to its promise or its door, then on its way, then delivered."""
    usual = next_poll(view(), None, KUAIDI, POLICY, now=at(1))
    near = next_poll(view(promised_at=at(10)), None, KUAIDI, POLICY, now=at(1))
    door = next_poll(view(Milestone.AT_DESTINATION), None, KUAIDI, POLICY, now=at(1))
    case = next_poll(view(), None, KUAIDI, POLICY, now=at(1), under_case=True)
    done = next_poll(view(Milestone.DELIVERED, delivered_at=at(0.5)), None, KUAIDI, POLICY, now=at(1))
    assert [one.worth for one in (case, near, door, usual, done)] == [UNDER_CASE, NEAR, NEAR, USUAL, SETTLED]
    assert usual.at == at(1) + POLICY.polling.every[Milestone.IN_TRANSIT]
    assert near.at == at(1) + POLICY.polling.near_promise


def test_a_delivered_parcel_is_watched_a_little_longer_then_rarely() -> None:
    """Signatures are undone in the first days, if at all."""
    fresh = next_poll(view(Milestone.DELIVERED, delivered_at=at(0)), None, KUAIDI, POLICY, now=at(24))
    old = next_poll(view(Milestone.DELIVERED, delivered_at=at(0)), None, KUAIDI, POLICY, now=at(24 * 5))
    over = next_poll(view(Milestone.DELIVERED, delivered_at=at(0)), None, KUAIDI, POLICY, now=at(24 * 15))
    assert fresh.at == at(24) + POLICY.polling.every[Milestone.DELIVERED]
    assert old.at == at(24 * 5) + POLICY.polling.settled
    assert over == Next(None, SETTLED, Ended.DELIVERED)


def test_a_source_that_calls_is_asked_rarely() -> None:
    """A push brings everything; a question now and then shows that pushes still come."""
    assert (
        next_poll(view(promised_at=at(5)), None, KUAIDI, POLICY, now=at(1), pushed=True).at
        == at(1) + POLICY.polling.pushed
    )


@pytest.mark.parametrize("no_data", [NoData.BAD_CREDENTIAL, NoData.WRONG_CARRIER])
def test_what_only_a_person_can_mend_is_asked_rarely(no_data: NoData) -> None:
    """A wrong phone stays wrong until somebody corrects it."""
    assert next_poll(view(None), no_data, KUAIDI, POLICY, now=at(1)).at == at(1) + RARELY


@pytest.mark.parametrize(
    ("shown", "days", "ended"),
    [
        (view(), 89, None),
        (view(), 90, Ended.TOO_LONG),
        (view(None), 90, Ended.TOO_LONG),
        (view(carrier="fedex"), 73, None),
        (view(carrier="fedex"), 74, Ended.CLAIM_OVER),  # 60 days for the claim, and two weeks
        (view(carrier="ups", promised_at=at(24 * 4)), 77, None),
        (view(carrier="ups", promised_at=at(24 * 4)), 78, Ended.CLAIM_OVER),
        (view(Milestone.RETURNED, last_at=at(24)), 16, Ended.AT_REST),
        (view(Milestone.CANCELLED, last_at=at(24)), 15, None),
    ],
)
def test_watching_ends_at_the_first_of_claim_memory_and_policy(
    shown: ShipmentView, days: int, ended: Ended | None
) -> None:
    """The last day of a claim and two weeks, the source's own memory, ninety days: and it is said which."""
    told = next_poll(shown, None, KUAIDI, WITH_CLAIMS, now=at(24 * days))
    assert told.ended == (ended or "")
    assert (told.at is None) == (ended is not None)


def test_a_short_memory_ends_a_watch() -> None:
    """A source that forgets after ten days can't be asked after eleven."""
    forgetful = replace(KUAIDI, history=10 * D)
    assert next_poll(view(), None, forgetful, POLICY, now=at(24 * 11)).ended == Ended.HISTORY
    assert next_poll(view(), NoData.AGED_OUT, KUAIDI, POLICY, now=at(1)).ended == Ended.AGED_OUT


@pytest.mark.parametrize("days", [16, 91, 200])
@pytest.mark.parametrize("no_data", [None, NoData.AGED_OUT])
def test_watching_never_ends_while_a_case_is_open(days: int, no_data: NoData | None) -> None:
    """Somebody works on it: an answer, however late, is wanted."""
    shown = view(Milestone.DELIVERED, delivered_at=at(0))
    told = next_poll(shown, no_data, KUAIDI, WITH_CLAIMS, now=at(24 * days), under_case=True)
    assert told.at is not None
    assert (told.worth, told.ended) == (UNDER_CASE, "")
