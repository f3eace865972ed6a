"""What people do at the desk beside answering one case: many at once, by hand, with evidence, from shift to shift."""

from datetime import datetime

import pytest
from web_support import HOSTILE, HOUR, NOW, Browser, add_parcel, app_of, open_case

from domain.case import CaseEvent, CaseFact, Kind
from domain.case_types import Rank
from domain.people import Role
from store import cases, chat_queue, check, facts, files, handovers, people, tracking
from store.chat_queue import ChannelRow
from store.people import Person

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
SAID = "The customer waits for a new one; I call the station this afternoon."


@pytest.fixture
def sam(house):
    """A second agent."""
    chen = house.store.read(people.find_person, "chen")
    house.store.write(people.save_person, Person("sam", "Sam", "agent", "en", chen.password_hash))
    made = Browser(app_of(house)).sign_in("sam")
    yield made
    made.close()


def some(house, n=3):
    return [open_case(house, add_parcel(house, i), hours_left=10 + i) for i in range(1, n + 1)]


def owners(house, ids):
    return [house.store.read(cases.get, i).owner for i in ids]


def events(house, case_id):
    return [f.event for f in house.store.read(cases.history_of, case_id)]


# --- several at once -----------------------------------------------------------------------------------------------


def test_nothing_happens_before_it_is_approved(house, chen):
    """The dialog says how many it will be, and who can't; only then is it done, each case with its own fact."""
    ids = some(house)
    chen.post(f"/cases/{ids[0]}/acts", {"act": "acknowledge"})
    page = chen.post("/desk/bulk", {"act": "acknowledged", "case": [str(i) for i in [*ids, 999]]}).text
    assert "Acknowledge 2 cases?" in page
    assert "Not possible for 2:" in page
    assert "Chen Mo took it" in page or "took it" in page
    assert owners(house, ids) == ["chen", None, None]
    told = chen.post("/desk/bulk/do", {"act": "acknowledged", "key": "k", "case": [str(i) for i in ids]}).text
    assert "Acknowledged: 2" in told
    assert owners(house, ids) == ["chen"] * 3
    assert [events(house, i).count(CaseEvent.ACKNOWLEDGED) for i in ids] == [1, 1, 1]
    assert house.store.read(check.differences, now=NOW) == []


def test_an_assignment_is_taken_back(house, lin):
    """Each case goes to who had it before; one that has gone on since stays."""
    ids = some(house)
    lin.post(f"/cases/{ids[0]}/acts", {"act": "acknowledge"})
    form = {"act": "assigned", "key": "k", "to": "chen", "case": [str(i) for i in ids]}
    assert "Assigned: 3" in lin.post("/desk/bulk/do", form).text
    assert owners(house, ids) == ["chen"] * 3
    lin.post(f"/cases/{ids[2]}/acts", {"act": "assign", "to": "lin"})
    back = lin.post(
        "/desk/bulk/undo", {"key": "k", "to": "chen", "had": [f"{ids[0]}:lin", f"{ids[1]}:", f"{ids[2]}:"]}
    ).text
    assert "Taken back: 2" in back
    assert "gone on since" in back
    assert owners(house, ids) == ["lin", None, "lin"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"act": "assigned"}, "Choose to whom"),
        ({"act": "commented", "words": " "}, "write something"),
        ({"act": "snoozed", "words": "x", "until": "2026-11-22T13:00"}, "still ahead"),
        ({"act": "snoozed", "until": "later"}, "still ahead"),
        ({"act": "customer_told", "words": "x"}, "Choose what the customers were told"),
        ({"act": "customer_told", "words": "x", "told": "next_step"}, "needs a date"),
        ({"act": "customer_told", "words": "x", "told": "next_step", "next_at": "2026-11-22T13:00"}, "needs a date"),
    ],
)
def test_what_a_deed_needs_is_asked_for(house, chen, form, said):
    """Nothing is done without it, and what was picked stays picked."""
    ids = some(house)
    reply = chen.post("/desk/bulk/do", {**form, "case": [str(i) for i in ids]})
    assert reply.status_code == 422
    assert said in reply.text
    assert all(f'name="case" value="{i}"' in reply.text for i in ids)
    assert all(events(house, i) == [CaseEvent.OPENED] for i in ids)


