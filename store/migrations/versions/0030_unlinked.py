"""The end of a link to a chat is on the record of what people did, too."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

EVENTS = "'revealed', 'act_refused', 'linked', 'unlinked', 'released'"


def upgrade() -> None:
    op.drop_index("fact_audit", "fact")
    op.create_index(
        "fact_audit", "fact", ["id"], sqlite_where=sa.text(f"subject_type = 'person' OR event IN ({EVENTS})")
    )
