"""Customers across orders, and the messages of a case with their times. Cases from before write to nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "customer_key",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["customer_record.id"]),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_customer_key_record_id", "customer_key", ["record_id"])
    op.create_table(
        "customer_order",
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["orders.ref"]),
        sa.ForeignKeyConstraint(["record_id"], ["customer_record.id"]),
        sa.PrimaryKeyConstraint("order_ref"),
    )
    op.create_index("ix_customer_order_record_id", "customer_order", ["record_id"])
    op.create_table(
        "customer_step",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "round", "step"),
    )
    op.create_index("customer_step_due", "customer_step", ["due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))
    op.create_index("customer_step_todo", "customer_step", ["state"], sqlite_where=sa.text("state = 'todo'"))
    op.execute("INSERT INTO meta (key, value) SELECT 'customers_seen', max(id) FROM fact HAVING max(id) > 0")
