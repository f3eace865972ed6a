"""The claims' pages: the queue, one claim, its evidence and its pack."""

import csv
import hashlib
import io
import json
import re
import zipfile
import zlib

import pytest
from engines import ON_BOTH
from web_support import HOSTILE, NOW, add_parcel, open_case, scan

from domain.case import CaseEvent, CaseFact, Kind
from domain.claim import ClaimState
from domain.tracking import Manner, Milestone
from doorstep.claim_pack import plain_cell
from doorstep.pdf import Cell, Pdf
from monitor.tick import look_around
from store import cases, check, claims, facts, files

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
BAD_NAMES = [
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    HOSTILE,
    "a\\(b)c",
    "😀 emoji",
    "\u202etxt.exe",
    "a\r\nb",
]


def a_claim(house, n: int = 1, kind: Kind = Kind.MISDELIVERED, **customer) -> int:
    """A parcel with a story and the claim that came of it."""
    shipment = add_parcel(house, n, **customer)
    scan(house, shipment, "已到达", hours_ago=60, place="杭州转运中心", physical=True)
    scan(
        house, shipment, "驿站代收", hours_ago=20, place="杭州", milestone=Milestone.DELIVERED, manner=Manner.POINT
    )  # fmt: skip
    case = open_case(house, shipment, kind=kind)
    house.store.write(look_around, house.policy, now=NOW)
    found = [row for row in house.store.read(claims.queue, list(ClaimState)) if row.claim.case_id == case]
    return found[0].id


def upload(browser, claim: int, data: bytes, name: str = "p.png", item: str = "delivery_photo"):
    form = {"csrf": browser.csrf, "item": item}
    return browser._runner.run(
        browser._client.post(f"/claims/{claim}/files", data=form, files={"file": (name, data, "image/png")})
    )


def pack(browser, claim: int, kind: str = "zip", lang: str = "en") -> bytes:
    reply = browser.post(f"/claims/{claim}/pack", {"kind": kind, "lang": lang})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-disposition"].startswith("attachment")
    return reply.content


def test_the_queue_shows_deadline_rule_and_certainty(house, chen):
    claim = a_claim(house)
    page = chen.get("/claims").text
    assert f'href="/claims/{claim}"' in page
    assert "file by" in page
    assert "second-hand" in page
    assert "民法典" in page
    assert "No claims" in chen.get("/claims?state=paid").text
    assert chen.get("/claims?state=nonsense").status_code == 200


@ON_BOTH
def test_a_claim_goes_its_way_by_forms(house, chen):
    """Filed, partly paid, appealed, paid: the sums are on the queue."""
    claim = a_claim(house)
    chen.get(f"/claims/{claim}")

    def act(event: str, **fields: str) -> str:
        reply = chen.post(f"/claims/{claim}/acts", {"event": event, **fields})
        assert reply.status_code == 303
        return chen.get(reply.headers["location"]).text

    assert "ZT-9" in act("filed", claimed_cents="200.50", reference="ZT-9")
    assert "can&#39;t be read" in act("paid", amount_cents="abc")
    assert "Enter the amount that came in" in act("paid")
    act("partly_paid", amount_cents="100")
    act("appealed", to="postal_12305", words="too little")
    page = act("paid", amount_cents="100.50")
    assert "Paid" in page
    row = house.store.read(claims.get, claim)
    assert (row.claim.state, row.claim.claimed_cents, row.claim.recovered_cents) == (ClaimState.PAID, 20_050, 20_050)
    assert "can&#39;t do that" in act("denied")
    assert "¥200.50" in chen.get("/claims?state=paid").text
    assert [str(one) for one in house.store.read(check.differences, now=NOW)] == []


@pytest.mark.parametrize("path", ["acts", "pack", "files"])
def test_only_agents_act_and_a_refusal_is_on_record(house, stranger, path):
    claim = a_claim(house)
    stranger.sign_in("eve")
    assert stranger.get(f"/claims/{claim}").status_code == 200
    assert stranger.post(f"/claims/{claim}/{path}", {"event": "filed"}).status_code == 403
    refused = house.store.read(facts.history, "person", "eve")
    assert refused[-1].event == "refused"
    assert refused[-1].data["path"] == f"/claims/{claim}/{path}"


