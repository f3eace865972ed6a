"""The command line as people run it: every command, its words where something is wrong, with and without a daemon."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from running_support import answer, daemon, doorstep, free_port

from domain.people import Role
from doorstep.control import control_file
from doorstep.operations import OPERATIONS
from store import check
from store.base import Store

ROOT = Path(__file__).parents[2]
CONFIG = """
[doorstep]
database = "desk.sqlite3"
port = {port}

[carriers.kuaidi100.main]
customer = "C"
key = "{secret}"
base_url = "http://127.0.0.1:9"
"""
SECRET = "a-secret-key"
ORDERS = """订单号,商品,单价,数量,收件人,手机
O-1,杯子,49.00,2,王小明,13812345678
,杯子,49.00,1,李雷,13812345679
O-3,茶,168.00,1,韩梅梅,13812345670
"""
SHIPMENTS = "运单号,快递公司,订单号\n73100001234,中通快递,O-1\n73100001235,不存在快递,O-3\n73100001236,圆通速递,O-3\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a configuration; nothing runs."""
    (tmp_path / "doorstep.toml").write_text(CONFIG.format(port=free_port(), secret=SECRET), encoding="utf-8")
    return tmp_path


# --- help and start ------------------------------------------------------------------------------------------------


def commands() -> list[tuple[str, ...]]:
    groups = {
        "cases": ("list", "ack", "resolve"),
        "routes": ("plan", "show", "solve"),
        "carriers": ("read", "list", "test", "plan", "detect", "unmapped"),
    }
    more = {
        "config": ("check",),
        "keys": ("create",),
        "people": ("add", "link"),
        "couriers": ("list", "code", "chat", "unlink"),
    }
    plain = [(name,) for name in ("run", "demo", "init", "import", "check")]
    return plain + [(group, name) for group, names in (groups | more).items() for name in names]


def test_help_names_every_command(tmp_path: Path) -> None:
    """In a few words, without loading the house."""
    told = doorstep("--help", cwd=tmp_path)
    assert told.returncode == 0
    for command in commands():
        assert re.search(rf"^\s+{command[0]}\s+\S", told.stdout, re.MULTILINE), command
    assert list(tmp_path.iterdir()) == []


def test_every_command_explains_itself() -> None:
    """Each has a sentence of help, and each operation that it asks for exists."""
    import typer

    from doorstep.cli import app

    click = typer.main.get_command(app)
    for names in commands():
        found = click
        for name in names:
            found = found.commands[name]  # type: ignore[attr-defined]
        assert found.help, names
    text = "".join(file.read_text("utf-8") for file in sorted((ROOT / "doorstep").glob("cli*.py")))
    asked = set(re.findall(r'operate\(config, "(\w+)"', text))
    assert asked
    assert asked <= set(OPERATIONS), asked - set(OPERATIONS)


@pytest.mark.parametrize("module", ["doorstep.cli", "doorstep.running", "doorstep.daemon", "doorstep.operations"])
def test_starting_loads_no_solver(module: str) -> None:
    """OR-Tools takes long and much memory: only a plan that is solved loads it, in a process of its own."""
    heavy = ("ortools", "numba", "pandas")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_of_the_house() -> None:
    """`doorstep --help` answers before any database or web server is imported."""
    code = "import sys, doorstep.cli; print([m for m in ('sqlalchemy', 'fastapi', 'httpx', 'msgspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


# --- setting up ----------------------------------------------------------------------------------------------------


