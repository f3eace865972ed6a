"""A carrier's own words of a time in a few bytes: three columns of scan, half of its bytes, become one (store/said_times).

Each text is packed where it can be made of the instant again, which is tried; else it stays as it is.
"""

import sqlalchemy as sa
from alembic import op

from store.migrations.guards import append_only

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ZONES = ("offset", "utc_field", "assumed_carrier", "assumed_place", "none")
CERTAINTIES = ("exact", "assumed", "date_only", "unknown")


def number(column: str, names: tuple[str, ...]) -> str:
    whens = " ".join(f"WHEN '{name}' THEN {n}" for n, name in enumerate(names))
    return f"CASE {column} {whens} END"


HEAD = f"substr('ABCDEFGHIJKLMNOPQRST', 4 * ({number('zone', ZONES)}) + ({number('certainty', CERTAINTIES)}) + 1, 1)"
VERBATIM = f"{HEAD} || '=' || raw"
AHEAD = "(CAST(strftime('%s', substr(raw, 1, 19)) AS INTEGER) - at)"
SHOWN = f"strftime('%Y-%m-%d %H:%M:%S', at + {AHEAD}, 'unixepoch')"
OFFSET = (
    f"CASE WHEN {AHEAD} < 0 THEN '-' ELSE '+' END || printf('%02d:%02d', abs({AHEAD}) / 3600, abs({AHEAD}) / 60 % 60)"
)
FORM = f"""CASE raw WHEN {SHOWN} THEN 'a' WHEN replace({SHOWN}, ' ', 'T') THEN 'b'
 WHEN replace({SHOWN}, ' ', 'T') || {OFFSET} THEN 'c' WHEN replace({SHOWN}, ' ', 'T') || 'Z' THEN 'd' END"""
PACKED = f"CASE WHEN {AHEAD} % 900 = 0 AND abs({AHEAD}) < 86400 THEN {HEAD} || ({FORM}) || ({AHEAD} / 900) END"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewritten()
        return
    op.add_column("scan", sa.Column("said", sa.Text(), nullable=False, server_default=""))
    op.execute("ALTER TABLE scan DISABLE TRIGGER USER")
    op.execute(f"UPDATE scan SET said = {VERBATIM}")
    op.execute("ALTER TABLE scan ENABLE TRIGGER USER")
    with op.batch_alter_table("scan") as batch_op:
        batch_op.alter_column("said", server_default=None)
        for name in ("raw", "zone", "certainty"):
            batch_op.drop_column(name)


def _rewritten() -> None:
    """Into a table of its own, row by row in their order; the old one's pages are used again."""
    op.create_table(
        "scan_said",
        sa.Column("parcel_id", sa.Integer(), sa.ForeignKey("parcel.id"), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("phrase_id", sa.Integer(), sa.ForeignKey("phrase.id"), nullable=False),
        sa.Column("place_id", sa.Integer(), sa.ForeignKey("place.id"), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", "key"),
        sqlite_with_rowid=False,
    )
    kept = "parcel_id, key, at, received_at, phrase_id, place_id"
    op.execute(
        f"INSERT INTO scan_said ({kept}, said) SELECT {kept}, coalesce({PACKED}, {VERBATIM}) FROM scan ORDER BY parcel_id, key"
    )
    op.drop_table("scan")
    op.rename_table("scan_said", "scan")
    append_only("scan")
