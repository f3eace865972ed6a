"""The vendors' own clients, in an environment of their own: they are only ever run."""

import subprocess

import pytest
from synapse import PYTHON, require


def vendor_python(module: str) -> str:
    """The interpreter that has them; the test is skipped where it lacks this one."""
    require()
    code = f"import importlib.util as u; print(u.find_spec({module!r}) is not None)"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    if found.stdout.strip() != "True":
        pytest.skip(f"{module} isn't installed: `make .venv-synapse/.ready` does that, `make test` too")
    return str(PYTHON)
