"""The documents name every key and field that there is."""

import re
from pathlib import Path

import pytest

from config import settings
from doorstep.intake_headers import HEADERS

DOCS = Path(settings.__file__).parent.parent / "docs"


@pytest.mark.parametrize(
    "table",
    [
        "Doorstep",
        "Desk",
        "RotaTurn",
        "RotaOverride",
        "Promise",
        "Depot",
        "Collector",
        "Courier",
        "Break",
        "Returns",
        "PolicyFiles",
        "Map",
        "Merchant",
    ],
)
def test_every_key_is_documented(table):
    """docs/configuration.md and the template know each key of each table."""
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    keys = getattr(settings, table).__struct_fields__
    assert [key for key in keys if not re.search(rf"[`.\[{{ ]{key}\b", text)] == []


@pytest.mark.parametrize("table", ["Customers", "Mail", "Sms", "Hook"])
def test_every_key_of_customers_is_documented(table):
    """In the same place and in the page of the topic."""
    for name in ("configuration.md", "customers.md"):
        text = (DOCS / name).read_text(encoding="utf-8")
        keys = getattr(settings, table).__struct_fields__
        assert [key for key in keys if not re.search(rf"[`.\[{{ ]{key}\b", text)] == []


@pytest.mark.parametrize("kind", HEADERS)
def test_every_field_is_documented(kind):
    """docs/import.md has each field of each kind in that kind's own section."""
    text = (DOCS / "import.md").read_text(encoding="utf-8")
    section = text.split(f"### {kind}\n")[1].split("\n##")[0]
    assert [field for field in HEADERS[kind] if f"`{field}`" not in section] == []
