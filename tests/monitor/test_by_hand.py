"""What people say: cases opened by hand, parcels marked as received or lost, and all of it taken back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from monitor_support import POLICY, M, at, heard, opened, scan, with_shipment

from config.errors import ConfigError
from config.policies.case_types import case_types, load_case_types, type_at, type_named
from domain.case import CaseEvent, CaseStatus, Kind, Subject, SubjectType
from domain.case_types import Party, Rank, Root
from domain.people import Role
from monitor import look, marks
from monitor.by_hand import open_by_hand
from monitor.cadence import Ended, why_over
from monitor.orders import dispute
from store import cases, check, people, returns, tracking
from store.base import Store
from store.marks import Mark
from store.people import Person

STALLED_AT = 72.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Store, int]]:
    """A parcel that has been silent for three days: a case of a stall is open."""
    with opened(tmp_path) as store:
        store.write(people.save_person, Person("li", "李梅", Role.AGENT))
        store.write(people.save_person, Person("eve", "Eve", Role.VIEWER))
        shipment = store.write(with_shipment, promised_h=200)
        store.write(heard, shipment, 1, scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 1))
        store.write(heard, shipment, STALLED_AT)
        yield store, shipment
        assert store.read(check.differences, now=at(9_999)) == []


def say(
    store: Store, shipment: int, what: Mark | None, hours: float, *, by: str = "li", words: str = "客户来电"
) -> str:
    how = {"by": by, "words": words, "channel": "console", "now": at(hours)}
    if what is None:
        refused = store.write(marks.unmark, shipment, POLICY, **how)
    else:
        refused = store.write(marks.mark, shipment, what, POLICY, **how)
    return refused.code if refused else ""


def kinds(store: Store) -> list[Kind]:
    return sorted(case.kind for case in store.read(cases.list_cases))


def open_one(
    store: Store, shipment: int, type_id: str, hours: float = STALLED_AT, text: str = "说是没动"
) -> tuple[int, bool]:
    about = Subject(SubjectType.SHIPMENT, str(shipment))
    return store.write(
        open_by_hand,
        about,
        case_types()[type_id],
        text,
        POLICY,
        order_ref="O-ZT1",
        now=at(hours),
        by="li",
        channel="console",
    )


# --- marks ---------------------------------------------------------------------------------------------------------


def test_received_by_hand_settles_what_rests_on_silence(desk: tuple[Store, int]) -> None:
    """The stall clears itself, the return policy counts from that moment, and the watch ends as after a delivery."""
    store, shipment = desk
    assert kinds(store) == [Kind.STALLED]
    assert say(store, shipment, Mark.RECEIVED, 73) == ""
    assert kinds(store) == []
    assert store.read(returns.received_at, "O-ZT1") == at(73)
    view = store.read(tracking.views, [shipment])[shipment]
    assert view.state.delivered == "no"
    from carriers.registry import CARRIERS

    carrier = CARRIERS["kuaidi100"]
    stop = POLICY.polling.stop_after_delivery
    assert why_over(view, None, carrier, POLICY, now=at(73)) is None
    assert why_over(view, None, carrier, POLICY, now=at(73) + stop) is Ended.DELIVERED
    store.write(look.look_at, [shipment], POLICY, now=at(600))
    assert kinds(store) == []


def test_taking_it_back_restores_the_case_with_its_promise(desk: tuple[Store, int]) -> None:
    """The same case is open again, with the promise and the owner that it had; nothing is opened beside it."""
    store, shipment = desk
    [before] = store.read(cases.list_cases)
    say(store, shipment, Mark.RECEIVED, 73)
    assert say(store, shipment, None, 74) == ""
    [after] = store.read(cases.list_cases)
    assert (after.id, after.kind, after.promise_by) == (before.id, Kind.STALLED, before.promise_by)
    assert after.timer_at is not None
    assert store.read(returns.received_at, "O-ZT1") is None
    assert len(store.read(cases.list_cases, only_open=False)) == 1


def test_lost_by_hand_opens_a_case_and_taking_it_back_clears_it(desk: tuple[Store, int]) -> None:
    """Lost outranks the stall; taken back, the stall is what stands again."""
    store, shipment = desk
    assert say(store, shipment, Mark.LOST, 73) == ""
    assert kinds(store) == [Kind.LOST]
    say(store, shipment, None, 74)
    assert kinds(store) == [Kind.STALLED]


def test_a_delivery_after_the_mark_ends_what_was_called_lost(desk: tuple[Store, int]) -> None:
    """It turned up: the carrier's later word counts."""
    store, shipment = desk
    say(store, shipment, Mark.LOST, 73)
    store.write(heard, shipment, 80, scan(M.DELIVERED, 79))
    assert kinds(store) == []


def test_a_mark_leaves_the_carriers_events_alone(desk: tuple[Store, int]) -> None:
    """A person's word stands beside the scans, with who and why; saying it twice is once."""
    store, shipment = desk
    view = store.read(tracking.views, [shipment])[shipment]
    for hours in (73, 74):
        say(store, shipment, Mark.RECEIVED, hours)
    after = store.read(tracking.views, [shipment])[shipment]
    assert (after.state, after.parcels) == (view.state, view.parcels)
    assert after.marked_at == at(73)


