"""The risk model that was learned from the merchant's own history, and when it makes a silent parcel cross."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "risk_model",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("fitted_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("why_not", sa.String(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_risk_model_fitted_at", "risk_model", ["fitted_at"])
    op.add_column("watch", sa.Column("rules_at", sa.BigInteger(), nullable=True))
    op.add_column("watch", sa.Column("risk_at", sa.BigInteger(), nullable=True))
