"""The customer's own page: a signed link, no script, no personal data, what they say has one effect, and can be undone by the desk."""

import re
import struct
from urllib.parse import quote

import pytest
from engines import ON_BOTH
from web_support import HOSTILE, HOUR, NOW, Browser, add_parcel, app_of, open_case, scan

from domain.case import CaseEvent, CaseFact, CaseStatus, Kind, Subject, SubjectType
from domain.errors import RuleError
from domain.photos import without_place
from domain.telling import Step
from domain.tracking import Manner, Milestone
from doorstep.house import signer
from store import cases, facts, files, telling

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 0, b"IEND") + b"\xae\x42\x60\x82"
EN = {"Accept-Language": "en-GB,en;q=0.9"}


def link_of(house, order="A1"):
    return house.status_link(order).removeprefix(house.settings.doorstep.public_url)


def form_id(page):
    return re.search(r'name="id" value="([^"]+)"', page)[1]


def say(stranger, path, word, *, photo=None, key=None, words=""):
    page = stranger.get(path, headers=EN).text
    fields = {"id": key or form_id(page), "word": word, "words": words}
    found = re.search(r'name="shipment" value="(\d+)"', page)
    fields |= {"shipment": found[1]} if found else {}
    uploaded = (
        {"photo": ("a.png", photo, "image/png")}
        if photo is not None
        else {"photo": ("", b"", "application/octet-stream")}
    )
    return stranger.post(f"{path}/say", fields, csrf=False, files=uploaded, headers=EN)


def dispute_of(house):
    return [c for c in house.store.read(cases.open_for, Subject(SubjectType.ORDER, "A1")) if c.kind is Kind.DISPUTED]


def test_the_page_tells_where_the_parcel_is_and_nothing_personal(house, stranger):
    """In plain words and both languages, without script, out of every cache; the name masked, no phone, no address."""
    shipment = add_parcel(house)
    scan(house, shipment, "arrived", hours_ago=3, place="杭州转运中心")
    path = link_of(house)
    english = stranger.get(path, headers=EN)
    assert english.headers["cache-control"] == "no-store"
    assert "The parcel is on its way." in english.text
    assert "张**" in english.text
    for personal in ("张三丰", "梧桐路", "138", "z@example.com", "西渡区"):
        assert personal not in english.text
    assert "<script" not in english.text
    assert "包裹正在路上" in stranger.get(path, headers={"Accept-Language": "zh-CN"}).text


@pytest.mark.parametrize("token", ["x", "IkExIg.aaaa.bbbb", "../orders", "%00"])
def test_a_forged_link_opens_nothing(house, stranger, token):
    add_parcel(house)
    assert stranger.get(f"/s/{quote(token, safe='%')}").status_code in {404, 410}


def test_a_link_of_another_purpose_opens_nothing(house, stranger):
    """A courier's link is signed by the same house, for something else."""
    add_parcel(house)
    token = signer(house.store, "route").dumps("A1")
    assert stranger.get(f"/s/{token}").status_code == 410


def test_guessing_is_slowed_down(house, stranger):
    """After ten forged links from one address, a good one has to wait as well."""
    add_parcel(house)
    for _ in range(10):
        assert stranger.get("/s/forged").status_code == 410
    assert stranger.get(link_of(house)).status_code == 429


def test_one_link_speaks_of_one_order_only(house, stranger):
    add_parcel(house, 1)
    add_parcel(house, 2)
    page = stranger.get(link_of(house, "A1")).text
    assert "73100000001" in page
    assert "73100000002" not in page


def test_received_settles_what_was_open_and_the_desk_can_undo_it(house, stranger, lin):
    """The customer has it: the case closes with that reason; undone, it is open again with a new promise."""
    shipment = add_parcel(house)
    case_id = open_case(house, shipment, hours_left=2, kind=Kind.MISDELIVERED)
    reply = say(stranger, link_of(house), "received")
    assert reply.status_code == 303
    case = house.store.read(cases.get, case_id)
    assert (case.status, case.close_reason) == (CaseStatus.RESOLVED, "settled.received")
    assert "I have it" not in stranger.get(link_of(house), headers=EN).text
    lin.post(f"/parcels/{shipment}/mark", {"mark": "unmarked", "words": "another parcel"})
    again = house.store.read(cases.get, case_id)
    assert again.is_open
    assert again.promise_by == NOW + 24 * HOUR
    told = [(f.event, f.by) for f in house.store.read(facts.history, "shipment", str(shipment))]
    assert told[1:] == [("marked_received", None), ("unmarked", "lin")]


