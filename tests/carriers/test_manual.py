"""Manual events: one row and a whole file read alike, and a row at fault names its field and the fix."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from carrier_support import NOW, ok

from carriers.base import read_safely
from carriers.manual import CARRIER, FIELDS, MAX_NUMBER, MAX_TEXT, MILESTONES, parse_event, parse_leg
from carriers.read_command import carriers_read
from domain.errors import RuleError, UnreadableReply
from domain.tracking import Ask, Certainty, Failed, Found, Leg, Manner, Milestone, Reading, Reason, Zone

ROW: dict[str, Any] = {"number": "M1", "at": "2026-11-20 10:00", "milestone": "delivered"}


def row(**more: Any) -> dict[str, Any]:
    return {**ROW, **more}


def read(*rows: object, number: str = "M1") -> Reading:
    return read_safely(CARRIER, ok({"events": list(rows)}), [Ask(number)], NOW)[0]


def test_a_row_is_a_number_and_an_event() -> None:
    """Every field finds its place, texts as they were written."""
    raw = row(text=" 邻居代收 ", place="上海/浦东", manner="neighbour", code="X7", leg="out")
    number, event = parse_event(raw, NOW)
    assert number == "M1"
    assert (event.text, event.place, event.code) == (" 邻居代收 ", "上海/浦东", "X7")
    assert (event.milestone, event.manner, event.reason) == (Milestone.DELIVERED, Manner.NEIGHBOUR, None)
    assert event.physical is None


def test_a_file_is_read_by_the_code_that_reads_a_row() -> None:
    """What an import takes row by row is what the command shows."""
    raws = [row(text="a"), row(text="b", at="2026-11-21T08:00:00+01:00", milestone="info")]
    reading = read(*raws)
    assert isinstance(reading, Found)
    assert list(reading.parcels[0].events) == [parse_event(raw, NOW)[1] for raw in raws]


@pytest.mark.parametrize("milestone", list(Milestone))
def test_every_milestone_of_the_formats_is_taken(milestone: Milestone) -> None:
    """By its own name, in any case; an exception that says no reason is other."""
    _, event = parse_event(row(milestone=milestone.value.upper() + " "), NOW)
    assert event.milestone is milestone
    assert event.reason is (Reason.OTHER if milestone is Milestone.EXCEPTION else None)
    assert (milestone.value in MILESTONES) == (milestone is not Milestone.UNMAPPED)


def test_a_milestone_that_nobody_knows_stays_unmapped_in_its_own_words() -> None:
    """The word is the event's code where it brings none; its reason is kept."""
    _, event = parse_event(row(milestone="Teleported", text="嗖", reason="other"), NOW)
    assert (event.milestone, event.code, event.text, event.reason) == (
        Milestone.UNMAPPED, "Teleported", "嗖", Reason.OTHER,
    )  # fmt: skip
    assert parse_event(row(milestone="Teleported", code="T"), NOW)[1].code == "T"


@pytest.mark.parametrize(
    ("at", "zone", "expected", "evidence", "certainty"),
    [
        ("2026-11-20T10:00:00+01:00", None, (20, 9), Zone.OFFSET, Certainty.EXACT),
        ("2026-11-20T10:00:00Z", "Asia/Tokyo", (20, 10), Zone.OFFSET, Certainty.EXACT),
        ("2026-11-20 10:00", None, (20, 2), Zone.ASSUMED_CARRIER, Certainty.ASSUMED),
        ("2026年11月20日 10:00", "", (20, 2), Zone.ASSUMED_CARRIER, Certainty.ASSUMED),
        ("2026-11-20 10:00", "Europe/Berlin", (20, 9), Zone.UTC_FIELD, Certainty.EXACT),
        ("2026-11-20", None, (19, 16), Zone.ASSUMED_CARRIER, Certainty.DATE_ONLY),
        ("2026-11-20", "Europe/Berlin", (19, 23), Zone.UTC_FIELD, Certainty.DATE_ONLY),
    ],
)
def test_an_offset_tells_the_zone_else_the_event_does_else_it_is_china(
    at: str, zone: str | None, expected: tuple[int, int], evidence: Zone, certainty: Certainty
) -> None:
    """The time as it was written is kept, and what told its zone."""
    _, event = parse_event(row(at=at, zone=zone), NOW)
    assert event.time.at == datetime(2026, 11, *expected, tzinfo=UTC)
    assert (event.time.raw, event.time.zone, event.time.certainty) == (at, evidence, certainty)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "number: missing: write the tracking number"),
        (row(number=" "), "number: missing"),
        (row(number=None), "number: missing"),
        (row(number=True), "number: must be a text, not bool"),
        (row(number=7.5), "number: must be a text, not float"),
        (row(number="9" * (MAX_NUMBER + 1)), f"number: longer than {MAX_NUMBER}"),
        ({"number": "M1", "milestone": "info"}, "at: missing"),
        (row(at="yesterday"), "at: 'yesterday' is no time: write 2026-"),
        (row(at="2026-13-01"), "at: '2026-13-01' is no time"),
        (row(at="2062-11-20"), "at: '2062-11-20' is more than a year ahead: correct the year"),
        (row(milestone=""), "milestone: missing: write a milestone of docs/formats.md"),
        (row(milestone=["delivered"]), "milestone: must be a text, not list"),
        (row(reason="tired"), "reason: 'tired' isn't one of delayed, lost"),
        (row(manner="pigeon"), "manner: 'pigeon' isn't one of self, other"),
        (row(milestone="in_transit", manner="self"), "manner: only a delivered event has one: leave it out"),
        (row(leg="back"), "leg: 'back' isn't one of out, return"),
        (row(zone="Mars/Olympus"), "zone: 'Mars/Olympus' is no time zone: write one such as"),
        (row(zone="Asia"), "zone: 'Asia' is no time zone"),
        (row(zone="../../etc/passwd"), "zone: '../../etc/passwd' is no time zone"),
        (row(text="x" * (MAX_TEXT + 1)), f"text: longer than {MAX_TEXT}"),
        (row(text={}), "text: must be a text, not dict"),
        (row(tiem="10:00"), "tiem: no such field: use one of number, at, milestone"),
    ],
)
def test_a_row_at_fault_names_its_field_and_the_fix(raw: dict[str, Any], message: str) -> None:
    """The same words reach who imports it and who reads a file with it."""
    with pytest.raises(RuleError) as caught:
        parse_event(raw, NOW)
    assert str(caught.value).startswith(message)
    reading = read(raw)
    assert isinstance(reading, Failed)
    assert type(reading.error) is UnreadableReply
    assert f"event 1: {message}"[:100] in str(reading.error)


