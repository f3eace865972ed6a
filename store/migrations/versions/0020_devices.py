"""A released phone is on the record of what people did, too."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("fact_audit", "fact")
    op.create_index(
        "fact_audit",
        "fact",
        ["id"],
        sqlite_where=sa.text("subject_type = 'person' OR event IN ('revealed', 'act_refused', 'linked', 'released')"),
    )
