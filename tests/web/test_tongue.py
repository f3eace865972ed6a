"""How pages say codes: every one as words, people's own words untouched."""

from zoneinfo import ZoneInfo

import pytest
from web_support import NOW

from domain.pickup import WAITING_FOR_ROUTE, ReturnReason, ReturnStatus
from domain.returns import Return
from domain.shipment import Shipment
from doorstep.web.tongue import LANGS, Tongue

EN, ZH = (Tongue(lang, ZoneInfo("Asia/Shanghai"), NOW) for lang in ("en", "zh"))


def test_why_a_case_was_closed_is_said_in_words():
    """A rule closes with a code, a person with words of their own."""
    assert EN.said("cleared.lost") == "The parcel turned up."
    assert ZH.said("cleared.lost") != "cleared.lost"
    for text in ("found in the hall.", "cleared", "客户已收到", ""):
        assert EN.said(text) == text


@pytest.mark.parametrize(
    ("service", "said"),
    [("FEDEX_INTERNATIONAL_ECONOMY", "International economy"), ("标准快递", "标准快递"), ("EMS", "EMS"), ("", "")],
)
def test_a_wire_code_of_a_service_becomes_words(service, said):
    assert EN.service(Shipment("1", "fedex", "fedex", NOW, service=service)) == said


def test_a_short_window_is_told_in_seconds():
    assert EN.window(1) == "1 s"
    assert ZH.window(10) == "10 秒"
    assert EN.window(86_400) == "1 d"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("status", ReturnStatus)
def test_only_a_waiting_return_was_left_out_and_only_a_refused_one_refused(lang, status):
    """Whatever code stands in its row; a code that no table knows is told all the same, without showing it."""
    speech = Tongue(lang, ZoneInfo("Asia/Shanghai"), NOW)
    value = Return("R1", "A1", (), ReturnReason.QUALITY, NOW, status=status, unserved_code="odd_code")
    left, refused = speech.unserved(value), speech.refusal(value)
    assert bool(left) == (status in WAITING_FOR_ROUTE)
    assert bool(refused) == (status is ReturnStatus.REFUSED)
    assert "odd_code" not in left + refused
