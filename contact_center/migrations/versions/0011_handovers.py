"""Requests to hand something over"""

import sqlalchemy as sa
from alembic import op

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("sender_id", BigInt, nullable=True),
        sa.Column("receiver_id", BigInt, nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("answered_at", Moment, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_handovers_ticket_id"),
        sa.ForeignKeyConstraint(["sender_id"], ["agents.id"], name="fk_handovers_sender_id"),
        sa.ForeignKeyConstraint(["receiver_id"], ["agents.id"], name="fk_handovers_receiver_id"),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    is_open = sa.text("state = 'requested'")
    for name, columns, unique in (
        ("uq_handovers_open", ["ticket_id", "kind"], True),
        ("ix_handovers_inbox", ["receiver_id", "id"], False),
        ("ix_handovers_sent", ["sender_id", "id"], False),
        ("ix_handovers_expiring", ["expires_at"], False),
    ):
        op.create_index(
            name,
            "handovers",
            columns,
            unique=unique,
            sqlite_where=is_open,
            postgresql_where=is_open,
        )
    op.create_index("ix_handovers_ticket", "handovers", ["ticket_id", "id"])


def downgrade() -> None:
    op.drop_table("handovers")
