"""Deliveries are claimed lane by lane"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("status IN ('pending', 'leased')")
FILL = """
UPDATE deliveries SET lane = channel || coalesce(':' || endpoint_id, '')
WHERE status IN ('pending', 'leased', 'dead') OR endpoint_id IS NOT NULL
"""  # of the others none is ever sent again


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("lane", sa.String(80), nullable=False, server_default=""))
    op.execute(FILL)
    _index(["lane", "available_at", "id"])


def downgrade() -> None:
    _index(["available_at", "id"])
    op.drop_column("deliveries", "lane")


def _index(columns: list[str]) -> None:
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        columns,
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
