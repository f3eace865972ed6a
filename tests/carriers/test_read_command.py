"""``doorstep carriers read``: exit codes, keys, odd files."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from carrier_support import ALL, FIXTURES, NOW, RECORDED

from carriers.read_command import carriers_read

KEYS = ["carrier", "number", "result", "no_data", "error", "moved_to", "parcels"]
EVENT_KEYS = ["code", "text", "milestone", "exception", "physical", "place", "at", "at_raw", "zone", "certainty"]
EXITS = {"found": 0, "not_found": 0, "error": 3}


def run(carrier: str, file: Path, **given: Any) -> int:
    asked = {"number": "1", "push": False, "status": 200, "headers": [], "now": NOW, **given}
    return carriers_read(carrier, file, **asked)


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.carrier}-{case.name}")
def test_the_report_has_exactly_the_documented_keys(case: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Others parse it: its keys are fixed, and the exit code says how it went."""
    asked = {**case.asked, "now": case.now}
    code = run(case.carrier, RECORDED / case.carrier / f"{case.name}.json", **asked)
    told = json.loads(capsys.readouterr().out)
    assert told == case.golden
    assert list(told) == KEYS
    assert code == EXITS[told["result"]]
    for parcel in told["parcels"]:
        assert list(parcel) == ["identity", "number", "leg", "state", "events"]
        assert list(parcel["state"]) == ["milestone", "exception", "manner", "delivered"]
        assert all(list(event) == EVENT_KEYS for event in parcel["events"])


@pytest.mark.parametrize(
    ("carrier", "given", "message"),
    [
        ("dpd", {}, "unknown carrier"),
        ("fedex", {"push": True}, "no push"),
        ("fedex", {"number": " "}, "--number"),
        ("fedex", {"headers": ["nonsense"]}, "--header"),
    ],
)
def test_bad_usage_is_told_on_stderr(
    carrier: str, given: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, nothing on stdout, the fix on stderr."""
    (tmp_path / "x.json").write_text("{}")
    assert run(carrier, tmp_path / "x.json", **given) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_a_missing_file_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The path and the fault are named."""
    assert run("fedex", tmp_path / "none.json") == 2
    assert "none.json" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_may_be_utf8_with_or_without_mark_or_gb18030(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recorded replies are saved by all sorts of editors."""
    body = (RECORDED / "kuaidi100" / "query_status_words.json").read_text(encoding="utf-8")
    (tmp_path / "x.json").write_bytes(body.encode(encoding))
    assert run("kuaidi100", tmp_path / "x.json", number="YT0000000000001") == 0
    assert "快件已由翡翠雅郡北区店代收" in capsys.readouterr().out


def test_the_reading_depends_on_the_given_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A signature dated after now changes nothing until then."""
    file = RECORDED / "kuaidi100" / "push_shutdown_signed.json"
    states = []
    for now in (NOW - timedelta(days=3), NOW):
        run("kuaidi100", file, number="P1", push=True, now=now)
        states.append(json.loads(capsys.readouterr().out)["parcels"][0]["state"]["delivered"])
    assert states == ["no", "yes"]


SHARED: list[tuple[str, str, str, bool, dict[str, Any]]] = [
    ("kuaidi100", "query_signed_out_of_order", "2234014274", False, {"result": "found"}),
    ("kuaidi100", "query_no_result", "1", False, {"result": "not_found", "no_data": "not_scanned"}),
    ("kuaidi100", "push_abort_wrong_carrier", "0000000000", True, {"no_data": "wrong_carrier", "moved_to": "yuantong"}),
    ("sf", "search_routes_delivered", "SF0000000000001", False, {"result": "found"}),
    ("sf", "search_routes_empty", "SF0000000000002", False, {"result": "not_found", "no_data": "not_scanned"}),
    ("sf", "http200_business_error", "SF1", False, {"result": "error"}),
    ("fedex", "InconsistentDateTimeResponse", "738488882438", False, {"result": "found"}),
    ("fedex", "TrackingResponse", "39936862321", False, {"result": "not_found", "no_data": "not_scanned"}),
    ("fedex", "TrackingResponse", "123456789012", False, {"result": "found"}),
    ("fedex", "ErrorResponse", "1", False, {"result": "error"}),
]


@pytest.mark.parametrize(("carrier", "name", "number", "push", "expected"), SHARED)
def test_shared_fixtures_read(
    carrier: str, name: str, number: str, push: bool, expected: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Replies recorded by others, kept outside of the project."""
    file = FIXTURES / carrier / f"{name}.json"
    if not file.exists():
        pytest.skip("../shared/fixtures is not here: recorded replies of others are kept outside of the project")
    run(carrier, file, number=number, push=push)
    told = json.loads(capsys.readouterr().out)
    assert {key: told[key] for key in expected} == expected
    for parcel in told["parcels"]:
        assert all(event["milestone"] != "unmapped" for event in parcel["events"])


def test_a_signature_undone_and_made_good_ends_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    """The shared list is unsorted, has an unpadded time, and a real signature four days after an undone one."""
    file = FIXTURES / "kuaidi100" / "query_signed_out_of_order.json"
    if not file.exists():
        pytest.skip("../shared/fixtures is not here: recorded replies of others are kept outside of the project")
    run("kuaidi100", file, number="2234014274")
    (parcel,) = json.loads(capsys.readouterr().out)["parcels"]
    assert parcel["state"] == {"milestone": "delivered", "exception": None, "manner": "self", "delivered": "yes"}
    assert [event["at"] for event in parcel["events"]] == sorted(event["at"] for event in parcel["events"])
    assert parcel["events"][0]["at_raw"] == "2016-11-11 18:11:16"
