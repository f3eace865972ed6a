"""Importing files: good rows taken, bad ones reported with line and reason, nothing half-written, nothing twice."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from engines import ON_BOTH, a_store

from domain.errors import RuleError
from doorstep.importing import import_file, watch_folder
from doorstep.intake import parse_order, parse_return, parse_shipment
from doorstep.sheets import read_sheet
from store import facts, intake
from store.facts import FactRow
from store.intake import Written

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
CODES = {"中通快递": ("kuaidi100", "zhongtong"), "圆通速递": ("kuaidi100", "yuantong")}


def take_order(db, raw, now):
    return intake.add_order(db, parse_order(raw, now, zone=ZONE), channel="import")


def take_shipment(db, raw, now):
    """Writes before it refuses an unknown order, so that a savepoint has something to undo."""
    value = parse_shipment(raw, now, CODES.get, zone=ZONE, carrier_names=lambda: CODES)
    facts.append(db, [FactRow("shipment", value.number, "tried", now)])
    if value.order_ref and intake.find_order(db, value.order_ref) is None:
        raise RuleError(f"order: {value.order_ref} is unknown")
    return intake.add_shipment(db, value, next_poll_at=now, alarm_at=None, channel="import")


def take_return(db, raw, now):
    asked = parse_return(raw).asked
    facts.append(db, [FactRow("return", asked.ref, "asked", now, data={"items": [i.to_json() for i in asked.items]})])
    return Written(asked.ref, created=True)


TAKERS = {"orders": take_order, "shipments": take_shipment, "returns": take_return, "disputes": take_return}


@pytest.fixture
def store(tmp_path):
    with a_store(tmp_path / "db.sqlite3") as opened:
        yield opened


def run(store, path, kind="shipments", **more):
    return import_file(store, kind, path, takers=TAKERS, now=NOW, **more)


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


SHIPMENTS = "运单号,快递公司,承诺送达时间,备注\nYT8800000001,圆通速递,2026-11-25,a\n75800000001,中通快递,,b\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_separator_of_spreadsheets(store, tmp_path, encoding, delimiter):
    """UTF-8 with and without BOM, GB18030, Excel's Unicode text; comma, semicolon, tab."""
    report = run(store, write(tmp_path / "s.csv", SHIPMENTS.replace(",", delimiter), encoding))
    assert (report.created, report.known, report.rejected, report.ignored) == (2, 0, 0, ("备注",))


def test_bad_rows_are_told_and_the_others_taken(store, tmp_path):
    """Each with its line as the spreadsheet counts, and its reason; blank lines are passed over."""
    text = (
        "运单号,快递公司,订单号,承诺送达时间\n"
        "YT8800000001,圆通速递,,\n"
        "\n"
        "4.31E+14,圆通速递,,\n"
        "YT8800000002,圆通,,soon\n"
        "yt8800000001,圆通速递,,\n"
        "YT8800000003,圆通速递,O-404,\n"
        "YT8800000004,圆通速递,,\n"
    )
    report = run(store, write(tmp_path / "s.csv", text))
    assert (report.created, report.rejected) == (2, 4)
    told = {row.lines: row.reason for row in report.bad}
    assert "its digits are lost" in told[4,]
    assert "unknown carrier '圆通'; did you mean 圆通速递" in told[5,]
    assert "promised_at: 'soon' is no time" in told[5,]
    assert told[6,] == "number: YT8800000001 stands in line 2 already"
    assert told[7,] == "order: O-404 is unknown"
    assert report.lines[0] == "s.csv: shipments: 2 new, 0 known already, 4 rejected"
    assert report.lines[1].startswith("line 4: number: ")
    assert report.to_json()["rows"][2] == {"lines": [6], "reason": told[6,]}


def test_a_rejected_row_leaves_nothing_behind(store, tmp_path):
    """What it had written before it was refused is undone; its neighbours stay."""
    run(store, write(tmp_path / "s.csv", "number,carrier,order\nYT8800000001,圆通速递,O-404\nYT8800000002,圆通速递,\n"))
    assert store.read(facts.history, "shipment", "YT8800000001") == []
    assert [f.event for f in store.read(facts.history, "shipment", "YT8800000002")] == ["tried"]


def test_a_file_taken_twice_changes_nothing(store, tmp_path):
    """The second time its rows are known."""
    path = write(tmp_path / "s.csv", SHIPMENTS)
    first, second = run(store, path), run(store, path)
    assert (first.created, second.created, second.known) == (2, 0, 2)
    assert first.ids == second.ids


def test_more_rows_than_one_commit_holds(store, tmp_path):
    """Every row of a long file is taken, whatever batch it falls into."""
    rows = "".join(f"YT88{n:08},圆通速递\n" for n in range(450))
    assert run(store, write(tmp_path / "s.csv", "number,carrier\n" + rows)).created == 450


@ON_BOTH
def test_the_rows_of_one_order_are_its_items(store, tmp_path):
    """Exports have a line for each item; an order with one bad line, or with two addresses, is refused whole."""
    text = (
        "订单编号,商品编码,商品,数量,单价,收件人,地址\n"
        "O-1,A,茶,2,12.50,王芳,某路1号\n"
        "O-2,A,茶,1,12.50,李雷,某路2号\n"
        "O-1,B,杯,1,30,,\n"
        "O-3,A,茶,1,12.50,韩梅,某路3号\n"
        "O-3,B,杯,x,30,韩梅,某路3号\n"
        "O-4,A,茶,1,1,甲,一\n"
        "O-4,B,茶,1,1,乙,一\n"
    )
    report = run(store, write(tmp_path / "o.csv", text), "orders")
    assert (report.created, report.rejected) == (2, 2)
    order = store.read(intake.find_order, "O-1")
    assert [(i.sku, i.name, i.qty, i.price_cents) for i in order.items] == [("A", "茶", 2, 1250), ("B", "杯", 1, 3000)]
    assert order.customer.address == "某路1号"
    assert store.read(intake.find_order, "O-3") is None
    told = {row.lines: row.reason for row in report.bad}
    assert "items[2].qty" in told[5, 6]
    assert told[7, 8] == "customer: these lines say different things"  # whose they are isn't quoted


