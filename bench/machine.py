"""Where and of what a figure was taken: the machine, and the very code."""

import hashlib
import os
import platform
import sqlite3
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = (
    "domain", "config", "net", "store", "carriers", "chat", "monitor", "scheduler", "sim", "doorstep", "bench",
)  # fmt: skip
CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, object]:
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def cpu_model() -> str:
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def version() -> str:
    """The commit; where files differ from it (or there is none yet), with a digest of the code as it lies there."""
    commit = git("rev-parse", "--short=12", "HEAD") or "uncommitted"
    clean = commit != "uncommitted" and git("status", "--porcelain", "--", *CODE) == ""
    return commit if clean else f"{commit}+{digest()}"


def git(*words: str) -> str | None:
    """None where there is no git, or no repository."""
    try:
        done = subprocess.run(("git", "-C", str(ROOT), *words), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def digest() -> str:
    files = [path for room in CODE for kind in ("*.py", "*.toml") for path in (ROOT / room).rglob(kind)]
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:8]
