"""What agents are told, and orders to supervise tickets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("sent_at", Moment, nullable=True),
        sa.Column("read_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_alerts_agent_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_alerts_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("agent_id", "key", name="uq_alerts_agent_id_key"),
    )
    op.create_index("ix_alerts_newest", "alerts", ["agent_id", "id"])
    op.create_index("ix_alerts_ticket_id", "alerts", ["ticket_id"])
    for name, column, only in (("unread", "agent_id", "read_at"), ("unsent", "id", "sent_at")):
        where = sa.text(f"{only} IS NULL")
        op.create_index(
            f"ix_alerts_{name}", "alerts", [column], sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "supervision_orders",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("supervisor_id", BigInt, nullable=True),
        sa.Column("taken_at", Moment, nullable=True),
        sa.Column("instruction", sa.Text(), nullable=True),
        sa.Column("instructed_at", Moment, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("ended_by_id", BigInt, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name="fk_supervision_orders_ticket_id"
        ),
        sa.ForeignKeyConstraint(
            ["supervisor_id"], ["agents.id"], name="fk_supervision_orders_supervisor_id"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["agents.id"], name="fk_supervision_orders_ended_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_supervision_orders"),
    )
    is_open = sa.text("ended_at IS NULL")
    for name, columns, unique in (
        ("uq_supervision_orders_open", ["ticket_id", "cause"], True),
        ("ix_supervision_orders_board", ["id"], False),
    ):
        op.create_index(
            name,
            "supervision_orders",
            columns,
            unique=unique,
            sqlite_where=is_open,
            postgresql_where=is_open,
        )
    op.create_index("ix_supervision_orders_ticket", "supervision_orders", ["ticket_id", "id"])


def downgrade() -> None:
    op.drop_table("supervision_orders")
    op.drop_table("alerts")
