"""Incidents: cases with one cause, and what they have in common. Cases and letters are found by their subject."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("close_reason", sa.String(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "incident_one_open", "incident", ["cause"], unique=True, sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_index("incident_changed", "incident", ["changed_at"], sqlite_where=sa.text("changed_at IS NOT NULL"))
    op.create_table(
        "case_cause",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "cause"),
    )
    op.create_table(
        "cause_watch",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("watched", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cause"),
    )
    op.create_table(
        "incident_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("cases", sa.Column("incident_id", sa.Integer(), nullable=True))
    op.create_index(
        "case_member", "cases", ["incident_id", "closed_at"], sqlite_where=sa.text("incident_id IS NOT NULL")
    )
    op.create_index("case_subject", "cases", ["subject_type", "subject_id"])
    op.create_index("case_opened", "cases", ["opened_at"])
    op.create_index("outbox_subject", "outbox", ["subject_type", "subject_id", "created_at"])
