"""Files of complaints are deleted when their time is over, unless they are held"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reason = sa.Column("legal_hold_reason", sa.Text(), server_default="", nullable=False)
    op.add_column("complaints", sa.Column("legal_hold_at", Moment, nullable=True))
    op.add_column("complaints", sa.Column("legal_hold_by", sa.String(80), nullable=True))
    op.add_column("complaints", reason)
    op.create_table(
        "past_complaints",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("month", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("category", sa.String(64), nullable=True),
        sa.Column("preset", sa.String(64), nullable=False),
        sa.Column("level", BigInt, nullable=False),
        sa.Column("close_reason", sa.String(64), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("root_cause", sa.String(64), nullable=True),
        sa.Column("safety", BigInt, nullable=True),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("granted", BigInt, nullable=False),
        sa.Column("answered_in", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_complaints")),
    )


def downgrade() -> None:
    op.drop_table("past_complaints")
    for column in ("legal_hold_reason", "legal_hold_by", "legal_hold_at"):
        op.drop_column("complaints", column)
