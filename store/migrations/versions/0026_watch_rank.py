"""The watch list stands by what acting is worth."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watch_item", sa.Column("rank", sa.BigInteger(), nullable=False, server_default=str(1 << 40)))
    op.drop_index("watch_item_since", "watch_item")
    op.create_index("watch_item_rank", "watch_item", ["rank", "since", "subject_id", "kind"])
