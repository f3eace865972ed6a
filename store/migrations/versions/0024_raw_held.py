"""When to look again at a carrier's reply that an open case or claim holds. The index of replies leaves these out."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_reply", sa.Column("again_at", sa.BigInteger(), nullable=True))
    op.drop_index("ix_raw_reply_at", "raw_reply")
    op.create_index("raw_due", "raw_reply", ["at"], sqlite_where=sa.text("again_at IS NULL"))
    op.create_index("raw_again", "raw_reply", ["again_at"], sqlite_where=sa.text("again_at IS NOT NULL"))
