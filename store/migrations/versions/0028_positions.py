"""Where couriers are, with their consent: the newest place of a route."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courier_position",
        sa.Column("route_id", sa.String(), sa.ForeignKey("route.id"), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
    )
    op.create_index("ix_courier_position_at", "courier_position", ["at"])
