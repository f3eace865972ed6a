"""Deliveries at odds with what else is known; parcels in circles; numbers that carry another parcel."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from monitor_support import POLICY, M, R, at, heard, opened, scan, with_shipment

from config.words import LANGS, say
from domain.case import Kind, Severity, Subject, SubjectType
from domain.shipment import DeliveryWish
from domain.tracking import Manner, ScanEvent
from monitor import look
from store import cases, intake, wishes
from store.base import Store
from store.cases import CaseRow

HOME = "CN/浙江/杭州"
WAY = (scan(M.PICKED_UP, 0, place="广州白云网点"), scan(M.IN_TRANSIT, 10), scan(M.AT_DESTINATION, 30, place="杭州余杭"))
OUT = (*WAY, scan(M.OUT_FOR_DELIVERY, 32, place="杭州余杭"))


def signed(hours: float, place: str = "杭州余杭", manner: Manner | None = Manner.SELF, text: str = "") -> ScanEvent:
    return replace(scan(M.DELIVERED, hours, place=place, manner=manner), text=text or "已签收")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as one:
        yield one


def sent(
    store: Store, *events: ScanEvent, hours: float = 40, destination: str = HOME, wish: DeliveryWish | None = None
) -> int:
    shipment = store.write(with_shipment, destination=destination)
    if wish:
        store.write(wishes.write, shipment, wish, at=at(0), by=None, channel="api")
    store.write(heard, shipment, hours, *events)
    return shipment


def open_of(store: Store, shipment: int) -> list[CaseRow]:
    return list(store.read(cases.open_for, Subject(SubjectType.SHIPMENT, str(shipment))))


def told(store: Store, shipment: int) -> tuple[set[Kind], set[str]]:
    found = open_of(store, shipment)
    return {c.kind for c in found}, {words.code for c in found for words in c.evidence}


def test_signed_for_in_another_city(store: Store) -> None:
    """The branch that signed is in another province: urgent, and both places are said."""
    shipment = sent(store, *OUT, signed(35, "北京市朝阳酒仙桥"))
    [case] = open_of(store, shipment)
    assert (case.kind, case.severity) == (Kind.MISDELIVERED, Severity.URGENT)
    assert [w.code for w in case.evidence] == ["evidence.wrong_place"]
    assert (case.evidence[0].params["place"], case.evidence[0].params["destination"]) == ("北京市朝阳酒仙桥", HOME)


def test_signed_for_in_a_neighbouring_city_is_a_warning(store: Store) -> None:
    """Cities of one province: worth a question, less than another province."""
    [case] = open_of(store, sent(store, *OUT, signed(35, "宁波市江北")))
    assert (case.kind, case.severity) == (Kind.MISDELIVERED, Severity.WARN)


@pytest.mark.parametrize("place", ["杭州余杭", "余杭仓前", "浙江", ""])
def test_a_place_that_may_be_the_right_one_is_no_sign(store: Store, place: str) -> None:
    """The town, its branch, its province or nothing at all."""
    assert told(store, sent(store, *OUT, signed(35, place))) == (set(), set())


NOT_BY_HAND = [Manner.LOCKER, Manner.POINT, Manner.SAFE_PLACE, Manner.OTHER, Manner.NEIGHBOUR, Manner.AGENT]


@pytest.mark.parametrize("manner", NOT_BY_HAND)
def test_only_a_wish_for_the_door_makes_a_locker_a_case(tmp_path: Path, manner: Manner) -> None:
    """With the wish a case that names the manner; with consent, or where nobody asked, nothing."""
    for wish, kinds in ((None, set()), (DeliveryWish.ANYWHERE, set()), (DeliveryWish.DOOR, {Kind.MISDELIVERED})):
        with opened(tmp_path / f"{wish}") as store:
            assert told(store, sent(store, *OUT, signed(35, manner=manner), wish=wish))[0] == kinds


@pytest.mark.parametrize("manner", [Manner.SELF, Manner.UNKNOWN, None])
def test_the_recipients_hands_and_unknown_ones_keep_the_wish(store: Store, manner: Manner | None) -> None:
    """Unknown is no contradiction."""
    assert told(store, sent(store, *OUT, signed(35, manner=manner), wish=DeliveryWish.DOOR)) == (set(), set())


def test_put_into_a_locker_against_the_wish(store: Store) -> None:
    """Without having been tried at the door: a case before anybody fetched it. After a failed attempt it's the usual way."""
    dropped = scan(M.AWAITING_COLLECTION, 34)
    shipment = sent(store, *OUT, dropped, wish=DeliveryWish.DOOR)
    assert told(store, shipment) == ({Kind.MISDELIVERED}, {"evidence.door_only_dropped"})


