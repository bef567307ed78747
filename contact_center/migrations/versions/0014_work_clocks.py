"""Clocks of work orders, of which each attempt is one of its own"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OLD, NEW = "uq_clocks_ticket_id_kind_ref_id", "uq_clocks_ticket_id_kind_ref_id_attempt"

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("clocks") as batch:
        batch.add_column(sa.Column("attempt", BigInt, server_default="0", nullable=False))
        batch.drop_constraint(OLD, type_="unique")
        batch.create_unique_constraint(op.f(NEW), ["ticket_id", "kind", "ref_id", "attempt"])
    version = sa.Column("policy_version", sa.String(64), server_default="", nullable=False)
    op.add_column("work_orders", version)


def downgrade() -> None:
    op.drop_column("work_orders", "policy_version")
    op.execute(
        "DELETE FROM escalations WHERE clock_id IN (SELECT id FROM clocks WHERE attempt > 0)"
    )
    op.execute("DELETE FROM clocks WHERE attempt > 0")
    with op.batch_alter_table("clocks") as batch:
        batch.drop_constraint(NEW, type_="unique")
        batch.create_unique_constraint(op.f(OLD), ["ticket_id", "kind", "ref_id"])
        batch.drop_column("attempt")
