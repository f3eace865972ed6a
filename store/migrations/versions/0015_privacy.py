"""How long customers' data is kept, what was erased; words of facts may be rewritten inside a recorded erasure."""

import sqlalchemy as sa
from alembic import op

from store.migrations.guards import append_only_but

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNTOUCHED = ("id", "subject_type", "subject_id", "event", "at", '"by"', "channel")
"""What no erasure changes of a fact."""


def upgrade() -> None:
    op.create_table(
        "customer_keeping",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_index(
        "customer_keeping_due", "customer_keeping", ["look_at"], sqlite_where=sa.text("look_at IS NOT NULL")
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("customers", sa.Text(), nullable=False),
        sa.Column("orders", sa.Text(), nullable=False),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "erased_fact",
        sa.Column("fact_id", sa.Integer(), nullable=False),
        sa.Column("erasure_id", sa.String(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"]),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"]),
        sa.PrimaryKeyConstraint("fact_id"),
    )
    op.create_table(
        "erasing", sa.Column("erasure_id", sa.String(), nullable=False), sa.PrimaryKeyConstraint("erasure_id")
    )
    op.create_index(
        "fact_audit",
        "fact",
        ["id"],
        sqlite_where=sa.text("subject_type = 'person' OR event IN ('revealed', 'act_refused', 'linked')"),
    )
    append_only_but("fact", "EXISTS (SELECT 1 FROM erasing)", UNTOUCHED)
