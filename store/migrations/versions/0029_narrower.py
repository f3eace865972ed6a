"""Deliveries are kept once, not as a row and as its key; letters without an id at the far side are left out of the index of such ids."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("outbox_remote", "outbox")
    op.create_index("outbox_remote", "outbox", ["channel", "remote_id"], sqlite_where=sa.text("remote_id <> ''"))
    if op.get_bind().dialect.name == "sqlite":
        _without_row_numbers()


def _without_row_numbers() -> None:
    op.create_table(
        "inbound_kept",
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "account", "key"),
        sqlite_with_rowid=False,
    )
    columns = "adapter, account, key, at, answer"
    op.execute(f"INSERT INTO inbound_kept ({columns}) SELECT {columns} FROM inbound ORDER BY adapter, account, key")
    op.drop_table("inbound")
    op.rename_table("inbound_kept", "inbound")
