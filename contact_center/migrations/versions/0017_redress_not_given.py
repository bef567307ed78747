"""Redress that is not given after all says why"""

import sqlalchemy as sa
from alembic import op

Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reason = sa.Column("withdrawn_reason", sa.Text(), server_default="", nullable=False)
    op.add_column("redress_items", sa.Column("withdrawn_at", Moment, nullable=True))
    op.add_column("redress_items", sa.Column("withdrawn_by", sa.String(80), nullable=True))
    op.add_column("redress_items", sa.Column("withdrawn_cause", sa.String(32), nullable=True))
    op.add_column("redress_items", reason)


def downgrade() -> None:
    for column in ("withdrawn_reason", "withdrawn_cause", "withdrawn_by", "withdrawn_at"):
        op.drop_column("redress_items", column)
