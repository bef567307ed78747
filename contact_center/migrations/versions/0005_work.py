"""Work orders, promises to customers, and who has said that a ticket is over"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ON_TICKETS = ("promised_at", "signed_off_at", "confirmed_at")


def upgrade() -> None:
    with op.batch_alter_table("tickets") as batch:
        for name in ("open_work_orders", "open_promises"):
            batch.add_column(sa.Column(name, BigInt, nullable=False, server_default="0"))
        for name in ON_TICKETS:
            batch.add_column(sa.Column(name, Moment, nullable=True))
        batch.add_column(sa.Column("settled", sa.String(length=32), nullable=True))
    _work_orders()
    _promises()


def _work_orders() -> None:
    moments = {"sign_due_at": False, "finish_due_at": False, "issued_at": False}
    moments |= dict.fromkeys(("signed_at", "started_at", "finished_at", "ended_at"), True)
    moments |= dict.fromkeys(("waived_at", "extension_until"), True)
    moments |= dict.fromkeys(("appointment_from", "appointment_until", "arrived_at"), True)
    op.create_table(
        "work_orders",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("team_id", BigInt, nullable=False),
        sa.Column("assignee_id", BigInt, nullable=True),
        sa.Column("issued_by_id", BigInt, nullable=True),
        sa.Column("is_blocking", sa.Boolean(), nullable=False),
        sa.Column("calendar", sa.String(length=64), nullable=False),
        sa.Column("sign_target", sa.String(length=64), nullable=False),
        sa.Column("finish_target", sa.String(length=64), nullable=False),
        *(sa.Column(name, Moment, nullable=nullable) for name, nullable in moments.items()),
        sa.Column("extension_granted", sa.Boolean(), nullable=True),
        sa.Column("return_count", BigInt, nullable=False),
        sa.Column("suggested_team_id", BigInt, nullable=True),
        sa.Column("redo_count", BigInt, nullable=False),
        sa.Column("rating", BigInt, nullable=True),
        sa.Column("is_visit", sa.Boolean(), nullable=False),
        sa.Column("location", sa.String(length=998), nullable=True),
        sa.Column("skill", sa.String(length=64), nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_work_orders_ticket_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_work_orders_team_id"),
        sa.ForeignKeyConstraint(["assignee_id"], ["agents.id"], name="fk_work_orders_assignee_id"),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["agents.id"], name="fk_work_orders_issued_by_id"
        ),
        sa.ForeignKeyConstraint(
            ["suggested_team_id"], ["teams.id"], name="fk_work_orders_suggested_team_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_work_orders"),
    )
    op.create_index("ix_work_orders_ticket", "work_orders", ["ticket_id", "id"])
    is_open = sa.text("state <> 'verified' AND state <> 'cancelled'")
    op.create_index(
        "ix_work_orders_team",
        "work_orders",
        ["team_id", "finish_due_at", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_work_orders_issued_at", "work_orders", ["issued_at"])
    op.create_table(
        "work_order_entries",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("work_order_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", BigInt, nullable=True),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["work_order_id"], ["work_orders.id"], name="fk_work_order_entries_work_order_id"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["agents.id"], name="fk_work_order_entries_author_id"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_work_order_entries_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_work_order_entries"),
    )
    op.create_index("ix_work_order_entries_order", "work_order_entries", ["work_order_id", "id"])


def _promises() -> None:
    op.create_table(
        "promises",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("promised_by_id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("follows_id", BigInt, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_promises_ticket_id"),
        sa.ForeignKeyConstraint(
            ["promised_by_id"], ["agents.id"], name="fk_promises_promised_by_id"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_promises_message_id"),
        sa.ForeignKeyConstraint(["follows_id"], ["promises.id"], name="fk_promises_follows_id"),
        sa.PrimaryKeyConstraint("id", name="pk_promises"),
    )
    op.create_index("ix_promises_ticket", "promises", ["ticket_id", "id"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_promises_due", "promises", ["due_at"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("ix_promises_promised_by", "promises", ["promised_by_id", "due_at"])


def downgrade() -> None:
    for table in ("promises", "work_order_entries", "work_orders"):
        op.drop_table(table)
    # In place: a copy of the table would be refused where rows refer to it.
    for name in ("open_work_orders", "open_promises", *ON_TICKETS, "settled"):
        op.drop_column("tickets", name)
