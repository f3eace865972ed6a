"""Money over HTTP, by import and by command: platforms' refunds, confirmations, new numbers, the CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_support import DISPUTE, NOW, ORDER, SHIPMENT, Client, Door, door
from engines import ON_BOTH

from domain.errors import RuleError
from domain.make_good import Ask, Way
from doorstep.operations import perform
from doorstep.web.api import intake_router
from doorstep.web.app import create_app
from doorstep.web.money_api import money_router
from monitor import make_good
from monitor.make_good import Wish
from store import cases, check, ledger, mail, proposals, reships

REFUND = {"order": "O-1", "ref": "TB2026112200001", "amount_cents": 4_900}


class Money:
    """The intake door with the one for instructions, a shop, a case and people."""

    def __init__(self, opened: Door) -> None:
        self.house, self.door = opened.house, opened
        routers = (money_router(self.house), intake_router(self.house))
        self.client = Client(create_app(self.house, extra_routers=routers))
        for person, role in (("chen", "agent"), ("lin", "lead")):
            perform(self.house, "person_add", {"id": person, "name": person, "role": role})
        self.post("orders", ORDER)
        self.post("shipments", SHIPMENT)
        self.case = int(self.post("disputes", DISPUTE).json()["id"])

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/{path}", json=body if body is not None else {}, headers=self.door.headers())

    def get(self, path: str) -> Any:
        return self.client._runner.run(self.client._client.get(f"/api/{path}", headers=self.door.headers()))

    def instructed(self, ask: Ask, n: int = 1) -> str:
        """A make-good that went out."""
        policy = self.house.settings.make_good
        wish = Wish(self.case, ask, "lin", f"k{n}")
        self.house.store.write(make_good.propose, wish, policy, new_id=f"p{n}", now=NOW - timedelta(minutes=2))
        assert self.house.store.write(make_good.instruct_due, policy, now=NOW, limit=9) == 1
        found = self.house.store.read(proposals.find, f"p{n}")
        assert found is not None
        assert found.status.value == "instructed"
        return found.instruction_id

    def file(self, folder: Path, kind: str, text: str) -> dict[str, Any]:
        path = folder / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        return perform(self.house, "import", {"kind": kind, "file": str(path)})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Money]:
    with door(tmp_path) as opened:
        made = Money(opened)
        yield made
        assert [str(d) for d in made.house.store.read(check.differences, now=NOW)] == []
        made.client.close()


# --- refunds made on the platform ----------------------------------------------------------------------------------


@ON_BOTH
def test_a_refund_by_api_settles_ours_once(desk: Money) -> None:
    """201 the first time with our instruction's id, 200 again; ours is confirmed and its letter needs no sending."""
    ours = desk.instructed(Ask(Way.REFUND, "MUG", 1))
    first, again = desk.post("refunds", REFUND), desk.post("refunds", REFUND)
    assert (first.status_code, first.json()["id"]) == (201, ours)
    assert (again.status_code, again.json()["id"]) == (200, ours)
    assert desk.house.store.read(ledger.get, ours).confirmed_at == NOW  # type: ignore[union-attr]
    assert desk.house.store.read(mail.get, f"instruction-{ours}").sent_at == NOW  # type: ignore[union-attr]


def test_a_refund_without_ours_blocks_the_next(desk: Money) -> None:
    """It is recorded; whatever is proposed afterwards waits for a lead."""
    assert desk.post("refunds", REFUND).json()["id"] == "platform-晴天小铺-TB2026112200001"
    policy = desk.house.settings.make_good
    wish = Wish(desk.case, Ask(Way.REFUND, "MUG", 1), "chen", "k")
    desk.house.store.write(make_good.propose, wish, policy, new_id="p9", now=NOW)
    [one] = desk.house.store.read(proposals.waiting)
    assert [need.value for need in one.needs] == ["second"]


def test_refunds_by_file_with_chinese_headers(desk: Money, tmp_path: Path) -> None:
    """Taobao's words; unfinished ones and unknown orders are reported with their line, and the file again changes nothing."""
    ours = desk.instructed(Ask(Way.REFUND, "TEA", 1))
    text = (
        "退款编号,订单编号,商家编码,退款金额,退款状态,退款完成时间\n"
        "R1,O-1,TEA,168.00,退款成功,2026-11-22 09:00\n"
        "R2,O-1,MUG,49.00,退款关闭,2026-11-22 09:00\n"
        "R3,O-404,MUG,49.00,退款成功,2026-11-22 09:00\n"
        "R4,O-1,MUG,零,退款成功,\n"
    )
    report = desk.file(tmp_path, "refunds", text)
    assert (report["created"], report["rejected"]) == (1, 3)
    said = "\n".join(report["lines"])
    for part in ("line 3: status", "send it once it is paid", "line 4: order: O-404 is unknown", "line 5: amount"):
        assert part in said, said
    assert desk.house.store.read(ledger.get, ours).confirmed_at == NOW  # type: ignore[union-attr]
    assert desk.file(tmp_path, "refunds", text)["known"] == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ref": ""}, "ref: is missing"),
        ({"amount_cents": 0}, "amount_cents"),
        ({"amount_cents": None}, "amount_cents: is missing"),
        ({"order": "O-404"}, "O-404 is unknown"),
        ({"status": "pending"}, "no finished refund"),
        ({"amout": 3}, "did you mean"),
    ],
)
def test_a_refund_that_says_nonsense_is_refused_with_the_fix(desk: Money, change: dict, says: str) -> None:
    """422, and nothing is written."""
    reply = desk.post("refunds", {**REFUND, **change})
    assert (reply.status_code, says in reply.text) == (422, True), reply.text
    assert desk.house.store.read(ledger.instructions) == []