def test_a_locker_after_a_failed_attempt_is_the_usual_way(store: Store) -> None:
    """Nobody was there: the wish was tried."""
    absent = scan(M.ATTEMPT_FAILED, 33, reason=R.ABSENT)
    assert told(store, sent(store, *OUT, absent, scan(M.AWAITING_COLLECTION, 34), wish=DeliveryWish.DOOR)) == (
        set(),
        set(),
    )


def test_a_wish_that_comes_after_the_delivery_counts(store: Store) -> None:
    """Looked at again with what is known by then."""
    shipment = sent(store, *OUT, signed(35, manner=Manner.POINT))
    store.write(wishes.write, shipment, DeliveryWish.DOOR, at=at(41), by=None, channel="api")
    store.write(look.look_at, [shipment], POLICY, now=at(41))
    assert told(store, shipment) == ({Kind.MISDELIVERED}, {"evidence.door_only"})


MISMATCHES = [
    ("已签收，重量与揽收时不符", "evidence.weight_mismatch"),
    ("签收底单照片与收货地址不符", "evidence.photo_mismatch"),
    ("Delivered - weight mismatch", "evidence.weight_mismatch"),
    ("Delivered, photo does not match the address", "evidence.photo_mismatch"),
]


@pytest.mark.parametrize(("text", "code"), MISMATCHES)
def test_weight_or_photo_where_the_source_tells(store: Store, text: str, code: str) -> None:
    """The carrier's own words say that something doesn't fit."""
    assert told(store, sent(store, *OUT, signed(35, text=text))) == ({Kind.MISDELIVERED}, {code})


def test_signed_for_straight_off_the_road(store: Store) -> None:
    """Two hours after a scan in another province, without reaching the town: impossible."""
    shipment = sent(store, scan(M.PICKED_UP, 0, place="广州"), scan(M.IN_TRANSIT, 20, place="武汉转运中心"), signed(22))
    assert told(store, shipment) == ({Kind.MISDELIVERED}, {"evidence.not_out"})


def test_a_source_that_tells_of_no_hand_out_is_watched_only(store: Store) -> None:
    """A day after the last hub nobody can say: some carriers write no hand-outs."""
    shipment = sent(store, scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 10, place="武汉转运中心"), signed(35))
    subject = Subject(SubjectType.SHIPMENT, str(shipment))
    assert told(store, shipment)[0] == set()
    assert set(store.read(cases.watched_kinds, subject)) == {Kind.MISDELIVERED}


def test_two_different_signs_are_urgent(store: Store) -> None:
    """A neighbouring city against the wish: each a warning, together urgent, in one case."""
    [case] = open_of(store, sent(store, *OUT, signed(35, "宁波市江北", Manner.POINT), wish=DeliveryWish.DOOR))
    assert (case.severity, {w.code for w in case.evidence}) == (
        Severity.URGENT,
        {"evidence.wrong_place", "evidence.door_only"},
    )


def test_signed_too_early_and_again_within_a_round(store: Store) -> None:
    """Handed out once more after the signature: watched for four hours, a case then, and nothing once it is signed again."""
    shipment = sent(store, *OUT, signed(35), scan(M.OUT_FOR_DELIVERY, 36, place="杭州余杭"), hours=36.5)
    subject = Subject(SubjectType.SHIPMENT, str(shipment))
    assert (told(store, shipment)[0], set(store.read(cases.watched_kinds, subject))) == (set(), {Kind.MISDELIVERED})
    store.write(heard, shipment, 38, signed(37.5))
    store.write(heard, shipment, 50)
    assert (told(store, shipment)[0], set(store.read(cases.watched_kinds, subject))) == (set(), set())


def test_signed_too_early_and_not_again(store: Store) -> None:
    """Four hours later it is still out: somebody should ask."""
    shipment = sent(store, *OUT, signed(35), scan(M.OUT_FOR_DELIVERY, 36, place="杭州余杭"), hours=36.5)
    store.write(heard, shipment, 40.5)
    assert told(store, shipment) == ({Kind.MISDELIVERED}, {"evidence.undone_delivery"})


def test_received_broken_is_damage(store: Store) -> None:
    """Delivered, and the carrier says broken: the delivery doesn't make it whole."""
    broken = replace(signed(35), reason=R.DAMAGED)
    assert told(store, sent(store, *OUT, broken))[0] == {Kind.DAMAGED}


