"""Several sources for one shipment, subscriptions that are kept alive, budgets that hold in any window of time.

Who is asked about a shipment, and when, moves out of ``watch`` into a row for each source.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asking",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("worth", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", sa.BigInteger(), nullable=True),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("no_data", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("shipment_id", "source"),
    )
    op.execute(
        "INSERT INTO asking (shipment_id, source, account, place, worth, next_poll_at, polled_at, no_data, failures)"
        " SELECT shipment_id, source, account, 0, 1, next_poll_at, polled_at, no_data, failures FROM watch"
    )
    op.create_index("asking_due", "asking", ["source", "account", "worth", "next_poll_at", "shipment_id"])
    op.create_table(
        "subscription",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("shipment_id", "source"),
    )
    op.create_index(
        "subscription_due",
        "subscription",
        ["source", "account", "due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "unidentified",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("guesses", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("shipment_id"),
    )
    op.create_index("unidentified_due", "unidentified", ["due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))
    _slim_watch()
    op.rename_table("budget", "budget_before")
    op.create_table(
        "budget",
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("per_s", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("credential", "per_s", "at_ms"),
    )
    op.execute(  # what a window held counts until that window would have been over
        "INSERT INTO budget (credential, per_s, at_ms, used)"
        " SELECT credential, per_s, window_at * 1000, used FROM budget_before"
    )
    op.drop_table("budget_before")
    op.add_column("source", sa.Column("used_up_until", sa.BigInteger(), nullable=True))
    op.add_column("source", sa.Column("stood_in", sa.Boolean(), nullable=False, server_default=sa.false()))


WHY_OVER = (
    "CASE WHEN w.next_poll_at IS NOT NULL THEN '' WHEN w.no_data = 'aged_out' THEN 'aged_out'"
    " WHEN EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id = w.shipment_id AND p.delivered = 'yes') THEN 'delivered'"
    " WHEN EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id = w.shipment_id"
    "   AND p.milestone IN ('returned', 'cancelled')) THEN 'at_rest' ELSE 'too_long' END"
)
"""What is asked no more was over, for a reason that nobody wrote down: a case that opens later has to wake it."""


def _slim_watch() -> None:
    """``watch`` with its deadlines only, and why watching ended."""
    op.rename_table("watch", "watch_before")
    op.drop_index("watch_alarm", table_name="watch_before")
    op.create_table(
        "watch",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("alarm_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("shipment_id"),
    )
    op.execute(
        f"INSERT INTO watch (shipment_id, alarm_at, note, ended) SELECT shipment_id, alarm_at, note, {WHY_OVER}"
        " FROM watch_before w"
    )
    op.drop_table("watch_before")
    op.create_index("watch_alarm", "watch", ["alarm_at", "shipment_id"], sqlite_where=sa.text("alarm_at IS NOT NULL"))
