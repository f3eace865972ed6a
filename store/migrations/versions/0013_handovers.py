"""Handovers: which case was offered by whom to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "handover_item",
        sa.Column("handover", sa.String(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("from_person", sa.String(), nullable=False),
        sa.Column("to_person", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("handover", "case_id"),
    )
    op.create_index("handover_one_waiting", "handover_item", ["case_id"], unique=True, sqlite_where=WAITING)
    for name, column in (("to", "to_person"), ("from", "from_person"), ("due", "due_at")):
        op.create_index(f"handover_{name}", "handover_item", [column], sqlite_where=WAITING)
