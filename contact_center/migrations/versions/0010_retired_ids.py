"""Ids of deleted customers and uploads are not given out again on SQLite"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("customers", "uploads")
TRIGGER = """
CREATE TRIGGER retire_ids_of_{table} AFTER DELETE ON {table} BEGIN
    INSERT INTO retired_ids ("table", id) VALUES ('{table}', OLD.id)
    ON CONFLICT ("table") DO UPDATE SET id = max(id, excluded.id);
END
"""


def upgrade() -> None:
    op.create_table(
        "retired_ids",
        sa.Column("table", sa.String(64), nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("table", name=op.f("pk_retired_ids")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            op.execute(TRIGGER.format(table=table))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            op.execute(f"DROP TRIGGER retire_ids_of_{table}")
    op.drop_table("retired_ids")
