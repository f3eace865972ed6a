"""Chat channels outside the house: how far each was read, who is who there, a queue with priorities for each."""

import sqlalchemy as sa
from alembic import op

from store.migrations.guards import row_numbers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_channel",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "chat_identity",
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("adapter", "identity"),
    )
    op.create_index("ix_chat_identity_person_id", "chat_identity", ["person_id"])
    op.create_table(
        "chat_invitation",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_chat_invitation_identity", "chat_invitation", ["identity"])
    op.create_table(
        "chat_private",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "identity"),
    )
    op.create_table(
        "chat_unplaced",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "key"),
    )
    row_numbers("chat_unplaced")
    op.create_index("ix_chat_unplaced_about", "chat_unplaced", ["about"])
    op.add_column("outbox", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("outbox_remote", "outbox", ["channel", "remote_id"])
    op.create_index(
        "outbox_queue",
        "outbox",
        ["channel", "priority", "due_at"],
        sqlite_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
    )