def round_trips(times: int) -> tuple[ScanEvent, ...]:
    """Between two hubs, so many times at the first."""
    hubs = [("武汉转运中心", 10 + 8 * n) for n in range(times)] + [
        ("长沙转运中心", 14 + 8 * n) for n in range(times - 1)
    ]
    return (scan(M.PICKED_UP, 0, place="广州"), *(scan(M.IN_TRANSIT, hours, place=hub) for hub, hours in hubs))


def test_a_parcel_in_circles(store: Store) -> None:
    """The third time at one hub is a case, with place and count; once received it closes by itself."""
    shipment = sent(store, *round_trips(3))
    [case] = open_of(store, shipment)
    assert (case.kind, case.evidence[0].params) == (Kind.LOOPING, {"visits": 3, "place": "武汉转运中心"})
    store.write(heard, shipment, 60, scan(M.OUT_FOR_DELIVERY, 56), signed(58))
    assert told(store, shipment) == (set(), set())
    assert store.read(cases.history_of, case.id)[-1].words == "cleared.looping"


def test_twice_or_many_scans_of_one_visit_are_no_circle(tmp_path: Path) -> None:
    """Arrived, unloaded, sorted, loaded and left: one visit."""
    busy = tuple(scan(M.IN_TRANSIT, 10 + n, place="武汉转运中心") for n in range(6))
    for name, events in (("twice", round_trips(2)), ("busy", (scan(M.PICKED_UP, 0, place="广州"), *busy))):
        with opened(tmp_path / name) as store:
            assert told(store, sent(store, *events, hours=30))[0] == set()


def test_going_home_through_the_same_hubs_is_no_circle(store: Store) -> None:
    """A return passes the places of the way out again."""
    back = (scan(M.RETURNING, 30, place="长沙转运中心"), scan(M.RETURNING, 36, place="武汉转运中心"))
    assert Kind.LOOPING not in told(store, sent(store, *round_trips(2), *back))[0]


def test_a_number_with_scans_older_than_its_order(store: Store) -> None:
    """The last life of a number, received weeks before the order was made: that is no delivery of ours."""
    shipment = store.write(with_shipment, destination=HOME, created_h=24)
    store.write(heard, shipment, 25, scan(M.PICKED_UP, -900), signed(-850, "北京"))
    assert told(store, shipment) == ({Kind.NUMBER_REUSE}, {"evidence.number_reuse"})


def test_an_order_without_a_time_of_its_own_says_nothing(store: Store) -> None:
    """Imported together with its number, as now: older scans are then the ordinary case."""
    shipment = store.write(with_shipment, destination=HOME)
    store.write(heard, shipment, 1, scan(M.PICKED_UP, -100), signed(-50))
    assert told(store, shipment) == (set(), set())


def test_collected_anew_after_its_delivery(store: Store) -> None:
    """A second life under the same number."""
    shipment = sent(store, *OUT, signed(35), scan(M.PICKED_UP, 90, place="沈阳"), hours=91)
    assert told(store, shipment) == ({Kind.NUMBER_REUSE}, {"evidence.number_reborn"})


def test_a_misdelivery_stays_one_case(store: Store) -> None:
    """Heard of again, it isn't raised again."""
    shipment = sent(store, *OUT, signed(35, "北京市朝阳酒仙桥"))
    store.write(heard, shipment, 60)
    store.write(heard, shipment, 90)
    assert len(open_of(store, shipment)) == 1


@pytest.mark.parametrize("lang", LANGS)
def test_every_evidence_and_next_step_has_words(store: Store, lang: str) -> None:
    """In both languages, with all blanks filled."""
    shipment = sent(store, *OUT, signed(35, "宁波市江北", Manner.POINT, "重量不符"), wish=DeliveryWish.DOOR)
    zone = POLICY.region("cn").calendar.zone
    [case] = open_of(store, shipment)
    lines = [say(words, lang, zone, strict=True) for words in case.evidence]
    assert len(lines) == 3
    assert all(line and "{" not in line for line in lines)


def test_the_time_of_an_order_is_read_by_its_number(store: Store) -> None:
    """Unknown ones are left out."""
    store.write(with_shipment)
    assert store.read(intake.ordered_at, ["O-ZT1", "nobody's"]) == {"O-ZT1": at(0)}
    assert store.read(intake.ordered_at, []) == {}
