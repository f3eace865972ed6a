"""Queues: a place in the morning list, the type of a case that a person opened, and the indexes by which queues are read."""

import sqlalchemy as sa
from alembic import op

from store.migrations.guards import ending

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.add_column("cases", sa.Column("rank", sa.Integer(), nullable=False, server_default="2"))
    op.add_column("cases", sa.Column("type", sa.String(), nullable=False, server_default=""))
    op.execute(
        "UPDATE cases SET rank = CASE kind WHEN 'disputed' THEN 0 WHEN 'refund_unconfirmed' THEN 1 WHEN 'checkin_missing' THEN 1 ELSE 2 END"
    )
    op.create_index("case_queue_due", "cases", ["promise_by", "id", "told_at", "closed_at"], sqlite_where=OPEN)
    for name, column in (("owner", "owner"), ("status", "status"), ("morning", "rank"), ("kind", "kind")):
        op.create_index(f"case_queue_{name}", "cases", [column, "promise_by", "id", "closed_at"], sqlite_where=OPEN)
    op.create_index("watch_item_since", "watch_item", ["since", "subject_id", "kind"])
    op.create_index("shipment_ending", "shipment", [ending("number", 4)])
    op.create_index("customer_phone_ending", "customer", [ending("phone", 4)])
    op.create_index("parcel_delivered", "parcel", ["id", "delivered"], sqlite_where=sa.text("delivered = 'yes'"))
    op.create_index("watch_going_on", "watch", ["shipment_id", "ended"], sqlite_where=sa.text("ended = ''"))
