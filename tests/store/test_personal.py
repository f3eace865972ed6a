"""Every column of text, JSON or bytes has somebody's decision behind it: how it is erased, or why there is nothing to erase."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, String
from sqlmodel import AutoString, SQLModel
from store_support import count, opened

import store
from store.personal import ERASERS, NOTHING_PERSONAL, REACH, SUBJECT, How
from store.tables import Json

for module in pkgutil.iter_modules(store.__path__):
    if module.name.endswith("tables"):
        importlib.import_module(f"store.{module.name}")
TEXTS = String | AutoString | Json


def columns() -> list[str]:
    """Every column of the schema that can hold a text, JSON or bytes."""
    return sorted(
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, TEXTS | LargeBinary)
    )


def test_every_column_is_decided_on() -> None:
    """Whoever adds one says in store/personal.py how it is erased, or why it holds no personal data; never both."""
    assert {"customer.name", "fact.data", "phrase.text", "raw_reply.body"} <= set(columns())
    undecided = [name for name in columns() if name not in ERASERS and name not in NOTHING_PERSONAL]
    assert undecided == [], "add these to ERASERS or to _NOTHING_PERSONAL of store/personal.py"
    assert sorted(ERASERS.keys() & NOTHING_PERSONAL.keys()) == []


def test_no_decision_is_about_a_column_that_isnt_there() -> None:
    """A renamed column must not leave its decision behind."""
    there = {f"{t.name}.{c.name}" for t in SQLModel.metadata.tables.values() for c in t.columns}
    assert sorted((ERASERS.keys() | NOTHING_PERSONAL.keys()) - there) == []


@pytest.mark.parametrize("name", sorted(ERASERS))
def test_a_decision_can_be_carried_out(name: str) -> None:
    """What is blanked has rows that are reached; what is rewritten as words is text or JSON."""
    table, _, column = name.partition(".")
    of = SQLModel.metadata.tables[table].c[column]
    if ERASERS[name] in {How.BLANK, How.COARSE}:
        assert table in REACH
    if ERASERS[name] is How.WORDS:
        assert isinstance(of.type, TEXTS)
    if ERASERS[name] is How.RAW:
        assert isinstance(of.type, LargeBinary)


def test_reach_names_real_columns(tmp_path: Path) -> None:
    """And tables that a new database has."""
    with opened(tmp_path) as store:
        for table, reach in REACH.items():
            assert store.read(count, table) == 0
            assert reach.by in SQLModel.metadata.tables[table].c
            assert reach.kind != SUBJECT or "subject_type" in SQLModel.metadata.tables[table].c
