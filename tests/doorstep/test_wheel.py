"""The wheel as people get it: built, installed with the locked dependencies into an environment of its own, started."""

import json
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest
from running_support import daemon, free_port

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "config", "net", "store", "carriers", "chat", "monitor", "scheduler", "sim", "doorstep")
TIMEOUT_S = 600
NO_INDEX = re.compile(
    r"Failed to establish a new connection|Name or service not known|Temporary failure in name resolution|"
    r"Connection refused|ConnectTimeout|Read timed out|ProxyError|No matching distribution found|Network is unreachable"
)
OWNERS = """
import importlib.metadata, json, sys
owners = importlib.metadata.packages_distributions()
print(json.dumps({name: sorted(set(owners.get(name, []))) for name in sys.argv[1:]}))
"""


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this source by hatchling, without any network."""
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    [made] = folder.glob("doorstep-*.whl")
    return made


def test_the_wheel_holds_every_room_and_what_it_reads(wheel: Path) -> None:
    """Code, templates, styles, words, policies, migrations and the template of the settings; no test, no fixture."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {*ROOMS, next(top for top in tops if top.endswith(".dist-info"))}
    for room in ROOMS:
        ours = {p.relative_to(ROOT).as_posix() for p in (ROOT / room).rglob("*") if p.is_file()}
        kept = {name for name in ours if "__pycache__" not in name and not name.endswith((".pyc", ".orig"))}
        assert kept <= set(names), sorted(kept - set(names))[:5]
    assert not any("/tests/" in name or name.endswith(".sqlite3") for name in names)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the locked dependencies and the wheel; skipped where no package index is reached."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=True)
    pip = (home / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "--retries", "0")
    locked = run(*pip, "install", "--require-hashes", "-r", ROOT / "requirements.txt", cwd=home)
    if locked.returncode and NO_INDEX.search(locked.stderr):
        pytest.skip("no package index can be reached, so the locked dependencies can't be installed")
    assert locked.returncode == 0, locked.stderr[-3_000:]
    done = run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return home


@pytest.mark.slow
def test_the_rooms_are_nobody_elses(installed: Path) -> None:
    """No dependency brings a package named like one of our rooms, and nothing that is needed is missing."""
    told = run(installed / "bin" / "python", "-c", OWNERS, *ROOMS, cwd=installed)
    assert json.loads(told.stdout) == {room: ["doorstep"] for room in ROOMS}
    checked = run(installed / "bin" / "python", "-m", "pip", "check", cwd=installed)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_it_starts_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """The command is there, explains itself, and the demo answers: far from this source, with nothing beside it."""
    program = installed / "bin" / "doorstep"
    told = run(program, "--help", cwd=tmp_path)
    assert told.returncode == 0
    assert "demo" in told.stdout
    assert list(tmp_path.iterdir()) == []
    port = free_port()
    with daemon(tmp_path, "demo", "--port", str(port), "--parcels", "20", port=port, program=(str(program),)) as shown:
        assert httpx.get(f"{shown.url}/healthz").json() == {"status": "ok"}
        page = httpx.get(f"{shown.url}/sign-in")
        assert page.status_code == 200
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert httpx.get(f"{shown.url}{path}").status_code == 200, path
        assert shown.stop() == 0, shown.log()
