"""Carriers' own pickups: what they would cost, and what was booked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pickup_quote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("our_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("quoted_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("pickup_quote_asked", "pickup_quote", ["source", "account", "asked", "valid_until"])
    op.create_table(
        "pickup_booking",
        sa.Column("our_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("known_as", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("slot_from", sa.BigInteger(), nullable=False),
        sa.Column("slot_to", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("booked_at", sa.BigInteger(), nullable=True),
        sa.Column("charge_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("goods", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=True),
        sa.Column("busy_until", sa.BigInteger(), nullable=True),
        sa.Column("state_at", sa.BigInteger(), nullable=True),
        sa.Column("erase_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("our_id"),
    )
    op.create_index("ix_pickup_booking_order_ref", "pickup_booking", ["order_ref"])
    op.create_index("pickup_booking_known", "pickup_booking", ["source", "account", "known_as"])
    for name, column in (("pickup_booking_due", "state_at"), ("pickup_booking_erase", "erase_at")):
        op.create_index(name, "pickup_booking", [column], sqlite_where=sa.text(f"{column} IS NOT NULL"))
