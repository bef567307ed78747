"""Who was told that a promise ran out"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("clock_id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("rung", BigInt, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("crossed_at", Moment, nullable=False),
        sa.Column("fired_at", Moment, nullable=False),
        sa.Column("told", Json, nullable=False),
        sa.Column("in_digest", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clocks.id"], name="fk_escalations_clock_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_escalations_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        sa.UniqueConstraint("clock_id", "rung", name="uq_escalations_clock_id_rung"),
    )
    op.create_index("ix_escalations_ticket", "escalations", ["ticket_id", "id"])
    op.create_index(
        "ix_escalations_digest",
        "escalations",
        ["fired_at"],
        sqlite_where=sa.text("in_digest"),
        postgresql_where=sa.text("in_digest"),
    )
    # Clocks that run climb the ladder from now on; of what broke long ago nobody is told anew.
    op.execute(
        "UPDATE clocks SET next_rung_at = running_since"
        " WHERE state = 'running' AND stopped_at IS NULL"
    )


def downgrade() -> None:
    op.execute("UPDATE clocks SET next_rung_at = NULL, rung = 0 WHERE next_rung_at IS NOT NULL")
    op.drop_table("escalations")