def test_told_a_dated_next_step(house, chen):
    """The form's local time is the shop's; pressed twice it is done once."""
    ids = some(house)
    form = {
        "act": "customer_told", "key": "k", "words": "tomorrow", "told": "next_step", "next_at": "2026-11-23T18:00",
        "means": "wangwang", "case": [str(i) for i in ids],
    }  # fmt: skip
    for _ in range(2):
        chen.post("/desk/bulk/do", form)
    for i in ids:
        [told] = [f for f in house.store.read(cases.history_of, i) if f.event is CaseEvent.CUSTOMER_TOLD]
        assert told.data == {"means": "wangwang", "told": "next_step", "next_at": "2026-11-23T18:00:00+08:00"}


def test_many_are_put_off_until_a_time(house, chen):
    """Each with its own fact, promises run on, and at that time each is said again in the chat, once however often it is pressed."""
    ids = some(house)
    room = ChannelRow("matrix:desk", "matrix", "en", "Asia/Shanghai", "")
    house.store.write(chat_queue.set_channels, [room], now=NOW)
    form = {"act": "snoozed", "key": "k", "until": "2026-11-23T18:00", "case": [str(i) for i in ids]}
    for _ in range(2):
        assert "Put off: 3" in chen.post("/desk/bulk/do", form).text
    for i in ids:
        [put_off] = [f for f in house.store.read(cases.history_of, i) if f.event is CaseEvent.SNOOZED]
        assert put_off.data == {"until": "2026-11-23T18:00:00+08:00"}
        assert house.store.read(cases.get, i).promise_by is not None
    at = datetime.fromisoformat("2026-11-23T18:00:00+08:00")
    waiting = house.store.read(chat_queue.due, room.name, now=at, limit=50)
    reminders = [letter for letter in waiting if letter.kind == "reminder"]
    assert [letter.due_at for letter in reminders] == [at] * 3
    assert house.store.read(check.differences, now=NOW) == []


def test_whoever_may_only_look_is_refused_on_record(house):
    """403 and an audit row, for every one of these doors."""
    case_id = some(house, 1)[0]
    eve = Browser(app_of(house)).sign_in("eve")
    for path in ("/desk/bulk", "/desk/bulk/do", "/desk/bulk/undo", "/handover", f"/cases/{case_id}/handover", "/cases/new",
                 f"/cases/{case_id}/evidence", "/parcels/1/mark", "/handover/x", "/handover/x/withdraw"):  # fmt: skip
        assert eve.post(path, {"act": "acknowledged", "case": str(case_id)}).status_code == 403
    assert len([f for f in house.store.read(facts.history, "person", "eve") if f.event == "refused"]) == 10
    assert 'class="pick"' not in eve.get("/").text
    eve.close()


# --- by hand -------------------------------------------------------------------------------------------------------


def test_a_case_by_hand_with_its_photo(house, chen):
    """On a number, of a type, with a photo; sent twice it is one case."""
    add_parcel(house)
    form = {"ref": "73100000001", "type": "damaged", "text": "box crushed", "key": "once"}
    chen.get("/cases/new")
    first = chen.post("/cases/new", form, files={"photo": ("a.png", PNG, "image/png")})
    again = chen.post("/cases/new", form, files={"photo": ("a.png", PNG, "image/png")})
    assert (first.status_code, again.headers["location"]) == (303, first.headers["location"])
    case_id = int(first.headers["location"].rpartition("/")[2])
    case = house.store.read(cases.get, case_id)
    assert (case.kind, case.type, case.rank, case.order_ref) == (Kind.DAMAGED, "damaged", Rank.DUE, "A1")
    assert case.promise_by == NOW + 24 * HOUR
    assert len(house.store.read(files.of_subject, "case", str(case_id))) == 1
    page = chen.get(f"/cases/{case_id}").text
    assert "Damaged on the way" in page
    assert "/files/" in page
    assert house.store.read(check.differences, now=NOW) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"ref": "nowhere", "type": "damaged"}, "no parcel, order or return"),
        ({"ref": "A1", "type": "nonsense"}, "one of quality"),
        ({"ref": "73100000001", "type": "pickup_missed"}, "name the return"),
    ],
)
def test_a_case_that_cannot_be_opened_says_what_to_change(house, chen, form, said):
    """What was typed stays in the form; nothing is written, no photo left behind."""
    add_parcel(house)
    reply = chen.post("/cases/new", {**form, "text": "typed words"}, files={"photo": ("a.png", PNG, "image/png")})
    assert reply.status_code == 422
    assert said in reply.text
    assert "typed words" in reply.text
    assert house.store.read(files.how_many) == 0