# --- the merchant's system answers ---------------------------------------------------------------------------------


def test_a_system_without_a_webhook_asks_what_is_open(desk: Money) -> None:
    """And confirms by the id; again is free; an unknown one is a 404; without a key nothing."""
    ours = desk.instructed(Ask(Way.COMPENSATION))
    [one] = desk.get("instructions").json()["instructions"]
    assert (one["id"], one["amount_cents"], one["case"]) == (ours, 1_200, desk.case)
    for _ in range(2):
        reply = desk.post(f"instructions/{ours}/confirmed")
        assert (reply.status_code, reply.json()["confirmed_at"]) == (200, NOW.isoformat())
    assert desk.get("instructions").json()["instructions"] == []
    assert desk.post("instructions/nope/confirmed").status_code == 404
    assert desk.client.post(f"/api/instructions/{ours}/confirmed").status_code == 401


def test_a_parcel_sent_again_by_api(desk: Money) -> None:
    """Its number answers the instruction: confirmed, watched, on the case."""
    ours = desk.instructed(Ask(Way.RESHIP, "MUG", 1))
    bad = desk.post(f"instructions/{ours}/shipped", {"number": "x"})
    assert bad.status_code == 422
    reply = desk.post(f"instructions/{ours}/shipped", {"number": "73100009999", "carrier": "中通快递"})
    assert (reply.status_code, reply.json()["confirmed_at"]) == (200, NOW.isoformat()), reply.text
    [again] = desk.house.store.read(reships.of_case, desk.case)
    assert again.shipment_id is not None
    assert "reshipped" in [f.event.value for f in desk.house.store.read(cases.history_of, desk.case)]


@pytest.mark.parametrize("named", [True, False])
def test_a_parcel_sent_again_by_the_usual_upload(desk: Money, tmp_path: Path, *, named: bool) -> None:
    """The shop's system knows nothing of instructions: a new number of the order is the one that was waited for."""
    ours = desk.instructed(Ask(Way.RESHIP))
    header, cell = (",补发指令", f",{ours}") if named else ("", "")
    report = desk.file(tmp_path, "shipments", f"订单号,运单号,快递公司{header}\nO-1,73100008888,中通快递{cell}\n")
    assert report["created"] == 1, report
    [again] = desk.house.store.read(reships.of_case, desk.case)
    assert again.shipment_id is not None
    assert desk.house.store.read(ledger.get, ours).confirmed_at == NOW  # type: ignore[union-attr]


def test_a_number_for_no_instruction_is_refused(desk: Money) -> None:
    """A refund isn't sent by parcel, nor another order's goods."""
    ours = desk.instructed(Ask(Way.COMPENSATION))
    for asked in (ours, "nope"):
        reply = desk.post("shipments", {**SHIPMENT, "number": "73100007777", "instruction": asked})
        assert (reply.status_code, "no instruction to send goods again" in reply.text) == (422, True)


# --- by command ----------------------------------------------------------------------------------------------------


def test_the_commands_list_confirm_and_export(desk: Money) -> None:
    """What `doorstep money` does, with the same rights as the console."""
    ours = desk.instructed(Ask(Way.COMPENSATION))
    listed = perform(desk.house, "money_list", {})
    assert [one["id"] for one in listed["instructions"]] == [ours]
    assert perform(desk.house, "money_list", {"show": "dead"})["instructions"] == []
    with pytest.raises(RuleError, match="may not do this"):
        perform(desk.house, "money_confirm", {"id": ours, "by": "nobody"})
    assert perform(desk.house, "money_confirm", {"id": ours, "by": "chen"})["confirmed_at"]
    with pytest.raises(RuleError, match="a lead or an admin may"):
        perform(desk.house, "money_export", {"by": "chen"})
    text = perform(desk.house, "money_export", {"by": "lin"})["text"]
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["金额"] == "12.00"
    with pytest.raises(RuleError, match="is none of"):
        perform(desk.house, "money_list", {"show": "nonsense"})
    with pytest.raises(RuleError, match="there is no instruction"):
        perform(desk.house, "money_confirm", {"id": "nope", "by": "chen"})