def test_a_damaged_parcel_that_was_received_stays_a_case(house, stranger):
    """To have it doesn't make it whole."""
    case_id = open_case(house, add_parcel(house), kind=Kind.DAMAGED)
    say(stranger, link_of(house), "received")
    assert house.store.read(cases.get, case_id).is_open


@ON_BOTH
def test_not_received_though_delivered_opens_a_dispute(house, stranger):
    """What the customer says is on the case at once, in their words, and the promise runs."""
    shipment = add_parcel(house)
    scan(house, shipment, "signed", hours_ago=5, milestone=Milestone.DELIVERED, manner=Manner.OTHER)
    reply = say(stranger, link_of(house), "not_received", words="nobody was here, call 13912345678")
    assert reply.headers["location"].endswith("said=thanks_problem")
    [case] = dispute_of(house)
    said = house.store.read(cases.history_of, case.id)[-1]
    assert (said.event, said.by, said.data["said"]) == (CaseEvent.CUSTOMER_SAID, None, "not_received")
    assert "13912345678" not in str(house.store.read(cases.history_of, case.id)), "numbers in words are masked"
    page = stranger.get(reply.headers["location"], headers=EN).text
    assert "you hear from us by" in page
    assert "nobody was here" in page


def test_not_received_while_it_is_on_its_way_is_noted_only(house, stranger):
    """There is nothing to dispute yet; an open case hears of it."""
    shipment = add_parcel(house)
    scan(house, shipment, "moving", hours_ago=5)
    assert say(stranger, link_of(house), "not_received").headers["location"].endswith("said=thanks_on_way")
    assert dispute_of(house) == []
    case_id = open_case(house, shipment)
    say(stranger, link_of(house), "not_received")
    assert house.store.read(cases.history_of, case_id)[-1].event is CaseEvent.CUSTOMER_SAID


def test_a_form_sent_twice_has_one_effect(house, stranger):
    add_parcel(house)
    first = say(stranger, link_of(house), "damaged", key="k", words="broken")
    again = say(stranger, link_of(house), "damaged", key="k", words="broken")
    assert again.headers["location"].endswith("said=again")
    [case] = dispute_of(house)
    assert first.status_code == 303
    assert sum(f.event is CaseEvent.CUSTOMER_SAID for f in house.store.read(cases.history_of, case.id)) == 1


def test_a_photo_is_kept_with_the_case_and_shown_to_the_desk_only(house, stranger, lin):
    add_parcel(house)
    say(stranger, link_of(house), "damaged", photo=PNG)
    [case] = dispute_of(house)
    [row] = house.store.read(files.of_subject, "case", str(case.id))
    assert row.by == "customer"
    assert f"/files/{row.id}" in lin.get(f"/cases/{case.id}").text
    shown = lin.get(f"/files/{row.id}")
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert stranger.get(f"/files/{row.id}").status_code == 303
    eve = Browser(app_of(house)).sign_in("eve")
    assert eve.get(f"/files/{row.id}").status_code == 403
    eve.close()


@pytest.mark.parametrize(
    "data", [b"<svg onload=alert(1)>", b"%PDF-1.7", b"GIF89a", b"MZ\x90", b"\x89PNG\r\n\x1a\n" + bytes(8 * 1024 * 1024)]
)
def test_what_is_no_photo_or_too_large_is_refused_by_its_bytes(house, stranger, data):
    """Whatever its name and type say; and nothing of the form is done, so that it can be sent again."""
    add_parcel(house)
    reply = say(stranger, link_of(house), "damaged", photo=data)
    assert reply.status_code == 422
    assert "A photo must be" in reply.text
    assert dispute_of(house) == []


def test_a_body_larger_than_a_photo_is_not_read(house, stranger):
    add_parcel(house)
    reply = say(stranger, link_of(house), "damaged", photo=bytes(9 * 1024 * 1024))
    assert reply.status_code == 413


def test_hostile_words_stay_words(house, stranger, lin):
    """On the customer's page, on the case, on the record."""
    add_parcel(house, name=HOSTILE, address=HOSTILE)
    say(stranger, link_of(house), "wrong_item", words=HOSTILE)
    [case] = dispute_of(house)
    for page in (
        stranger.get(link_of(house)).text, lin.get(f"/cases/{case.id}").text, lin.get(f"/cases/{case.id}/customer").text,
        lin.get(lin.get("/orders/A1/customer").headers["location"]).text,
    ):  # fmt: skip
        assert "<script>alert" not in page
        assert "alert" in page


