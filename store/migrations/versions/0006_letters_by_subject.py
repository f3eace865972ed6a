"""Letters are found by what they are about, without reading the whole outbox."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("outbox_about", "outbox", ["subject_type", "subject_id", "channel"])