def test_an_order_with_one_parcel_means_that_parcel(house, chen):
    """A type about parcels, named by the order: there is only one that it can be."""
    shipment = add_parcel(house)
    reply = chen.post("/cases/new", {"ref": "A1", "type": "lost"}, files={"photo": ("", b"")})
    case = house.store.read(cases.get, int(reply.headers["location"].rpartition("/")[2]))
    assert str(case.subject) == f"shipment:{shipment}"


def test_a_parcel_received_by_hand_and_taken_back(house, chen):
    """With how one knows, on the parcel's page, by whom; the reason is needed."""
    shipment = add_parcel(house)
    assert chen.post(f"/parcels/{shipment}/mark", {"mark": "received"}).status_code == 422
    form = {"mark": "received", "words": "customer rang", "next": "/parcels/73100000001"}
    assert chen.post(f"/parcels/{shipment}/mark", form).headers["location"] == "/parcels/73100000001"
    page = chen.get("/parcels/73100000001").text
    assert "Marked as received by Chen Mo" in page
    assert "customer rang" in page
    chen.post(f"/parcels/{shipment}/mark", {"mark": "unmarked", "words": "other parcel"})
    assert house.store.read(tracking.views, [shipment])[shipment].marked_at is None
    assert chen.post(f"/parcels/{shipment}/mark", {"mark": "stolen", "words": "x"}).status_code == 422


# --- evidence ------------------------------------------------------------------------------------------------------


def test_evidence_is_shown_and_never_run(house, chen):
    """A picture is shown, a chat saved, neither sniffed nor run, and the timeline says who added it."""
    [case_id] = some(house, 1)
    chen.post(f"/cases/{case_id}/evidence", {"excerpt": HOSTILE}, files={"photo": ("x.html", PNG, "text/html")})
    picture, chat = house.store.read(files.of_subject, "case", str(case_id))
    shown, saved = chen.get(f"/files/{picture.id}"), chen.get(f"/files/{chat.id}")
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline")
    assert saved.text == HOSTILE
    assert saved.headers["content-type"] == "text/plain; charset=utf-8"
    assert saved.headers["content-disposition"].startswith("attachment")
    for reply in (shown, saved):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in reply.headers["content-security-policy"]
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
    page = chen.get(f"/cases/{case_id}").text
    assert "evidence added" in page
    assert events(house, case_id).count(CaseEvent.PROOF_ADDED) == 2
    assert HOSTILE not in page


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"<svg/>", "Only photos"), (b"\xff\xd8\xff" + b"x" * 10_500_000, "10 MB"), (b"", "Choose a file")],
)
def test_what_is_no_evidence_is_refused_in_words(house, chen, data, said):
    """Nothing of it is kept."""
    [case_id] = some(house, 1)
    reply = chen.post(f"/cases/{case_id}/evidence", {}, files={"photo": ("a.jpg", data, "image/jpeg")})
    assert reply.status_code == 422
    assert said in reply.text
    assert house.store.read(files.how_many) == 0