def test_ten_forms_in_ten_minutes_are_enough(house, stranger):
    add_parcel(house)
    codes = [say(stranger, link_of(house), "words", words=f"w{n}").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


@pytest.mark.parametrize("fields", [{"word": "x"}, {"word": "words"}, {"word": "received", "shipment": "999"}])
def test_a_form_that_says_nothing_does_nothing(house, stranger, fields):
    add_parcel(house)
    reply = stranger.post(f"{link_of(house)}/say", {"id": "k"} | fields, csrf=False, headers=EN)
    assert reply.status_code == 422
    assert "Please choose one." in reply.text


def test_a_guess_that_nobody_confirmed_is_not_on_the_page(house, stranger):
    """A stalled parcel's case shows once somebody at the desk has taken it; what the carrier said shows at once."""
    shipment = add_parcel(house)
    guess = open_case(house, shipment, kind=Kind.LOST)
    assert "presumed lost" not in stranger.get(link_of(house), headers=EN).text
    house.store.write(cases.add, guess, CaseFact(CaseEvent.ACKNOWLEDGED, NOW, "lin", "console"))
    assert "presumed lost" in stranger.get(link_of(house), headers=EN).text


def test_what_a_person_promised_is_on_the_page(house, stranger):
    case_id = open_case(house, add_parcel(house))
    next_at = NOW + 30 * HOUR
    data = {"told": "next_step", "means": "phone", "next_at": next_at.isoformat()}
    fact = CaseFact(CaseEvent.CUSTOMER_TOLD, NOW, "lin", "console", "We look for it until tomorrow.", data)
    house.store.write(cases.add, case_id, fact)
    page = stranger.get(link_of(house), headers=EN).text
    assert "We look for it until tomorrow." in page
    assert next_at.isoformat()[:16] in page
    assert "林晓" not in page


# --- is it really solved? --------------------------------------------------------------------------------------------


def asked_case(house):
    case_id = open_case(house, add_parcel(house))
    told = CaseFact(
        CaseEvent.CUSTOMER_TOLD, NOW - 2 * HOUR, "lin", "console", "", {"told": "outcome", "means": "phone"}
    )
    house.store.write(cases.add, case_id, told)
    house.store.write(cases.add, case_id, CaseFact(CaseEvent.RESOLVED, NOW - HOUR, "lin", "console"))
    house.store.write(telling.plan, case_id, 1, Step.FOLLOW_UP, due_at=NOW, now=NOW)
    house.store.write(telling.end, case_id, 1, Step.FOLLOW_UP, "sent", now=NOW)
    return case_id


@pytest.mark.parametrize(("answer", "status"), [("yes", CaseStatus.FOLLOWED_UP), ("no", CaseStatus.OPEN)])
def test_the_customer_says_whether_it_is_solved(house, stranger, answer, status):
    """Yes ends it; no opens it again with a new promise; the answer is on record, once."""
    case_id = asked_case(house)
    page = stranger.get(link_of(house), headers=EN).text
    assert "really solved?" in page
    fields = {"case": str(case_id), "id": "k", "solved": answer}
    stranger.post(f"{link_of(house)}/solved", fields, csrf=False)
    stranger.post(f"{link_of(house)}/solved", fields, csrf=False)
    case = house.store.read(cases.get, case_id)
    assert case.status is status
    assert case.promise_by == (NOW + 24 * HOUR if answer == "no" else case.promise_by)
    told = [f for f in house.store.read(cases.history_of, case_id) if f.event is CaseEvent.FOLLOWED_UP]
    assert [(f.by, f.data["solved"]) for f in told] == [(None, answer == "yes")]
    assert "really solved?" not in stranger.get(link_of(house), headers=EN).text


def test_another_orders_case_can_not_be_answered(house, stranger):
    case_id = asked_case(house)
    add_parcel(house, 2)
    reply = stranger.post(
        f"{link_of(house, 'A2')}/solved", {"case": str(case_id), "id": "k", "solved": "no"}, csrf=False
    )
    assert reply.headers["location"].endswith("said=again")
    assert not house.store.read(cases.get, case_id).is_open


def test_the_language_is_kept_for_the_messages_too(house, stranger):
    """The switch sets the page's language and the customer's."""
    from store import customers

    add_parcel(house)
    stranger.post(f"{link_of(house)}/language", {"lang": "en"}, csrf=False)
    assert "Where your parcel is" in stranger.get(link_of(house)).text
    assert house.store.read(customers.lang_of, "A1") == "en"


# --- photos ----------------------------------------------------------------------------------------------------------


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif(turned):
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0) + struct.pack(">HHII", 0x8825, 4, 1, 99)
    return b"Exif\x00\x00MM\x00\x2a" + struct.pack(">IH", 8, 2) + entries + b"\x00\x00\x00\x00GPS-SECRET"


