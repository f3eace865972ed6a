"""Make-goods: proposals with somebody's word, parcels that are sent again, and a guard over what an order gets."""

import sqlalchemy as sa
from alembic import op

from store.migrations.guards import left_out

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHEN = "NEW.approval = '' AND NEW.kind IN ('refund', 'reship')"
CLASH = """
SELECT 1 FROM instruction o
WHERE o.order_ref = NEW.order_ref AND o.kind IN ('refund', 'reship') AND (
  o.kind <> NEW.kind OR o.item = '*' OR NEW.item = '*'
  OR (
    rtrim(o.item, '0123456789') LIKE '%#' AND rtrim(o.item, '0123456789') = rtrim(NEW.item, '0123456789')
    AND CAST(substr(o.item, length(rtrim(o.item, '0123456789')) + 1) AS INTEGER)
      < CAST(substr(NEW.item, length(rtrim(NEW.item, '0123456789')) + 1) AS INTEGER) + NEW.qty
    AND CAST(substr(NEW.item, length(rtrim(NEW.item, '0123456789')) + 1) AS INTEGER)
      < CAST(substr(o.item, length(rtrim(o.item, '0123456789')) + 1) AS INTEGER) + o.qty
  )
)
"""
"""Whoever writes: without an approval no order gets a refund and a reship, nor a piece twice. The row is left out, as by the
unique index beside it.
"""


def upgrade() -> None:
    op.add_column("instruction", sa.Column("qty", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("instruction", sa.Column("proposal", sa.String(), nullable=False, server_default=""))
    op.add_column("instruction", sa.Column("origin", sa.String(), nullable=False, server_default="house"))
    op.add_column("instruction", sa.Column("carrier", sa.String(), nullable=False, server_default=""))
    op.create_index("instruction_order", "instruction", ["order_ref"])
    op.create_index("instruction_case", "instruction", ["case_id"], sqlite_where=sa.text("case_id IS NOT NULL"))
    op.create_index(
        "instruction_unconfirmed", "instruction", ["written_at"], sqlite_where=sa.text("confirmed_at IS NULL")
    )
    # what was written before this version: a return's line is as many pieces as were collected of it
    op.execute(
        "UPDATE instruction SET qty = coalesce((SELECT max(1, CAST(json_extract(j.value, '$.qty') AS INTEGER))"
        " FROM returns r, json_each(r.collected) j WHERE r.ref = instruction.return_ref"
        " AND json_extract(j.value, '$.sku') || '#' = rtrim(instruction.item, '0123456789')), 1)"
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("cost_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("go_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["order_ref"], ["orders.ref"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_proposal_case_id", "proposal", ["case_id"])
    op.create_index("ix_proposal_order_ref", "proposal", ["order_ref"])
    op.create_index("proposal_go", "proposal", ["go_at"], sqlite_where=sa.text("go_at IS NOT NULL"))
    op.create_index("proposal_waiting", "proposal", ["proposed_at"], sqlite_where=sa.text("status = 'waiting'"))
    op.create_table(
        "reship",
        sa.Column("instruction_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("instructed_at", sa.BigInteger(), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["instruction_id"], ["instruction.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["order_ref"], ["orders.ref"]),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("instruction_id"),
    )
    for column in ("case_id", "order_ref", "shipment_id"):
        op.create_index(f"ix_reship_{column}", "reship", [column])
    op.create_table(
        "reship_original",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("instruction_id", sa.String(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=True),
        sa.Column("turned_up_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.ForeignKeyConstraint(["instruction_id"], ["instruction.id"]),
        sa.PrimaryKeyConstraint("shipment_id", "instruction_id"),
    )
    op.create_index("ix_reship_original_instruction_id", "reship_original", ["instruction_id"])
    left_out("instruction_guard", "instruction", WHEN, CLASH)