def test_a_number_may_come_bare() -> None:
    """Spreadsheets and scripts write digits without quotes."""
    assert parse_event(row(number=70000000003), NOW)[0] == "70000000003"


def test_one_file_may_speak_of_several_numbers() -> None:
    """A row at fault fails its own number; a number in another spelling is the same; one that isn't there fails."""
    reply = ok({"events": [row(), row(number="M2", reason="tired"), row(number=" m 3 "), row(number="M3", text="b")]})
    asks = [Ask("M1"), Ask("M2"), Ask("M3"), Ask("M4")]
    first, second, third, fourth = read_safely(CARRIER, reply, asks, NOW)
    assert isinstance(first, Found)
    assert isinstance(third, Found)
    assert [len(reading.parcels[0].events) for reading in (first, third)] == [1, 2]
    for failed, words in ((second, "event 2: reason"), (fourth, "no event mentions M4")):
        assert isinstance(failed, Failed)
        assert type(failed.error) is UnreadableReply
        assert words in str(failed.error)


def test_a_row_that_may_be_anybodys_makes_the_file_unreadable() -> None:
    """Without its number nobody can tell whose event is missing."""
    reading = read(row(), {"at": "2026-11-20", "milestone": "delivered"})
    assert isinstance(reading, Failed)
    assert "event 2: number: missing" in str(reading.error)


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": None}, {"events": ["x"]}, [ROW], "x"])
def test_what_is_no_file_of_events_is_unreadable(body: object) -> None:
    """The form is documented, and nothing else is taken for it."""
    (reading,) = read_safely(CARRIER, ok(body), [Ask("M1")], NOW)
    assert isinstance(reading, Failed)
    assert type(reading.error) is UnreadableReply


def test_the_leg_is_the_parcels() -> None:
    """One leg alone needs no other identity; both are told apart by it, the way out first."""
    back = row(leg="return", milestone="picked_up", at="2026-11-21 10:00")
    assert (parse_leg(row()), parse_leg(back)) == (Leg.OUT, Leg.RETURN)
    alone, both = read(back), read(back, row())
    assert isinstance(alone, Found)
    assert isinstance(both, Found)
    assert [(p.leg, p.identity) for p in alone.parcels] == [(Leg.RETURN, None)]
    assert [(p.leg, p.identity) for p in both.parcels] == [(Leg.OUT, "out"), (Leg.RETURN, "return")]


def test_an_event_dated_ahead_is_kept_and_counts_later() -> None:
    """Only a date that must be a slip is refused."""
    reading = read(row(at="2026-12-24 10:00"))
    assert isinstance(reading, Found)
    assert reading.parcels[0].events[0].milestone is Milestone.DELIVERED


def test_the_documents_name_every_field() -> None:
    """Whoever writes events finds each field in the table of the document."""
    text = (Path(__file__).parents[2] / "docs" / "carriers" / "manual.md").read_text(encoding="utf-8")
    assert all(f"`{field}`" in text for field in FIELDS)


def test_the_command_reads_a_file_of_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """doorstep carriers read manual FILE --number N, without any configuration."""
    file = tmp_path / "events.json"
    file.write_bytes(json.dumps({"events": [row(text="邻居代收")]}, ensure_ascii=False).encode("gb18030"))
    given: dict[str, Any] = {"push": False, "status": 200, "headers": [], "now": NOW}
    assert carriers_read("manual", file, number="M1", **given) == 0
    (parcel,) = json.loads(capsys.readouterr().out)["parcels"]
    assert parcel["state"] == {"milestone": "delivered", "exception": None, "manner": "unknown", "delivered": "yes"}
    assert parcel["events"][0]["text"] == "邻居代收"
    assert carriers_read("manual", file, number="M2", **given) == 3
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "UnreadableReply"
    assert carriers_read("manual", file, number="M1", **{**given, "push": True}) == 0  # it has one form only
    assert json.loads(capsys.readouterr().out)["parcels"] == [parcel]
