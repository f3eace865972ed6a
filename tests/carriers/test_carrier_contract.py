"""The rules that every adapter in the registry keeps."""

import ast
import asyncio
import json
from datetime import UTC
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import respx
from carrier_support import (
    ALL,
    NOW,
    SECRET,
    Recorded,
    account_of,
    each_carrier,
    each_recorded,
    mutations,
    reading_of,
    shuffled,
)

from carriers import registry
from carriers.base import Carrier, Meaning, read_safely
from carriers.read_command import report
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.parcel import fold, timeline
from domain.tracking import Ask, Certainty, Failed, Found, Milestone, NotFound, Zone
from net.http import Http, HttpReply

CARRIERS_ROOM = Path(__file__).parents[2] / "carriers"
MUTATIONS_PER_REPLY = 200


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def asks_for(carrier: Carrier, count: int) -> list[Ask]:
    return [Ask(f"9{n}", carrier="zhongtong", phone4="1234") for n in range(count)]


def each_asked(*, asks: bool = True) -> pytest.MarkDecorator:
    """The carriers that are asked over HTTP, or those that nobody can ask."""
    carriers = [carrier for carrier in registry.CARRIERS.values() if carrier.asks is asks]
    return pytest.mark.parametrize("carrier", carriers, ids=lambda carrier: carrier.id)


@each_carrier()
def test_every_adapter_has_recorded_replies_of_each_outcome(carrier: Carrier) -> None:
    """An adapter is tested against recorded replies that were found, not found, and failed. Where nobody is asked, nobody
    can say that there is nothing.
    """
    outcomes = {case.golden["result"] for case in ALL if case.carrier == carrier.id}
    assert outcomes == {"found", "error"} | ({"not_found"} if carrier.asks else set())


@each_asked(asks=False)
def test_a_source_that_nobody_can_ask_says_so(carrier: Carrier) -> None:
    """A source without questions has no budgets, no tokens, no pushes, and a request is the caller's mistake."""
    assert (carrier.budgets, carrier.token, carrier.push, carrier.in_address) == ((), None, None, ())
    with pytest.raises(RuleError, match=f"^{carrier.id}: nobody to ask"):
        carrier.request(asks_for(carrier, 1), account_of(carrier), NOW, "nonce")


@each_recorded()
def test_a_recorded_reply_reads_as_its_golden_report(case: Recorded) -> None:
    """What an adapter makes of a reply doesn't change unnoticed."""
    told = report(case.carrier, case.asked["number"], reading_of(case), now=case.now)
    assert as_json(told) == case.golden


@each_carrier()
def test_every_row_of_a_vocabulary_names_its_source(carrier: Carrier) -> None:
    """A meaning without a source is a guess; a trouble without a reason can't be worded."""
    assert len(carrier.vocabulary) >= 10
    for code, row in carrier.vocabulary.items():
        assert isinstance(row, Meaning)
        assert len(row.source) >= 4, code
        assert row.milestone is not Milestone.UNMAPPED, code
        assert row.reason is not None or row.milestone is not Milestone.EXCEPTION, code


@pytest.mark.parametrize("module", sorted(CARRIERS_ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_each_code_is_mapped_once(module: Path) -> None:
    """Python silently keeps the last of two equal keys: no literal table may have two."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            keys = [ast.dump(key) for key in node.keys if key is not None]
            assert len(keys) == len(set(keys)), f"{module.name}:{node.lineno}"


@each_recorded()
def test_codes_texts_and_times_are_kept_verbatim(case: Recorded) -> None:
    """Every code, text and raw time of an event stands in the reply as it is."""
    reading = reading_of(case)
    said = set(_strings(json.loads(case.body))) if isinstance(reading, Found) else set()
    for event in (e for parcel in getattr(reading, "parcels", ()) for e in parcel.events):
        assert event.text in said | {""}
        assert event.time.raw in said | {""} or set(event.time.raw.split()) <= said  # date and time in two fields
        if event.code is None or event.code.startswith("text:"):
            assert (event.code or "").removeprefix("text:") in event.text
        else:
            assert all(part in said | {""} for part in event.code.split("/"))


def _strings(value: Any) -> list[str]:
    if isinstance(value, str) and value.startswith("{"):
        return _strings(json.loads(value))
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [str(value)]


@each_recorded()
def test_times_are_aware_and_say_what_told_their_zone(case: Recorded) -> None:
    """A time is aware UTC with evidence of its zone, or it isn't there at all."""
    for event in (e for parcel in getattr(reading_of(case), "parcels", ()) for e in parcel.events):
        time = event.time
        assert (time.at is None) == (time.zone is Zone.NONE) == (time.certainty is Certainty.UNKNOWN)
        assert time.at is None or time.at.tzinfo is UTC


@each_carrier()
@pytest.mark.parametrize("count", [1, 3])
def test_there_is_exactly_one_reading_per_ask(carrier: Carrier, count: int) -> None:
    """Whatever the reply holds, each ask gets one answer."""
    asks = asks_for(carrier, count)
    for case in (case for case in ALL if case.carrier == carrier.id and not case.asked["push"]):
        assert len(read_safely(carrier, case.reply(), asks, NOW)) == count


STATUSES = [
    (401, AccessDenied),
    (403, AccessDenied),
    (408, Unreachable),
    (429, RateLimited),
    (500, Unreachable),
    (502, Unreachable),
    (503, Unreachable),
    (504, Unreachable),
    (302, UnreadableReply),
    (418, UnreadableReply),
]


@each_carrier()
@pytest.mark.parametrize(("status", "error"), STATUSES)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
def test_every_http_status_is_the_error_that_it_stands_for(
    carrier: Carrier, status: int, error: type[OutsideError], body: bytes
) -> None:
    """A status means the same for every source, whatever page comes with it."""
    (reading,) = read_safely(carrier, HttpReply(status, {"retry-after": "17"}, body), asks_for(carrier, 1), NOW)
    assert isinstance(reading, Failed)
    assert type(reading.error) is error
    if isinstance(reading.error, RateLimited):
        assert reading.error.retry_after_s == 17


@each_asked()
@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout, httpx.ConnectTimeout, httpx.ConnectError, httpx.RemoteProtocolError]
)
@respx.mock
def test_no_reply_at_all_is_unreachable_and_names_no_secret(carrier: Carrier, fault: type[httpx.HTTPError]) -> None:
    """A time-out or a refused connection is worth another try, and its message may be logged."""
    respx.route().mock(side_effect=fault("secret in here: " + SECRET))

    async def ask() -> None:
        async with Http(carrier.id) as http:
            await http.send(carrier.request(asks_for(carrier, 1), account_of(carrier), NOW, "nonce"))

    with pytest.raises(Unreachable) as caught:
        asyncio.run(ask())
    assert SECRET not in str(caught.value)


