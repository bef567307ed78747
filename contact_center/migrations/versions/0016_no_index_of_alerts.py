"""Alerts have a table of their own: nobody looks for them in the log"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

IS_ALERT = sa.text("kind = 'lead.alerted'")


def upgrade() -> None:
    op.drop_index("ix_events_alerts", table_name="events")


def downgrade() -> None:
    op.create_index(
        "ix_events_alerts", "events", ["id"], sqlite_where=IS_ALERT, postgresql_where=IS_ALERT
    )