def test_the_rows_of_one_return_are_its_items(store, tmp_path):
    """The same order and reason, a line for each item; another reason is another return."""
    text = "订单号,商品编码,退货数量,退货原因\nO-1,A,2,质量问题\nO-1,B,1,质量问题\nO-1,C,1,七天无理由\n"
    report = run(store, write(tmp_path / "r.csv", text), "returns")
    assert report.created == 2
    (asked,) = store.read(facts.history, "return", report.ids[0])
    assert asked.data["items"] == [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 1}]


def xlsx(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_xlsx_with_numbers_and_times_as_cells(store, tmp_path):
    """A number cell is read without .0, a time cell as the shop's time; one longer than 15 digits has lost its end."""
    path = xlsx(
        tmp_path / "s.xlsx",
        [
            ["运单号", "快递公司", "承诺送达时间"],
            [75800000001, "中通快递", datetime(2026, 11, 25, 18)],
            [None, None, None],
            [4314567890123456789, "中通快递", None],
            ["YT8800000001", "圆通速递", "2026-11-25"],
        ],
    )
    report = run(store, path)
    assert (report.created, [row.lines for row in report.bad]) == (2, [(4,)])
    assert "its digits are lost" in report.bad[0].reason
    assert read_sheet(path).rows[0].cells[0] == 75800000001


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("s.csv", b"", "is empty"),
        ("s.csv", b"\n\n", "is empty"),
        ("s.csv", "快递公司\n中通\n".encode(), "missing column: number"),
        ("s.csv", b"\xff\x00\x01\x02", "neither UTF-8 nor GB18030"),
        ("s.xlsx", b"PK\x03\x04broken", "isn't a readable XLSX"),
    ],
)
def test_a_fault_of_structure_is_an_error(store, tmp_path, name, raw, said):
    """Nothing of such a file can be taken: the caller is told at once."""
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(RuleError, match=said):
        run(store, tmp_path / name)


def test_a_missing_file_and_an_unknown_kind_are_errors(store, tmp_path):
    """Both are slips of the command line."""
    with pytest.raises(RuleError, match=r"nowhere\.csv: can't be read"):
        run(store, tmp_path / "nowhere.csv")
    with pytest.raises(RuleError, match="one of orders, shipments"):
        run(store, tmp_path / "nowhere.csv", "parcels")


def look(store, folder, settled=timedelta(hours=1)):
    settled_before = datetime.now(UTC) + settled
    return watch_folder(store, folder, takers=TAKERS, now=NOW, settled_before=settled_before)


def test_a_watched_folder_takes_orders_first_and_puts_files_away(store, tmp_path):
    """Shipments may name orders that lie beside them; good files go to done, others to failed, each with its report."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "shipments-1.csv", "运单号,快递公司,订单号\nYT8800000001,圆通速递,O-1\n")
    write(folder / "Orders-1.CSV", "order,sku,price\nO-1,A,1.00\n")
    write(folder / "shipments-2.csv", "运单号,快递公司\nYT8800000002,圆通速递\n4.31E+14,圆通速递\n")
    write(folder / "orders-broken.csv", "sku\nA\n")
    write(folder / "notes.txt", "hello")
    reports = look(store, folder)
    assert [(r.file, r.created, r.rejected) for r in reports] == [
        ("Orders-1.CSV", 1, 0), ("orders-broken.csv", 0, 0), ("shipments-1.csv", 1, 0), ("shipments-2.csv", 1, 1),
    ]  # fmt: skip
    assert sorted(p.name for p in (folder / "done").iterdir()) == [
        "Orders-1.CSV", "Orders-1.CSV.report.txt", "shipments-1.csv", "shipments-1.csv.report.txt",
    ]  # fmt: skip
    assert "line 3: number: 4.31E+14" in (folder / "failed/shipments-2.csv.report.txt").read_text(encoding="utf-8")
    assert "missing column: order" in (folder / "failed/orders-broken.csv.report.txt").read_text(encoding="utf-8")
    assert (folder / "notes.txt").exists()
    assert look(store, folder) == []


def test_a_crash_before_the_file_is_put_away_costs_nothing(store, tmp_path):
    """The file lies there still; taken again its rows are known, and both stay readable."""
    folder = tmp_path / "in"
    folder.mkdir()
    path = write(folder / "shipments-1.csv", SHIPMENTS)
    run(store, path)
    assert [(r.created, r.known) for r in look(store, folder)] == [(0, 2)]
    write(path, SHIPMENTS)
    look(store, folder)
    assert sorted(p.name for p in (folder / "done").glob("*.csv")) == [
        "shipments-1.20261122T030000.csv",
        "shipments-1.csv",
    ]


def test_a_file_that_is_still_written_waits(store, tmp_path):
    """Half a file would be taken as whole."""
    folder = tmp_path / "in"
    folder.mkdir()
    path = write(folder / "shipments-1.csv", SHIPMENTS)
    assert look(store, folder, -timedelta(hours=1)) == []
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    os.utime(path, (long_ago, long_ago))
    assert len(look(store, folder, -timedelta(hours=1))) == 1
    assert look(store, tmp_path / "nowhere") == []