@pytest.mark.parametrize(
    ("by", "words", "why"),
    [("eve", "x", "refused.role"), ("nobody", "x", "refused.role"), ("li", " ", "refused.mark_why")],
)
def test_a_mark_needs_a_right_and_a_reason(desk: tuple[Store, int], by: str, words: str, why: str) -> None:
    """Nobody marks without saying how they know."""
    store, shipment = desk
    assert say(store, shipment, Mark.RECEIVED, 73, by=by, words=words) == why
    assert say(store, shipment, None, 73) == "refused.not_marked"
    assert say(store, 999, Mark.LOST, 73) == "refused.no_such_parcel"
    assert kinds(store) == [Kind.STALLED]


# --- cases by hand -------------------------------------------------------------------------------------------------


def test_the_table_has_four_roots_and_one_liable_party_each() -> None:
    """Every type: a root, one party, a handling time of at most two days, a name in both languages."""
    found = case_types()
    assert {one.root for one in found.values()} == set(Root)
    for one in found.values():
        assert isinstance(one.party, Party)
        assert timedelta(0) < one.handling <= timedelta(hours=48)
        assert all(one.names[lang] for lang in ("zh", "en"))
        assert one.about
        for word in (one.id, *one.names.values(), *one.others):
            assert type_named(word, found) is one, f"{word} names two types"


def test_a_shops_own_types_are_laid_over_the_shipped_ones(tmp_path: Path) -> None:
    """Of a shipped type only what differs is said; a new one says everything; both are found by their words."""
    own = tmp_path / "types.toml"
    own.write_text(
        '[types.quality]\nparty = "merchant"\nhandling_h = 12\n'
        '[types.gift]\nroot = "service"\nzh = "赠品漏发"\nen = "Gift missing"\nparty = "merchant"\nhandling_h = 48\n',
        encoding="utf-8",
    )
    found = load_case_types(own)
    assert len(found) == len(case_types()) + 1
    assert (found["quality"].party, found["quality"].handling) == (Party.MERCHANT, timedelta(hours=12))
    assert found["quality"].names == case_types()["quality"].names
    assert type_at("赠品漏发 杯垫", found) == (found["gift"], "杯垫")
    assert type_named("Gift missing", case_types()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[types.gift]\nzh = "赠品"\n', r"types\.gift.*missing|types\.gift\.root"),
        ("[types.quality]\nhandling_h = 72\n", r"types\.quality\.handling_h"),
        ("[types.quality]\nhandlng_h = 7\n", "handling_h"),
        (
            '[types.quality]\nothers = ["少件"]\n',
            "names both quality and missing_item|names both missing_item and quality",
        ),
    ],
)
def test_types_that_cannot_be_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """With the file, the key, and what to do."""
    own = tmp_path / "types.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_case_types(own)


def test_a_case_by_hand_has_its_type_its_time_and_its_owner_to_be(desk: tuple[Store, int]) -> None:
    """The promise runs for the type's handling time; type, party and rank are in the first fact."""
    store, shipment = desk
    case_id, new = open_one(store, shipment, "courier_conduct", text="不送上门")
    case = store.read(cases.get, case_id)
    assert new
    assert case is not None
    assert (case.kind, case.type, case.rank) == (Kind.DISPUTED, "courier_conduct", Rank.DUE)
    assert case.promise_by == at(STALLED_AT) + timedelta(hours=48)
    assert store.read(cases.history_of, case_id)[0].data["party"] == Party.CARRIER


def test_what_a_person_opened_no_detector_closes(desk: tuple[Store, int]) -> None:
    """The parcel moves on: the detector's case would clear, a person's stays for a person."""
    store, shipment = desk
    case_id, _ = open_one(store, shipment, "damaged")
    address, _ = open_one(store, shipment, "wrong_address")
    store.write(heard, shipment, 74, scan(M.DELIVERED, 73.5))
    assert {c.id for c in store.read(cases.list_cases)} == {case_id, address}


def test_said_again_it_is_added_to_the_open_case(desk: tuple[Store, int]) -> None:
    """One open case of a kind about one thing; the detector's own counts, too."""
    store, shipment = desk
    [stalled] = store.read(cases.list_cases)
    assert open_one(store, shipment, "stalled") == (stalled.id, False)
    history = store.read(cases.history_of, stalled.id)
    assert (history[-1].event, history[-1].words) == (CaseEvent.CUSTOMER_SAID, "说是没动")


@pytest.mark.parametrize(
    ("type_id", "rank"), [("not_received", Rank.DISPUTE), ("refund_request", Rank.REFUND), ("quality", Rank.DISPUTE)]
)
def test_a_platforms_dispute_is_a_dispute_of_its_type(desk: tuple[Store, int], type_id: str, rank: Rank) -> None:
    """Whatever it is about it stands first, or where it is about money, second."""
    store, _ = desk
    of = case_types()[type_id]
    case_id, _ = store.write(dispute, "O-ZT1", "x", POLICY, now=at(73), by="shop", channel="api", of=of)
    case = store.read(cases.get, case_id)
    assert case is not None
    assert (case.kind, case.type, case.rank, case.status) == (Kind.DISPUTED, type_id, rank, CaseStatus.OPEN)