def test_a_form_of_another_site_is_refused(house, chen):
    claim = a_claim(house)
    assert chen.post(f"/claims/{claim}/acts", {"event": "filed"}, csrf=False).status_code == 403
    assert chen.post(f"/claims/{claim}/pack", {}, csrf=False).status_code == 403
    chen.csrf = "wrong"
    assert upload(chen, claim, PNG).status_code == 403


def test_no_link_puts_words_into_the_pages_mouth(house, chen):
    claim = a_claim(house)
    assert "all your money" not in chen.get(f"/claims/{claim}?why=all+your+money").text
    assert "all your money" not in chen.get("/enquiries?what=done&done=all+your+money").text


def test_evidence_is_complete_when_everything_is_there(house, chen):
    """The consent record is wanted because the parcel was left at a station; a file makes it complete."""
    claim = a_claim(house)
    page = chen.get(f"/claims/{claim}").text
    assert page.count("held-have") == 2  # tracking and the order's prices
    assert "consent to a locker" in page
    for item in (
        "delivery_photo",
        "consent_record",
        "weight_record",
        "statement_of_non_receipt",
        "promise",
        "contact_log",
    ):
        assert upload(chen, claim, PNG + item.encode(), item=item).status_code == 303
    assert "8 of 8 there" in chen.get(f"/claims/{claim}").text


def test_what_is_no_photo_is_refused_with_the_reason(house, chen):
    claim = a_claim(house)
    chen.get(f"/claims/{claim}")
    reply = upload(chen, claim, b"#!/bin/sh\nrm -rf /", "photo.png")
    assert "JPEG, PNG" in chen.get(reply.headers["location"]).text
    assert house.store.read(files.of_subject, "claim", str(claim)) == []


def test_the_pack_is_the_same_bytes_for_the_same_facts(house, chen):
    """Also when it was exported before: exports are on record and no part of the story."""
    claim = a_claim(house)
    chen.get(f"/claims/{claim}")
    upload(chen, claim, PNG)
    for kind in ("zip", "pdf"):
        assert pack(chen, claim, kind) == pack(chen, claim, kind)
    exported = [f for f in house.store.read(claims.history_of, claim) if f.event.value == "exported"]
    assert len(exported) == 4
    assert exported[0].by == "chen"
    assert exported[0].data["sha256"] == hashlib.sha256(pack(chen, claim)).hexdigest()