def test_evidence_is_for_who_may_see_what_is_masked(house, chen, stranger):
    """A viewer sees that there is some; nobody else gets a byte."""
    [case_id] = some(house, 1)
    chen.post(f"/cases/{case_id}/evidence", {}, files={"photo": ("a.png", PNG)})
    eve = Browser(app_of(house)).sign_in("eve")
    assert eve.get("/files/1").status_code == 403
    assert "/files/" not in eve.get(f"/cases/{case_id}").text
    assert stranger.get("/files/1").status_code == 303
    assert chen.get("/files/99").status_code == 404
    assert house.store.read(people.find_person, "eve").role == Role.VIEWER
    eve.close()


# --- from shift to shift -------------------------------------------------------------------------------------------


def shift_of(house, chen, n=3):
    ids = some(house, n)
    for i in ids:
        chen.post(f"/cases/{i}/acts", {"act": "acknowledge"})
    return ids


def test_a_shift_is_handed_over(house, chen, sam):
    """Offered from a list, read with its summary, said again and confirmed; what isn't confirmed stays."""
    ids = shift_of(house, chen)
    assert all(f'value="{i}" checked' in chen.get("/handover").text for i in ids)
    offered = chen.post("/handover", {"to": "sam", "note": "mind the box", "case": [str(i) for i in ids]}).text
    assert "Offered to Sam: 3" in offered
    assert owners(house, ids) == ["chen"] * 3
    assert "handover waits for Sam" in chen.get("/").text
    assert "Chen Mo hands 3 cases over to you" in sam.get("/").text
    [item, *_] = house.store.read(handovers.waiting_for, "sam")
    url = f"/handover/{item.handover}"
    page = sam.get(url).text
    assert "The customer was promised an answer by" in page
    assert "mind the box" in page
    form = {"act": "confirm", "case": [str(i) for i in ids], f"say-{ids[0]}": SAID, f"say-{ids[1]}": "ok"}
    reply = sam.post(url, form)
    assert reply.status_code == 422
    assert "Say in a sentence of your own" in reply.text
    assert owners(house, ids) == ["sam", "chen", "chen"]
    sam.post(url, {"act": "decline", "reason": "off tomorrow", "case": str(ids[1])})
    chen.post(f"{url}/withdraw", {"case": str(ids[2])})
    assert "Nothing of this handover waits any more." in sam.get(url).text
    assert owners(house, ids) == ["sam", "chen", "chen"]
    assert house.store.read(check.differences, now=NOW) == []


def test_one_case_is_handed_over_from_its_page(house, chen, sam, lin):
    """Nobody but the other person confirms; the page says on whom it waits."""
    [case_id] = shift_of(house, chen, 1)
    chen.post(f"/cases/{case_id}/handover", {"to": "sam", "note": "n"})
    page = chen.get(f"/cases/{case_id}").text
    assert "Offered to Sam" in page
    assert "stays with Chen Mo" in page
    [item] = house.store.read(handovers.waiting_for, "sam")
    for other in (chen, lin):
        assert (
            other.post(f"/handover/{item.handover}", {"case": str(case_id), f"say-{case_id}": SAID}).status_code == 422
        )
    assert sam.post(f"/handover/{item.handover}", {"case": str(case_id), f"say-{case_id}": SAID}).status_code == 200
    assert owners(house, [case_id]) == ["sam"]


def test_an_unconfirmed_handover_is_shown_to_leads_and_in_the_morning(house, chen, sam, lin):
    """After its time: to leads on every queue, to all in the morning list."""
    [case_id] = shift_of(house, chen, 1)
    chen.post(f"/cases/{case_id}/handover", {"to": "sam"})
    late = "Handovers that nobody has confirmed"
    assert late not in lin.get("/").text
    house.now.set(NOW + 3 * HOUR)
    assert late in lin.get("/").text
    assert late not in chen.get("/").text
    assert late in chen.get("/?queue=morning").text
    assert sam.get("/handover/unknown").status_code == 404


def test_whom_a_rung_called_is_named_on_the_timeline(house, chen):
    """Several people may be called at once."""
    [case_id] = some(house, 1)
    fact = CaseFact(CaseEvent.ESCALATED, NOW, data={"rung": "desk", "to": ["chen", "lin"], "silent": False})
    house.store.write(cases.add, case_id, fact)
    assert "Chen Mo, 林晓" in chen.get(f"/cases/{case_id}").text
