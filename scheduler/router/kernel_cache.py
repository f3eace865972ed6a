"""Compiling for the kernel: one decorator, and a writable place on disk where compiled code stays between processes.

The place is named after the kernel's own sources, because a cached function isn't compiled anew when another one changes that
it calls. Only the kernel's modules import this one, so numba is loaded by whoever needs it and by nobody else.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])
HERE = Path(__file__).resolve().parent


def _digest() -> str:
    sources = b"".join(file.read_bytes() for file in sorted(HERE.glob("kernel_*.py")))
    return hashlib.sha256(sources + numba.__version__.encode()).hexdigest()[:12]


def _places(name: str) -> Iterator[Path]:
    """Beside the sources, else in the user's cache, else in a folder of the user's own for temporary files."""
    yield HERE / "__pycache__" / name
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "doorstep" / name
    yield Path(tempfile.gettempdir()) / f"doorstep-{os.getuid() if hasattr(os, 'getuid') else 'user'}" / name


def _usable(place: Path) -> bool:
    """Can we write there, and nobody else? Cached code is run, so a folder that others may write to is no place for it."""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = place.stat()
        own = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
        with tempfile.TemporaryFile(dir=place):
            return own
    except OSError:
        return False


CACHE = next((place for place in _places(f"kernel-{_digest()}") if _usable(place)), None)
if CACHE is not None:
    settings: Any = numba.config
    settings.CACHE_DIR = str(CACHE)


njit: Any = numba.njit  # its types leave out half of its options
BARE: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
}  # nothing is allocated, so nothing is counted
INNER: dict[str, Any] = {**BARE, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: Function) -> Function:
    """A function that the compiled ones call; it has no door to the interpreter, which saves most of the compiling."""
    made: Function = njit(**INNER)(function)
    return made


def inlined(function: Function) -> Function:
    """The same for a small one, copied into its callers."""
    made: Function = njit(forceinline=True, **INNER)(function)
    return made


def entry(function: Function) -> Function:
    """A compiled function that the interpreter calls: kept on disk, and running without the interpreter's lock."""
    made: Function = njit(cache=CACHE is not None, no_cfunc_wrapper=True, **BARE)(function)
    return made
