"""Who is offered a ticket, and why"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PEOPLE = ("deputy_id", "specialist_id")
_OFFERED = sa.text("offer = 'offered'")
_LIVE = sa.text("look_at IS NOT NULL")


def upgrade() -> None:
    push = sa.Column("push", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("teams", push)
    for name in PEOPLE:
        _refer_to_agent(name)
        op.create_index(f"ix_accounts_{name}", "accounts", [name])
    op.create_table(
        "routing_decisions",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("offer", sa.String(length=32), nullable=True),
        sa.Column("queued_at", Moment, nullable=False),
        sa.Column("climbs", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("look_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"]),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_routing_decisions_ticket", "routing_decisions", ["ticket_id", "id"])
    _index("offered", ["agent_id"], where=_OFFERED)
    _index("live", ["ticket_id"], where=_LIVE, unique=True)
    _index("look", ["look_at"], where=_LIVE)
    op.create_table(
        "routing_turns",
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id"),
    )


def _refer_to_agent(name: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Rebuilding the table would drop it, and customers refer to it.
        op.execute(
            f"ALTER TABLE accounts ADD COLUMN {name} INTEGER"
            f" CONSTRAINT fk_accounts_{name} REFERENCES agents (id)"
        )
        return
    op.add_column("accounts", sa.Column(name, BigInt, nullable=True))
    op.create_foreign_key(f"fk_accounts_{name}", "accounts", "agents", [name], ["id"])


def _index(name: str, columns: list[str], *, where: sa.TextClause, unique: bool = False) -> None:
    op.create_index(
        f"ix_routing_decisions_{name}",
        "routing_decisions",
        columns,
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    op.drop_table("routing_turns")
    op.drop_table("routing_decisions")
    for name in PEOPLE:
        op.drop_index(f"ix_accounts_{name}", "accounts")
        op.drop_column("accounts", name)
    op.drop_column("teams", "push")
