"""Absences and deputies; transfers are counted; whom a complaint is about; hand-overs"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

PEOPLE = (("agents", "deputy_id"), ("tickets", "about_agent_id"))

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("deputy_id", BigInt, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("told_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_absences_agent_id"),
        sa.ForeignKeyConstraint(["deputy_id"], ["agents.id"], name="fk_absences_deputy_id"),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    untold = sa.text("told_at IS NULL")
    op.create_index("ix_absences_ends_at", "absences", ["ends_at"])
    op.create_index("ix_absences_agent", "absences", ["agent_id", "ends_at"])
    op.create_index(
        "ix_absences_untold",
        "absences",
        ["starts_at"],
        sqlite_where=untold,
        postgresql_where=untold,
    )
    # Added in place: a copy of the table would be refused where rows refer to it.
    for table, column in PEOPLE:
        key = sa.ForeignKey("agents.id", name=f"fk_{table}_{column}")
        op.add_column(table, sa.Column(column, BigInt, key, nullable=True), inline_references=True)
    op.add_column(
        "tickets", sa.Column("transfer_count", BigInt, nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("tickets", "transfer_count")
    for table, column in PEOPLE:
        op.drop_column(table, column)
    op.drop_table("absences")