def test_the_manifest_names_every_file_with_its_hash(house, chen):
    claim = a_claim(house)
    chen.get(f"/claims/{claim}")
    upload(chen, claim, PNG)
    with zipfile.ZipFile(io.BytesIO(pack(chen, claim, lang="zh"))) as packed:
        told = json.loads(packed.read("manifest.json"))
        names = [one["path"] for one in told["files"]]
        assert sorted([*names, "manifest.json"]) == sorted(packed.namelist())
        assert names == ["claim.zh.pdf", "history.csv", "timeline.txt", "files/01-delivery_photo.png"]
        for one in told["files"]:
            assert hashlib.sha256(packed.read(one["path"])).hexdigest() == one["sha256"]
        assert packed.read("files/01-delivery_photo.png") == PNG
        assert "驿站代收" in packed.read("history.csv").decode("utf-8-sig")
    assert told["evidence"]["delivery_photo"] == "have"


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_hostile_texts_break_neither_zip_nor_csv_nor_pdf(house, chen, bad):
    """Names, notes, scans and file names are data: no formula, no path, no markup, no broken file."""
    claim = a_claim(house, name=bad)
    shipment = house.store.read(claims.get, claim).claim.shipment_id
    scan(house, shipment, bad, hours_ago=10, place=bad)
    chen.get(f"/claims/{claim}")
    chen.post(f"/claims/{claim}/acts", {"event": "commented", "words": f"x {bad}"})
    upload(chen, claim, PNG, name=f"../../etc/{bad}")
    data = pack(chen, claim)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        assert all(re.fullmatch(r"(files/\d\d-)?[\w.-]+", name) for name in packed.namelist())
        rows = list(csv.reader(io.StringIO(packed.read("history.csv").decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        readable_pdf(packed.read("claim.en.pdf"))
    page = chen.get(f"/claims/{claim}").text
    assert "<script>alert" not in page


def test_personal_data_stays_out_of_the_pack(house, chen):
    claim = a_claim(house, name="张三丰")
    chen.get(f"/claims/{claim}")
    with zipfile.ZipFile(io.BytesIO(pack(chen, claim, lang="zh"))) as packed:
        everything = b"".join(packed.read(name) for name in packed.namelist() if not name.endswith(".pdf"))
        shown = "".join(texts_of(packed.read("claim.zh.pdf")))
    for secret in ("张三丰", "13812345601", "梧桐路", "z@example.com"):
        assert secret not in everything.decode()
        assert secret not in shown
    assert "张**" in shown


def readable_pdf(data: bytes) -> list[bytes]:
    """Check that the file's own table points at its objects, and give its pages' contents."""
    assert data.startswith(b"%PDF-")
    assert data.endswith(b"%%EOF\n")
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    lines = data[start:].split(b"\n")
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    for number in range(1, count):
        place = int(lines[2 + number][:10])
        assert data[place:].startswith(b"%d 0 obj\n" % number)
    return [zlib.decompress(body) for body in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)]


def texts_of(data: bytes) -> list[str]:
    """The texts that a PDF shows, in order."""
    found = []
    for page in readable_pdf(data):
        for latin, chinese in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj|<([0-9a-f]*)> Tj", page):
            text = (
                re.sub(rb"\\(.)", rb"\1", latin).decode("cp1252")
                if not chinese
                else bytes.fromhex(chinese.decode()).decode("utf-16-be")
            )
            found.append(text)
    return found


def test_a_pdf_holds_every_word_and_breaks_pages():
    """Long tables go on over pages; what doesn't fit a line is broken, nothing runs out of the page."""
    pdf = Pdf("试", foot="{n}/{of}")
    pdf.heading("索赔证据 Claim (1)")
    for n in range(120):
        pdf.row(Cell(f"第{n}行 row {n} " + "长" * 60, 0.5), Cell("W" * 80, 0.5))
    texts = "".join(texts_of(pdf.data()))
    assert "索赔证据" in texts
    assert all(f"row {n} " in texts for n in range(120))
    pages = readable_pdf(pdf.data())
    assert len(pages) > 5
    assert f"{len(pages)}/{len(pages)}" in texts
    places = [float(x) for page in pages for x in re.findall(rb"BT ([\d.]+) [\d.]+ Td", page)]
    assert max(places) < 595


@pytest.mark.parametrize("text", ["=1+1", " =1", "+7", "-7", "@x", "|x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert plain_cell(text).startswith("'")


def test_a_case_shows_its_claims_and_opens_another(house, chen):
    claim = a_claim(house)
    row = house.store.read(claims.get, claim)
    page = chen.get(f"/cases/{row.claim.case_id}").text
    assert f'href="/claims/{claim}"' in page
    form = {"case": str(row.claim.case_id), "shipment": str(row.claim.shipment_id), "reason": "delay"}
    reply = chen.post("/claims", form)
    assert reply.headers["location"] != f"/claims/{claim}"
    assert "late" in chen.get(reply.headers["location"]).text
    assert chen.post("/claims", form).headers["location"] == reply.headers["location"]
    assert chen.post("/claims", form | {"reason": "whim"}).status_code == 422


def test_talks_with_the_carrier_are_part_of_the_story(house, chen):
    claim = a_claim(house)
    case = house.store.read(claims.get, claim).claim.case_id
    said = CaseFact(CaseEvent.CARRIER_ANSWERED, NOW, "chen", "console", "left with a neighbour, 13812345678")
    house.store.write(cases.add, case, said)
    chen.get(f"/claims/{claim}")
    with zipfile.ZipFile(io.BytesIO(pack(chen, claim))) as packed:
        story = packed.read("timeline.txt").decode()
    assert "left with a neighbour, 138****5678" in story
    assert "Chen Mo" in story


def test_the_desk_says_what_presses(house, chen):
    """A day before the house's own date, and when an answer is overdue; else nothing."""
    claim = a_claim(house)
    assert chen.get("/claims/pressing").text.strip() == ""
    house.store.write(claims.set_clock, claim, next_at=None, deadline_at=NOW)
    assert "1 claims to file, the first by" in chen.get("/claims/pressing").text
    assert "/claims/pressing" in chen.get("/").text
