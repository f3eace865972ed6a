"""Kuaidi100's own carrier detection: how it is asked, what its replies mean."""

import pytest
from carrier_support import account_of, ok

from carriers import registry
from carriers.base import Account
from carriers.kuaidi100_detect import DETECT
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply


def kuaidi100(**given: str) -> Account:
    return account_of(registry.get("kuaidi100"), **given)


def test_kuaidi100_is_asked_by_a_form() -> None:
    """The key goes into the body, over https: addresses end up in logs."""
    request = DETECT.request("906919164534", kuaidi100())
    assert (request.method, request.url) == ("POST", "https://www.kuaidi100.com/autonumber/auto")
    assert request.body == b"num=906919164534&key=s3cr3t-of-key"
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert "s3cr3t" not in repr(request)


def test_another_address_is_asked_where_one_is_set() -> None:
    """A proxy or a simulated Kuaidi100 answers this question too."""
    request = DETECT.request("YT1", kuaidi100(base_url="http://127.0.0.1:9"))
    assert request.url == "http://127.0.0.1:9/autonumber/auto"


@pytest.mark.parametrize("number", ["", "9" * 33])
def test_kuaidi100_takes_numbers_of_up_to_32_characters(number: str) -> None:
    """Told here, before Kuaidi100 refuses it."""
    with pytest.raises(ValueError, match="1 to 32"):
        DETECT.request(number, kuaidi100())


@pytest.mark.parametrize(
    ("body", "carriers"),
    [
        ([{"lengthPre": 15, "comCode": "yuantong", "name": "圆通速递"}], ("yuantong",)),
        (
            [
                {"comCode": "shunfeng", "id": "", "noCount": 302236, "noPre": "9069", "startTime": ""},
                {"comCode": "yuantong", "id": "", "noCount": 24, "noPre": "9069", "startTime": ""},
                {"comCode": "shunfeng"},
                {"comCode": None},
                {"comCode": " "},
            ],
            ("shunfeng", "yuantong"),
        ),
        ([], ()),
        ([{"comCode": "a-code-of-tomorrow"}], ("a-code-of-tomorrow",)),
    ],
)
def test_kuaidi100s_codes_are_the_houses(body: list[object], carriers: tuple[str, ...]) -> None:
    """In its order, each once, verbatim."""
    assert DETECT.read(ok(body)) == carriers


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (ok({"returnCode": "601", "message": "POLL:KEY 已过期", "result": False}), AccessDenied),
        (ok({"returnCode": 701, "message": "Key missing", "result": False}), AccessDenied),
        (ok({"returnCode": "502", "message": "繁忙"}), Unreachable),
        (ok({"returnCode": "504", "message": "频繁"}), RateLimited),
        (ok({"returnCode": "999", "message": "?"}), UnreadableReply),
        (ok({}), UnreadableReply),
        (ok(b""), UnreadableReply),
        (ok(b"<html>"), UnreadableReply),
        (ok(b'[{"comCode": "yuan'), UnreadableReply),
        (ok(b'["yuantong"]'), UnreadableReply),
        (ok(b"\xef\xbb\xbf[1"), UnreadableReply),
        (HttpReply(401, {}, b""), AccessDenied),
        (HttpReply(429, {}, b""), RateLimited),
        (HttpReply(503, {}, b""), Unreachable),
    ],
)
def test_kuaidi100s_failures_are_outside_errors(reply: HttpReply, error: type[OutsideError]) -> None:
    """Also those inside HTTP 200; an unknown one is unreadable, never "no carrier"."""
    with pytest.raises(OutsideError) as caught:
        DETECT.read(reply)
    assert type(caught.value) is error


def test_a_byte_order_mark_is_no_fault() -> None:
    """As everywhere in the house."""
    assert DETECT.read(ok(b'\xef\xbb\xbf[{"comCode": "ems"}]')) == ("ems",)
