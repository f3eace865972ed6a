"""Couriers' chats: where each gets their routes, and the one-time codes that link them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courier_chat",
        sa.Column("courier", sa.String(), primary_key=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_courier_chat_channel", "courier_chat", ["channel"])
    op.create_table(
        "courier_code",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("courier", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_by", sa.String(), nullable=False),
    )
    op.create_index("ix_courier_code_courier", "courier_code", ["courier"])
