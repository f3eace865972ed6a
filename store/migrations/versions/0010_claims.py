"""Claims and carrier enquiries: projections of their facts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("parcel", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("order_ref", sa.String(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("dates", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("goods_cents", sa.Integer(), nullable=True),
        sa.Column("freight_cents", sa.Integer(), nullable=False),
        sa.Column("claimed_cents", sa.Integer(), nullable=True),
        sa.Column("recovered_cents", sa.Integer(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("answer_by", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("appeal_by", sa.BigInteger(), nullable=True),
        sa.Column("appealed_to", sa.String(), nullable=False),
        sa.Column("window_said", sa.Boolean(), nullable=False),
        sa.Column("reminded", sa.Text(), nullable=False),
        sa.Column("lapsed", sa.Boolean(), nullable=False),
        sa.Column("valued", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("claim_once", "claim", ["shipment_id", "parcel", "reason"], unique=True)
    op.create_index("claim_due", "claim", ["next_at"], sqlite_where=sa.text("next_at IS NOT NULL"))
    op.create_index("claim_state", "claim", ["state", "deadline_at"])
    op.create_index("ix_claim_case_id", "claim", ["case_id"])
    op.create_table(
        "enquiry",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("answer_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("enquiry_due", "enquiry", ["answer_by"], sqlite_where=sa.text("answered_at IS NULL"))