@each_recorded()
def test_a_reply_cut_anywhere_is_unreadable(case: Recorded) -> None:
    """Half a reply is never half an answer."""
    if case.asked["status"] != 200:
        return
    for cut in range(0, len(case.body.rstrip()) - 1, max(1, len(case.body) // 40)):
        reading = reading_of(case, case.body[:cut])
        assert isinstance(reading, Failed)
        assert type(reading.error) is UnreadableReply


@each_recorded()
def test_a_mutated_reply_gives_a_reading_or_an_outside_error(case: Recorded) -> None:
    """Whatever the outside sends, only what it did wrong is raised, and the rest of the house can work with it."""
    rng = Random(case.name)
    for body in mutations(case.body, rng, MUTATIONS_PER_REPLY):
        reading = reading_of(case, body)
        assert isinstance(reading, Found | NotFound | Failed)
        if isinstance(reading, Failed):
            assert isinstance(reading.error, OutsideError)
        as_json(report(case.carrier, case.asked["number"], reading, now=case.now))


@each_recorded()
def test_the_order_of_a_reply_changes_nothing(case: Recorded) -> None:
    """Sources sort as they like, and pushes come as they come."""
    if case.golden["result"] != "found":
        return
    for seed in range(5):
        reading = reading_of(case, shuffled(case.body, Random(seed)))
        told = as_json(report(case.carrier, case.asked["number"], reading, now=case.now))
        assert _by_identity(told) == _by_identity(case.golden)


def _by_identity(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "parcels": sorted(told["parcels"], key=lambda parcel: str(parcel["identity"]))}


@each_recorded()
def test_reading_a_reply_again_is_free(case: Recorded) -> None:
    """The same reply gives the same reading, and its events taken twice are its events."""
    reading = reading_of(case)
    again = reading_of(case)
    assert reading == again or isinstance(reading, Failed)
    for parcel in getattr(reading, "parcels", ()):
        twice = parcel.events + parcel.events
        assert timeline(case.carrier, twice) == timeline(case.carrier, parcel.events)
        assert fold(twice, now=case.now) == fold(parcel.events, now=case.now)


@each_asked()
def test_a_request_goes_out_encrypted_with_no_secret_in_its_address(carrier: Carrier) -> None:
    """Addresses end up in logs and proxies. Where a source's document wants a setting there, the adapter names it, and
    nothing else slips in beside it.
    """
    request = carrier.request(asks_for(carrier, 1), account_of(carrier), NOW, "nonce")
    assert request.url.startswith("https://")
    rest = request.url
    for name in carrier.in_address:
        assert SECRET + name in rest
        rest = rest.replace(SECRET + name, "")
    assert SECRET not in rest


@each_carrier()
def test_an_account_can_be_logged(carrier: Carrier) -> None:
    """What identifies an account may be printed, what proves it may not."""
    assert SECRET not in repr(account_of(carrier))


@each_asked()
def test_the_same_ask_at_the_same_time_is_the_same_request(carrier: Carrier) -> None:
    """Requests hold no clock and no chance of their own."""
    account, asks = account_of(carrier), asks_for(carrier, 1)
    assert carrier.request(asks, account, NOW, "n") == carrier.request(asks, account, NOW, "n")


@each_asked()
def test_a_batch_never_exceeds_what_the_source_takes(carrier: Carrier) -> None:
    """Too many numbers are refused here, with the limit, before the source refuses them."""
    with pytest.raises(ValueError, match=f"{carrier.batch_size}|one number"):
        carrier.request(asks_for(carrier, carrier.batch_size + 1), account_of(carrier), NOW, "nonce")
