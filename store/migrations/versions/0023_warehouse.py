"""Returns at the warehouse, and the parcels in which carriers bring them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkin",
        sa.Column("return_ref", sa.String(), sa.ForeignKey("returns.ref"), primary_key=True),
        sa.Column("checked_in_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_in_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("accepted", sa.Text(), nullable=False),
    )
    op.create_index("checkin_waiting", "checkin", ["checked_in_at"], sqlite_where=sa.text("decided_at IS NULL"))
    op.create_index("checkin_decided", "checkin", ["decided_at"])
    op.create_table(
        "return_parcel",
        sa.Column("shipment_id", sa.Integer(), sa.ForeignKey("shipment.id"), primary_key=True),
        sa.Column("return_ref", sa.String(), sa.ForeignKey("returns.ref"), nullable=False),
        sa.Column("scanned_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("return_parcel_of", "return_parcel", ["return_ref"])
