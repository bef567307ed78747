"""Clocks in business time that pause, and the versions of calendars and policies they run by"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
UNANSWERED = "kind = 'next_response' AND stopped_at IS NULL AND state <> 'cancelled'"

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What ran around the clock goes on as it is, and may pause from now on.
CARRY_OVER = (
    """UPDATE clocks SET legal_due_at = due_at,
        pauses = CASE kind WHEN 'resolution' THEN 'waiting_customer,on_hold' ELSE '' END,
        running_since = CASE WHEN stopped_at IS NULL AND state IN ('running', 'breached')
            THEN started_at ELSE NULL END""",
    "UPDATE clocks SET met_first = true, met_final = true, consumed = target WHERE state = 'met'",
    """UPDATE clocks SET met_first = false, met_final = false, breach_cause = 'late'
        WHERE state = 'breached'""",
    "UPDATE tickets SET asked_at = first_response_at WHERE status <> 'waiting_customer'",
)
SHRINK = (
    "DELETE FROM clocks WHERE ref_id <> 0 OR kind NOT IN ('first_response', 'resolution')",
    "UPDATE clocks SET due_at = coalesce(due_at, legal_due_at, started_at)",
    "UPDATE clocks SET state = 'running' WHERE state = 'paused'",
)


def upgrade() -> None:
    for name in ("ix_clocks_due", "ix_clocks_stopped", "ix_clocks_broken"):
        op.drop_index(name, "clocks")
    with op.batch_alter_table("clocks") as batch:
        for name, length in _TEXTS.items():
            default = "24x7" if name == "calendar" else ""
            kind = sa.String(length=length)
            batch.add_column(sa.Column(name, kind, server_default=default, nullable=False))
        for name in ("ref_id", "consumed", "rung"):
            batch.add_column(sa.Column(name, BigInt, server_default="0", nullable=False))
        batch.add_column(
            sa.Column("provisional", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        for name in ("running_since", "legal_due_at", "next_rung_at"):
            batch.add_column(sa.Column(name, Moment, nullable=True))
        batch.add_column(sa.Column("stopped_by", BigInt, nullable=True))
        batch.add_column(sa.Column("breach_cause", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("met_first", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("met_final", sa.Boolean(), nullable=True))
        batch.alter_column("due_at", existing_type=Moment, nullable=True)
        batch.drop_constraint("uq_clocks_ticket_id_kind", type_="unique")
        batch.create_unique_constraint(
            op.f("uq_clocks_ticket_id_kind_ref_id"), ["ticket_id", "kind", "ref_id"]
        )
    _index("ix_clocks_due", "due_at", "id", only="state = 'running'")
    _index("ix_clocks_stopped", "stopped_at", only="stopped_at IS NOT NULL")
    _index("ix_clocks_broken", "breached_at", only="breached_at IS NOT NULL")
    _index("ix_clocks_stopped_by", "stopped_by", only="stopped_by IS NOT NULL")
    _index("ix_clocks_rung", "next_rung_at", "id", only="next_rung_at IS NOT NULL")
    _index("ix_clocks_unanswered", "ticket_id", only=UNANSWERED, unique=True)
    _add_to_tickets()
    for statement in CARRY_OVER:
        op.execute(statement)
    _create_versions()


_TEXTS = {
    "goal": 64,
    "calendar": 64,
    "calendar_version": 64,
    "rule": 64,
    "pauses": 64,
    "policy": 64,
    "policy_version": 64,
}


def _index(name: str, *columns: str, only: str, unique: bool = False, on: str = "clocks") -> None:
    where = sa.text(only)
    op.create_index(
        name, on, list(columns), unique=unique, sqlite_where=where, postgresql_where=where
    )


def _add_to_tickets() -> None:
    for name in ("asked_at", "silent_since", "remind_at"):
        op.add_column("tickets", sa.Column(name, Moment, nullable=True))
    op.add_column("tickets", sa.Column("reminders", BigInt, server_default="0", nullable=False))
    op.add_column("tickets", sa.Column("policy_version", sa.String(length=64), nullable=True))
    _index("ix_tickets_remind", "remind_at", only="status = 'waiting_customer'", on="tickets")


def _create_versions() -> None:
    op.create_table(
        "calendar_versions",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("effective_from", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", "digest", name=op.f("pk_calendar_versions")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("effective_from", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policy_versions")),
    )


def downgrade() -> None:
    op.drop_table("policy_versions")
    op.drop_table("calendar_versions")
    op.drop_index("ix_tickets_remind", "tickets")
    for name in ("asked_at", "silent_since", "remind_at", "reminders", "policy_version"):
        op.drop_column("tickets", name)
    for name in ("due", "stopped", "broken", "stopped_by", "rung", "unanswered"):
        op.drop_index(f"ix_clocks_{name}", "clocks")
    for statement in SHRINK:
        op.execute(statement)
    with op.batch_alter_table("clocks") as batch:
        batch.drop_constraint("uq_clocks_ticket_id_kind_ref_id", type_="unique")
        batch.create_unique_constraint(op.f("uq_clocks_ticket_id_kind"), ["ticket_id", "kind"])
        batch.alter_column("due_at", existing_type=Moment, nullable=False)
        for name in (*_TEXTS, "ref_id", "consumed", "rung", "provisional", "running_since"):
            batch.drop_column(name)
        for name in ("legal_due_at", "next_rung_at", "stopped_by", "breach_cause"):
            batch.drop_column(name)
        batch.drop_column("met_first")
        batch.drop_column("met_final")
    _index("ix_clocks_due", "due_at", only="state = 'running'")
    _index("ix_clocks_stopped", "stopped_at", only="stopped_at IS NOT NULL")
    _index("ix_clocks_broken", "breached_at", only="breached_at IS NOT NULL")
