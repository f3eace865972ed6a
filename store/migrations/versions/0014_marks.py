"""When a person said that a parcel was received, or is lost."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watch", sa.Column("note_at", sa.BigInteger(), nullable=True))