def test_init_makes_a_house(tmp_path: Path) -> None:
    """In an empty folder: a commented settings file that is good, a database, an administrator. Again changes nothing."""
    first = doorstep("init", "--person", "陈静", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "陈静 is the first administrator" in first.stdout
    written = (tmp_path / "doorstep.toml").read_text("utf-8")
    assert doorstep("config", "check", cwd=tmp_path).returncode == 0
    again = doorstep("init", "--person", "Another", cwd=tmp_path)
    assert again.returncode == 0
    assert "stays as it is" in again.stdout
    assert (tmp_path / "doorstep.toml").read_text("utf-8") == written
    assert answer("cases", "list", cwd=tmp_path) == []
    assert answer("check", cwd=tmp_path)["differences"] == []


def test_a_good_configuration_is_said_to_be_good(shop: Path) -> None:
    """With what is in it, and no secret."""
    told = doorstep("config", "check", cwd=shop)
    assert told.returncode == 0
    assert "good. 1 carriers" in told.stdout
    assert SECRET not in told.stdout + told.stderr


BAD = [
    ("port = 0", "doorstep.port", 2),
    ('port = "x"', "doorstep.port", 2),
    ("potr = 8722", "doorstep.potr", 2),
    ('lang = "fr"', "doorstep.lang", 2),
    ('[carriers.kuaidi100.main]\ncustomer = "C"\nkey = "K"\nbase_ulr = "x"', "carriers.kuaidi100.main.base_ulr", 5),
    ('[carriers.kuaidi99.main]\nkey = "K"', "carriers.kuaidi99", 2),
]


@pytest.mark.parametrize(("lines", "key", "line"), BAD, ids=[row[1] + f"-{n}" for n, row in enumerate(BAD)])
def test_a_bad_configuration_is_said_with_place_and_fix(tmp_path: Path, lines: str, key: str, line: int) -> None:
    """Exit 2: the file, the line, the dotted key, what is wrong; without a traceback."""
    file = tmp_path / "shop.toml"
    header = "" if lines.startswith("[") else "[doorstep]\n"
    file.write_text(("\n" if not header else "") + header + lines + "\n", encoding="utf-8")
    told = doorstep("config", "check", "--config", file, cwd=tmp_path)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert f"{file}:{line}" in told.stderr, told.stderr
    assert key in told.stderr


@pytest.mark.parametrize("text", ["[doorstep\n", "port = = 1\n", "\x00"])
def test_what_is_no_toml(tmp_path: Path, text: str) -> None:
    """Exit 2 with the file and the line."""
    (tmp_path / "doorstep.toml").write_text(text, encoding="utf-8")
    told = doorstep("config", "check", cwd=tmp_path)
    assert told.returncode == 2
    assert "doorstep.toml:1" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("command", [("run",), ("cases", "list"), ("check",), ("config", "check")])
def test_without_a_configuration_it_says_how_to_get_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Exit 2, naming the file that is missing and `doorstep init`; nothing is made."""
    told = doorstep(*command, cwd=tmp_path)
    assert told.returncode == 2
    assert "doorstep.toml" in told.stderr
    assert "doorstep init" in told.stderr
    assert list(tmp_path.iterdir()) == []


# --- working without a daemon --------------------------------------------------------------------------------------


def test_people_and_keys(shop: Path) -> None:
    """People are added and changed; a key is shown once and its name is taken then; a role that isn't one is refused."""
    for role in ("agent", "lead"):
        added = doorstep("people", "add", "li", "李梅", "--role", role, cwd=shop).stdout.splitlines()
        assert added[0] == f"li: 李梅 ({role})"
    wrong = doorstep("people", "add", "bo", "Bo", "--role", "boss", cwd=shop)
    assert (wrong.returncode, ", ".join(Role) in wrong.stderr) == (2, True)
    assert "/enter/" in doorstep("people", "link", "li", cwd=shop).stdout
    assert doorstep("people", "link", "nobody", cwd=shop).returncode == 2
    key = answer("keys", "create", "shop", cwd=shop)["key"]
    assert key.startswith("ds_")
    again = doorstep("keys", "create", "shop", cwd=shop)
    assert (again.returncode, "choose another name" in again.stderr) == (2, True)


def test_importing_takes_good_rows_and_names_bad_ones(shop: Path) -> None:
    """Exit 1 where a row was refused, each with its line; the others are taken; the same file again adds nothing."""
    (shop / "orders.csv").write_bytes(ORDERS.encode("gb18030"))
    (shop / "shipments.csv").write_text(SHIPMENTS, encoding="utf-8-sig")
    first = doorstep("import", "orders", "orders.csv", cwd=shop)
    assert first.returncode == 1, first.stdout + first.stderr
    assert re.search(r"(line |:)3\b", first.stdout), first.stdout
    second = doorstep("import", "shipments", "shipments.csv", cwd=shop)
    assert second.returncode == 1
    assert "不存在快递" in second.stdout
    with Store(shop / "desk.sqlite3") as store:
        found = store.read(
            lambda db: [tuple(r) for r in db.exec_driver_sql("SELECT number, order_ref FROM shipment ORDER BY 1")]
        )
        orders = store.read(lambda db: [r[0] for r in db.exec_driver_sql("SELECT ref FROM orders ORDER BY 1")])
    assert (orders, found) == (["O-1", "O-3"], [("73100001234", "O-1"), ("73100001236", "O-3")])
    before = answer("check", cwd=shop)
    doorstep("import", "orders", "orders.csv", cwd=shop)
    assert answer("check", cwd=shop) == before


@pytest.mark.parametrize(
    ("kind", "file"), [("orders", "missing.csv"), ("parcels", "orders.csv"), ("orders", "orders.pdf")]
)
def test_a_file_that_cannot_be_imported(shop: Path, kind: str, file: str) -> None:
    """A missing file, an unknown kind and an unknown format end with a sentence and exit 2."""
    (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (shop / "orders.pdf").write_bytes(b"%PDF-1.7")
    told = doorstep("import", kind, file, cwd=shop)
    assert told.returncode == 2
    assert told.stderr.strip()
    assert "Traceback" not in told.stderr


def test_a_case_from_import_to_resolution(shop: Path) -> None:
    """A dispute in a file opens a case; it is listed, acknowledged, resolved, and no more listed."""
    (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (shop / "disputes.csv").write_text("订单号,内容\nO-1,没有收到\n", encoding="utf-8")
    doorstep("import", "orders", "orders.csv", cwd=shop)
    done = doorstep("import", "disputes", "disputes.csv", cwd=shop)
    assert done.returncode == 0, done.stdout + done.stderr
    doorstep("people", "add", "li", "李梅", cwd=shop)
    doorstep("people", "add", "eve", "Eve", "--role", "viewer", cwd=shop)
    [case] = answer("cases", "list", cwd=shop)
    assert {"id", "kind", "subject_type", "subject_id", "status", "opened_at", "promise_by", "owner"} <= set(case)
    assert (case["kind"], case["subject_type"], case["subject_id"], case["status"]) == (
        "disputed",
        "order",
        "O-1",
        "open",
    )
    refused = doorstep("cases", "ack", case["id"], "--by", "eve", cwd=shop)
    assert refused.returncode == 2
    assert answer("cases", "ack", case["id"], "--by", "li", cwd=shop)["owner"] == "li"
    taken = doorstep("cases", "ack", case["id"], "--by", "li", cwd=shop)
    assert taken.returncode == 2
    assert answer("cases", "resolve", case["id"], "--by", "li", "--reason", "paid", cwd=shop)["status"] == "resolved"
    assert answer("cases", "list", cwd=shop) == []
    assert len(answer("cases", "list", "--all", cwd=shop)) == 1
    assert "clean" in doorstep("check", cwd=shop).stdout


def test_check_ends_with_one_where_something_differs(shop: Path) -> None:
    """Exit 1, and a line for each difference."""
    (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (shop / "disputes.csv").write_text("订单号,内容\nO-1,没有收到\n", encoding="utf-8")
    for kind in ("orders", "disputes"):
        doorstep("import", kind, f"{kind}.csv", cwd=shop)
    with Store(shop / "desk.sqlite3") as store:
        store.write(lambda db: db.exec_driver_sql("UPDATE cases SET owner = 'forged'").rowcount)
    told = doorstep("check", cwd=shop)
    assert told.returncode == 1
    assert "owner is 'forged', its facts amount to None" in told.stdout


def test_routes_of_a_day_without_any(shop: Path) -> None:
    """An empty day is an answer; so is planning where nothing waits."""
    assert answer("routes", "show", "--day", "2026-11-22", cwd=shop) == {"day": "2026-11-22", "routes": []}
    assert answer("routes", "plan", cwd=shop) == {"dispatched": [], "failed": []}


def test_a_stale_control_file_is_no_daemon(shop: Path) -> None:
    """A daemon that was killed left its file behind: commands work all the same."""
    file = control_file(shop / "desk.sqlite3")
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    file.write_text(json.dumps({"url": "http://127.0.0.1:9", "token": "t", "pid": int(dead.stdout)}))
    assert answer("cases", "list", cwd=shop) == []


# --- with a daemon -------------------------------------------------------------------------------------------------


def test_commands_reach_the_running_daemon(shop: Path) -> None:
    """While it holds the database, commands are done by it, at once visible; its token is for its owner only.

    A second daemon is refused with what to do; SIGTERM ends it cleanly and takes its control file along.
    """
    port = int(re.findall(r"port = (\d+)", (shop / "doorstep.toml").read_text("utf-8"))[0])
    database = shop / "desk.sqlite3"
    with daemon(shop, "run", port=port) as running:
        assert control_file(database).stat().st_mode & 0o777 == 0o600
        key = answer("keys", "create", "shop", cwd=shop)["key"]
        doorstep("people", "add", "li", "李梅", cwd=shop)
        (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
        assert doorstep("import", "orders", "orders.csv", cwd=shop).returncode == 1
        import httpx

        sent = {"authorization": f"Bearer {key}", "idempotency-key": "1"}
        said = {"order": "O-1", "text": "没有收到"}
        assert httpx.post(f"{running.url}/api/disputes", json=said, headers=sent).status_code == 201
        [case] = answer("cases", "list", cwd=shop)
        assert answer("cases", "ack", case["id"], "--by", "li", cwd=shop)["owner"] == "li"
        second = doorstep("run", cwd=shop)
        assert second.returncode == 2
        assert "another process is using this database" in second.stderr
        other = (shop / "doorstep.toml").read_text("utf-8").replace("desk.sqlite3", "other.sqlite3")
        (shop / "other.toml").write_text(other, encoding="utf-8")
        third = doorstep("run", "--config", "other.toml", cwd=shop)
        assert third.returncode == 2
        assert f"port {port}" in third.stderr
        assert running.stop() == 0, running.log()
    assert not control_file(database).exists()
    with Store(database) as store:
        assert (
            store.read(check.differences, now=__import__("datetime").datetime.now(tz=__import__("datetime").UTC)) == []
        )
