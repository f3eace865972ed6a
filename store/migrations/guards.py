"""Triggers in both dialects: a guard of the schema holds whichever engine keeps it."""

from alembic import op
from sqlalchemy import TextClause, text


def on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def append_only(table: str) -> None:
    """No row of the table is ever changed."""
    if on_postgres():
        _trigger(f"{table}_append_only", "UPDATE", table, _refusal(table))
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table}: facts are only ever appended'); END"
    )


def append_only_but(table: str, exception: str, untouched: tuple[str, ...]) -> None:
    """The same, except where ``exception`` holds and the columns ``untouched`` stay as they are."""
    if on_postgres():
        same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in untouched)
        body = f"IF {exception} AND {same} THEN RETURN NEW; END IF; {_refusal(table)}"
        _trigger(f"{table}_append_only", "UPDATE", table, body)
        return
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in untouched)
    op.execute(f"DROP TRIGGER {table}_append_only")
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} WHEN NOT ({exception} AND {same})"
        f" BEGIN SELECT RAISE(ABORT, '{table}: facts are only ever appended'); END"
    )


def left_out(name: str, table: str, when: str, exists: str) -> None:
    """A new row for which ``when`` holds is left out where ``exists`` finds one: silently, as by a unique index."""
    if on_postgres():
        found = _as_number(exists)
        _trigger(name, "INSERT", table, f"IF ({when}) AND EXISTS ({found}) THEN RETURN NULL; END IF; RETURN NEW;")
        return
    op.execute(f"DROP TRIGGER IF EXISTS {name}")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {when}"
        f" BEGIN SELECT RAISE(IGNORE) WHERE EXISTS ({exists}); END"
    )


def row_numbers(table: str) -> None:
    """SQLite numbers the rows of a table with a text for its key; so does this, for "in the order of writing"."""
    if on_postgres():
        op.execute(f"ALTER TABLE {table} ADD COLUMN rowid BIGSERIAL")


def ending(column: str, length: int) -> TextClause:
    """What an index over the last characters of a column is made of."""
    return text(f"right({column}, {length})" if on_postgres() else f"substr({column}, -{length})")


def _refusal(table: str) -> str:
    return f"RAISE EXCEPTION '{table}: facts are only ever appended' USING ERRCODE = 'integrity_constraint_violation';"


def _trigger(name: str, change: str, table: str, body: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN {body} END $body$"
    )
    op.execute(f"CREATE OR REPLACE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _as_number(sql: str) -> str:
    """SQLite reads an empty text as 0, PostgreSQL refuses it."""
    return sql.replace("CAST(", "CAST(0 || ").replace(" AS INTEGER)", " AS BIGINT)")
