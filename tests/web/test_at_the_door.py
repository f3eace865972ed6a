"""At the door: two tries and ten minutes before nobody is there, two ticks for an express firm, weight and photos beside the code."""

import msgspec
import pytest
from web_support import CODE, JSON, NOW, Browser, a_house, add_route, app_of

from config.settings import Collector
from domain.pickup import ReturnStatus
from store import files, returns

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
FIRM = Collector(id="fast", name="Fast", depots=("hz",), licence="国邮20110001A")


def act(browser, link, photos=(), **form):
    sent = [("photo", ("p.png", data, "image/png")) for data in photos] or None
    path = f"{link}/stops/r-li-1"
    return browser.post(path, {"id": str(form), **form}, csrf=False, headers=JSON, files=sent)


def opened(house):
    link, browser = add_route(house), Browser(app_of(house))
    assert browser.get(link).status_code == 200
    return link, browser


def stop(house):
    return house.store.read(returns.find_stop, "r-li-1")


@pytest.mark.parametrize("reason", ["absent", "unreachable"])
def test_nobody_is_there_only_after_two_tries(house, reason):
    """Said in words with the number; the stop stays open. A reason that isn't about reaching somebody needs none."""
    link, browser = opened(house)
    act(browser, link, action="arrived")
    house.now.set(NOW.replace(minute=11))
    refused = act(browser, link, action="failed", reason=reason, tries="1")
    assert (refused.status_code, refused.json()["code"]) == (422, "door_try_again")
    assert "2" in refused.json()["message"]
    assert stop(house).status == "arrived"
    assert act(browser, link, action="failed", reason=reason, tries="2").json()["status"] == "failed"
    assert stop(house).proof["tries"] == 2


def test_absent_counts_ten_minutes_after_the_arrival(house):
    """Without one, and before: refused, and until when; what a phone without a net did counts at the time when it was done."""
    link, browser = opened(house)
    assert act(browser, link, action="failed", reason="absent", tries="2").json()["code"] == "door_arrive_first"
    act(browser, link, action="arrived")
    house.now.set(NOW.replace(minute=9))
    assert act(browser, link, action="failed", reason="absent", tries="3").json()["code"] == "door_wait"
    house.now.set(NOW.replace(minute=15))
    assert act(browser, link, action="failed", reason="absent", tries="2", ago_s="400").json()["code"] == "door_wait"
    assert act(browser, link, action="failed", reason="absent", tries="2").json()["status"] == "failed"


def test_other_reasons_wait_for_nothing(house):
    link, browser = opened(house)
    assert act(browser, link, action="failed", reason="not_packed", tries="0").json()["status"] == "failed"


def test_an_express_firm_checks_identity_and_content_first(tmp_path):
    """Both ticks, or nothing is taken; who refuses is a reason of its own. Only the ticks are kept."""
    house = a_house(tmp_path, collectors=(msgspec.structs.replace(FIRM, express=True),))
    link, browser = opened(house)
    assert browser.get(link).text.count('name="identity_checked"') == 2
    for ticks in ({}, {"identity_checked": "yes"}, {"content_checked": "yes"}):
        assert act(browser, link, action="collected", code=CODE, **ticks).json()["code"] == "door_checks_missing"
    assert stop(house).status == "planned"
    both = {"identity_checked": "yes", "content_checked": "yes"}
    assert act(browser, link, action="collected", code=CODE, **both).json()["status"] == "collected"
    assert stop(house).proof == {"code": "matched", "identity_checked": True, "content_checked": True}
    path = f"{link}/stops/r-li-2"
    form = {"id": "x", "action": "failed", "reason": "check_refused"}
    assert browser.post(path, form, csrf=False, headers=JSON).json()["status"] == "failed"
    assert house.store.read(returns.find_stop, "r-li-2").fault == "customer"
    house.store.close()


def test_who_is_no_express_firm_ticks_nothing(house):
    link, browser = opened(house)
    assert "identity_checked" not in browser.get(link).text
    assert act(browser, link, action="collected", code=CODE).json()["status"] == "collected"


def test_weight_and_photos_are_kept_with_the_return_once(house):
    """The same action again adds nothing."""
    link, browser = opened(house)
    for _ in range(2):
        done = act(browser, link, [PNG], action="collected", code=CODE, weight_kg="1,25")
        assert done.json()["status"] == "collected"
    assert stop(house).proof == {"code": "matched", "weight_g": 1_250}
    assert [one.by for one in house.store.read(files.of_subject, "return", "R1")] == ["li"]


@pytest.mark.parametrize(
    ("form", "photos"),
    [({"weight_kg": "heavy"}, ()), ({"weight_kg": "900"}, ()), ({"weight_kg": "."}, ()), ({}, [b"no photo"])],
)
def test_what_can_not_be_kept_is_said_and_nothing_is_taken(house, form, photos):
    """Not the goods without their photo: all or nothing."""
    link, browser = opened(house)
    assert act(browser, link, photos, action="collected", code=CODE, **form).status_code == 422
    assert house.store.read(returns.find, "R1").status is ReturnStatus.PLANNED
    assert act(browser, link, action="collected", code=CODE).json()["status"] == "collected"