@pytest.mark.parametrize("turned", [1, 6])
def test_a_jpeg_loses_where_it_was_taken_and_stays_upright(turned):
    """The picture's own bytes stay as they are."""
    scan_data = segment(0xDA, b"\x01\x01\x00") + b"picture\xff\x00bytes\xff\xd9"
    photo = (
        b"\xff\xd8" + segment(0xE0, b"JFIF\x00") + segment(0xE1, exif(turned)) + segment(0xFE, b"SECRET") + scan_data
    )
    kept = without_place(photo)
    assert b"SECRET" not in kept
    assert kept.endswith(scan_data)
    assert b"JFIF" in kept
    assert (b"Exif" in kept) == (turned != 1)
    if turned != 1:
        assert kept[kept.index(b"MM\x00\x2a") + 18 :][:2] == struct.pack(">H", turned)
    assert without_place(kept) == kept


def test_a_png_and_a_webp_lose_it_too():
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + b"crc!"

    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", b"x")
        + chunk(b"eXIf", b"SECRET")
        + chunk(b"tEXt", b"SECRET")
        + chunk(b"IDAT", b"p")
    )
    assert without_place(png) == b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"x") + chunk(b"IDAT", b"p")

    def riff(name, data):
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    body = b"WEBP" + riff(b"VP8X", b"\x1c" + bytes(9)) + riff(b"VP8 ", b"pic") + riff(b"EXIF", b"SECRET")
    kept = without_place(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert b"SECRET" not in kept
    assert b"VP8 " in kept
    assert kept[20] == 0x10
    assert struct.unpack("<I", kept[4:8])[0] == len(kept) - 8


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + kind + data


def heic(exif_at, *, inside=b""):
    """A photo of one picture and its Exif; ``exif_at``: where the Exif's nine bytes are, ``inside``: of those that are in `meta`."""
    infe = [
        box(b"infe", b"\2\0\0\0", struct.pack(">HH4s", n, 0, kind), b"\0") for n, kind in ((1, b"hvc1"), (2, b"Exif"))
    ]
    method = 1 if inside else 0
    rows = [struct.pack(">HHHHII", n, at, 0, 1, offset, 9) for n, at, offset in ((1, 0, 12), (2, method, exif_at))]
    iloc = box(b"iloc", b"\1\0\0\0\x44\0", struct.pack(">H", 2), *rows)
    meta = box(b"meta", b"\0\0\0\0", box(b"iinf", b"\0\0\0\0", struct.pack(">H", 2), *infe), iloc, box(b"idat", inside))
    return box(b"ftyp", b"heic\0\0\0\0") + meta + box(b"mdat", b"picture", b"" if inside else b"GPSSECRET")


def test_a_heic_loses_it_where_it_stands():
    """Blanked in the file or inside its own box; the picture and every offset stay."""
    whole = heic(0)
    photo = heic(whole.index(b"GPSSECRET"))
    assert without_place(photo) == photo.replace(b"GPSSECRET", bytes(9))
    photo = heic(2, inside=b"..GPSSECRET")
    assert without_place(photo) == photo.replace(b"GPSSECRET", bytes(9))


def test_a_heic_whose_metadata_cannot_be_found_is_refused():
    """With what to send instead, whatever is broken in it: nobody's place is kept by mistake."""
    whole = heic(heic(0).index(b"GPSSECRET"))
    broken = [b"\0\0\0\x10ftypheic\0\0\0\0", whole[:60], heic(10**6), whole.replace(b"iloc", b"free")]
    for data in broken:
        with pytest.raises(RuleError, match="JPEG"):
            without_place(data)


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff", b"\x89PNG\r\n\x1a\n\x00", b"RIFF\x00\x00\x00\x00WEBPVP8X"]
)
def test_a_broken_photo_breaks_nothing(data):
    assert isinstance(without_place(data), bytes)
